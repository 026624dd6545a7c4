"""Mutants of a module: small mistakes, each made in one place of its source.

Invariant: pure; the mutants of a source and their order depend on nothing but the source. What no test should notice is
left alone: docstrings, annotations, messages, logging, f-strings, decorators, imports.
"""

import ast
import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

from attrs import define, field, frozen

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
MESSAGES = frozenset({"message", "text"})
"""Variables that hold words for people."""
SILENT_CALLS = frozenset({"_log", "logging", "warnings"})
"""Objects whose calls are words for people."""
DECLARATIONS = frozenset({"field", "TypeVar", "Factory", "getLogger", "NewType"})
"""Calls that declare something, and that fail at import when they are changed."""


@frozen
class Mutant:
    """One mistake.

    Attributes:
        line: of the original source, from 1.
        reached: the line by which to tell which tests reach it: of a default, the first of its function.
        place: class and function, such as ``LeaseLimiter.release``.
        before: the code that is changed, on one line.
        after: the code that it becomes.
        text: the original line.
        source: the whole module with the mistake.
    """

    line: int
    reached: int
    place: str
    before: str
    after: str
    text: str
    source: str = field(repr=False, eq=False)

    @property
    def name(self) -> str:
        """Name that survives moved lines: the place, the change, and the line that it is on."""
        return f"{self.place}: {self.before} -> {self.after} | {self.text}"


def mutants_of(source: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its lines."""
    found = _Finder(source)
    found.visit(ast.parse(source))
    return [mutant for mutant in found.mutants if _compiles(mutant.source)]


def _compiles(source: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(source, "mutant", "exec")
    except SyntaxError:
        return False
    return True


@define
class _Finder(ast.NodeVisitor):
    """Walks a module and notes its mutants."""

    SKIPPED: ClassVar[tuple[type[ast.AST], ...]] = (ast.JoinedStr, ast.Import, ast.ImportFrom, ast.match_case)

    source: str
    mutants: list[Mutant] = field(init=False, factory=list)
    _places: list[str] = field(init=False, factory=list)
    _in_function: int = field(init=False, default=0)
    _default_of: int = field(init=False, default=0)  # first line of a function whose defaults are walked

    def visit(self, node: ast.AST) -> Any:
        """Note the mutants of a node and of what is below it."""
        if isinstance(node, self.SKIPPED) or _is_silent(node):
            return
        for after in (*_expressions(node), *(_statements(node) if self._in_function else ())):
            self._note(node, after)
        if isinstance(node, ast.Call) and self._in_function:
            for keyword, call in _without_keywords(node):
                self._note(node, call, before=ast.unparse(keyword), said="(left out)")
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.Await):
            self._note(node.test, ast.UnaryOp(ast.Not(), node.test))
        super().visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Walk a class without its bases and decorators."""
        self._inside(node.name, node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Walk a function: its defaults and its body, not its annotations and decorators."""
        if node.name in {"__repr__", "__str__"} or _is_stub(node):
            return
        self._default_of = next((each.lineno for each in node.body if not _is_silent(each)), 0)
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        self._default_of = 0
        self._in_function += 1
        self._inside(node.name, node.body)
        self._in_function -= 1

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  the name that ast gives it

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Walk a value and not its annotation."""
        if node.value is not None:
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        """Walk a value unless it is a message."""
        if not any(isinstance(target, ast.Name) and target.id in MESSAGES for target in node.targets):
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Leave out the words of an error."""

    def _inside(self, name: str, body: list[ast.stmt]) -> None:
        self._places.append(name)
        for statement in body:
            self.visit(statement)
        self._places.pop()

    def _note(self, node: ast.AST, after: ast.AST, *, before: str = "", said: str = "") -> None:
        original = ast.get_source_segment(self.source, node)
        if original is None:
            return
        assert isinstance(node, ast.expr | ast.stmt)
        new = ast.unparse(ast.fix_missing_locations(after))
        spliced = f"({new})" if isinstance(node, ast.expr) and not isinstance(node, ast.Constant) else new
        lines = self.source.encode().splitlines(keepends=True)
        start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
        end = sum(map(len, lines[: (node.end_lineno or node.lineno) - 1])) + (node.end_col_offset or 0)
        whole = self.source.encode()
        mutated = (whole[:start] + spliced.encode() + whole[end:]).decode()
        text = lines[node.lineno - 1].decode().strip()
        place = ".".join(self._places) or "module"
        self.mutants.append(
            Mutant(
                node.lineno,
                self._default_of or node.lineno,
                place,
                _short(before or original),
                _short(said or new),
                text,
                mutated,
            )
        )


def _is_stub(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return True for a method of a protocol: a docstring and an ellipsis."""
    return isinstance(last := node.body[-1], ast.Expr) and isinstance(last.value, ast.Constant)


def _is_silent(node: ast.AST) -> bool:
    """Return True for docstrings, logging and declarations."""
    match node:
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id=owner))) if owner in SILENT_CALLS:
            return True
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=owner)))) if owner in SILENT_CALLS:
            return True
        case ast.Call(func=ast.Name(id=name)) | ast.Call(func=ast.Attribute(attr=name)) if name in DECLARATIONS:
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case _:
            return False


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    """Change an operator or a constant."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=right):
            yield ast.Compare(left, [COMPARISONS[type(op)]()], right)
        case ast.BoolOp(op=ast.And(), values=values):
            yield ast.BoolOp(ast.Or(), values)
        case ast.BoolOp(values=values):
            yield ast.BoolOp(ast.And(), values)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            yield ast.BinOp(left, ARITHMETIC[type(op)](), right)
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Constant(value=value):
            yield from _constants(value)
        case _:
            pass


def _constants(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and value and " " not in value:  # with a space it is a sentence
        yield ast.Constant(f"X{value}")


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Delete a statement, or what it returns."""
    match node:
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Assert():
            yield ast.Pass()
        case ast.Break():
            yield ast.Continue()
        case ast.Continue():
            yield ast.Break()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass()
        case ast.Return(value=ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.If(test=test, body=body, orelse=orelse) if not isinstance(
            test, ast.Compare | ast.BoolOp | ast.UnaryOp
        ):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case _:
            pass


def _without_keywords(node: ast.Call) -> Iterator[tuple[ast.keyword, ast.Call]]:
    """Leave out each keyword argument; one that is required makes a call that fails at once."""
    for at, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield keyword, ast.Call(node.func, node.args, [*node.keywords[:at], *node.keywords[at + 1 :]])


def _short(code: str) -> str:
    joined = " ".join(code.split())
    return joined if len(joined) <= 160 else f"{joined[:157]}..."
