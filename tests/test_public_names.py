"""What `import mi_async` costs and gives."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mi_async

STUB = ast.parse(Path(mi_async.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
HOMES = sorted({f"mi_async.{node.module}" for node in STUB.body if isinstance(node, ast.ImportFrom) and node.module})


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
    assert told(program) == "mi_async mi_async.errors mi_async.text mi_async.version"


def test_the_stub_names_what_is_there() -> None:
    (listed,) = [node.value for node in STUB.body if isinstance(node, ast.Assign)]
    assert sorted(ast.literal_eval(listed)) == sorted(mi_async.__all__) == sorted(set(dir(mi_async)))
    assert [name for name in mi_async.__all__ if not hasattr(mi_async, name)] == []


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
