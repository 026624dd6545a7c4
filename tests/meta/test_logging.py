"""Log calls of the package, all of them: their loggers and levels are those of the table in docs/logging.md."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import mi_async

PACKAGE = Path(mi_async.__file__).parent
PAGE = PACKAGE.parent / "docs" / "logging.md"
ROW = re.compile(r"^\| `(mi_async[\w.]*)` \| ([A-Z, ]+) \| (.+) \|$", re.MULTILINE)
LEVELS = {"debug": "DEBUG", "info": "INFO", "warning": "WARNING", "error": "ERROR"}
METHOD = re.compile(r"_log\.(debug|info|warning|error|exception|critical|log)$")
NEVER = re.compile(r"secret|signature|headers|password|_url\b|\burl\b|keys?\.|body")
"""Names of what must not be an argument of a log call."""


def log_calls() -> Iterator[tuple[str, ast.Call, ast.AST]]:
    """Yield the logger of each call of a ``_log``, the call, and the function that it is in."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        made = re.findall(r"^_log = (.+)$", text, re.MULTILINE)
        assert made in ([], ["logging.getLogger(__name__)"]), path  # a logger has the name of its module
        if made:
            module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
            yield from ((module, call, function) for call, function in _calls(ast.parse(text)))


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.AST]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and METHOD.match(ast.unparse(node.func)):
                    yield node, function


def levels(call: ast.Call, function: ast.AST) -> set[str]:
    """Levels that a log call may have: its own, or those that its function chooses from."""
    own = LEVELS.get(ast.unparse(call.func).rpartition(".")[2])
    if own is not None:
        return {own}
    chosen = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    return chosen & set(LEVELS.values())


def test_the_table_of_the_page_has_every_logger_with_its_levels() -> None:
    found: dict[str, set[str]] = {}
    for module, call, function in log_calls():
        found.setdefault(module, set()).update(levels(call, function))
    assert len(found) > 20
    told = {name: set(levels.split(", ")) for name, levels, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    assert told == found


def test_log_calls_are_lazy_and_have_no_argument_that_may_hold_a_secret() -> None:
    for module, call, _ in log_calls():
        message, *arguments = call.args[1:] if ast.unparse(call.func).endswith(".log") else call.args
        assert not isinstance(message, ast.JoinedStr | ast.BinOp), (module, call.lineno)
        for argument in arguments:
            assert not NEVER.search(ast.unparse(argument)), (module, call.lineno, ast.unparse(argument))
