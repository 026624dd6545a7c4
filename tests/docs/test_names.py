"""What the docs promise to list is listed: settings, faults, errors, states, exit codes, signatures, types."""

import inspect
import pydoc
import re
from pathlib import Path

import attrs
import pytest

import mi_async
from mi_async import errors
from mi_async.api import WorkspaceGroups, operations
from mi_async.cli.app import make_app
from mi_async.cli.exit_codes import EXITS
from mi_async.emulator import Fault, Settings

ROOT = Path(__file__).parents[2]


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def missing(names: list[str], text: str) -> list[str]:
    """Names that the text does not have in code type."""
    words = {word for code in re.findall(r"`([^`\n]+)`", text) for word in re.findall(r"\w+", code)}
    return [name for name in names if name not in words]


def test_the_emulator_page_lists_settings_and_faults() -> None:
    names = [field.name for field in attrs.fields(Settings)] + [fault.name for fault in Fault]
    assert missing(names, page("emulator.md")) == []
    assert all(fault.value in page("emulator.md") for fault in Fault)


CLASSES = [name for name, kind in vars(errors).items() if inspect.isclass(kind) and kind.__module__ == errors.__name__]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("sessions.md", list(inspect.signature(mi_async.connect).parameters)),
        ("errors.md", CLASSES),
        ("quotas.md", [field.name for field in attrs.fields(mi_async.QuotaState)]),
        ("workflows.md", [state.name for state in mi_async.State]),
    ],
)
def test_the_page_lists_all(name: str, names: list[str]) -> None:
    assert missing(names, page(name)) == []


def test_every_public_name_is_told() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    types = text.partition("## Types")[2]
    assert [name for name in missing(mi_async.__all__, text) if not re.search(rf"\b{name}\b", types)] == []


def test_the_command_line_page_lists_every_command() -> None:
    text = page("cli.md")
    groups = {group.replace("_", "-") for group in (operation.group for operation in operations())}
    names = [name for name in make_app() if not name.startswith("-") and name not in groups]
    assert len(names) > 5
    assert [name for name in [*names, "search"] if f"| `mi-async {name}" not in text] == []


def test_the_command_line_page_lists_exit_codes() -> None:
    rows = dict(re.findall(r"^\| (\d+) \| (.+) \|$", page("cli.md"), re.MULTILINE))
    assert rows == {str(way.code): way.meaning for way in EXITS}


def test_the_command_line_page_lists_exit_codes_by_error() -> None:
    rows = re.findall(r"^\| (`\w+`.*) \| (\d) \|$", page("cli.md"), re.MULTILINE)
    listed = {name: int(code) for names, code in rows for name in re.findall(r"`(\w+)`", names)}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MIError)]
    found = {kind.__name__: next(way.code for way in EXITS if issubclass(kind, way.errors)) for kind in kinds}
    assert listed == {name: code for name, code in found.items() if code != 1}  # all others are "every other"


def test_every_operation_has_a_row_and_a_signature() -> None:
    text = page("operations.md")
    for operation in operations():
        owner = "workspace" if operation.group not in {"workspaces", "query_assets"} else "session"
        assert f"| `{operation.id}` |" in text
        assert f"\n{owner}.{operation.id}(" in text


@pytest.mark.parametrize("name", ["../README.md", "../CHANGELOG.md", "calling-operations.md", "cli.md", "emulator.md"])
def test_pages_know_how_many_operations_there_are(name: str) -> None:
    counts = re.findall(r"(\d+) \[?operations", page(name))
    assert counts
    assert set(counts) == {str(len(list(operations())))}


def test_types_of_operations_are_public() -> None:
    listed = re.findall(r"^([A-Z]\w+)[(:]", page("operations.md").partition("## Types")[2], re.MULTILINE)
    assert len(listed) > 30
    assert [name for name in listed if not hasattr(mi_async, name)] == []


def test_help_of_a_workspace_tells_its_groups() -> None:
    told = {name: inspect.getdoc(getattr(mi_async.Workspace, name, None)) for name in WorkspaceGroups.__slots__}
    groups = {operation.group for operation in operations() if operation.scope}
    assert groups <= set(told)
    assert all(told.values())


@pytest.mark.parametrize("name", ["NCLOUD_ACCESS_KEY_ID", "MI_ASYNC_BASE_URL", "MI_ASYNC_WORKSPACE"])
def test_the_library_reads_no_variable_of_the_command_line(name: str) -> None:
    tells = ROOT / "mi_async" / "emulator" / "environment.py"  # names them, for others to set
    assert "os." not in tells.read_text(encoding="utf-8")
    readers = {
        path.relative_to(ROOT / "mi_async").parts[0]
        for path in (ROOT / "mi_async").rglob("*.py")
        if path != tells and f'"{name}"' in path.read_text(encoding="utf-8")
    }
    assert readers <= ({"credentials.py", "cli"} if name.startswith("NCLOUD") else {"cli"})


def test_the_glossary_explains_every_state_and_every_end() -> None:
    text = page("glossary.md")
    assert missing([state.name for state in mi_async.State], text) == []
    assert [status.value for status in mi_async.Status if f"| `{status.value}` |" not in text] == []


def test_help_of_a_workspace_names_every_workflow_and_no_signature() -> None:
    workflows = {name for name, _ in inspect.getmembers(mi_async.Workspace, inspect.isfunction) if name[0] != "_"}
    told = inspect.getdoc(mi_async.Workspace) or ""
    exempt = {"with_options", "download_image"}
    assert {name for name in workflows - exempt if f":meth:`{name}`" not in told} == set()
    assert "__signature__" not in pydoc.render_doc(mi_async.Workspace)
    assert str(inspect.signature(mi_async.Workspace)) == "()"
