"""Names of classes: each stands in one module, so that a search, an error or a log line means one thing."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "mi_async"


def test_each_stands_in_one_module() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                modules[node.name].append(str(path.relative_to(PACKAGE)))
    assert len(modules) > 300
    assert {name: places for name, places in modules.items() if len(places) > 1} == {}
