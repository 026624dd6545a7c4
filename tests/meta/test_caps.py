"""Caps on waits of tests: long enough for a busy machine, because they are there for what hangs."""

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]
LEAST = 30.0
"""Seconds: an idle machine needs a tenth of one, a loaded one has taken ten."""
CAPPED = {"wait_for": 1, "timeout": 0, "communicate": None, "result": None}
"""Calls with a cap in real seconds, and the place of that argument; None where it is named only."""


def test_no_cap_on_real_time_is_short() -> None:
    short = [
        f"{path.relative_to(TESTS)}:{call.lineno}"
        for path in sorted(TESTS.rglob("*.py"))
        for call, seconds in capped(ast.parse(path.read_text("utf-8")))
        if seconds < LEAST
    ]
    assert not short, "a busy machine needs longer"


def capped(tree: ast.AST) -> Iterator[tuple[ast.Call, float]]:
    """Yield the calls with a cap in asynchronous tests, which pass in real time, but those that are to run into it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            continue  # what is asynchronous within passes on virtual time
        if (
            isinstance(node, ast.With | ast.AsyncWith)
            and "raises(" in (head := ast.unparse(node.items[0]))
            and "Timeout" in head
        ):
            continue
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CAPPED:
            place = CAPPED[node.func.attr]
            given = [each.value for each in node.keywords if each.arg == "timeout"]
            given += node.args[place : place + 1] if place is not None else []
            for each in given:
                if isinstance(each, ast.Constant) and isinstance(each.value, int | float):
                    yield node, each.value
        yield from capped(node)
