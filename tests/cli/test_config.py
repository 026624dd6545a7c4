"""Settings: option, environment, file, default, in this order; and files that are refused."""

import json
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.cli.configuration import SETTINGS, default_path, parsed_settings, read_config_file
from mi_async.emulator import Server
from mi_async.errors import ConfigError
from tests.support.terminal import environment

SOMEWHERE = "https://mi.example.com"


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for setting in SETTINGS:
        monkeypatch.delenv(setting.variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    path = tmp_path / "mi-async" / "config.toml"
    path.parent.mkdir()
    return path


@pytest.fixture
def keys(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(server).items():
        if name.startswith("NCLOUD_"):
            monkeypatch.setenv(name, value)


def shown(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, tuple[str | None, str]]:
    assert run(["config", "show", "-o", "json", *options]) == 0
    return {row["setting"]: (row["value"], row["source"]) for row in json.loads(capsys.readouterr().out)}


@pytest.mark.usefixtures("keys")
def test_option_environment_file_default_in_this_order(
    server: Server, config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["persons", "list"]) == 2
    assert "--workspace is missing (or set MI_ASYNC_WORKSPACE)" in capsys.readouterr().err
    config.write_text(f'base_url = "{server.url}"\nworkspace = "newsroom"\noutput = "jsonl"\n', encoding="utf-8")
    assert run(["person-tags", "create", "of the file"]) == 0
    assert "\n" not in capsys.readouterr().out.rstrip()
    monkeypatch.setenv("MI_ASYNC_OUTPUT", "")  # is none
    assert run(["person-tags", "list", "--limit", "1"]) == 0
    assert capsys.readouterr().out.startswith("{")
    monkeypatch.setenv("MI_ASYNC_OUTPUT", "json")
    assert run(["person-tags", "list", "--limit", "1"]) == 0
    assert capsys.readouterr().out.startswith("[\n")
    assert run(["person-tags", "list", "--limit", "1", "-o", "table"]) == 0
    assert "of the file" in capsys.readouterr().out
    monkeypatch.setenv("MI_ASYNC_WORKSPACE", "elsewhere")
    assert run(["person-tags", "list"]) == 4


def test_a_file_is_about_the_service_that_it_names(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text('storage_url = "https://kr.example.com"\nproxy = "http://p:1"\ntimeout = 5\n', encoding="utf-8")
    assert shown(capsys)["storage_url"] == ("https://kr.example.com", str(config))
    monkeypatch.setenv("MI_ASYNC_BASE_URL", "http://127.0.0.1:8080")  # as an emulator prints it
    now = shown(capsys)
    assert now["storage_url"] == (None, f"default; that of {config} is not for this service")
    assert now["proxy"][0] is None
    assert now["timeout"] == ("5", str(config))
    assert now["base_url"] == ("http://127.0.0.1:8080", "MI_ASYNC_BASE_URL")


def test_keys_of_the_environment_come_before_a_profile_of_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text('profile = "work"\n', encoding="utf-8")
    monkeypatch.delenv("NCLOUD_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("NCLOUD_ACCESS_KEY", raising=False)
    assert shown(capsys)["profile"][0] == "work"
    monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", "ncp_iam_BPAMKR12345")
    monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", "ncp_iam_BPKMKRabcde")
    now = shown(capsys)
    assert now["profile"][0] is None
    assert now["keys"][0] == "found"
    monkeypatch.setenv("MI_ASYNC_PROFILE", "other")
    assert shown(capsys)["profile"] == ("other", "MI_ASYNC_PROFILE")


def test_a_file_is_named_by_option_or_environment_and_never_that_of_the_directory(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text(f'base_url = "{SOMEWHERE}"\n', encoding="utf-8")
    monkeypatch.chdir(config.parent)
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    config.write_text('workspace = "of a stranger"\n', encoding="utf-8")
    assert shown(capsys)["workspace"] == (None, "default")
    assert shown(capsys, "--config", str(other))["base_url"] == (SOMEWHERE, str(other))
    monkeypatch.setenv("MI_ASYNC_CONFIG", str(other))
    assert shown(capsys)["config"] == (str(other), "MI_ASYNC_CONFIG")
    assert run(["--config", str(tmp_path / "missing.toml"), "workspaces", "list"]) == 2
    assert "missing.toml: No such file" in capsys.readouterr().err
    assert run(["config", "path", "--config", str(other)]) == 0
    assert capsys.readouterr().out == f"{other}\n"
    other.write_text("no TOML", encoding="utf-8")
    assert run(["config", "path", "--config", str(other)]) == 0  # to be edited
    assert capsys.readouterr().out == f"{other}\n"
    assert run(["config", "show", "--config", "~nobody-of-this-name/config.toml"]) == 2
    assert "~nobody-of-this-name/config.toml: No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('workspce = "x"', 'unknown setting workspce, did you mean "workspace"? settings are workspace, base_url'),
        ('base-url = "x"', 'did you mean "base_url"?'),
        ('secret_key = "s3cret"', "secret_key has no place in this file; keys are read from NCLOUD_ACCESS_KEY_ID"),
        ('NCLOUD_ACCESS_KEY_ID = "s3cret"', "has no place in this file"),
        ('proxy = "http://me:s3cret@p:1"', "the URL of proxy holds a password, which has no place in this file"),
        ('quota_store = "redis://:s3cret@r/0"', "set MI_ASYNC_QUOTA_STORE"),
        ('proxy = "me:s3cret@p:1"', "the URL of proxy holds a password"),
        ('base_url = "https://me:s3cret@p"', "the URL of base_url holds a password"),
        ("workspace = 3", "workspace must be a text in quotation marks, got 3"),
        ('timeout = "s"', "timeout must be a number, got s"),
        ("timeout = true", "timeout must be a number"),
        ('= "s3cret"', "is not TOML"),
    ],
)
def test_what_has_no_place_in_the_file_is_refused(content: str, said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parsed_settings(content, Path("config.toml"))
    assert said in str(raised.value)
    assert str(raised.value).startswith("config.toml")
    assert "s3cret" not in str(raised.value)


def test_a_value_that_is_none_says_where_it_stands(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text('output = "xml"\n', encoding="utf-8")
    assert run(["workspaces", "list"]) == 2
    error = capsys.readouterr().err
    assert 'Invalid value "xml" for output' in error
    assert str(config) in error
    config.write_bytes(b'output = "\xff"')
    assert run(["workspaces", "list"]) == 2
    assert "it is not UTF-8 text" in capsys.readouterr().err


def test_passwords_are_not_shown(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MI_ASYNC_PROXY", "http://me:s3cret@p:1")
    monkeypatch.setenv("MI_ASYNC_QUOTA_STORE", "rediss://r/0?password=s3cret")
    now = shown(capsys)
    assert now["proxy"] == ("http://***@p:1", "MI_ASYNC_PROXY")
    assert now["quota_store"][0] == "rediss://r/0"


@pytest.mark.parametrize(
    "url", ["me:s3cret@p:1", "http://me:s3://cret@p:1", "http://me:s3/cret@p:1", "//me:s3cret@p:1"]
)
def test_passwords_of_urls_that_are_none_are_not_shown_either(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for setting in ("BASE_URL", "STORAGE_URL", "QUOTA_STORE", "PROXY"):
        monkeypatch.setenv(f"MI_ASYNC_{setting}", url)
        value, _ = shown(capsys)[setting.lower()]
        assert value is not None
        assert value.endswith("***@p:1")
        assert "cret" not in value


@pytest.mark.parametrize(
    ("environ", "platform", "path"),
    [
        ({"XDG_CONFIG_HOME": "/x"}, "linux", "/x/mi-async/config.toml"),
        ({"XDG_CONFIG_HOME": "relative"}, "darwin", "~/.config/mi-async/config.toml"),
        ({"APPDATA": "/roaming"}, "win32", "/roaming/mi-async/config.toml"),
        ({"APPDATA": "/roaming"}, "linux", "~/.config/mi-async/config.toml"),
    ],
)
def test_the_path_is_that_of_the_platform(environ: dict[str, str], platform: str, path: str) -> None:
    assert default_path(environ, platform) == Path(path).expanduser()


def test_a_file_that_may_not_be_read_is_none_unless_it_was_named(tmp_path: Path) -> None:
    assert not read_config_file(None, {"XDG_CONFIG_HOME": str(tmp_path)}).there
    with pytest.raises(ConfigError, match="Is a directory"):
        read_config_file(str(tmp_path), {})


def test_commands_that_reach_no_service_do_not_read_the_file(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("no TOML", encoding="utf-8")
    assert run(["persons", "--help"]) == 0
    assert run(["openapi"]) == 0
    assert capsys.readouterr().err == ""
    assert run(["persons", "list", "-w", "x"]) == 2
