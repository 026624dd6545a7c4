"""Write docs/operations.md from the declarations; with --check, only say whether it is current.

Invariant: deterministic, whatever the Python: types are spelled out here, since their repr differs between versions.
"""

import inspect
import sys
from collections.abc import AsyncGenerator, Iterator
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs

from mi_async import Operation
from mi_async._core.declare import REMOVAL, Group, operations_of
from mi_async.api import GROUPS
from mi_async.models import Json, JsonObject

PAGE = Path(__file__).with_suffix(".md")
WIDTH = 110
HEAD = f"""# Operations

Every operation of the API, with what it takes and returns, and the [types](#types) in it. `SAFE`, `CONFLICTS` and
`DUPLICATES` say what a retry does, see [retries](retries.md). The summary of an operation leads to the vendor's page.
A `Source: maiu-...` in a docstring names such pages: `https://api.ncloud-docs.com/docs/en/` and the name.
What follows a `#` is a bound, which is checked before the request is made unless you `connect(validate=False)`. All
operations are awaited; what returns an `AsyncGenerator` is walked with `async for`. Replace `workspace` by yours:
`session.workspace("newsroom")`.

What is **deprecated** the vendor removes in {REMOVAL}; a call of it warns and names what to use instead.
`python docs/operations.py` writes this page from the declarations.
"""
TYPES = """
## Types

All of them are names of `mi_async`, where `help(mi_async.Person)` tells units and ranges. Every model has `extra`, a
mapping of what it does not name, and every enum takes values that it does not know. `Json` is whatever JSON can hold,
`JsonObject` a mapping of it: their form is not documented by the vendor.

"""
COLUMNS = "| operation | what | repeat | quota | method and path |\n|---|---|---|---|---|\n"
NAMED = {id(JsonObject): "JsonObject", id(Json): "Json", id(NoneType): "None", id(None): "None"}


def spelled(kind: Any) -> str:
    """Return a type as one writes it."""
    if kind == JsonObject:
        return "JsonObject"
    if id(kind) in NAMED:
        return NAMED[id(kind)]
    origin, parts = get_origin(kind), get_args(kind)
    if origin in {UnionType, Union}:
        return " | ".join(map(spelled, parts))
    if origin is not None:
        return f"{origin.__name__}[{', '.join('...' if part is ... else spelled(part) for part in parts)}]"
    return str(kind.__name__)


def value(default: Any) -> str:
    """Return a default as one writes it."""
    return f"{type(default).__name__}.{default.name}" if isinstance(default, Enum) else repr(default)


def block(opening: str, members: list[tuple[str, str]], closing: str) -> str:
    """Return a call on one line where it fits and has no remarks, else with one member a line."""
    line = f"{opening}({', '.join(text for text, _ in members)}){closing}"
    if len(line) <= WIDTH and not any(remark for _, remark in members):
        return f"{line}\n"
    lines = [f"    {text},{f'  # {remark}' if remark else ''}\n" for text, remark in members]
    return f"{opening}(\n{''.join(lines)}){closing}\n"


def signature(owner: str, operation: Operation) -> str:
    """How an operation is called, with bounds as remarks."""
    members: list[tuple[str, str]] = []
    for p in operation.parameters:
        if not p.positional and not any(text == "*" for text, _ in members):
            members.append(("*", ""))
        text = f"{p.name}: {spelled(p.kind)}{'' if p.required else f' = {value(p.default)}'}"
        members.append((text, "; ".join(bound.text for bound in p.bounds)))
    above = [f"# {rule.text}\n" for rule in operation.rules]
    if operation.deprecated:
        above.insert(0, f"# deprecated: use {operation.deprecated}\n")
    return "".join(above) + block(f"{owner}.{operation.id}", members, f" -> {spelled(operation.result)}")


def iterators(owner: str, group: type[Group], name: str) -> Iterator[str]:
    """How the methods are called that walk over pages."""
    for method, function in vars(group).items():
        if not inspect.isfunction(function) or hasattr(function, "operation") or method.startswith("_"):
            continue
        declared = inspect.signature(function)
        if get_origin(declared.return_annotation) is not AsyncGenerator:
            continue
        members: list[tuple[str, str]] = []
        for p in list(declared.parameters.values())[1:]:
            if p.kind is p.KEYWORD_ONLY and not any(text == "*" for text, _ in members):
                members.append(("*", ""))
            default = "" if p.default is p.empty else f" = {value(p.default)}"
            members.append((f"{p.name}: {spelled(p.annotation)}{default}", ""))
        yield block(f"{owner}.{name}.{method}", members, f" -> {spelled(declared.return_annotation)}")


def row(operation: Operation) -> str:
    """One row of a group's table."""
    quota = f"{operation.quota.calls:,} per {operation.quota.period:g} s" if operation.quota else ""
    successor = f" **Deprecated:** use `{operation.deprecated}`." if operation.deprecated else ""
    page = f"https://api.ncloud-docs.com/docs/en/{operation.source}"
    summary = f"[{operation.summary.replace('``', '`')}]({page}){successor}"
    route = f"`{operation.method} {operation.path}`"
    cells = (f"`{operation.id}`", summary, operation.repeat.name, quota, route)
    return f"| {' | '.join(cells)} |\n"


def section(group: type[Group]) -> str:
    """One group: its table and its signatures."""
    declared = list(operations_of(group))
    name = declared[0].group
    owner = "workspace" if any(operation.scope for operation in declared) else "session"
    rows = "".join(map(row, declared))
    calls = "\n".join([*(signature(owner, operation) for operation in declared), *iterators(owner, group, name)])
    title = f"## {owner}.{name}"
    return f"\n{title}\n\n{inspect.getdoc(group)}\n\n{COLUMNS}{rows}\n```py\n{calls}```\n"


def types_of(kinds: list[Any]) -> dict[str, Any]:
    """Models and enums that are met in types, by name."""
    found: dict[str, Any] = {}
    while kinds:
        kind = get_origin(kinds[-1]) or kinds[-1]
        kinds = [*kinds[:-1], *get_args(kinds[-1])]
        if not isinstance(kind, type) or kind.__name__ in found:
            continue
        if issubclass(kind, Enum):
            found[kind.__name__] = kind
        elif attrs.has(kind):
            found[kind.__name__] = kind
            kinds += [field.type for field in attrs.fields(kind)]
    return dict(sorted(found.items()))


def described(kind: Any) -> str:
    """One type: an enum by its words, a model by its members and their bounds."""
    if issubclass(kind, Enum):
        return f"{kind.__name__}: {' | '.join(str(member.value) for member in kind)}\n"
    members: list[tuple[str, str]] = []
    for field in attrs.fields(kind):
        if field.name == "extra":
            continue
        default = "" if field.default is attrs.NOTHING else f" = {value(field.default)}"
        bounds = "; ".join(bound.text for bound in field.metadata.get("bounds", ()))
        members.append((f"{field.name}: {spelled(field.type)}{default}", bounds))
    rules = "".join(f"# {rule.text}\n" for rule in kind.RULES)
    return rules + block(kind.__name__, members, "")


def types() -> str:
    """Return the types that operations take and return."""
    declared = [operation for group in GROUPS for operation in operations_of(group)]
    met = types_of([kind for o in declared for kind in (o.result, *(p.kind for p in o.parameters))])
    listed = "\n".join(map(described, met.values()))
    return f"{TYPES}```py\n{listed}```\n"


def page() -> str:
    """Text of the page."""
    return HEAD + "".join(map(section, GROUPS)) + types()


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        sys.exit("docs/operations.md is not current: run python docs/operations.py")
