"""Lines that the plan and the report of a restore share.

Invariant: pure.
"""

from mi_async.text import one_line, quantity


def heading(folder: str, source: str, workspace: str, incomplete: int) -> list[tuple[str, str]]:
    """Return the first rows of a table: from where, and into what."""
    rows = [("backup", one_line(f"{folder}, of workspace {source}")), ("into", one_line(f"workspace {workspace}"))]
    lacks = f"{quantity(incomplete, 'object')}, by its problems.jsonl"
    return [*rows, ("lacks", lacks)] if incomplete else rows


def indented(title: str, table: object) -> list[str]:
    """Return a table below its title."""
    return ["", f"{title}:", *[f"  {line}" for line in str(table).splitlines()]]
