"""An operation as a value: from arguments to a request, back again in the emulator, and from an answer to a model.

Invariant: pure; no I/O, no clock. None means not sent.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cached_property
from typing import Any, Self

from attrs import evolve, frozen

from mi_async._core import convert
from mi_async._core.bounds import Bound, Rule
from mi_async._core.checks import Check, compiled
from mi_async._core.http_messages import Request, make_request
from mi_async._core.urltext import from_text, path_segment, to_text
from mi_async.errors import ConfigError, InvalidArgumentError, ResponseError

API_PREFIX = "/api/v1"
NAME = re.compile(r"\{(\w+)\}")
PATH = re.compile(r"(/([\w.~%-]|\{\w+\})+)+", re.ASCII)
"""A path template: segments with names in braces, percent-encoded, without a query."""


class Repeat(Enum):
    """The effect of sending the same request again after an ambiguous failure."""

    # Retried.
    SAFE = "a repeat changes nothing"
    # Retried; the 409 of a later attempt may be the work of an earlier one, so its error says `possibly_created`.
    CONFLICTS = "a repeat is refused"
    # Never retried: nothing would tell the second one from the first. Workflows look whether it is there, then decide.
    DUPLICATES = "a repeat makes a second one"


@frozen
class Quota:
    """At most ``calls`` arrivals at the service in any window of ``period`` seconds."""

    calls: int
    period: float

    def __attrs_post_init__(self) -> None:
        """Refuse a quota that lets nothing through."""
        if self.calls < 1 or not self.period > 0:
            message = f"a quota needs at least 1 call and a period above 0 s, not {self.calls} per {self.period} s"
            raise InvalidArgumentError(message)


class Place(Enum):
    """The part of a request in which an argument travels."""

    PATH = "path"
    QUERY = "query"
    BODY = "body"


@frozen
class Parameter:
    """One parameter of an operation.

    Attributes:
        name: the Python name.
        wire: the name on the wire.
        place: path, query or body.
        kind: the annotation, without ``Annotated``.
        required: True if a call in Python must give it; see ``always_sent`` for the wire.
        default: what is sent when a call does not give it; None is not sent.
        positional: True if it may be given by position.
        bounds: what the service allows.
    """

    name: str
    wire: str
    place: Place
    kind: Any
    required: bool
    default: Any
    positional: bool
    bounds: tuple[Bound, ...] = ()

    @property
    def always_sent(self) -> bool:
        """Return True if each request has it: a default other than None is sent, because the service requires it."""
        return self.required or self.default is not None


@frozen
class RawArguments:
    """The arguments of a request as a server receives them: decoded path and query texts, body bytes."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@frozen(slots=False, eq=False)
class Operation:
    """One documented call: its request, quota, retries and result.

    Attributes:
        id: group and verb, for example ``persons.get``.
        method: HTTP method.
        path: the documented path template, ``/api/v1`` included.
        parameters: in the order of the signature.
        result: type of the result, None when there is none.
        repeat: the effect of sending the same request again.
        quota: the documented rate, None when none is documented.
        summary: first line of the documentation.
        source: slug of the vendor's API page.
        scope: path names that come from the group.
        rules: which arguments go together.
        deprecated: ID of the operation to use instead, when the vendor is going to remove this one.
        beside: wire names of members of the result that may come beside it.
    """

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    result: Any
    repeat: Repeat
    quota: Quota | None
    summary: str
    source: str
    scope: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    deprecated: str | None = None
    beside: tuple[str, ...] = ()

    @property
    def group(self) -> str:
        """Name of the group, for example ``persons``."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """Name of the method, for example ``get``."""
        return self.id.partition(".")[2]

    @property
    def takes_body(self) -> bool:
        """Return True if some argument travels in the body."""
        return bool(self.body)

    @cached_property
    def _query(self) -> tuple[Parameter, ...]:
        return tuple(p for p in self.parameters if p.place is Place.QUERY)

    @cached_property
    def body(self) -> tuple[Parameter, ...]:
        """Parameters that travel in the body."""
        return tuple(p for p in self.parameters if p.place is Place.BODY)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return tuple(NAME.findall(self.path))

    @cached_property
    def _fill(self) -> Callable[..., str]:
        return NAME.sub("{}", self.path).format

    @cached_property
    def _checks(self) -> tuple[Check, ...]:
        return compiled([(p.name, p.kind, p.bounds) for p in self.parameters], self.rules)

    def at_path(self, path: str) -> Self:
        """Return the operation at another path, as the service may have it in another edition.

        Args:
            path: with the same names in braces; ``/api/v1`` goes before it where it is left out.

        Raises:
            ConfigError: it cannot be the path of this operation.
        """
        text = path if isinstance(path, str) else ""
        names = path_names(self.path)
        if not PATH.fullmatch(text) or path_names(text) != names or "/../" in f"{text}/" or "/./" in f"{text}/":
            wanted = " and ".join(f"{{{name}}}" for name in names)
            message = f"paths[{self.id!r}] must be like {self.path}, with {wanted or 'no names'}, got {path!r}"
            raise ConfigError(message)
        return evolve(self, path=text if text.startswith(f"{API_PREFIX}/") else API_PREFIX + text)

    def build(self, arguments: Mapping[str, Any], *, validate: bool = True) -> Request:
        """Turn arguments, those of the group included, into a request.

        Args:
            arguments: by Python name.
            validate: True to check the documented bounds.

        Raises:
            InvalidArgumentError: an argument that is out of its bounds, or has no form on the wire.
        """
        if validate:
            for check in self._checks:
                check(arguments.get, "")
        target = self._fill(*[path_segment(name, arguments[name]) for name in self._names])
        if self._query and (
            query := [(p, arguments[p.name]) for p in self._query if arguments.get(p.name) is not None]
        ):
            target += "?" + "&".join([f"{p.wire}={to_text(p.name, value)}" for p, value in query])
        return make_request(self.method, target, self._json(arguments) if self.body else None)

    def _json(self, arguments: Mapping[str, Any]) -> bytes:
        members = {p.wire: value for p in self.body if (value := arguments.get(p.name)) is not None}
        try:
            return convert.dumps(members)
        except InvalidArgumentError as error:
            culprit = next(p.name for p in self.body if not _has_json(arguments.get(p.name)))
            message = f"{culprit} {error}"
            raise InvalidArgumentError(message) from None

    def arguments(self, raw: RawArguments) -> dict[str, Any]:
        """Return the arguments of a request that a server received: the inverse of ``build``.

        Raises:
            ResponseError: an argument that is missing or does not fit, with its JSON path.
        """
        body = convert.loads(raw.body) if self.body and raw.body else {}
        if not isinstance(body, dict):
            message = "the body is not a JSON object"
            raise ResponseError(message, path="$")
        return {p.name: value for p in self.parameters if (value := _received(p, raw, body)) is not None}

    def parse(self, result: convert.Json) -> Any:
        """Turn the ``result`` member of an answer into the declared type.

        Raises:
            ResponseError: it does not fit, with the JSON path.
        """
        try:
            return self._parser(result)
        except ResponseError as error:
            path = f"$.result{(error.path or '$')[1:]}"
            message = f"{self.id}: the answer does not fit: {error.reason}"
            del result  # may hold a presigned URL, and reports of errors show local variables
            raise ResponseError(message, path=path) from None

    @cached_property
    def _parser(self) -> Callable[[convert.Json], Any]:
        return convert.structurer(self.result, tolerant=True)


def path_names(path: str) -> list[str]:
    """Return the names in braces of a path template, in order of the alphabet; each as often as it is there."""
    return sorted(NAME.findall(path))


def _has_json(value: Any) -> bool:
    try:
        convert.dumps(value)
    except InvalidArgumentError:
        return False
    return True


def _received(p: Parameter, raw: RawArguments, body: Mapping[str, Any]) -> Any:
    """Return one argument of a received request, None when it was not sent."""
    sources: dict[Place, Mapping[str, Any]] = {Place.PATH: raw.path, Place.QUERY: raw.query, Place.BODY: body}
    wire = p.name if p.place is Place.PATH else p.wire
    value = sources[p.place].get(wire)
    if value is None:
        if p.always_sent:
            message = "required"
            raise ResponseError(message, path=f"$.{wire}")
        return None
    if p.place is not Place.BODY:
        value = from_text(value, p.kind)
    try:
        return convert.structurer(p.kind)(value)
    except ResponseError as error:
        path = f"$.{wire}{(error.path or '$')[1:]}"
        raise ResponseError(error.reason, path=path) from None
