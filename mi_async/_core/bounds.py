"""Bounds of arguments as data: lengths, ranges, counts, characters, and which arguments go together.

Invariant: pure. A bound says what it allows, for messages, help and OpenAPI, and finds the fault of a value. A value
of a wrong type has none here: its type is checked elsewhere.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from mi_async._core.values import Value

Read = Callable[[str], Any]
"""From the name of an argument to its value, None when it was not given."""


class Bound(Protocol):
    """A limit of one argument."""

    @property
    def text(self) -> str:
        """The bound in words, after "needs"."""
        ...

    def fault(self, value: Any) -> str | None:
        """Return the fault of a value, in words after "it"; None when it is within the bound."""
        ...


class Rule(Protocol):
    """A limit of the arguments of one call together."""

    @property
    def text(self) -> str:
        """The rule in words, as an imperative."""
        ...

    def fault(self, read: Read) -> str | None:
        """Return the fault of the arguments of a call, in words; None when they keep the rule."""
        ...


def _span(least: int | None, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    return f"{least} to {most}" if least else f"at most {most}"


@frozen(eq=False, repr=False)
class Length(Value):
    """Characters of a text, ends included.

    Attributes:
        least: fewest characters.
        most: most characters.
        blank: True if white space alone will do.
    """

    least: int = 0
    most: int | None = None
    blank: bool = field(default=True, kw_only=True)

    @property
    def text(self) -> str:
        """The bound in words."""
        noun = "character" if (self.least, self.most) == (1, None) else "characters"
        return f"{_span(self.least, self.most)} {noun}{'' if self.blank else ', not blank'}"

    def fault(self, value: Any) -> str | None:
        """Return the fault of a text."""
        if not isinstance(value, str):
            return None
        if not self.blank and not value.strip():
            return "is blank"
        size = len(value)
        return f"has {size}" if size < self.least or (self.most is not None and size > self.most) else None


NOT_BLANK = Length(1, blank=False)
"""A text that says something."""


@frozen(eq=False, repr=False)
class Range(Value):
    """A number, ends included; no upper end where ``most`` is None."""

    least: int
    most: int | None = None

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"at least {self.least}" if self.most is None else f"{self.least} to {self.most}"

    def fault(self, value: Any) -> str | None:
        """Return the fault of a number."""
        if not isinstance(value, int):
            return None
        return f"is {value}" if value < self.least or (self.most is not None and value > self.most) else None


@frozen(eq=False, repr=False)
class Count(Value):
    """Items of a list, ends included."""

    least: int = 0
    most: int | None = None

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"{_span(self.least, self.most)} items"

    def fault(self, value: Any) -> str | None:
        """Return the fault of a list."""
        size = len(value) if _is_list(value) else self.least
        return f"has {size}" if size < self.least or (self.most is not None and size > self.most) else None


@frozen(eq=False, repr=False)
class Forbidden(Value):
    """Characters that a text must not have."""

    characters: str

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"none of {' '.join(self.characters)}"

    def fault(self, value: Any) -> str | None:
        """Return the fault of a text."""
        met = [character for character in self.characters if character in value] if isinstance(value, str) else []
        return f"has {' '.join(met)}" if met else None


@frozen(eq=False, repr=False)
class Pattern(Value):
    """A regular expression that a whole text matches, and the same in words."""

    regex: str
    words: str

    @property
    def text(self) -> str:
        """The bound in words."""
        return self.words

    def fault(self, value: Any) -> str | None:
        """Return the fault of a text."""
        return f"is {value!r}" if isinstance(value, str) and not re.fullmatch(self.regex, value) else None


@frozen(eq=False, repr=False)
class Each(Value):
    """A bound of every item of a list."""

    bound: Bound

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"{self.bound.text} in each item"

    def fault(self, value: Any) -> str | None:
        """Return the fault of the first item that is not within the bound."""
        for number, item in enumerate(value if _is_list(value) else ()):
            if (fault := self.bound.fault(item)) is not None:
                return f"{fault} in item {number}"
        return None


@frozen(eq=False, repr=False)
class Marked(Value):
    """The most models of a list that may have a flag set."""

    most: int
    flag: str

    @property
    def text(self) -> str:
        """The bound in words."""
        return f"at most {self.most} item with {self.flag}"

    def fault(self, value: Any) -> str | None:
        """Return the fault of a list."""
        marked = sum(getattr(item, self.flag, False) is True for item in value) if _is_list(value) else 0
        return f"has {marked}" if marked > self.most else None


@frozen(eq=False, repr=False)
class ExactlyOne(Value):
    """One of several arguments, and no more."""

    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"give exactly one of {', '.join(self.names)}"

    def fault(self, read: Read) -> str | None:
        """Return the fault of the arguments."""
        given = _given(self.names, read)
        return None if len(given) == 1 else f"{' and '.join(given)} were given" if given else "none was given"


@frozen(eq=False, repr=False)
class AtMostOne(Value):
    """One of several arguments, or none of them."""

    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"give only one of {', '.join(self.names)}"

    def fault(self, read: Read) -> str | None:
        """Return the fault of the arguments."""
        given = _given(self.names, read)
        return f"{' and '.join(given)} were given" if len(given) > 1 else None


@frozen(eq=False, repr=False)
class AllOrNone(Value):
    """Arguments that come together."""

    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"give all of {', '.join(self.names)}, or none"

    def fault(self, read: Read) -> str | None:
        """Return the fault of the arguments."""
        given = _given(self.names, read)
        return f"only {' and '.join(given)} was given" if given and len(given) < len(self.names) else None


@frozen(eq=False, repr=False)
class Total(Value):
    """Items of several lists together."""

    most: int
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"give at most {self.most} items in {', '.join(self.names)} together"

    def fault(self, read: Read) -> str | None:
        """Return the fault of the arguments."""
        size = sum(len(value) for name in self.names if _is_list(value := read(name)))
        return f"there are {size}" if size > self.most else None


@frozen(eq=False, repr=False)
class NotAmong(Value):
    """A value that must not be an item of a list."""

    name: str
    names: str

    @property
    def text(self) -> str:
        """The rule in words."""
        return f"leave {self.name} out of {self.names}"

    def fault(self, read: Read) -> str | None:
        """Return the fault of the arguments."""
        value, others = read(self.name), read(self.names)
        return f"{value} is among them" if _is_list(others) and value in others else None


BOUNDS = (Length, Range, Count, Forbidden, Pattern, Each, Marked)
"""Every kind of bound."""


def _given(names: tuple[str, ...], read: Read) -> list[str]:
    return [name for name in names if read(name) is not None]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
