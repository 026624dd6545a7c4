"""A command for every declared operation.

Invariant: derived from the declarations alone; a new operation is a new command, and no operation is named here.
"""

import inspect
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from enum import Enum
from functools import partial
from typing import Annotated, Any, get_args, get_origin

import attrs
import cyclopts
from cyclopts import App, CoercionError, Token

from mi_async._core import convert
from mi_async._core.annotations import bare
from mi_async._core.declare import Group, operations_of
from mi_async._core.model_fields import member_fields
from mi_async._core.operation import Operation, Parameter, Place
from mi_async._core.paging import every
from mi_async._core.wire_names import camel
from mi_async.api import group_of
from mi_async.cli import event_loop
from mi_async.cli.connection import Account, InWorkspace
from mi_async.cli.examples import operation_examples
from mi_async.cli.listing import ColumnOptions, PagedOptions
from mi_async.cli.output import show, show_each
from mi_async.cli.streams import stderr
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import Page

NATIVE = (str, int, float, bool)
"""Types that the command line itself can read."""
LISTING = "listing"
"""Parameter for the options of listings."""
SNAKE = re.compile(r"\w+_\w+")
"""A Python name in a text."""


def operations_app(name: str, group: type[Group] | None = None) -> App:
    """Return a command for each operation of the group that has this name; no other group is loaded."""
    declared = list(operations_of(group or group_of(name.replace("-", "_"))))
    app = App(name=name, help_epilogue="")
    # A group belongs to the workspace as soon as one of its paths is in it.
    service = InWorkspace if any(operation.scope for operation in declared) else Account
    for operation in declared:
        command, about = _command(operation, service), _help(operation)
        app.command(command, name=_dashed(operation.name), help=about, help_epilogue=_examples(operation))
    return app


def _command(operation: Operation, service: type[Account]) -> Callable[..., None]:
    """Return a function with the operation's parameters and the shared options."""

    def command(*given: Any, **named: Any) -> None:
        arguments = signature.bind(*given, **named).arguments
        event_loop.run(_call(operation, arguments.pop("service", None) or service(), arguments))

    required = service is InWorkspace
    shared = inspect.Parameter(
        "service",
        inspect.Parameter.KEYWORD_ONLY,
        annotation=service,
        default=inspect.Parameter.empty if required else service(),
    )
    own = [command_parameter(p) for p in operation.parameters]
    signature = inspect.Signature([*own, *_listing(operation), shared])
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return command


async def _call(operation: Operation, service: Account, arguments: dict[str, Any]) -> None:
    listing: ColumnOptions = arguments.pop(LISTING, None) or PagedOptions()
    columns = listing.wanted(service.output)
    _refuse_no_change(operation, arguments)
    if operation.deprecated:  # said in words of the command line instead of by Python
        warnings.simplefilter("ignore", DeprecationWarning)
        stderr().write(f"deprecated: {_successor(operation)}\n")
    async with service.session() as session:
        owner = session.workspace(service.workspace) if isinstance(service, InWorkspace) else session
        method = getattr(getattr(owner, operation.group), operation.name)
        if isinstance(listing, PagedOptions) and (listing.all_pages or listing.limit is not None):
            items = every(lambda number: method(**{**arguments, "page_num": number}), limit=listing.limit)
            async with aclosing(items):
                await show_each(items, service.output, columns=columns)
        else:
            changed = operation.method != "GET"
            show(await method(**arguments), service.output, columns=columns, changed=changed)


def _refuse_no_change(operation: Operation, arguments: Mapping[str, Any]) -> None:
    changes = [p.name for p in operation.parameters if p.place is not Place.PATH]
    if operation.method == "PATCH" and all(arguments.get(name) is None for name in changes):
        message = f"nothing to change; give one of {', '.join(f'--{_dashed(name)}' for name in changes)}"
        raise InvalidArgumentError(message)


def _listing(operation: Operation) -> list[inspect.Parameter]:
    """Return the parameter for the options of listings, if the operation lists things."""
    if get_origin(operation.result) is Page:
        paged = any(p.name == "page_num" for p in operation.parameters)
        kind: type[ColumnOptions] = PagedOptions if paged else ColumnOptions
    elif operation.method == "GET" and _is_about_a_list(operation.result):
        kind = ColumnOptions
    else:
        return []
    return [inspect.Parameter(LISTING, inspect.Parameter.KEYWORD_ONLY, default=kind(), annotation=kind)]


def _is_about_a_list(result: Any) -> bool:
    fields = member_fields(result) if attrs.has(result) else []
    return sum(get_origin(bare(field.type)) is tuple for field in fields) == 1


class STR:
    """Text of the command line, as help shows it, that a converter of ours reads.

    Not ``str``: in a process that has imported pydantic, cyclopts has it compare what a converter gave with the hint.
    """


def command_parameter(p: Parameter) -> inspect.Parameter:
    """Return the operation's parameter as the command line takes it."""
    item, many = _item(p)
    native = item in NATIVE
    hint: Any = bare(p.kind) if native else Sequence[STR] if many else STR
    if not p.required and p.default is None:
        hint |= None
    option = cyclopts.Parameter(
        help=_parameter_help(p),
        converter=None if native else partial(_read, item, many),
        json_list=False if many else None,  # ours reads it
        show_default=p.default is not None,
    )
    return inspect.Parameter(
        p.name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD if p.positional else inspect.Parameter.KEYWORD_ONLY,
        annotation=Annotated[hint, option],
        default=inspect.Parameter.empty if p.required else p.default,
    )


def _item(p: Parameter) -> tuple[Any, bool]:
    """Return the type of a value, and True if there may be several."""
    kind = bare(p.kind)
    origin = get_origin(kind)
    many = isinstance(origin, type) and issubclass(origin, Sequence)
    return (get_args(kind)[0] if many else kind), many


def _parameter_help(p: Parameter) -> str:
    item, many = _item(p)
    parts = (
        _meaning(p.name),
        _form(item),
        *[SNAKE.sub(lambda name: camel(name[0]), bound.text) for bound in p.bounds],
        "may be given several times" if many else "",
        f"sent as {p.wire}" if p.wire != camel(p.name) else "",
    )
    return "; ".join(filter(None, parts))


def _read(item: Any, many: bool, _: Any, tokens: Sequence[Token]) -> Any:
    """Read values of a type that the command line itself does not know."""
    if many:
        return [value for token in tokens for value in _structured(token, item, many)]
    return _structured(tokens[0], item, many)[0]


def _structured(token: Token, item: Any, many: bool) -> list[Any]:
    """Return the values of a token: one, or those of a JSON array where there may be several."""
    text = token.value
    try:
        value = convert.loads(text.encode()) if _is_json(item) else text
        values = value if many and isinstance(value, list) else [value]
        return [_known(convert.structure(value, item), item, token) for value in values]
    except ResponseError as error:
        message = f"{error} (in {text})"
        raise CoercionError(msg=message, token=token) from None


def _known(value: Any, item: Any, token: Token) -> Any:
    if unknown := getattr(value, "extra", None):
        message = f"unknown member {', '.join(unknown)} (in {token.value}); it is {_form(item)}"
        raise CoercionError(msg=message, token=token)
    return value


def _meaning(name: str) -> str:
    """Return the meaning of an ID or a name, as the parameter's own name tells it."""
    of, _, what = name.rpartition("_")
    thing = of.replace("_", " ")
    kinds = {"id": f"ID of the {thing}", "ids": f"ID of a {thing}", "name": f"name of the {thing}"}
    return kinds.get(what, "") if of else ""


def _is_json(item: Any) -> bool:
    kind = get_origin(item) or item
    return attrs.has(kind) or (isinstance(kind, type) and issubclass(kind, Mapping))


def _form(item: Any) -> str:
    """Return the notation of a value, where that is not plain."""
    if attrs.has(item):
        members = [f'"{camel(f.name)}": {_example(f.type)}' for f in attrs.fields(item) if f.name != "extra"]
        return f"JSON, {{{', '.join(members)}}}"
    if isinstance(item, type) and issubclass(item, Enum):
        return "one of " + ", ".join(str(member.value) for member in item)
    return "JSON" if _is_json(item) else ""


def _example(kind: Any) -> str:
    return {str: '"..."', int: "1", float: "1.0", bool: "false"}.get(bare(kind), "...")


def _help(operation: Operation) -> str:
    quota = operation.quota
    rate = f"{quota.calls:,} calls per {quota.period:g} s" if quota is not None else "none is documented"
    lines = (
        _summary(operation),
        f"Request: {operation.method} {operation.path}",
        f"Vendor's page: {operation.source}",
        f"After a failure: {operation.repeat.value}",
        f"Quota: {rate}",
        *([f"Deprecated: {_successor(operation)}"] if operation.deprecated else []),
    )
    return "\n\n".join([lines[0], "\n".join(lines[1:])])


def _summary(operation: Operation) -> str:
    """Return the first line of the operation with options in the place of Python's arguments."""
    options = {p.name: f"--{_dashed(p.name)}" for p in operation.parameters}
    return SNAKE.sub(lambda found: options.get(found[0], found[0]), operation.summary.replace("``", ""))


def _examples(operation: Operation) -> str:
    items = {p.name: _item(p)[0] for p in operation.parameters}
    return operation_examples(operation, {name: "{}" for name, item in items.items() if _is_json(item)})


def _successor(operation: Operation) -> str:
    group, _, name = (operation.deprecated or "").partition(".")
    command = f"{_dashed(group)} {_dashed(name)}"
    return f"the vendor removes it in January 2027; use {command}"


def _dashed(name: str) -> str:
    return name.replace("_", "-")
