"""Hooks for what JSON holds: primitives, timestamps, open enums, arrays and objects, each of exactly its own type.

Invariant: pure; nothing is coerced (cattrs would turn None into ``'None'``, ``'False'`` into True and a string into a
tuple of letters). A wrong type raises MisfitError, which never quotes the value: it may be a presigned URL.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_origin

from cattrs import Converter
from cattrs.cols import list_structure_factory, mapping_structure_factory

from mi_async._core.annotations import bare, is_optional
from mi_async._core.open_enum import OpenEnum

Json = Any
"""Any JSON value; the one place where ``Any`` enters."""
Hook = Callable[[Json, Any], Any]
"""A hook of cattrs, called with a plain value and the wanted type."""

INTEGER = re.compile(r"-?[0-9]{1,18}")
PRIMITIVES = (str, int, bool)
WORDS: Mapping[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    NoneType: "null",
}
TIMESTAMP = "an ISO 8601 timestamp"
COLLECTIONS: Mapping[Any, tuple[type, Callable[[Any, Converter], Hook], type]] = {
    tuple: (list, list_structure_factory, tuple),
    Sequence: (list, list_structure_factory, tuple),
    list: (list, list_structure_factory, list),
    dict: (dict, mapping_structure_factory, dict),
    Mapping: (dict, mapping_structure_factory, dict),
}
"""For each collection, what it is in JSON, who reads its items, and what holds them in the end."""


class MisfitError(TypeError):
    """A value that is not what was expected."""

    def __init__(self, expected: str, value: Json) -> None:
        super().__init__(f"expected {expected}, got {WORDS.get(type(value), type(value).__name__)}")


def register_strict(converter: Converter) -> None:
    """Teach a converter to take each JSON type for what it is."""
    for primitive in PRIMITIVES:
        converter.register_structure_hook(primitive, _exactly(primitive))
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(datetime, _timestamp)
    converter.register_structure_hook(Enum, _enum)
    converter.register_structure_hook(OpenEnum, _open_enum)  # by class: a predicate would lose to the hook for str
    converter.register_structure_hook_func(lambda kind: kind is None, lambda _value, _kind: None)
    converter.register_structure_hook_factory(is_optional, _optional)
    converter.register_structure_hook_factory(is_collection, _collection)
    converter.register_unstructure_hook(datetime, datetime.isoformat)


def _exactly(kind: type, other: type | None = None) -> Hook:
    """Return a check by identity: a bool is no int here, and no subclass comes out of JSON."""

    def check(value: Json, _: Any) -> Any:
        if value.__class__ is kind or value.__class__ is other:
            return value
        raise MisfitError(WORDS[kind] if other is None else f"{WORDS[kind]} or {WORDS[other]}", value)

    return check


def _number(value: Json, _: Any) -> float:
    if value.__class__ is float or value.__class__ is int:
        return float(value)
    raise MisfitError(WORDS[float], value)


def _timestamp(value: Json, _: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise MisfitError(TIMESTAMP, value) from None


def _enum(value: Json, kind: type[Enum]) -> Enum:
    try:
        return kind(value)
    except ValueError:
        raise MisfitError("one of " + ", ".join(str(member.value) for member in kind), value) from None


@cache
def _documented(kind: type[OpenEnum]) -> Mapping[str, OpenEnum]:
    return {member.value: member for member in kind}


def _open_enum(value: Json, kind: type[OpenEnum]) -> OpenEnum:
    if value.__class__ is str:
        return _documented(kind).get(value) or kind(value)  # asking the class costs three times as much
    raise MisfitError(WORDS[str], value)


def _optional(union: Any, converter: Converter) -> Hook:
    """Return the hook for ``X | None``: one call where X is a primitive."""
    kind = bare(union)
    if kind in PRIMITIVES:
        return _exactly(kind, NoneType)
    hook = converter.get_structure_hook(kind)

    def structure_optional(value: Json, _: Any) -> Any:
        return None if value is None else hook(value, kind)

    return structure_optional


def is_optional_scalar(kind: Any) -> bool:
    """Return True for ``X | None`` where X has no parts: what cannot be read of it may be left out."""
    scalar = bare(kind)
    is_scalar = scalar in {*PRIMITIVES, float, datetime} or (isinstance(scalar, type) and issubclass(scalar, OpenEnum))
    return is_scalar and is_optional(kind)


def as_id(value: Json, kind: Any) -> Json:
    """Return an ID in the form that is wanted, where it came as a text instead of a number, or the other way round."""
    kind = bare(kind)
    if get_origin(kind) in COLLECTIONS and value.__class__ is list:
        return [as_id(item, get_args(kind)[0]) for item in value]
    if kind is int and value.__class__ is str and INTEGER.fullmatch(value):
        return int(value)
    return str(value) if kind is str and value.__class__ is int else value


def is_collection(kind: Any) -> bool:
    """Return True for an array of like values, or an object that is none of the models."""
    origin = get_origin(kind)
    return origin in COLLECTIONS and (origin is not tuple or get_args(kind)[1:] == (...,))


def _collection(kind: Any, converter: Converter) -> Hook:
    """Return the hook for an array or an object of like values."""
    json_kind, factory, holder = COLLECTIONS[get_origin(kind)]
    items = factory(kind, converter)

    def structure_collection(value: Json, _: Any) -> Any:
        if value.__class__ is json_kind:
            return holder(items(value, kind))
        raise MisfitError(WORDS[json_kind], value)

    return structure_collection
