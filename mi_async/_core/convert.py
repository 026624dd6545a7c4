"""The one cattrs converter: JSON bytes to models and back.

Law: pure. Wire names are camelCase unless a field says ``spelled(...)``; primitives are strict; members that a
model does not name are kept in ``extra``; hooks are built on first use, so importing a model costs nothing.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NoReturn, TypeVar, get_origin

import attrs
import orjson
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import OpenEnum

T = TypeVar("T")
Json = Any
"""What JSON can hold; the one place where ``Any`` enters."""


def camel(name: str) -> str:
    """``page_num`` to ``pageNum``."""
    head, *tail = name.split("_")
    return head + "".join(map(str.capitalize, tail))


def dumps(value: object) -> bytes:
    """Values and models to JSON bytes; models write camelCase and leave out what is None.

    Raises:
        InvalidArgumentError: the value has no JSON form (a lone surrogate, an integer beyond 64 bits).
    """
    try:
        return orjson.dumps(value, default=_converter(detailed=False).unstructure)
    except TypeError as error:
        message = f"cannot be sent as JSON: {error}"
        raise InvalidArgumentError(message) from None


def loads(body: bytes) -> Json:
    """JSON bytes to plain values.

    Raises:
        ResponseError: not JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at {error.pos} of {len(body)} bytes"
        raise ResponseError(message) from None


@cache
def structurer(kind: Any) -> Callable[[Json], Any]:
    """Build a function from plain values to ``kind``; it raises ResponseError with a JSON path."""
    hook = _converter(detailed=False).get_structure_hook(kind)

    def structure_kind(value: Json) -> Any:
        try:
            return hook(value, kind)
        except Exception:  # noqa: BLE001  explained below, with the path
            _explain(value, kind)

    return structure_kind


def structure(value: Json, kind: type[T]) -> T:
    """Plain values to ``kind``.

    Raises:
        ResponseError: with the JSON path of the first member that does not fit.
    """
    structured: T = structurer(kind)(value)
    return structured


def _explain(value: Json, kind: Any) -> NoReturn:
    """Structure once more, slowly, to say where it went wrong."""
    try:
        _converter(detailed=True).structure(value, kind)
    except Exception as error:  # noqa: BLE001  whatever a hook raised is the explanation
        first = transform_error(error, format_exception=_reason)[0]
        text, _, path = first.rpartition(" @ ")
        message = f"{text} at {path}"
        raise ResponseError(message, path=path) from None
    message = f"does not fit {kind!r}"
    raise ResponseError(message)


def _reason(error: BaseException, kind: type | None) -> str:
    if isinstance(error, KeyError):
        return f"member {error.args[0]!r} is missing"
    return str(error) or f"invalid {getattr(kind, '__name__', kind)}"


def _strict(kind: type) -> Callable[[Json, Any], Any]:
    """Hook for a primitive: cattrs would turn None into 'None' and 'False' into True."""

    def check(value: Json, _: Any) -> Any:
        if value.__class__ is kind:
            return value
        message = f"expected {kind.__name__}, got {type(value).__name__}"
        raise TypeError(message)

    return check


def _number(value: Json, _: Any) -> float:
    if value.__class__ is float or value.__class__ is int:
        return float(value)
    message = f"expected a number, got {type(value).__name__}"
    raise TypeError(message)


def _timestamp(value: Json, _: Any) -> datetime:
    if value.__class__ is not str:
        message = f"expected an ISO 8601 string, got {type(value).__name__}"
        raise TypeError(message)
    return datetime.fromisoformat(value)


def _open_enum(value: Json, kind: type[OpenEnum]) -> OpenEnum:
    if value.__class__ is str:
        return kind(value)
    message = f"expected a string, got {type(value).__name__}"
    raise TypeError(message)


def _wire_names(field: "attrs.Attribute[Any]") -> tuple[str, ...]:
    names: tuple[str, ...] = field.metadata.get("spelled", ()) or (camel(field.name),)
    return names


def _structure_model(kind: type, converter: Converter) -> Callable[[Json, Any], Any]:
    """Hook for an attrs class: renamed members, accepted spellings, the rest into ``extra``."""
    fields = [f for f in attrs.fields(get_origin(kind) or kind) if f.name != "extra"]
    spellings = {f: _wire_names(f) for f in fields}
    known = frozenset(names[0] for names in spellings.values())
    aliases = [(names[0], other) for names in spellings.values() for other in names[1:]]
    build = make_dict_structure_fn(
        kind,
        converter,
        _cattrs_detailed_validation=converter.detailed_validation,
        **{f.name: override(rename=names[0]) for f, names in spellings.items()},  # type: ignore[arg-type]
    )
    covers = known.issuperset

    def structure_model(value: Json, _: Any) -> Any:
        if value.__class__ is not dict:
            message = f"expected an object, got {type(value).__name__}"
            raise TypeError(message)
        if not covers(value):
            value = _sorted_out(value, known, aliases)
        return build(value, kind)

    return structure_model


def _sorted_out(value: dict[str, Json], known: frozenset[str], aliases: list[tuple[str, str]]) -> dict[str, Json]:
    """A copy with other spellings under the first one, and unknown members under ``extra``."""
    value = dict(value)
    for name, other in aliases:
        if other in value:
            spare = value.pop(other)
            if value.get(name) is None:
                value[name] = spare
    extra = {name: value.pop(name) for name in list(value) if name not in known}
    return value | {"extra": extra}


def _unstructure_model(kind: type, converter: Converter) -> Callable[[Any], dict[str, Json]]:
    fields = attrs.fields(get_origin(kind) or kind)
    renamed = {f.name: override(rename=_wire_names(f)[0]) for f in fields if f.name != "extra"}
    plain = make_dict_unstructure_fn(kind, converter, **renamed)  # type: ignore[arg-type]

    def unstructure_model(value: Any) -> dict[str, Json]:
        members = plain(value)
        extra: Mapping[str, Json] = members.pop("extra", {})
        return {name: member for name, member in members.items() if member is not None} | dict(extra)

    return unstructure_model


@cache
def _converter(*, detailed: bool) -> Converter:
    converter = Converter(detailed_validation=detailed)
    for primitive in (str, int, bool):
        converter.register_structure_hook(primitive, _strict(primitive))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(datetime, _timestamp)
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook_func(_is_open_enum, _open_enum)
    converter.register_unstructure_hook_func(_is_open_enum, str)
    converter.register_structure_hook_factory(_is_model, lambda kind: _structure_model(kind, converter))
    converter.register_unstructure_hook_factory(_is_model, lambda kind: _unstructure_model(kind, converter))
    return converter


def _is_open_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _is_model(kind: Any) -> bool:
    return attrs.has(get_origin(kind) or kind)
