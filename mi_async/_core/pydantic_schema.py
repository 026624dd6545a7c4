"""Schemas for pydantic: how it reads, writes and documents our results; the only module that imports it.

Invariant: imported by pydantic's own question only. pydantic reads members itself, so that a fault is told where it is
and as its users know it; what it reads becomes an object of ours, and an object of ours is taken as it is.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any, get_args, get_origin

import attrs
from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

from mi_async._core.annotations import bare
from mi_async._core.docstrings import member_texts, summary
from mi_async._core.model_fields import absent_members, closed, member_fields
from mi_async._core.model_writer import members_of
from mi_async._core.open_enum import OpenEnum
from mi_async._core.values import PlainData
from mi_async._core.wire_names import all_names

EXAMPLES: Mapping[Any, list[str]] = {datetime: ["2025-08-15T17:13:48"]}
"""Examples by type; the service sends times without a zone."""


def data_schema(source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
    """Return the schema of a result: an object of ours, or a dict with names of either kind.

    Args:
        source: the class, or a generic one with its arguments such as ``Page[Person]``.
        handler: pydantic's.
    """
    kind = get_origin(source) or source
    variables = [variable.__name__ for variable in getattr(kind, "__parameters__", ())]
    arguments = dict(zip(variables, get_args(source) or [Any] * len(variables), strict=True))
    texts = member_texts(kind)
    members = {
        field.name: _member(field, _described(closed(field.type, arguments), texts.get(field.name)), handler)
        for field in member_fields(kind)
    }
    inner = core_schema.typed_dict_schema(members, extra_behavior="allow", cls_name=kind.__name__)
    return core_schema.no_info_wrap_validator_function(
        partial(_read, kind),
        inner,
        ref=_reference(kind, get_args(source)),
        serialization=core_schema.wrap_serializer_function_ser_schema(_write, schema=inner),
    )


def _described(kind: Any, text: str | None) -> Any:
    """Return a type with the text about the member."""
    return Annotated[kind, Field(description=text, examples=EXAMPLES.get(bare(kind)))]


def _member(field: "attrs.Attribute[Any]", kind: Any, handler: GetCoreSchemaHandler) -> core_schema.TypedDictField:
    schema = handler.generate_schema(kind)
    default: Any = field.default
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class, typed as a function
        schema = core_schema.with_default_schema(schema, default_factory=default.factory)
    elif default is not attrs.NOTHING:
        schema = core_schema.with_default_schema(schema, default=default)
    paths: list[list[str | int]] = [[name] for name in all_names(field)]
    return core_schema.typed_dict_field(schema, required=default is attrs.NOTHING, validation_alias=paths)


def _reference(kind: type, arguments: Iterable[type]) -> str:
    """Return the name of a definition, as pydantic makes them: OpenAPI has the last part of it."""
    inside = ",".join(_reference(each, ()) if isinstance(each, type) else repr(each) for each in arguments)
    return f"{kind.__module__}.{kind.__qualname__}:{id(kind)}" + (f"[{inside}]" if inside else "")


def _read(kind: Any, value: object, handler: Callable[[object], dict[str, Any]]) -> Any:
    """Return the object that a value is, or that its members make."""
    if isinstance(value, kind):
        return value
    members = handler(value)
    named = {field.name: members.pop(field.name) for field in member_fields(kind) if field.name in members}
    if "extra" in attrs.fields_dict(kind):
        apart = members.pop("extra") if isinstance(members.get("extra"), dict) else {}
        named["extra"] = members | apart
    return kind(**named, **absent_members(kind))


def _write(value: object, handler: Callable[[object], Any]) -> Any:
    """Return the members as pydantic writes them: with its modes, and without what a caller leaves out."""
    return handler(members_of(value) if isinstance(value, PlainData) else value)


def described(kind: type, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """Return the JSON schema of a result, with its name and what it is."""
    told = handler(schema)
    found = handler.resolve_ref_schema(told)
    found.setdefault("title", kind.__name__)
    found.setdefault("description", summary(kind))
    return told


def enum_schema(kind: type[OpenEnum]) -> core_schema.CoreSchema:
    """Return the schema of an open enum: any text, with those that are known as examples."""

    def documented(schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        known = [member.value for member in kind]
        return {**handler(schema), "description": summary(kind), "examples": known}

    return core_schema.no_info_after_validator_function(
        kind,
        core_schema.str_schema(),
        serialization=core_schema.plain_serializer_function_ser_schema(
            str, return_schema=core_schema.str_schema(), when_used="json"
        ),
        metadata={"pydantic_js_functions": [documented]},
    )
