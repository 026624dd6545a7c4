"""Names of arguments and members on the wire: camelCase, unless the declaration says otherwise.

Invariant: pure.
"""

from collections.abc import Callable
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


def all_names(field: "attrs.Attribute[Any]") -> tuple[str, ...]:
    """Return the name of a field in Python, and how it is spelled on the wire."""
    return tuple(dict.fromkeys((field.name, *wire_names(field))))


class Spelling:
    """Spelling of objects as plain values.

    Attributes:
        names: of a field; all of them are read, the first is written.
        whole: True to write members that are None, too, and to keep apart members of ``extra`` whose names are taken.
    """

    __slots__ = ("names", "whole")

    def __init__(self, names: "Callable[[attrs.Attribute[Any]], tuple[str, ...]]", *, whole: bool) -> None:
        self.names = names
        self.whole: bool = whole


WIRE = Spelling(wire_names, whole=False)
"""As the service has it: what is None is not sent."""
ALIASED = Spelling(wire_names, whole=True)
PYTHON = Spelling(all_names, whole=True)
