"""Where keys are found, what is said when they are not, and that a secret is never shown."""

import os
import pickle
import traceback
from pathlib import Path

import pytest

from mi_async.credentials import Credentials, CredentialsProvider, find_credentials, profile_gateway
from mi_async.errors import CredentialsError, MIError

SECRET = "s3cr3t%(x)s#;="
ID, KEY = "ncloud_access_key_id", "ncloud_secret_access_key"
PAIR = f"{ID} = access\n{KEY} = {SECRET}\n"
NATIVE = {"NCLOUD_ACCESS_KEY_ID": "native", "NCLOUD_SECRET_ACCESS_KEY": SECRET}
TERRAFORM = {"NCLOUD_ACCESS_KEY": "terraform", "NCLOUD_SECRET_KEY": SECRET}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory with nothing in it, and an environment without keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in NATIVE | TERRAFORM:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".ncloud").mkdir()
    return tmp_path


def configured(home: Path, text: str | bytes) -> Path:
    file = home / ".ncloud" / "configure"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def shown(error: MIError) -> str:
    """Everything that a report of an error may hold, its chain included."""
    chain: list[BaseException] = [error]
    while (link := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(link)
    return "\n".join([*traceback.format_exception(error), *(f"{link!r} {vars(link)}" for link in chain)])


async def test_keys_provide_themselves() -> None:
    keys = Credentials("access", SECRET)
    assert await keys.credentials() is keys
    assert isinstance(keys, CredentialsProvider)
    assert keys.expires_at is None


async def test_any_object_with_the_method_is_a_provider() -> None:
    class Vault:
        async def credentials(self) -> Credentials:
            return Credentials("sts", SECRET, expires_at=1.0)

    provider: CredentialsProvider = Vault()
    assert isinstance(provider, CredentialsProvider)
    assert (await provider.credentials()).expires_at == 1.0
    assert not isinstance(object(), CredentialsProvider)


@pytest.mark.parametrize("value", ["", " ", "a b", "a\n", "\ta", "a\r\nx-evil: 1", "a\0", "a\x7f", "키", "é", None, 7])
def test_what_cannot_be_a_key(value: str) -> None:
    with pytest.raises(CredentialsError, match="access_key must be a non-empty string of printable ASCII"):
        Credentials(value, SECRET)
    with pytest.raises(CredentialsError, match="secret_key must be a non-empty string") as caught:
        Credentials("access", value)
    assert str(caught.value).endswith("characters without white space")


def test_a_secret_is_shown_nowhere() -> None:
    keys = Credentials("access", SECRET)
    assert repr(keys) == "Credentials(access_key='****', expires_at=None)"
    assert repr(Credentials("A1B2C3D4E5F6G7H8J9K0", SECRET)) == "Credentials(access_key='****J9K0', expires_at=None)"
    assert SECRET not in f"{keys} {keys!r} {[keys]}"
    with pytest.raises(AttributeError):
        keys.secret_key = "other"  # type: ignore[misc]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(CredentialsError, match="not pickled"):
        pickle.dumps([Credentials("access", SECRET)], protocol)


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("environ", [NATIVE, TERRAFORM], ids=["native", "terraform"])
def test_either_pair(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    access = "native" if environ is NATIVE else "terraform"
    assert Credentials.from_env(environ) == Credentials(access, SECRET)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert Credentials.from_env() == find_credentials() == Credentials(access, SECRET)


def test_the_vendors_names_come_first() -> None:
    assert Credentials.from_env(NATIVE | TERRAFORM).access_key == "native"


def test_white_space_around_a_key_is_none_of_it() -> None:
    environ = {"NCLOUD_ACCESS_KEY_ID": " native\n", "NCLOUD_SECRET_ACCESS_KEY": f"{SECRET}\r\n"}
    assert Credentials.from_env(environ) == Credentials("native", SECRET)


@pytest.mark.parametrize("environ", [NATIVE, TERRAFORM], ids=["native", "terraform"])
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_half_a_pair(environ: dict[str, str], blank: str | None) -> None:
    for absent in environ:
        (present,) = set(environ) - {absent}
        half = {name: value for name, value in environ.items() if name == present}
        half |= {} if blank is None else {absent: blank}
        with pytest.raises(CredentialsError) as caught:
            Credentials.from_env(half)
        assert str(caught.value) == f"{present} is set but {absent} is not"
        assert SECRET not in shown(caught.value)


@pytest.mark.parametrize("environ", [{}, dict.fromkeys(NATIVE, ""), dict.fromkeys(TERRAFORM, " ")], ids=str)
def test_neither(environ: dict[str, str]) -> None:
    with pytest.raises(CredentialsError) as caught:
        Credentials.from_env(environ)
    assert all(name in str(caught.value) for name in NATIVE | TERRAFORM)


@pytest.mark.parametrize(
    "text",
    [
        f"[DEFAULT]\n{PAIR}",
        f"[default]\n{PAIR}",
        PAIR,
        f"\n# keys\n; of mine\n{PAIR}",
        f"# see [the manual]\n{PAIR}",
        f"{PAIR}[other]\n{ID}=x\n{KEY}=y\n",
        f"[other]\n{ID}=x\n{KEY}=y\n[DEFAULT]\n{PAIR}",
        f"[DEFAULT]\n{ID.upper()} = access\n{KEY.title()} = {SECRET}\n",
        f"[DEFAULT]\n{PAIR}ncloud_api_url = https://ncloud.apigw.ntruss.com\n",
        f"\ufeff[DEFAULT]\n{PAIR}",
        f"\ufeff{PAIR}",
        f"[DEFAULT]\n{PAIR}".replace("\n", "\r\n"),
        PAIR.replace("\n", "\r\n"),
        f"[DEFAULT]\n{PAIR}".replace(" = ", "="),
        f"  [DEFAULT]\n  {ID} = access\n  {KEY} = {SECRET}\n",
        f"[DEFAULT]\n{ID}: access\n{KEY}: {SECRET}\n",
    ],
)
def test_a_file_in_any_of_its_shapes(text: str, home: Path) -> None:
    configured(home, text)
    assert Credentials.from_profile() == find_credentials() == Credentials("access", SECRET)


def test_profiles_by_name(home: Path) -> None:
    file = configured(home, f"[DEFAULT]\n{PAIR}[Work]\n{ID}=w\n{KEY}=ws\n[work]\n{ID}=l\n{KEY}=ls\n")
    assert Credentials.from_profile("Work").access_key == "w"
    assert Credentials.from_profile("work").access_key == "l"
    assert Credentials.from_profile("WORK").access_key in {"w", "l"}
    assert Credentials.from_profile("work", path=str(file)) == find_credentials("work") == Credentials("l", "ls")


def test_default_is_a_profile_and_lends_the_others_nothing(home: Path) -> None:
    configured(home, f"[DEFAULT]\n{PAIR}[work]\n{ID}=w\n")
    with pytest.raises(CredentialsError, match=rf"profile \[work\] lacks {KEY}$"):
        Credentials.from_profile("work")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "profile [DEFAULT] lacks ncloud_access_key_id and ncloud_secret_access_key"),
        (f"[DEFAULT]\n{KEY} = {SECRET}\n", "profile [DEFAULT] lacks ncloud_access_key_id"),
        (f"[DEFAULT]\n{ID} =\n{KEY} = {SECRET}\n", "profile [DEFAULT] lacks ncloud_access_key_id"),
        (f"[work]\n{PAIR}[play]\n", "has no profile [DEFAULT]; it has [work], [play]"),
        (f"[DEFAULT]\n{PAIR}{PAIR}", "not an INI file (DuplicateOptionError)"),
        (f"[DEFAULT]\n{PAIR}[DEFAULT]\n{PAIR}", "not an INI file (DuplicateSectionError)"),
        (f"[DEFAULT]\n{SECRET.replace('=', '')}\n", "not an INI file (ParsingError)"),
        (f"[]\n{PAIR}", "not an INI file (MissingSectionHeaderError)"),
        (f"[DEFAULT]\n{ID} = a\n{KEY} = {SECRET}\n  {SECRET}\n", "secret_key must be a non-empty string"),
        (f"[DEFAULT]\n{PAIR}".encode("utf-16"), "not UTF-8 text"),
        (b"\xff\x00" + SECRET.encode(), "not UTF-8 text"),
    ],
)
def test_what_is_wrong_with_a_file(text: str | bytes, complaint: str, home: Path) -> None:
    configured(home, text)
    with pytest.raises(CredentialsError) as caught:
        Credentials.from_profile()
    assert complaint in str(caught.value)
    assert SECRET not in shown(caught.value)
    assert SECRET.encode() not in pickle.dumps(caught.value)


def test_the_gateway_of_a_profile(home: Path) -> None:
    assert profile_gateway() == ""
    configured(home, f"[DEFAULT]\n{PAIR}ncloud_api_url = https://ncloud.apigw.ntruss.com\n[work]\n{PAIR}")
    assert profile_gateway() == profile_gateway("default") == "https://ncloud.apigw.ntruss.com"
    assert profile_gateway("work") == ""


def test_a_source_is_remembered_and_is_no_part_of_the_keys(home: Path) -> None:
    file = configured(home, f"[work]\n{PAIR}")
    read = Credentials.from_profile("work", path=file)
    assert (read.source, Credentials.from_env(TERRAFORM).source) == (
        f"profile work of {file}",
        "NCLOUD_ACCESS_KEY and NCLOUD_SECRET_KEY",
    )
    assert read == Credentials("access", SECRET)
    assert Credentials("access", SECRET).source == ""


def test_a_key_that_cannot_be_one_is_refused_with_its_place() -> None:
    with pytest.raises(
        CredentialsError, match=r"^NCLOUD_ACCESS_KEY and NCLOUD_SECRET_KEY: access_key must be"
    ) as caught:
        Credentials.from_env(TERRAFORM | {"NCLOUD_ACCESS_KEY": "a b"})
    assert SECRET not in shown(caught.value)


def test_no_file(home: Path) -> None:
    with pytest.raises(CredentialsError, match="No such file or directory"):
        Credentials.from_profile()
    with pytest.raises(CredentialsError, match="Is a directory"):
        Credentials.from_profile(path=home)


def test_a_file_that_is_a_pipe_is_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "pipe")
    with pytest.raises(CredentialsError, match=r"pipe: not a regular file$"):
        Credentials.from_profile(path=home / "pipe")


def test_a_file_that_may_not_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = configured(home, PAIR)

    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr(os, "open", refuse)  # whoever runs the tests as root may read everything
    with pytest.raises(CredentialsError, match=r"configure: Permission denied$"):
        Credentials.from_profile()


def test_no_home_directory() -> None:
    with pytest.raises(CredentialsError, match=r"~no-such-user/configure: Could not determine home directory"):
        Credentials.from_profile(path="~no-such-user/configure")


def test_the_environment_goes_before_the_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(home, PAIR)
    assert find_credentials().access_key == "access"
    for name, value in TERRAFORM.items():
        monkeypatch.setenv(name, value)
    assert find_credentials().access_key == "terraform"


def test_a_named_profile_is_looked_up_in_the_file_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(home, f"[work]\n{PAIR}")
    for name, value in NATIVE.items():
        monkeypatch.setenv(name, value)
    assert find_credentials("work").access_key == "access"
    with pytest.raises(CredentialsError, match=r"no profile \[play\]"):
        find_credentials("play")


@pytest.mark.usefixtures("home")
def test_the_error_lists_every_place() -> None:
    with pytest.raises(CredentialsError) as caught:
        find_credentials()
    text = str(caught.value)
    assert text.startswith("no credentials found; looked at: ")
    assert all(name in text for name in NATIVE | TERRAFORM)
    assert ".ncloud/configure: No such file or directory" in text


def test_half_a_pair_is_said_next_to_a_bad_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(home, f"[DEFAULT]\n{KEY} = {SECRET}\n")
    monkeypatch.setenv("NCLOUD_SECRET_KEY", SECRET)
    with pytest.raises(CredentialsError) as caught:
        find_credentials()
    assert "NCLOUD_SECRET_KEY is set but NCLOUD_ACCESS_KEY is not; " in str(caught.value)
    assert f"lacks {ID}" in str(caught.value)
    assert SECRET not in shown(caught.value)
