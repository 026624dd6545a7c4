"""What a pipeline is made of: lines, stages, and the process that says what happens in them.

Law: protocols and values; the engine knows no more than this about what a run does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from attrs import frozen

from mi_async.bulk.engine.failures import CircuitBreaker
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.work_item import Moves, WorkItem
from mi_async.bulk.inputs.models import BadInput, Item
from mi_async.errors import MIError

TRIES = 3
"""Times that a stage is tried for an item before it is parked; each of them is a call with its own repeats."""

Step: TypeAlias = Callable[[Any, CircuitBreaker], Awaitable[Moves]]
"""Takes a thing, and what is known about whether the service answers."""


class StageQueue(Protocol):
    """What stands before a stage."""

    async def put(self, thing: Any, /) -> None:
        """Join."""
        ...

    def put_nowait(self, thing: Any, /) -> None:
        """Join a line that has no bounds."""
        ...

    async def get(self) -> Any:
        """Wait for the next one."""
        ...

    def qsize(self) -> int:
        """How many wait."""
        ...


@frozen
class Stage:
    """One stage.

    Attributes:
        name: of the stage.
        workers: things that are in it at once.
        room: things that may wait before it; 0 where something else bounds them.
        step: what is done.
        tries: times that it is tried; 1 where the step itself sees to that.
        asks: whether to get through it means that the service has answered.
        waits: whether all of it is the service's work, which goes on without us: what is in it when the run stops is
            left there at once.
    """

    name: str
    workers: int
    room: int
    step: Step
    tries: int = TRIES
    asks: bool = True
    waits: bool = False


class ItemAdmission(Protocol):
    """The way in."""

    @property
    def recalled(self) -> int:
        """Number of items that it has rejected as an earlier run has; they do not count as new failures."""
        ...

    async def decide(self, chunk: Sequence[Item | BadInput], /) -> Sequence[BulkOutcome | WorkItem]:
        """For each item what became of it already, or the work that it is; the journal has seen all of them then."""
        ...


class RunJournal(Protocol):
    """Interface of a journal for the run itself; only the stages write items in it."""

    @property
    def run(self) -> int:
        """Number of the run."""
        ...

    async def aclose(self, ending: str = "", /) -> None:
        """Close it, with why the run ended."""
        ...


class Pipeline(Protocol):
    """What a run does with its items: the stages, and what goes around them."""

    @property
    def stages(self) -> Sequence[Stage]:
        """The stages in order."""
        ...

    @property
    def lines(self) -> Mapping[str, StageQueue]:
        """Lines that are no plain queues, by stage."""
        ...

    def begin(self, work: Any, /) -> Moves:
        """Where a work goes first."""
        ...

    async def give_up(self, thing: Any, error: MIError, /, *, transient: bool) -> Moves:
        """A thing has failed: for good, or for this run."""
        ...

    async def end(self, work: Any, /) -> BulkOutcome:
        """Write down how a work ended."""
        ...

    def leave(self, work: Any, /) -> Moves:
        """A work is over; gives those that have waited for that."""
        ...

    def drop(self, thing: Any, /) -> Moves:
        """Leave a thing as the journal has it, because the run stops; gives the work that is over with it."""
        ...

    async def answers(self) -> bool:
        """Whether the service answers something harmless."""
        ...

    def watch(self) -> None:
        """Look after it; called once a second."""
        ...

    def progress(self, progress: BulkProgress) -> BulkProgress:
        """Add what it knows."""
        ...

    def aclose(self) -> None:
        """Give back what works that have not ended still hold."""
        ...
