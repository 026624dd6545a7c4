"""``@operation``: a typed method is the declaration; its signature is read once, at import.

Invariant: pure; all cleverness of the API table is here. Path names come from the template; the rest is query for GET
and DELETE and JSON body otherwise, unless the operation says where it sends; wire names are camelCase unless a
parameter is ``Annotated[..., Wire(name)]``, and what the service allows is noted there too, such as
``Annotated[..., Range(1, 50)]``. A declaration that does not add up fails at import with the operation's name.
"""

import copy
import inspect
import re
import types
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from functools import cache, update_wrapper
from typing import Annotated, Any, Concatenate, ParamSpec, Protocol, TypeVar, get_args, get_origin

from attrs import evolve, frozen

from mi_async._core.bounds import BOUNDS, Rule
from mi_async._core.http_messages import Raw
from mi_async._core.operation import API_PREFIX, Operation, Parameter, Place, Quota, Repeat, path_names
from mi_async._core.shown_signature import ShownParameter, ShownSignature
from mi_async._core.wire_names import camel
from mi_async.errors import InvalidArgumentError

METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
REMOVAL = "January 2027"
"""When the vendor removes what is deprecated."""

P = ParamSpec("P")
R = TypeVar("R")
G = TypeVar("G", bound="Group")


@frozen
class Wire:
    """The wire name of a parameter whose name on the wire is not its camelCase form."""

    name: str


class Caller(Protocol):
    """The part of a session that a group needs: it makes one call."""

    def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Awaitable[Any]:
        """Make the call and return its parsed result."""
        ...


class Group:
    """A group of operations, bound to a caller and to what all its paths share."""

    scope: tuple[str, ...] = ("workspace_name",)

    def __init_subclass__(cls) -> None:
        """Show the signatures of iterators as those of operations."""
        for name, member in vars(cls).items():
            if isinstance(member, types.FunctionType) and not name.startswith("_") and not hasattr(member, "operation"):
                member.__signature__ = ShownSignature.from_callable(member)  # type: ignore[attr-defined]

    def __init__(self, caller: Caller, **scope: str) -> None:
        self._caller = caller
        self._scope = scope

    # help() begins with it, and nobody but a session makes a group
    __init__.__dict__["__signature__"] = ShownSignature(
        [ShownParameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    )

    def __repr__(self) -> str:
        """Name the group and what it is bound to."""
        bound = ", ".join(f"{name}={value!r}" for name, value in self._scope.items())
        return f"{type(self).__name__}({bound})"


def raw(method: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, Coroutine[Any, Any, Raw[R]]]:
    """Get the status, the headers and the body of an answer along with the result.

    ``answer = await raw(newsroom.persons.get)(1001)``; then ``answer.status`` and ``answer.parsed``. The call goes the
    same way as any other: quota, signature, retries. An answer that is an error is raised as always.

    Args:
        method: an operation of a session or a workspace, not called.

    Raises:
        InvalidArgumentError: it is not one.
    """
    group, declared = getattr(method, "__self__", None), getattr(method, "operation", None)
    answer = getattr(getattr(group, "_caller", None), "raw", None)
    if not isinstance(group, Group) or not isinstance(declared, Operation) or answer is None:
        message = f"raw() takes an operation such as newsroom.persons.get, not {method!r}"
        raise InvalidArgumentError(message)
    twin: Any = copy.copy(group)
    twin._caller = answer  # noqa: SLF001  a copy of our own
    result: Callable[P, Coroutine[Any, Any, Raw[R]]] = getattr(twin, declared.name)
    return result


def operations_of(group: type[Group]) -> Iterator[Operation]:
    """Operations that a group declares, in order."""
    for member in vars(group).values():
        declared = getattr(member, "operation", None)
        if isinstance(declared, Operation):
            yield declared


def operation(
    route: str,
    *,
    repeat: Repeat | None = None,
    quota: Quota | None = None,
    source: str = "",
    sends: Place | None = None,
    rules: tuple[Rule, ...] = (),
    deprecated: str | None = None,
    beside: tuple[str, ...] = (),
) -> Callable[
    [Callable[Concatenate[G, P], Coroutine[Any, Any, R]]], Callable[Concatenate[G, P], Coroutine[Any, Any, R]]
]:
    """Declare an operation on a method of a :class:`Group` whose body is ``...``.

    Args:
        route: method and path, ``"GET /workspaces/{workspace_name}"``.
        repeat: what a repeat does; may be left out for GET, which is SAFE.
        quota: the documented rate.
        source: slug of the vendor's page.
        sends: where parameters travel that are not in the path; by default QUERY for GET and DELETE, else BODY.
        rules: which arguments go together.
        deprecated: id of the operation to use instead; a call then warns.
        beside: wire names of members of the result that some answers have beside it.
    """

    def declare(
        function: Callable[Concatenate[G, P], Coroutine[Any, Any, R]],
    ) -> Callable[Concatenate[G, P], Coroutine[Any, Any, R]]:
        declared = evolve(
            _declared(function, route, repeat, sends),
            quota=quota,
            source=source,
            rules=rules,
            deprecated=deprecated,
            beside=beside,
        )

        return _method(function, declared)

    return declare


def _method(
    function: Callable[Concatenate[G, P], Coroutine[Any, Any, R]], declared: Operation
) -> Callable[Concatenate[G, P], Coroutine[Any, Any, R]]:
    """Return the method that makes the call."""

    async def call(self: G, /, *args: P.args, **kwargs: P.kwargs) -> R:
        given = _binder(function)(self, *args, **kwargs)
        given.update(self._scope)
        result: R = await self._caller(declared, given)
        return result

    method = call if declared.deprecated is None else _warning(call, declared)
    update_wrapper(method, function)
    method.operation = declared  # type: ignore[attr-defined]  # functions take attributes
    return method


@cache  # compiled at the first call, since an import would pay for all of them
def _binder(function: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return a function of the same signature that returns its arguments by name; Python itself checks them.

    For ``persons.get`` it is ``def get(self, person_id): return {'person_id': person_id}``.
    """
    parameters = inspect.signature(function).parameters.values()
    bare = [p.replace(annotation=p.empty, default=p.default if p.default is p.empty else None) for p in parameters]
    arguments = ", ".join(f"{p.name!r}: {p.name}" for p in bare[1:])
    made: dict[str, Any] = {}
    exec(f"def bind{inspect.Signature(bare)}: return {{{arguments}}}", made)  # noqa: S102  our own declarations
    bind: types.FunctionType = made["bind"]
    bind.__qualname__, bind.__defaults__, bind.__kwdefaults__ = (
        function.__qualname__,
        function.__defaults__,
        function.__kwdefaults__,
    )
    return bind


def _warning(
    call: Callable[Concatenate[G, P], Coroutine[Any, Any, R]], declared: Operation
) -> Callable[Concatenate[G, P], Coroutine[Any, Any, R]]:
    """Warn at the call, where the caller's line is at hand, and not when it is awaited."""
    message = f"{declared.id} will be removed by the vendor in {REMOVAL}; use {declared.deprecated}"

    def warn_and_call(self: G, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, R]:
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return call(self, *args, **kwargs)

    return warn_and_call


def _declared(function: Callable[..., Any], route: str, repeat: Repeat | None, sends: Place | None) -> Operation:
    owner, _, name = function.__qualname__.rpartition(".")
    group = re.sub(r"(?<!^)(?=[A-Z])", "_", owner.rpartition(".")[2]).lower()
    method, _, path = route.partition(" ")
    identity = f"{group}.{name}"
    signature = ShownSignature.from_callable(function)
    function.__signature__ = signature  # type: ignore[attr-defined]  # of the method, too
    in_path = set(path_names(path))
    elsewhere = sends or (Place.QUERY if method in {"GET", "DELETE"} else Place.BODY)
    parameters = tuple(
        _parameter(p, Place.PATH if p.name in in_path else elsewhere, identity)
        for p in list(signature.parameters.values())[1:]
    )
    scope = tuple(sorted(in_path - {p.name for p in parameters}))
    checks = (
        (method not in METHODS or not path.startswith("/"), f"{route!r} is not METHOD /path"),
        (repeat is None and method != "GET", f"a {method} must declare what a repeat does"),
        (not set(scope) <= set(Group.scope), f"path names {', '.join(scope)} are not parameters"),
        (signature.return_annotation is inspect.Signature.empty, "the return type is missing"),
    )
    _refuse(identity, checks)
    return Operation(
        id=identity,
        method=method,
        path=API_PREFIX + path,
        parameters=parameters,
        result=signature.return_annotation,
        repeat=repeat or Repeat.SAFE,
        quota=None,
        summary=(inspect.getdoc(function) or "").partition("\n")[0],
        source="",
        scope=scope,
    )


def _refuse(identity: str, checks: Iterable[tuple[bool, str]]) -> None:
    """Raise TypeError for the first thing that is wrong with a declaration."""
    for wrong, what in checks:
        if wrong:
            message = f"{identity}: {what}"
            raise TypeError(message)


def _parameter(p: inspect.Parameter, place: Place, identity: str) -> Parameter:
    if p.annotation is p.empty or p.kind in {p.VAR_POSITIONAL, p.VAR_KEYWORD}:
        message = f"{identity}: parameter {p.name} needs a type and a place"
        raise TypeError(message)
    kind, notes = p.annotation, []
    if get_origin(kind) is Annotated:
        kind, *notes = get_args(kind)
    required = p.default is p.empty
    return Parameter(
        name=p.name,
        wire=next((note.name for note in notes if isinstance(note, Wire)), camel(p.name)),
        place=place,
        kind=kind,
        required=required,
        default=None if required else p.default,
        positional=p.kind is not p.KEYWORD_ONLY,
        bounds=tuple(note for note in notes if isinstance(note, BOUNDS)),
    )
