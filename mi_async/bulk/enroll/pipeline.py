"""What a run does with persons and their pictures: the stages in a table, and the pool around the uploads.

Law: decides nothing about single pictures; the stages do.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, evolve, field

from mi_async._core.limits import QuotaState
from mi_async.bulk.engine.circuit_breaker import CircuitBreaker
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.pipeline import Pipeline, PipelineStage, StageQueue, Step
from mi_async.bulk.engine.progress import BulkProgress, OldestUpload
from mi_async.bulk.engine.work_item import Movable
from mi_async.bulk.enroll import person_stages, upload_stages
from mi_async.bulk.enroll.check_queue import CheckQueue
from mi_async.bulk.enroll.upload_stages import EnrollContext
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload, Moves, image_of
from mi_async.errors import MIError
from mi_async.workflows.upload import State

MINUTE = 60.0
CHECK = "thumbnails.complete"
"""The operation whose quota is the ceiling of it all."""


@define(eq=False)
class EnrollPipeline(Pipeline[EnrollWork]):
    """Enrolls persons, or gives pictures to persons who exist."""

    means: EnrollContext
    pending: CheckQueue = field(init=False)
    stages: Sequence[PipelineStage[EnrollWork]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Set the stages up."""
        quota = self._quota()
        spacing = quota.period / quota.calls if quota else 0.0
        self.pending = CheckQueue(self.means.context.clock, self.means.schedule, spacing)
        self.stages = (
            PipelineStage("look", 4, 4, self._of_item(person_stages.look_first)),
            PipelineStage("read", 8, 8, self._of_image(upload_stages.read)),
            PipelineStage("resume", 8, 8, self._of_image(upload_stages.resume)),
            PipelineStage("presign", 8, 4, self._of_image(upload_stages.presign)),
            PipelineStage("put", 24, 4, self._of_image(upload_stages.put)),
            PipelineStage("confirm", 24, 0, self._confirm, tries=1, asks=False),
            PipelineStage("settle", 16, 0, self._of_item(person_stages.settle)),
            PipelineStage("tag", 8, 0, self._of_item(person_stages.tag)),
        )

    def _of_item(self, step: Callable[[EnrollContext, EnrollWork], Awaitable[Moves]]) -> Step[EnrollWork]:
        return lambda thing, _: step(self.means, thing.work)

    def _of_image(self, step: Callable[[EnrollContext, ImageUpload], Awaitable[Moves]]) -> Step[EnrollWork]:
        return lambda thing, _: step(self.means, image_of(thing))

    async def _confirm(self, thing: Movable[EnrollWork], breaker: CircuitBreaker) -> Moves:
        picture = image_of(thing)
        moves = await upload_stages.confirm(self.means, picture, breaker)
        if picture.upload is not None and picture.upload.state is State.CONFIRMED:
            self.pending.completed()
        return moves

    @property
    def queues(self) -> Mapping[str, StageQueue[EnrollWork]]:
        """Uploads wait for their next check until it is due."""
        return {"confirm": self.pending}

    def begin(self, work: EnrollWork, /) -> Moves:
        """A person who may be there already is looked up first; all others begin with their pictures."""
        unknown = work.enrolls and work.person.person_id is None and self.means.tally.taken
        if unknown or (work.enrolls and any(row.state == State.CONFIRMED.value for row in work.rows.values())):
            return (("look", work),)
        return tuple(("read", picture) for picture in work.pictures)

    async def give_up(self, thing: Movable[EnrollWork], error: MIError, /, *, transient: bool) -> Moves:
        """A picture or an item has failed: for good, or for this run."""
        return await person_stages.give_up(self.means, thing, error, transient=transient)

    async def end(self, work: EnrollWork, /) -> BulkOutcome:
        """Write down how an item ended."""
        return await person_stages.end(self.means, work)

    def leave(self, work: EnrollWork, /) -> Moves:
        """An item is over; the next one of its person may be settled."""
        following = self.means.turns.leave(work)
        return () if following is None else (("settle", following),)

    def drop(self, thing: Movable[EnrollWork], /) -> EnrollWork | None:
        """Leave an image or an item as the journal has it."""
        if not isinstance(thing, ImageUpload):
            return thing.work
        thing.work.dropped = True
        return thing.work if upload_stages.close(self.means, thing) else None

    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""
        return await self.means.context.answers()

    def watch(self) -> None:
        """Let the pool follow the processing time."""
        quota = self._quota()
        self.pending.short = self.pending.overdue() or (quota is not None and quota.waiting > 0)
        self.means.pool.adjust(short=self.pending.short)

    def progress(self, progress: BulkProgress, /) -> BulkProgress:
        """Add what is known of the uploads and their checks."""
        means, quotas = self.means, self.means.context.quotas()
        quota = quotas.get(CHECK)
        return evolve(
            progress,
            pictures=means.tally.pictures,
            rate=means.tally.rate(),
            ceiling=quota.calls * MINUTE / quota.period if quota else None,
            checks=means.tally.checks,
            pool=means.pool.size,
            pending=self.pending.qsize(),
            first=means.pool.first,
            oldest=self._oldest(),
            paused=quota.paused if quota else 0.0,
            refused=sum(state.refused for state in quotas.values()),
        )

    def _oldest(self) -> OldestUpload | None:
        if (picture := self.pending.oldest()) is None:
            return None
        age = self.means.context.clock.monotonic() - picture.stored
        return OldestUpload(picture.name, picture.work.name, age, self.means.schedule.timeout)

    def aclose(self) -> None:
        """Let the pictures go that are still in memory."""
        for work in self.means.turns.works():
            for picture in work.pictures:
                upload_stages.let_go(self.means, picture)

    def _quota(self) -> QuotaState | None:
        return self.means.context.quotas().get(CHECK)
