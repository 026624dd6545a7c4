"""JSON schemas of the types that operations take and give, as OpenAPI 3.1 has them.

Invariant: pure; from the type alone. Every object may have members that no model names, and every enum values that no
version of this package knows.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs
from attrs import Factory, define

from mi_async._core.bounds import Bound, Count, Each, Forbidden, Length, Pattern, Range, Rule
from mi_async._core.docstrings import summary
from mi_async._core.wire_names import camel, wire_names
from mi_async.models import Model, OpenEnum

Schema = dict[str, Any]

TIMESTAMP = (
    "^[0-9]{4}-"
    "((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))"
    "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?$"
)
"""A timestamp that can be read; only the year 0000 and 29 February of most years are not told."""
PRIMITIVES: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {
        "type": "string",
        "description": "ISO 8601, without a zone.",
        "pattern": TIMESTAMP,
        "examples": ["2025-08-15T17:13:48"],
    },
    Any: {},
}
"""Schemas of plain types. A timestamp has no zone, so it is no ``date-time`` as RFC 3339 has it."""


@define(eq=False)
class Schemas:
    """Makes schemas, and collects those of the models by name.

    Attributes:
        named: the models' schemas, for ``components``.
    """

    named: dict[str, Schema] = Factory(dict)

    def of(self, kind: Any) -> Schema:
        """Return the schema of a type; a model or an enum is referred to by its name.

        Raises:
            TypeError: a type that has no schema.
        """
        origin = get_origin(kind) or kind
        if kind in PRIMITIVES:
            return dict(PRIMITIVES[kind])
        if origin in {Union, UnionType}:
            return _nullable(self.of(next(one for one in get_args(kind) if one is not NoneType)))
        holder = origin if isinstance(origin, type) else NoneType
        if issubclass(holder, Model | OpenEnum):
            return {"$ref": f"#/components/schemas/{self._name(kind)}"}
        if issubclass(holder, Sequence):
            return {"type": "array", "items": self.of(get_args(kind)[0])}
        if issubclass(holder, Mapping):
            return {"type": "object", "additionalProperties": True}
        message = f"{kind} has no schema"
        raise TypeError(message)

    def _name(self, kind: Any) -> str:
        model = get_origin(kind) or kind
        name: str = model.__name__ + "".join(f"Of{item.__name__}" for item in get_args(kind))
        if name not in self.named:
            self.named[name] = {}  # a model may hold itself
            self.named[name] = _enum(model) if issubclass(model, OpenEnum) else self._model(kind)
        return name

    def _model(self, kind: Any) -> Schema:
        """Return the schema of the objects of a model."""
        model = get_origin(kind) or kind
        variables = dict(zip(getattr(model, "__parameters__", ()), get_args(kind), strict=True))
        fields = [field for field in attrs.fields(attrs.resolve_types(model)) if field.name != "extra"]
        wire = {field.name: wire_names(field)[0] for field in fields}
        properties: dict[str, Schema] = {}
        for field in fields:
            schema = bounded_schema(self.of(_filled(field.type, variables)), field.metadata.get("bounds", ()))
            properties |= dict.fromkeys(wire_names(field), schema)
        return {
            "type": "object",
            "description": summary(model),
            "properties": properties,
            **_required(fields),
            **({"x-rules": [on_wire(rule, wire).text for rule in model.RULES]} if model.RULES else {}),
            "additionalProperties": True,
        }


def _required(fields: Iterable["attrs.Attribute[Any]"]) -> Schema:
    """Return the members that must be there; of one that is spelled in two ways, either will do."""
    needed = [wire_names(field) for field in fields if field.default is attrs.NOTHING]
    required = [names[0] for names in needed if len(names) == 1]
    either = [{"anyOf": [{"required": [name]} for name in names]} for names in needed if len(names) > 1]
    return ({"required": required} if required else {}) | ({"allOf": either} if either else {})


def bounded_schema(schema: Schema, bounds: Iterable[Bound]) -> Schema:
    """Return a schema with the bounds as far as JSON schema can express them, and with their text in any case."""
    texts = []
    for bound in bounds:
        words = _WORDS.get(type(bound))
        text = on_wire(bound).text
        schema = schema | (words(bound) if words is not None else {})
        texts.append(text)
        if isinstance(bound, Each):
            schema = schema | {"items": bounded_schema(schema.get("items", {}), (bound.bound,))}
    return schema | {"x-bounds": texts} if texts else schema


def on_wire(rule: Any, spelled: Mapping[str, str] | None = None) -> Bound | Rule:
    """Return a rule or a bound that names arguments and members as the wire does.

    Args:
        rule: with Python names.
        spelled: wire names by Python names, where they are not the camelCase forms.
    """

    def wire(name: str) -> str:
        return (spelled or {}).get(name, camel(name))

    named: dict[str, Any] = {}
    for field in attrs.fields(type(rule)):
        value = getattr(rule, field.name)
        if field.name in {"name", "flag"} or (field.name == "names" and isinstance(value, str)):
            named[field.name] = wire(value)
        elif field.name == "names":
            named[field.name] = tuple(map(wire, value))
    evolved: Bound | Rule = attrs.evolve(rule, **named)
    return evolved


def _named(**words: Any) -> Schema:
    return {name: value for name, value in words.items() if value is not None}


_WORDS: Mapping[type, Callable[[Any], Schema]] = {
    Length: lambda bound: _named(
        minLength=bound.least or None, maxLength=bound.most, pattern=None if bound.blank else r"\S"
    ),
    Range: lambda bound: _named(minimum=bound.least, maximum=bound.most),
    Count: lambda bound: _named(minItems=bound.least or None, maxItems=bound.most),
    Forbidden: lambda bound: {"pattern": f"^[^{re.escape(bound.characters)}]*$"},
    Pattern: lambda bound: {"pattern": f"^{bound.regex}$"},
}


def _filled(kind: Any, variables: Mapping[Any, Any]) -> Any:
    """Return a field's type with the type variables of its model filled in."""
    if any(isinstance(one, TypeVar) for one in get_args(kind)):
        return kind[tuple(variables[one] for one in getattr(kind, "__parameters__", ()))]
    return kind


def _enum(kind: type[OpenEnum]) -> Schema:
    values = [str(member.value) for member in kind]
    return {"type": "string", "description": summary(kind), "x-known-values": values, "examples": values[:1]}


def _nullable(schema: Schema) -> Schema:
    if isinstance(schema.get("type"), str):
        return schema | {"type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]} if schema else schema
