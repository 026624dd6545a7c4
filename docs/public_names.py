"""Write the lists of public names from what modules export; with --check, only say whether they are current.

Invariant: deterministic, whatever the Python.
"""

import enum
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_origin

PAGE = Path(__file__).with_name("public-names.md")
LIST = PAGE.with_suffix(".json")
PROBE = PAGE.parents[1] / "tests" / "typing" / "public_names.py"
MODULES = (
    *("mi_async", "mi_async.backup", "mi_async.bulk", "mi_async.doctor", "mi_async.emulator", "mi_async.errors"),
    *("mi_async.integrations.opentelemetry", "mi_async.pictures"),
)
HEAD = """# Public names

Written by `python docs/public_names.py`; [public-names.json](public-names.json) has the same for programs. These names
keep their meaning until a version that says otherwise in its changelog, and so do their public members, those without a
leading underscore. Any other module may change at any time, `mi_async._core` first.

Editors with jedi, mypy and pyright see each of them with its type; one test compares them.
"""
PROBE_HEAD = '''"""Every public name, checked and never run; written by `python docs/public_names.py`."""

'''


def names() -> dict[str, list[str]]:
    """Return the public names of each public module."""
    return {module: sorted(import_module(module).__all__) for module in MODULES}


KINDS: Mapping[str, Callable[[object], bool]] = {
    "module": lambda value: isinstance(value, ModuleType),
    "error": lambda value: isinstance(value, type) and issubclass(value, Exception),
    "enum": lambda value: isinstance(value, type) and issubclass(value, enum.Enum),
    "class": inspect.isclass,
    "function": callable,
}
"""Kinds of what a name stands for; the first that fits."""


def kind_of(value: object) -> str:
    """Return what a name stands for."""
    return next((kind for kind, fits in KINDS.items() if fits(value)), "type" if get_origin(value) else "value")


def summary(value: object) -> str:
    """Return the first line of a docstring."""
    own = "" if kind_of(value) in {"type", "value"} else inspect.getdoc(value)
    return (own or "").partition("\n")[0].replace("|", "\\|")


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for module, listed in names().items():
        rows = [(name, getattr(import_module(module), name)) for name in listed]
        lines = [f"| `{name}` | {kind_of(value)} | {summary(value)} |" for name, value in rows]
        parts += [f"\n## {module}\n\n| name | kind | what |\n|---|---|---|\n", "\n".join(lines), "\n"]
    return "".join(parts)


def probe() -> str:
    """Return a module that uses each name."""
    imports = "".join(f"import {module}\n" for module in MODULES)
    used = "".join(f"    {module}.{name},\n" for module, listed in names().items() for name in listed)
    return f"{PROBE_HEAD}{imports}\nNAMES: tuple[object, ...] = (\n{used})\n"


def main() -> None:
    """Write the files, or fail if one is not current."""
    written = {PAGE: page(), LIST: json.dumps(names(), indent=2) + "\n", PROBE: probe()}
    for path, text in written.items():
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            message = f"{path.name} is not current: run python docs/public_names.py"
            raise SystemExit(message)


if __name__ == "__main__":
    main()
