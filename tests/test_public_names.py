"""What `import mi_async` costs and gives."""

import ast
import importlib
import inspect
import json
import os
import pydoc
import shutil
import subprocess
import sys
import typing
import zipfile
from pathlib import Path
from typing import Any

import jedi
import pytest

import mi_async

STUB = ast.parse(Path(mi_async.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
HOMES = sorted({f"mi_async.{node.module}" for node in STUB.body if isinstance(node, ast.ImportFrom) and node.module})


ROOT = Path(__file__).parents[1]
PUBLIC: dict[str, list[str]] = json.loads((ROOT / "docs" / "public-names.json").read_text(encoding="utf-8"))
PROBE = ROOT / "tests" / "typing" / "public_names.py"


PROGRAM = """
import mi_async
from mi_async.__main__ import main
everything = [getattr(mi_async, name) for name in mi_async.__all__]
print(mi_async.__file__, callable(main))
"""


def told(program: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, mi_async; print(*sorted(sys.modules.keys() & {'aiohttp', 'asyncio', 'attrs', 'cattrs'}))"
    assert told(program) == ""


def test_a_name_loads_what_it_needs_and_no_more() -> None:
    program = (
        "import sys; from mi_async import MIError; print(*sorted(m for m in sys.modules if m.startswith('mi_async')))"
    )
    errors = [f"mi_async.errors{module}" for module in ("", ".api", ".local", ".mi_error", ".transport", ".workflows")]
    assert told(program).split() == ["mi_async", *errors, "mi_async.text", "mi_async.version"]


def test_the_stub_names_what_is_there_and_where() -> None:
    imports = [
        (alias, node.module or "") for node in STUB.body if isinstance(node, ast.ImportFrom) for alias in node.names
    ]
    assert {alias.asname: home for alias, home in imports} == vars(mi_async)["_HOMES"]
    assert [alias.name for alias, _ in imports] == [alias.asname for alias, _ in imports]
    (listed,) = [node.value for node in STUB.body if isinstance(node, ast.Assign)]
    assert sorted(ast.literal_eval(listed)) == sorted(mi_async.__all__) == sorted(set(dir(mi_async)))
    assert [name for name in mi_async.__all__ if not hasattr(mi_async, name)] == []


def test_the_list_is_what_modules_export() -> None:
    assert {module: sorted(importlib.import_module(module).__all__) for module in PUBLIC} == PUBLIC
    used = {ast.unparse(node) for node in ast.walk(ast.parse(PROBE.read_text())) if isinstance(node, ast.Attribute)}
    assert used >= {f"{module}.{name}" for module, names in PUBLIC.items() for name in names}


@pytest.mark.parametrize("module", sorted(PUBLIC))
def test_editors_with_jedi_see_every_name(module: str) -> None:
    seen = {found.name for found in jedi.Script(f"import {module}\n{module}.").complete()}
    assert seen >= set(PUBLIC[module])


@pytest.mark.slow
def test_pyright_sees_every_name_and_knows_the_type_of_all_that_is_public() -> None:
    pyright = shutil.which("pyright", path=Path(sys.executable).parent)
    if pyright is None:
        pytest.skip("pyright is installed for the first Python only")
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [pyright, "--ignoreexternal", "--outputjson", "--verifytypes", "mi_async"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=300)
    seen = json.loads(done.stdout)["typeCompleteness"]
    unknown = [symbol["name"] for symbol in seen["symbols"] if not symbol["isTypeKnown"] or symbol["isTypeAmbiguous"]]
    assert (unknown, seen["completenessScore"]) == ([], 1)
    exported = {symbol["name"] for symbol in seen["symbols"] if symbol["isExported"]}
    assert {f"{module}.{name}" for module, names in PUBLIC.items() for name in names} - exported == set()


def resolved(path: str) -> Any:
    """Return what a public name stands for."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


MADE_BY_OTHERS = {"BulkRun", "Session", "SyncRun"}
"""Classes that nobody else makes: the types of their private members are loaded with what they are for."""


@pytest.mark.parametrize("module", sorted(PUBLIC))
def test_the_types_of_all_that_can_be_called_are_found_at_run_time(module: str) -> None:
    for name in PUBLIC[module]:
        value = resolved(f"{module}.{name}")
        if inspect.isclass(value):
            methods = [each for key, each in inspect.getmembers(value) if not key.startswith("_")]
            methods = [each.fget if isinstance(each, property) else each for each in methods]
            for method in filter(lambda each: inspect.isfunction(each) or inspect.ismethod(each), methods):
                typing.get_type_hints(method, include_extras=True)
        if callable(value) and name not in MADE_BY_OTHERS and typing.get_origin(value) is None:
            typing.get_type_hints(value, include_extras=True)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (mi_async.Workspace, ["enroll_person", "newsroom.persons", "Workflows", "Groups", "ingest_asset"]),
        (mi_async.Session, ["async with mi_async.connect() as session", "session.workspace(", "aclose"]),
    ],
)
def test_help_begins_with_what_a_user_needs(kind: type, words: list[str]) -> None:
    _, _, shown = pydoc.plain(pydoc.render_doc(kind)).partition(f"class {kind.__name__}(")
    first = " ".join(shown.split("Method resolution order")[0].split("Methods defined here")[0].split())
    assert [word for word in words if word not in first] == []
    assert "ConnectSettings" not in first
    assert "Context" not in first


def test_editors_with_jedi_see_signatures() -> None:
    (connect,) = jedi.Script("import mi_async\nmi_async.connect(").get_signatures()
    assert "base_url" in {param.name for param in connect.params}


def test_the_package_is_imported_from_a_zip(tmp_path: Path) -> None:
    package = Path(mi_async.__file__).parent
    archive = tmp_path / "app.pyz"
    with zipfile.ZipFile(archive, "w") as file:
        for path in package.rglob("*"):
            if path.is_file() and path.suffix not in {".pyc", ".pyi"}:
                file.write(path, path.relative_to(package.parent))
        file.writestr("__main__.py", PROGRAM)
    for command in ([archive], ["-c", PROGRAM]):
        shown = subprocess.run(
            [sys.executable, "-P", *command],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(archive)},
            cwd=tmp_path,
        )
        assert shown.stdout == f"{archive}/mi_async/__init__.py True\n", shown.stderr


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="conect"):
        mi_async.conect  # type: ignore[attr-defined]  # noqa: B018


def test_whatever_is_loaded_first_loads() -> None:
    program = f"""
import importlib, sys
for home in {HOMES}:
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "mi_async"]:
        del sys.modules[loaded]
    importlib.import_module(home)
    print(home)
"""
    assert told(program).split() == HOMES
