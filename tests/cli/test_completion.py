"""Completion in the shells themselves: commands, options, their values and files, before anything is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mi_async.cli.app import make_app, run
from mi_async.cli.completion import AFTER, Shell, completion_file, script, write_script
from mi_async.errors import ConfigError
from tests.support.programs import program

pytestmark = pytest.mark.slow

BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mi_async
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completion")
    told = [sys.executable, "-m", "mi_async", "completion", "bash"]
    done = subprocess.run(told, capture_output=True, check=True, timeout=120)
    assert done.stderr == b""
    (folder / "mi-async.bash").write_bytes(done.stdout)
    app = make_app(whole=True)
    (folder / "_mi-async").write_text(script(app, "zsh"), encoding="utf-8")
    (folder / "mi-async.fish").write_text(script(app, "fish"), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("mi-async jou", {"journal"}),
        ("mi-async persons li", {"list"}),
        ("mi-async -w news persons li", {"list"}),
        ("mi-async persons list --colu", {"--columns"}),
        ("mi-async persons list -o ", {"json", "jsonl", "csv", "table"}),
        ("mi-async config ", {"show", "path"}),
        ("mi-async upload-thumbnails", set()),
    ],
)
def test_bash(line: str, offered: set[str], scripts: Path) -> None:
    bash = program("bash", package="bash")
    done = subprocess.run(
        [bash, "--norc", "-c", BASH, "bash", str(scripts / "mi-async.bash"), *line.split(" ")],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert set(done.stdout.split()) == offered
    assert "-o default" in (scripts / "mi-async.bash").read_text(encoding="utf-8")  # files where there is nothing else


def test_zsh_and_fish_read_their_scripts(scripts: Path) -> None:
    zsh = program("zsh", package="zsh")
    loads = 'fpath=("$1" $fpath); autoload -Uz compinit; compinit -u -d "$1/dump"; print -- $_comps[mi-async]'
    done = subprocess.run(
        [zsh, "-f", "-c", loads, "zsh", str(scripts)], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.strip(), done.stderr) == ("_mi-async", "")
    subprocess.run([zsh, "-f", "-n", str(scripts / "_mi-async")], check=True, timeout=60)
    fish = program("fish", package="fish")
    asks = f"source {scripts / 'mi-async.fish'}; complete -C 'mi-async persons list --output '"
    done = subprocess.run([fish, "-N", "-c", asks], check=False, capture_output=True, text=True, timeout=60)
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} >= {"json", "jsonl", "csv", "table"}


@pytest.mark.parametrize(
    ("shell", "variable", "usual"),
    [
        ("bash", "XDG_DATA_HOME", ".local/share/bash-completion/completions/mi-async"),
        ("zsh", "ZDOTDIR", ".zfunc/_mi-async"),
        ("fish", "XDG_CONFIG_HOME", ".config/fish/completions/mi-async.fish"),
    ],
)
def test_the_script_is_written_to_where_the_shell_looks(
    shell: Shell, variable: str, usual: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in ("", "not/absolute"):  # as the specification has it, such a variable is as none
        monkeypatch.setenv(variable, value)
        assert completion_file(shell, os.environ) == tmp_path / usual
    monkeypatch.setenv(variable, str(tmp_path / "else"))
    assert (tmp_path / "else") in completion_file(shell, os.environ).parents


def test_bash_completes_with_what_was_installed(tmp_path: Path) -> None:
    place = tmp_path / "bash-completion" / "completions" / "mi-async"
    environ = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    installs = [sys.executable, "-m", "mi_async", "completion", "bash", "--install"]
    for _ in range(2):  # again after an update
        done = subprocess.run(installs, capture_output=True, text=True, check=True, timeout=120, env=environ)
        assert (done.stdout, done.stderr.splitlines()[0]) == (f"{place}\n", f"{AFTER['bash']}")
        assert [path.name for path in place.parent.iterdir()] == ["mi-async"]
    bash = program("bash", package="bash")
    line = [bash, "--norc", "-c", BASH, "bash", str(place), "mi-async", "jou"]
    assert subprocess.run(line, capture_output=True, text=True, check=True, timeout=60).stdout == "journal\n"
    place.unlink()
    place.parent.rmdir()
    place.parent.touch()
    with pytest.raises(ConfigError, match="cannot write the script to "):
        write_script("", place)


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == 2
    assert 'Choose from: "bash", "zsh", "fish"' in capsys.readouterr().err
