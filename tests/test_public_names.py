"""What `import mi_async` costs and gives."""

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import jedi
import pytest

import mi_async

STUB = ast.parse(Path(mi_async.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
HOMES = sorted({f"mi_async.{node.module}" for node in STUB.body if isinstance(node, ast.ImportFrom) and node.module})


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


def test_editors_with_jedi_see_every_name_and_its_signature() -> None:
    seen = {found.name for found in jedi.Script("import mi_async\nmi_async.").complete()}
    assert seen >= set(mi_async.__all__)
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
