"""Names of arguments and members on the wire: camelCase, unless the declaration says otherwise.

Invariant: pure.
"""

from typing import Any

import attrs


def camel(name: str) -> str:
    """Return the wire name of a Python name: ``pageNum`` for ``page_num``."""
    head, *tail = name.split("_")
    return head + "".join(map(str.capitalize, tail))


def wire_names(field: "attrs.Attribute[Any]") -> tuple[str, ...]:
    """Return how the field of a model is spelled on the wire, the spelling that is sent first."""
    names: tuple[str, ...] = field.metadata.get("spelled", ()) or (camel(field.name),)
    return names
