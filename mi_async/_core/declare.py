"""``@operation``: a typed method is the declaration; its signature is read once, at import.

Law: pure; all cleverness of the API table is here. Path names come from the template; the rest is query for GET and
DELETE and JSON body otherwise; wire names are camelCase unless a parameter is ``Annotated[..., Wire(name)]``.
A declaration that does not add up fails at import with the operation's name.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from functools import update_wrapper
from string import Formatter
from typing import Annotated, Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args, get_origin

from attrs import frozen

from mi_async._core import convert
from mi_async._core.operation import API_PREFIX, Operation, Parameter, Place, Quota, Repeat

P = ParamSpec("P")
R = TypeVar("R")
G = TypeVar("G", bound="Group")


@frozen
class Wire:
    """The wire name of a parameter whose name on the wire is not its camelCase form."""

    name: str


class Caller(Protocol):
    """What a group needs of the session: make one call."""

    def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Awaitable[Any]:
        """Make the call and return its parsed result."""
        ...


class Group:
    """A group of operations, bound to a caller and to what all its paths share."""

    scope: tuple[str, ...] = ("workspace_name",)

    def __init__(self, caller: Caller, **scope: str) -> None:
        self._caller = caller
        self._scope = scope


def operations_of(group: type[Group]) -> Iterator[Operation]:
    """Operations that a group declares, in order."""
    for member in vars(group).values():
        declared = getattr(member, "operation", None)
        if isinstance(declared, Operation):
            yield declared


def operation(
    route: str, *, repeat: Repeat | None = None, quota: Quota | None = None, source: str = ""
) -> Callable[
    [Callable[Concatenate[G, P], Coroutine[Any, Any, R]]], Callable[Concatenate[G, P], Coroutine[Any, Any, R]]
]:
    """Declare an operation on a method of a :class:`Group` whose body is ``...``.

    Args:
        route: method and path, ``"GET /workspaces/{workspace_name}"``.
        repeat: what a repeat does; may be left out for GET, which is SAFE.
        quota: the documented rate.
        source: slug of the vendor's page.
    """

    def declare(
        function: Callable[Concatenate[G, P], Coroutine[Any, Any, R]],
    ) -> Callable[Concatenate[G, P], Coroutine[Any, Any, R]]:
        declared = _declared(function, route, repeat, quota, source)

        async def call(self: G, /, *args: P.args, **kwargs: P.kwargs) -> R:
            # Python itself checks the arguments against the signature: the coroutine is made and thrown away.
            function(self, *args, **kwargs).close()
            given = {**self._scope, **declared.defaults, **kwargs}
            given.update(zip(declared.positional, args, strict=False))
            result: R = await self._caller(declared, given)
            return result

        update_wrapper(call, function)
        call.operation = declared  # type: ignore[attr-defined]  # functions take attributes
        return call

    return declare


def _declared(
    function: Callable[..., Any], route: str, repeat: Repeat | None, quota: Quota | None, source: str
) -> Operation:
    owner, _, name = function.__qualname__.rpartition(".")
    group = re.sub(r"(?<!^)(?=[A-Z])", "_", owner.rpartition(".")[2]).lower()
    method, _, path = route.partition(" ")
    identity = f"{group}.{name}"
    if method not in {"GET", "POST", "PATCH", "PUT", "DELETE"} or not path.startswith("/"):
        message = f"{identity}: {route!r} is not METHOD /path"
        raise TypeError(message)
    if repeat is None and method != "GET":
        message = f"{identity}: a {method} must declare what a repeat does"
        raise TypeError(message)
    signature = inspect.signature(function)
    in_path = {name for _, name, _, _ in Formatter().parse(path) if name is not None}
    elsewhere = Place.QUERY if method in {"GET", "DELETE"} else Place.BODY
    parameters = tuple(
        _parameter(p, Place.PATH if p.name in in_path else elsewhere, identity)
        for p in list(signature.parameters.values())[1:]
    )
    scope = tuple(sorted(in_path - {p.name for p in parameters}))
    if not set(scope) <= set(Group.scope):
        message = f"{identity}: path names {', '.join(scope)} are not parameters"
        raise TypeError(message)
    if signature.return_annotation is inspect.Signature.empty:
        message = f"{identity}: the return type is missing"
        raise TypeError(message)
    return Operation(
        id=identity,
        method=method,
        path=API_PREFIX + path,
        parameters=parameters,
        result=signature.return_annotation,
        repeat=repeat or Repeat.SAFE,
        quota=quota,
        summary=(inspect.getdoc(function) or "").partition("\n")[0],
        source=source,
        scope=scope,
    )


def _parameter(p: inspect.Parameter, place: Place, identity: str) -> Parameter:
    if p.annotation is p.empty or p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD}:
        message = f"{identity}: parameter {p.name} needs a type and a place"
        raise TypeError(message)
    kind, wire = p.annotation, convert.camel(p.name)
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
        wire = next((note.name for note in notes if isinstance(note, Wire)), wire)
    required = p.default is p.empty
    return Parameter(p.name, wire, place, kind, required, None if required else p.default, p.kind is not p.KEYWORD_ONLY)
