"""Readings: inputs that can be gone through again, with the facts about them.

Invariant: each pass reads the input anew, as it is then; nothing is opened before the first item is asked for.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import Any, Generic, TypeVar

from attrs import define, field

from mi_async.bulk.inputs.input_facts import InputFacts, PassedOver
from mi_async.bulk.inputs.models import Input, Pass
from mi_async.errors import InvalidArgumentError

T = TypeVar("T")

CHEAP = 64 * 2**20
"""Bytes of a file that is read twice to know its length: about 10 us an item, of the 60 ms that its image takes."""


def _uncounted(_cheap: int) -> None:
    return None


@define(eq=False)
class Reading(Iterator[T], Generic[T]):
    """Items of an input, read as they are taken; every ``for`` over it begins anew.

    ``next`` takes items of a pass of its own, and a ``for`` after it goes on with that.

    Attributes:
        encoding: as in :class:`InputFacts`.
    """

    _open: Callable[[PassedOver], Generator[T]]
    encoding: str = ""
    _count: Callable[[int], int | None] = _uncounted
    _passed_over: PassedOver = field(init=False, factory=PassedOver)
    _latest: Generator[T] | None = field(init=False, default=None)
    _begun: Generator[T] | None = field(init=False, default=None)  # by next

    @property
    def facts(self) -> InputFacts:
        """Facts known so far, from the latest pass."""
        return InputFacts(self.encoding, dict(self._passed_over.counts))

    def __iter__(self) -> Generator[T]:
        """Go through it from its beginning, or on from where ``next`` has come to."""
        begun, self._begun = self._begun, None
        return self.again() if begun is None else begun

    def __next__(self) -> T:
        """Read the next item."""
        if self._begun is None:
            self._begun = self.again()
        return next(self._begun)

    def again(self) -> Generator[T]:
        """Begin a pass."""
        self._passed_over = PassedOver()
        self._latest = self._open(self._passed_over)
        return self._latest

    def counted(self, cheap: int = CHEAP) -> int | None:
        """Return the number of items, where that costs little beside the run, else None; it blocks.

        Exact for a table. For a directory it is the number of names in it; what is bad inside a folder comes on top.

        Args:
            cheap: bytes of the largest table that is read for it.

        Raises:
            InvalidArgumentError, OSError: it cannot be read.
        """
        return self._count(cheap) if self._begun is None else None

    def mapped(self, change: Callable[[Generator[T]], Generator[T]]) -> "Reading[T]":
        """Return a reading whose items pass through a generator; the facts are the same."""
        return Reading(lambda passed_over: change(self._open(passed_over)), self.encoding, self._count)

    def close(self) -> None:
        """Close the files of the latest pass before its end."""
        if self._latest is not None:
            self._latest.close()


@define(eq=False)
class AsyncReading(AsyncGenerator[T], Generic[T]):
    """The same of an input that is read over the network."""

    _open: Callable[[PassedOver], AsyncGenerator[T]]
    _passed_over: PassedOver = field(init=False, factory=PassedOver)
    _latest: AsyncGenerator[T] | None = field(init=False, default=None)
    _begun: AsyncGenerator[T] | None = field(init=False, default=None)  # by anext

    @property
    def facts(self) -> InputFacts:
        """Facts known so far, from the latest pass."""
        return InputFacts(passed_over=dict(self._passed_over.counts))

    def __aiter__(self) -> AsyncGenerator[T]:
        """Go through it from its beginning, or on from where ``anext`` has come to."""
        begun, self._begun = self._begun, None
        return self.again() if begun is None else begun

    def again(self) -> AsyncGenerator[T]:
        """Begin a pass."""
        self._passed_over = PassedOver()
        self._latest = self._open(self._passed_over)
        return self._latest

    def _of_next(self) -> AsyncGenerator[T]:
        if self._begun is None:
            self._begun = self.again()
        return self._begun

    async def asend(self, value: None) -> T:
        """Read the next item."""
        return await self._of_next().asend(value)

    async def athrow(self, *error: Any) -> T:
        """Raise an exception where the reader waits."""
        return await self._of_next().athrow(*error)

    async def aclose(self) -> None:
        """End the latest listing."""
        if self._latest is not None:
            await self._latest.aclose()


def passes_of(items: Input) -> Callable[[], Pass]:
    """Return the function that begins a pass over an input.

    Raises:
        InvalidArgumentError: it can be gone through only once.
    """
    match items:
        case Reading() | AsyncReading():
            return items.again
        case Iterator() | AsyncIterator():
            message = (
                "a shared run goes through its input several times, and "
                f"{'an iterator' if isinstance(items, Iterator) else 'an asynchronous iterator'} "
                f"({type(items).__name__}) can be gone through only once; give a list, read_people(path) or the like, "
                "or the function that makes the generator"
            )
            raise InvalidArgumentError(message)
        case Iterable() | AsyncIterable():
            return lambda: items
        case make:
            return _anew(make)


def _anew(make: Callable[[], Pass]) -> Callable[[], Pass]:
    """Return a function that begins a pass, and refuses a second one over an iterator that was gone through."""
    latest: list[Pass] = []

    def again() -> Pass:
        made = make()
        if isinstance(made, Iterator | AsyncIterator) and not isinstance(made, Reading | AsyncReading):
            if latest and latest[0] is made:
                message = "the function of the input gave the same iterator again; let it make a new one each time"
                raise InvalidArgumentError(message)
            latest[:] = [made]
        return made

    return again


def begun(items: Input) -> Pass:
    """Return the one pass of a run that shares its input with nobody."""
    return items() if callable(items) and not isinstance(items, Iterable | AsyncIterable) else items
