"""A pipeline: stages joined by queues, and the hooks around them.

Invariant: the engine knows of a run what stands here, and no more.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Generic, Protocol, TypeAlias, TypeVar

from attrs import frozen

from mi_async.bulk.engine.circuit_breaker import CircuitBreaker
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.work_item import Movable, Moves, Work
from mi_async.bulk.inputs.models import BadInput, Item
from mi_async.errors import MIError

Decided_co = TypeVar("Decided_co", covariant=True)

TRIES = 3
"""Attempts at a stage before its item is parked; each attempt is a call with retries of its own."""

Step: TypeAlias = Callable[[Movable[Work], CircuitBreaker], Awaitable[Moves[Work]]]
"""Takes a thing one stage further; gets the stage's circuit breaker."""


class StageQueue(Protocol[Work]):
    """Queue in front of a stage."""

    async def put(self, thing: Movable[Work], /) -> None:
        """Append a thing, once there is room."""
        ...

    def put_nowait(self, thing: Movable[Work], /) -> None:
        """Append a thing to a queue without bounds."""
        ...

    async def get(self) -> Movable[Work]:
        """Wait for the next thing."""
        ...

    def qsize(self) -> int:
        """Return the number of waiting things."""
        ...


@frozen
class PipelineStage(Generic[Work]):
    """One stage of a pipeline.

    Attributes:
        name: a member of the pipeline's enum of stages; moves name it.
        workers: things in the stage at once.
        room: things that may wait in front of it; 0 where something else bounds them.
        step: the function that is applied to each thing.
        tries: attempts; 1 where the step retries by itself.
        asks: True if a thing that passes means that the service has answered.
        waits: True if all of it is work of the service, which goes on without us: what is in the stage when the run
            stops is left there at once.
    """

    name: StrEnum
    workers: int
    room: int
    step: Step[Work]
    tries: int = TRIES
    asks: bool = True
    waits: bool = False


class ItemAdmission(Protocol[Decided_co]):
    """Admission of items: decides which of them become work."""

    @property
    def recalled(self) -> int:
        """Items rejected as in an earlier run; they do not count as new failures."""
        ...

    async def decide(self, chunk: Sequence[Item | BadInput], /) -> Sequence[BulkOutcome | Decided_co]:
        """Return for each item its outcome, or the work that is left; the journal has all of them by then."""
        ...


class RunJournal(Protocol):
    """Journal of a run, as the engine sees it; only stages write items in it."""

    @property
    def run(self) -> int:
        """Number of the run."""
        ...

    async def aclose(self, ending: str = "", /) -> None:
        """Close it, with the reason for which the run ended."""
        ...


class Pipeline(ABC, Generic[Work]):
    """The stages of a run, and the hooks that the engine calls around them; most hooks do nothing by default.

    Attributes:
        stages: the stages in order.
    """

    stages: Sequence[PipelineStage[Work]]

    @property
    def queues(self) -> Mapping[str, StageQueue[Work]]:
        """Queues that are not plain ones, by stage."""
        return {}

    @abstractmethod
    def begin(self, work: Work, /) -> Moves[Work]:
        """Return the first moves of a work item."""

    @abstractmethod
    async def give_up(self, thing: Movable[Work], error: MIError, /, *, transient: bool) -> Moves[Work]:
        """Record a failure of a thing: for good, or with ``transient`` for this run."""

    @abstractmethod
    async def end(self, work: Work, /) -> BulkOutcome:
        """Record the end of a work item."""

    @abstractmethod
    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""

    def leave(self, work: Work, /) -> Moves[Work]:  # noqa: ARG002  a hook
        """Return the moves of those that have waited for the end of a work item."""
        return ()

    def drop(self, thing: Movable[Work], /) -> Work | None:
        """Leave a thing as the journal has it, because the run stops; return the work item that is over with it."""
        return thing.work

    def watch(self) -> None:
        """Adjust to the load; called once a second."""

    def progress(self, progress: BulkProgress, /) -> BulkProgress:
        """Add the pipeline's own figures to the progress."""
        return progress

    def aclose(self) -> None:
        """Release what unfinished items still hold."""
