"""What a run does with media files: the stages in a table.

Law: decides nothing about single files; the stages do. What the service works at costs a bounded rate of requests,
however many wait for it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, evolve, field

from mi_async.bulk.engine.failures import answers
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.pipeline import Stage, StageQueue, Step
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.work_item import Moves
from mi_async.bulk.ingest import stages
from mi_async.bulk.ingest.stages import StageContext
from mi_async.bulk.ingest.work import AssetWork
from mi_async.errors import MIError

WAITING = 256
"""Films that each of the waits has room for; what is beyond that has been asked for, and stands in line."""
LARGE, SMALL = 2, 8
"""Files under way at once: large ones hold up to 64 MiB in memory each, small ones up to 8."""


@define(eq=False)
class IngestPipeline:
    """Brings media files in."""

    studio: StageContext
    stages: Sequence[Stage] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Set the stages up."""
        self.stages = (
            Stage("check", 4, 8, self._with(stages.check)),
            Stage("put", SMALL, 64, self._with(stages.send_file)),
            Stage("send", LARGE, 64, self._with(stages.send_file)),
            Stage("register", 8, 0, self._with(stages.register)),
            Stage("import", WAITING, 0, self._with(stages.wait_for_import), tries=1, waits=True),
            Stage("analyse", 8, 0, self._with(stages.analyse)),
            Stage("index", WAITING, 0, self._with(stages.wait_for_index), tries=1, waits=True),
            Stage("summarise", 8, 0, self._with(stages.summarise)),
            Stage("summary", WAITING, 0, self._with(stages.wait_for_summary), tries=1, waits=True),
        )

    def _with(self, step: Callable[[StageContext, AssetWork], Awaitable[Moves]]) -> Step:
        return lambda film, _: step(self.studio, film)

    @property
    def lines(self) -> Mapping[str, StageQueue]:
        """All of them are plain queues."""
        return {}

    def begin(self, film: AssetWork) -> Moves:
        """Go on where the last run ended."""
        return stages.onward(self.studio, film)

    async def give_up(self, film: AssetWork, error: MIError, *, transient: bool) -> Moves:
        """End a film that has failed: for good, or for this run."""
        return stages.given_up(film, error, transient=transient)

    async def end(self, film: AssetWork) -> BulkOutcome:
        """Write down how it ended."""
        return await stages.end(self.studio, film)

    def leave(self, _film: AssetWork) -> Moves:
        """Nobody waits for a film."""
        return ()

    def drop(self, film: AssetWork) -> Moves:
        """Leave a film as the journal has it."""
        return (("", film),)

    async def answers(self) -> bool:
        """Whether the service answers something harmless."""
        return await answers(self.studio.context)

    def watch(self) -> None:
        """There is nothing to look after."""

    def progress(self, progress: BulkProgress) -> BulkProgress:
        """Add what is known of the bytes and of the jobs."""
        tally, quotas = self.studio.tally, self.studio.context.quotas()
        return evolve(
            progress,
            sent=tally.sent,
            bandwidth=tally.bandwidth(),
            pending=self.studio.waiting,
            refused=sum(state.refused for state in quotas.values()),
        )

    def aclose(self) -> None:
        """A film holds nothing while it is in no stage."""
