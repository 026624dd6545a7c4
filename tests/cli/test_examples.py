"""Examples in the help of commands: each is a line of that command that works against the emulator."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App

from mi_async._core.operation import Operation
from mi_async.api import operations
from mi_async.cli.app import COMMANDS, make_app, run
from mi_async.cli.examples import EXAMPLES
from mi_async.emulator import Server
from tests.support.cases import sampled
from tests.support.pictures import picture

NAMES = ("hong-1.jpg", "hong-2.png", "hong-3.jpg")


@pytest.fixture(autouse=True)
def directory(reachable: Path) -> Path:
    (reachable / "work.toml").write_text('output = "table"', encoding="utf-8")
    return reachable


def words(line: str) -> list[str]:
    """The words after ``mi-async``, of a line that may have pipes and a file for its output."""
    [part] = [part for part in line.strip().split(" | ") if part.startswith("mi-async")]
    return shlex.split(part.partition(" > ")[0])[1:]


def leaves(app: App, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], App]]:
    """All commands that have none of their own, and those that do something without one of theirs."""
    names = [name for name in app if not name.startswith("-")]
    if path and (not names or path == ("search",)):
        yield path, app
    for name in names:
        yield from leaves(app[name], (*path, name))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_examples_that_it_understands(name: str) -> None:
    app = make_app(name)
    found = [(path, one) for path, one in leaves(app) if path[0] == name]
    assert found
    for path, one in found:
        text = one.help_epilogue or ""
        lines = [line.strip() for line in text.splitlines()[1:]]
        assert lines, path
        assert not {"**", "``", ":meth:", ":class:"} & set(text.split())
        for line in lines:
            assert len(f"  {line}") <= 80, line  # a line that wraps cannot be copied
            if "$(" in line:
                continue
            given = words(line)
            assert tuple(given[: len(path)]) == path
            app.parse_args(given, exit_on_error=False, print_error=False)


@pytest.mark.parametrize("declared", sampled(operations(), 4), ids=lambda declared: declared.id)
def test_the_example_of_an_operation_reaches_it(
    declared: Operation, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    group, _, name = declared.id.replace("_", "-").partition(".")
    [line, *_] = (make_app(group)[group][name].help_epilogue or "").splitlines()[1:]
    before = server.log.answers.total()
    assert run(words(line)) in {0, 1, 4, 5}
    assert server.log.answers.total() > before
    capsys.readouterr()


@pytest.mark.parametrize(
    "name", ["enroll", "upload-thumbnail", "enroll-many", "upload-many", "persons list", "journal rebuild"]
)
def test_examples_of_workflows_work(
    name: str, server: Server, directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, file in enumerate(NAMES):
        (directory / file).write_bytes(picture(file.rpartition(".")[2], seed=number))
    if not list(server.state.persons()):
        assert run(["enroll", "Somebody", "hong-1.jpg"]) == 0
    [person, *_] = server.state.persons()
    (directory / "people.csv").write_text(f"name,thumbnail\n{name},hong-1.jpg\n", encoding="utf-8")
    (directory / "more.csv").write_text(f"person_id,thumbnail\n{person.id},hong-2.png\n", encoding="utf-8")
    capsys.readouterr()
    line = next(line for line in EXAMPLES[name] if " | " not in line)
    given = [str(person.id) if word == "1001" else word for word in words(line)]
    assert run(given) == 0
    assert capsys.readouterr().out
