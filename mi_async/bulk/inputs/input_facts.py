"""Facts about an input that no item of it tells: the encoding that was taken, and what was passed over.

Invariant: reading is what finds them out, so they are complete when the last item was read.
"""

import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from typing import Any, Generic, Self, TypeVar

from attrs import define, field, frozen

from mi_async.text import encodable

T = TypeVar("T")

MOST_KINDS = 40
"""Suffixes that are counted each by itself."""
WITHOUT_SUFFIX, OTHERS = "without suffix", "others"


@frozen
class InputFacts:
    """Facts about an input.

    Attributes:
        encoding: that the text was read in, as Python calls it; '' where the input is no text.
        passed_over: files and folders that are no input, by suffix; hidden ones and those of systems together.
    """

    encoding: str = ""
    passed_over: Mapping[str, int] = field(factory=dict)

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for a table."""
        most = sorted(self.passed_over.items(), key=lambda one: (-one[1], one[0]))
        counts = ", ".join(f"{number:,} {kind}" for kind, number in most)
        return [(name, said) for name, said in (("encoding", self.encoding), ("passed over", counts)) if said]

    def as_dict(self) -> dict[str, Any]:
        """Return the members of a JSON object."""
        return {"encoding": self.encoding or None, "passed_over": dict(self.passed_over)}


NO_FACTS = InputFacts()


@define(eq=False)
class PassedOver:
    """Counts of what a reader passes over, by kind.

    Attributes:
        counts: the counts.
        most: kinds that are counted each by itself.
    """

    counts: Counter[str] = field(factory=Counter)
    most: int = MOST_KINDS

    def add(self, kind: str) -> None:
        """Count one of a kind."""
        known = kind in self.counts or len(self.counts) < self.most
        self.counts[kind if known else OTHERS] += 1

    def add_file(self, name: str) -> None:
        """Count a file by its suffix."""
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  a million of them
        # A suffix is text from outside.
        self.add(encodable(suffix) if suffix else WITHOUT_SUFFIX)


@define(eq=False)
class ItemReader(Iterator[T], Generic[T]):
    """Items of an input, read as they are taken, with the facts about it.

    Attributes:
        encoding: as in :class:`InputFacts`.
    """

    _items: Generator[T]
    _passed_over: PassedOver = field(factory=PassedOver)
    encoding: str = ""

    @property
    def facts(self) -> InputFacts:
        """Facts known so far."""
        return InputFacts(self.encoding, dict(self._passed_over.counts))

    def __next__(self) -> T:
        """Read the next item."""
        return next(self._items)

    def mapped(self, change: Callable[[Generator[T]], Generator[T]]) -> "ItemReader[T]":
        """Return a reader whose items have passed through a generator; the facts are the same."""
        return ItemReader(change(self._items), self._passed_over, self.encoding)

    def close(self) -> None:
        """Close the files of the input before its end."""
        self._items.close()


@define(eq=False)
class AsyncItemReader(AsyncGenerator[T], Generic[T]):
    """The same of an input that is read over the network."""

    _items: AsyncGenerator[T]
    _passed_over: PassedOver

    @property
    def facts(self) -> InputFacts:
        """Facts known so far."""
        return InputFacts(passed_over=dict(self._passed_over.counts))

    def __aiter__(self) -> Self:
        """Be the iterator."""
        return self

    async def asend(self, value: None) -> T:
        """Read the next item."""
        return await self._items.asend(value)

    async def athrow(self, *error: Any) -> T:
        """Raise an exception where the reader waits."""
        return await self._items.athrow(*error)

    async def aclose(self) -> None:
        """End the listing."""
        await self._items.aclose()


def facts_of(items: object) -> InputFacts:
    """Return the facts about an input where it tells them; a list or a generator of the user's tells none."""
    found = getattr(items, "facts", None)
    return found if isinstance(found, InputFacts) else NO_FACTS
