"""Write docs/operations.md from the declarations; with --check, only say whether it is current."""

import sys
from pathlib import Path

from mi_async import Operation
from mi_async.api import operations

PAGE = Path(__file__).with_suffix(".md")
HEAD = """# Operations

Written by `python docs/operations.py` from the declarations. `SAFE`, `CONFLICTS` and `DUPLICATES` say what a repeat
does, see [the guide](guide.md#repeats). A page is at `https://api.ncloud-docs.com/docs/en/<page>`. What the vendor
removes in January 2027 is marked as deprecated, with what to use instead; a call of it warns.

| operation | what | method and path | repeat | quota | page | deprecated |
|---|---|---|---|---|---|---|
"""


def row(operation: Operation) -> str:
    """One row of the table."""
    quota = f"{operation.quota.calls:,} per {operation.quota.period:g} s" if operation.quota else ""
    route = f"{operation.method} {operation.path}"
    successor = f"use `{operation.deprecated}`" if operation.deprecated else ""
    cells = (
        f"`{operation.id}`",
        operation.summary,
        f"`{route}`",
        operation.repeat.name,
        quota,
        operation.source,
        successor,
    )
    return f"| {' | '.join(cells)} |\n"


def page() -> str:
    """Text of the page."""
    return HEAD + "".join(map(row, operations()))


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/operations.md is not current: run python docs/operations.py")
