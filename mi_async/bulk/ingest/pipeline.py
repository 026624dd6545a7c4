"""The pipeline of media files: the steps of an ingestion as stages, with a journal write after each.

Invariant: what a step has done is on the disk before the next one begins. What the service works at costs a bounded
rate of requests, however many items wait for it.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from attrs import define, evolve, field

from mi_async.bulk.engine.circuit_breaker import CircuitBreaker
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.pipeline import Pipeline, PipelineStage
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.stats import RunStats
from mi_async.bulk.engine.work_item import END, Movable, Moves
from mi_async.bulk.ingest.work import AssetWork
from mi_async.bulk.journal.journal import Journal
from mi_async.errors import JobTimeoutError, MIError
from mi_async.storage.part_layout import PartLayout
from mi_async.workflows.ingest.models import Ingestion, IngestState
from mi_async.workflows.ingest.steps import STEPS, IngestContext

WAITING = 256
"""Items in each of the stages that wait for a job; those beyond are queued, their jobs go on all the same."""
LARGE, SMALL = 2, 8
"""Files in flight: a large one holds up to 64 MiB in memory, a small one up to 8."""


class IngestRoute(StrEnum):
    """Stages of the pipeline."""

    CHECK = "check"
    PUT = "put"
    SEND = "send"
    REGISTER = "register"
    IMPORT = "import"
    ANALYSE = "analyse"
    INDEX = "index"
    SUMMARISE = "summarise"
    SUMMARY = "summary"


ROUTES: Mapping[IngestState, IngestRoute] = {
    IngestState.NEW: IngestRoute.CHECK,
    IngestState.CHECKED: IngestRoute.SEND,
    IngestState.STORED: IngestRoute.REGISTER,
    IngestState.REGISTERING: IngestRoute.REGISTER,
    IngestState.REGISTERED: IngestRoute.IMPORT,
    IngestState.IMPORTED: IngestRoute.ANALYSE,
    IngestState.INDEXING: IngestRoute.INDEX,
    IngestState.INDEXED: IngestRoute.SUMMARISE,
    IngestState.SUMMARIZING: IngestRoute.SUMMARY,
}
"""The stage that takes the step of a state; a file of one part is PUT, so that it need not wait for large ones."""


@define(eq=False)
class IngestPipeline(Pipeline[AssetWork]):
    """The pipeline of media files.

    Attributes:
        ingest: dependencies of the steps.
        journal: the journal.
        stats: counts.
        waiting: items that wait for the service.
    """

    ingest: IngestContext
    journal: Journal
    stats: RunStats
    waiting: int = field(init=False, default=0)
    stages: Sequence[PipelineStage[AssetWork]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the stages."""
        self.stages = (
            PipelineStage(IngestRoute.CHECK, 4, 8, self._step),
            PipelineStage(IngestRoute.PUT, SMALL, 64, self._step),
            PipelineStage(IngestRoute.SEND, LARGE, 64, self._step),
            PipelineStage(IngestRoute.REGISTER, 8, 0, self._step),
            PipelineStage(IngestRoute.IMPORT, WAITING, 0, self._wait, tries=1, waits=True),
            PipelineStage(IngestRoute.ANALYSE, 8, 0, self._step),
            PipelineStage(IngestRoute.INDEX, WAITING, 0, self._wait, tries=1, waits=True),
            PipelineStage(IngestRoute.SUMMARISE, 8, 0, self._step),
            PipelineStage(IngestRoute.SUMMARY, WAITING, 0, self._wait, tries=1, waits=True),
        )

    def begin(self, work: AssetWork, /) -> Moves[AssetWork]:
        """Return the first move: to where the journal has it."""
        ingestion = work.ingestion
        if ingestion.reached.includes(self.ingest.options.goal):
            return ((END, work),)
        if ingestion.reached is IngestState.CHECKED and PartLayout(ingestion.size).is_single:
            return ((IngestRoute.PUT, work),)
        return ((ROUTES[ingestion.reached], work),)

    async def _step(self, thing: Movable[AssetWork], _breaker: CircuitBreaker) -> Moves[AssetWork]:
        """Take the step of the item's state, write it down, and return the next move."""
        work = thing.work
        ingestion = evolve(work.ingestion, look=work.look)
        observer = StepObserver(self, work, ingestion.sent)
        await self.take(work, await STEPS[ingestion.reached](self.ingest, ingestion, observer))
        return self.begin(work)

    async def take(self, work: AssetWork, ingestion: Ingestion) -> None:
        """Take the value that a step has returned; it is durable before anything else happens to the item."""
        if work.step_taken(ingestion):
            await self.journal.write(work.record)

    async def _wait(self, thing: Movable[AssetWork], breaker: CircuitBreaker) -> Moves[AssetWork]:
        """Wait for a job; one that takes too long goes on at the service, and the next run finds it."""
        self.waiting += 1
        try:
            return await self._step(thing, breaker)
        except JobTimeoutError as error:
            return await self.give_up(thing, error, transient=True)
        finally:
            self.waiting -= 1

    async def give_up(self, thing: Movable[AssetWork], error: MIError, /, *, transient: bool) -> Moves[AssetWork]:
        """Record a failure of an item: for good, or with ``transient`` for this run."""
        thing.work.add_problem(thing.work.ingestion.source, error, transient=transient)
        return ((END, thing.work),)

    async def end(self, work: AssetWork, /) -> BulkOutcome:
        """Record the end of an item."""
        work.record = work.ended()
        await self.journal.write(work.record)
        return work.outcome(work.status())

    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""
        return await self.ingest.context.answers()

    def progress(self, progress: BulkProgress, /) -> BulkProgress:
        """Add the bytes that were sent and the jobs that are waited for."""
        return evolve(
            progress,
            sent=self.stats.sent,
            bandwidth=self.stats.bandwidth(),
            pending=self.waiting,
            refused=sum(state.refused for state in self.ingest.context.quotas().values()),
        )


@define(eq=False)
class StepObserver:
    """Observer of one step: counts bytes, and journals a registration before it is sent.

    Attributes:
        pipeline: the pipeline.
        work: the item.
        sent: bytes that are counted already.
    """

    pipeline: IngestPipeline
    work: AssetWork
    sent: int

    def changed(self, now: Ingestion) -> None:
        """Count the bytes that were sent since the last time."""
        new, self.sent = now.sent - self.sent, now.sent
        if new:
            self.work.stored += new
            self.pipeline.stats.landed(new)

    async def registering(self, now: Ingestion) -> None:
        """Journal the assets that there are before the registration."""
        await self.pipeline.take(self.work, now)
