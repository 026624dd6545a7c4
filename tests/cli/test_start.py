"""A command imports what it uses, and the table of commands says the same as the commands themselves."""

import json
import subprocess
import sys

import pytest

from mi_async.api import operations
from mi_async.cli.app import COMMANDS, OPERATIONS, make_app

HTTP = frozenset({"aiohttp", "cattrs", "mi_async.session", "mi_async.api"})
OTHERS = frozenset({"mi_async.emulator", "mi_async.bulk.run", "mi_async.bulk.journal", "sqlalchemy", "aiobotocore"})


def root_help(wanted: str, capsys: pytest.CaptureFixture[str]) -> str:
    make_app(wanted).help_print([])
    return capsys.readouterr().out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_all_commands_is_the_same_whichever_is_loaded(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root_help(name, capsys) == root_help("", capsys)


def test_each_group_of_operations_is_in_the_table() -> None:
    rows = {name for name, command in COMMANDS.items() if command.group is OPERATIONS}
    assert {*rows, "search"} == {operation.group.replace("_", "-") for operation in operations()}


@pytest.mark.parametrize(
    ("line", "unused"),
    [
        ("--help", HTTP | OTHERS | {"asyncio", "mi_async._core.convert", "tomllib"}),
        ("persns", HTTP | OTHERS | {"asyncio"}),
        ("persons list --help", OTHERS),
        ("jobs --help", OTHERS),
        ("enroll --help", OTHERS),
        ("journal show --help", OTHERS - {"mi_async.bulk.journal"} | {"mi_async.session"}),
        ("enroll-many --help", {"mi_async.emulator", "sqlalchemy", "aiobotocore"}),
    ],
)
def test_a_command_imports_only_what_it_uses(line: str, unused: frozenset[str]) -> None:
    code = "import json, sys; from mi_async.cli.app import run; run(sys.argv[1:]); print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code, *line.split()], capture_output=True, text=True, check=True)
    assert unused & set(json.loads(done.stdout.splitlines()[-1])) == set()
