"""Write the map of the package in CONTRIBUTING.md from the first lines of its modules; with --check, only compare.

Invariant: deterministic; a module whose first line is no summary is a mistake here, not a gap on the page.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
START, END = "<!-- map: written by `python docs/module_map.py` -->\n", "<!-- end of map -->\n"
COLUMN = 30
WIDTH = 118


def summary(path: Path) -> str:
    """Return the first line of a module's docstring, without its full stop and markup."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        message = f"{path} has no docstring"
        raise SystemExit(message)
    line = text.splitlines()[0].rstrip(".:").replace("``", "")
    room = WIDTH - COLUMN
    return line if len(line) <= room else line[: room - 1].rsplit(" ", 1)[0] + " …"


def rows(folder: Path, depth: int) -> Iterator[str]:
    """Yield a line for each module of a package, and for its packages with what is in them."""
    indent = "  " * depth
    for path in sorted(folder.glob("*.py")):
        if path.stem not in {"__init__", "__main__"}:
            yield f"{indent}{path.name:<{COLUMN - len(indent)}}{summary(path)}"
    for inner in sorted(path.parent for path in folder.glob("*/__init__.py")):
        yield f"{indent}{inner.name + '/':<{COLUMN - len(indent)}}{summary(inner / '__init__.py')}"
        yield from rows(inner, depth + 1)


def main() -> None:
    """Write the map, or fail if it is not current."""
    drawn = "\n".join(["```", "mi_async/", *rows(ROOT / "mi_async", 1), "```", ""])
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    current = before + START + drawn + END + rest.partition(END)[2]
    if "--check" not in sys.argv:
        PAGE.write_text(current, encoding="utf-8")
    elif current != text:
        message = "the map in CONTRIBUTING.md is not current: run python docs/module_map.py"
        raise SystemExit(message)


if __name__ == "__main__":
    main()
