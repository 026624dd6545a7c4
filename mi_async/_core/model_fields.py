"""Fields of models as readers and writers need them: which have a member, of what type, and what stands for the others.

Invariant: pure; looks at classes, never at values.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs


def member_fields(model: Any) -> list["attrs.Attribute[Any]"]:
    """Return the fields that have a member among plain values, those that go by position first."""
    fields = attrs.fields(attrs.resolve_types(model))
    return sorted((f for f in fields if f.name != "extra" and "internal" not in f.metadata), key=lambda f: f.kw_only)


def absent_members(model: Any) -> dict[str, Any]:
    """Return what stands for members that are never written, where they have no default."""
    return {
        field.name: field.metadata["internal"]
        for field in attrs.fields(model)
        if "internal" in field.metadata and field.default is attrs.NOTHING
    }


def closed(kind: Any, arguments: Mapping[str, Any]) -> Any:
    """Return a type with the arguments of its generic model filled in."""
    if isinstance(kind, TypeVar):
        return arguments[kind.__name__]
    parameters = getattr(kind, "__parameters__", ())
    return kind[tuple(arguments[parameter.__name__] for parameter in parameters)] if parameters else kind
