"""Arguments of a tool, by the signature of its function: their JSON schema, and their values, checked.

Invariant: pure. The signature is the declaration: ``Annotated[int, "meaning", Range(1, 50)]``; what it does not name
is refused.
"""

import inspect
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

from attrs import frozen

from mi_async._core import convert
from mi_async._core.annotations import bare
from mi_async._core.bounds import BOUNDS, Bound
from mi_async._core.checks import compiled
from mi_async._core.names import NOT_TEXT, is_unicode
from mi_async.api.schemas import Schema, Schemas, bounded_schema
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.text import escaped

SHOWN = 60
"""Characters of a wrong name that a message shows."""


@frozen
class ToolArgument:
    """One argument of a tool.

    Attributes:
        name: of the argument.
        kind: the annotation, without ``Annotated``.
        meaning: for the agent.
        required: True if a call must give it.
        bounds: what is allowed.
    """

    name: str
    kind: Any
    meaning: str
    required: bool
    bounds: tuple[Bound, ...] = ()

    @property
    def schema(self) -> Schema:
        """The JSON schema."""
        limits = bounded_schema(_schema(bare(self.kind)), self.bounds)
        texts = limits.pop("x-bounds", ())
        return limits | {"description": "; ".join([self.meaning, *texts])}

    def read(self, value: Any) -> Any:
        """Return a value that an agent has sent.

        Raises:
            InvalidArgumentError: it is of another type.
        """
        kind = bare(self.kind)
        if get_origin(kind) is Literal:
            if value not in get_args(kind):
                message = f"{self.name} must be one of {', '.join(get_args(kind))}"
                raise InvalidArgumentError(message)
            return value
        return read_value(self.name, kind, value)


def read_value(name: str, kind: Any, value: Any) -> Any:
    """Return a JSON value as a type; texts in Unicode NFC, as the service has its names.

    Raises:
        InvalidArgumentError: it is of another type, or no text.
    """
    try:
        return convert.structurer(kind)(_composed(name, value))
    except ResponseError as error:
        place = (error.path or "$").removeprefix("$")
        message = f"{name}{place}: {error.reason}"
        raise InvalidArgumentError(message) from None


def arguments_of(function: Callable[..., Any]) -> tuple[ToolArgument, ...]:
    """Return the arguments of a tool: those that its function takes by name."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(_argument(p) for p in parameters if p.kind is p.KEYWORD_ONLY)


def _argument(p: inspect.Parameter) -> ToolArgument:
    if get_origin(p.annotation) is not Annotated:
        message = f"{p.name} needs Annotated[type, meaning]"
        raise TypeError(message)
    kind, meaning, *notes = get_args(p.annotation)
    bounds = tuple(note for note in notes if isinstance(note, BOUNDS))
    return ToolArgument(p.name, kind, meaning, p.default is p.empty, bounds)


def input_schema(arguments: Iterable[ToolArgument]) -> Schema:
    """Return the schema of all arguments of a tool."""
    listed = list(arguments)
    required = [each.name for each in listed if each.required]
    return {
        "type": "object",
        "properties": {each.name: each.schema for each in listed},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def output_schema(result: Any) -> Schema:
    """Return the schema of a TypedDict; members may be missing where a result was too long."""
    return {"type": "object", "properties": {name: Schemas().of(kind) for name, kind in result.__annotations__.items()}}


def read_arguments(arguments: Sequence[ToolArgument], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call by name; null is the same as not given.

    Raises:
        InvalidArgumentError: one is unknown, missing, of another type or out of bounds.
    """
    refuse_unknown(given, [each.name for each in arguments])
    values: dict[str, Any] = {}
    for each in arguments:
        if given.get(each.name) is not None:
            values[each.name] = each.read(given[each.name])
        elif each.required:
            message = f"{each.name} is missing: {each.meaning}"
            raise InvalidArgumentError(message)
    for check in compiled([(each.name, each.kind, each.bounds) for each in arguments], ()):
        check(values.get, "")
    return values


def refuse_unknown(given: Iterable[str], known: Sequence[str]) -> None:
    """Refuse names that are not known.

    Raises:
        InvalidArgumentError: there is one.
    """
    if unknown := [name for name in given if name not in known]:
        message = f"unknown argument {escaped(str(unknown[0]), SHOWN)!r}; known are {', '.join(known) or 'none'}"
        raise InvalidArgumentError(message)


def _schema(kind: Any) -> Schema:
    if get_origin(kind) is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    return Schemas().of(kind)


def _composed(name: str, value: Any) -> Any:
    if isinstance(value, str):
        if not is_unicode(value):
            message = f"{name} {NOT_TEXT}"
            raise InvalidArgumentError(message)
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [_composed(name, each) for each in value]
    return value
