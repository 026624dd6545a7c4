"""What a run does with media files: the stages in a table.

Law: decides nothing about single files; the stages do. What the service works at costs a bounded rate of requests,
however many wait for it.
"""

from collections.abc import Awaitable, Callable, Sequence

from attrs import define, evolve, field

from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.pipeline import Pipeline, PipelineStage, Step
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.work_item import Movable, Moves
from mi_async.bulk.ingest import stages
from mi_async.bulk.ingest.stages import StageContext
from mi_async.bulk.ingest.work import AssetWork
from mi_async.errors import MIError

WAITING = 256
"""Films that each of the waits has room for; what is beyond that has been asked for, and stands in line."""
LARGE, SMALL = 2, 8
"""Files under way at once: large ones hold up to 64 MiB in memory each, small ones up to 8."""


@define(eq=False)
class IngestPipeline(Pipeline[AssetWork]):
    """Brings media files in."""

    studio: StageContext
    stages: Sequence[PipelineStage[AssetWork]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Set the stages up."""
        self.stages = (
            PipelineStage("check", 4, 8, self._with(stages.check)),
            PipelineStage("put", SMALL, 64, self._with(stages.send_file)),
            PipelineStage("send", LARGE, 64, self._with(stages.send_file)),
            PipelineStage("register", 8, 0, self._with(stages.register)),
            PipelineStage("import", WAITING, 0, self._with(stages.wait_for_import), tries=1, waits=True),
            PipelineStage("analyse", 8, 0, self._with(stages.analyse)),
            PipelineStage("index", WAITING, 0, self._with(stages.wait_for_index), tries=1, waits=True),
            PipelineStage("summarise", 8, 0, self._with(stages.summarise)),
            PipelineStage("summary", WAITING, 0, self._with(stages.wait_for_summary), tries=1, waits=True),
        )

    def _with(self, step: Callable[[StageContext, AssetWork], Awaitable[Moves[AssetWork]]]) -> Step[AssetWork]:
        return lambda thing, _: step(self.studio, thing.work)

    def begin(self, film: AssetWork, /) -> Moves[AssetWork]:
        """Go on where the last run ended."""
        return stages.onward(self.studio, film)

    async def give_up(self, thing: Movable[AssetWork], error: MIError, /, *, transient: bool) -> Moves[AssetWork]:
        """End a film that has failed: for good, or for this run."""
        return stages.given_up(thing.work, error, transient=transient)

    async def end(self, film: AssetWork, /) -> BulkOutcome:
        """Write down how it ended."""
        return await stages.end(self.studio, film)

    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""
        return await self.studio.context.answers()

    def progress(self, progress: BulkProgress, /) -> BulkProgress:
        """Add what is known of the bytes and of the jobs."""
        tally, quotas = self.studio.tally, self.studio.context.quotas()
        return evolve(
            progress,
            sent=tally.sent,
            bandwidth=tally.bandwidth(),
            pending=self.studio.waiting,
            refused=sum(state.refused for state in quotas.values()),
        )
