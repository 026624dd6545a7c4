"""The pipeline of people and thumbnails: its stages as a table, and the adaptive limit around the uploads.

Invariant: decides nothing about single images; the stages do.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, evolve, field

from mi_async._core.limits import QuotaState
from mi_async.bulk.engine.circuit_breaker import CircuitBreaker
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.pipeline import Pipeline, PipelineStage, StageQueue, Step
from mi_async.bulk.engine.progress import BulkProgress, OldestUpload
from mi_async.bulk.engine.work_item import Movable
from mi_async.bulk.enroll import comparison, person_stages, upload_stages
from mi_async.bulk.enroll.check_queue import CheckQueue
from mi_async.bulk.enroll.decisions import is_compared
from mi_async.bulk.enroll.upload_stages import EnrollContext
from mi_async.bulk.enroll.work import EnrollRoute, EnrollWork, ImageUpload, Moves, image_of
from mi_async.errors import MIError
from mi_async.workflows.upload import State

MINUTE = 60.0
CHECK = "thumbnails.complete"
"""Operation whose quota bounds the whole run: every image needs one check at least."""


@define(eq=False)
class EnrollPipeline(Pipeline[EnrollWork]):
    """Enrolls persons, or gives thumbnails to persons who exist."""

    run: EnrollContext
    pending: CheckQueue = field(init=False)
    stages: Sequence[PipelineStage[EnrollWork]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Set the stages up."""
        quota = self._quota()
        spacing = quota.period / quota.calls if quota else 0.0
        self.pending = CheckQueue(self.run.context.clock, self.run.schedule, spacing)
        self.stages = (
            PipelineStage(EnrollRoute.LOOK, 4, 4, self._of_item(person_stages.look_up)),
            PipelineStage(EnrollRoute.READ, 8, 8, self._of_image(upload_stages.read)),
            PipelineStage(EnrollRoute.RESUME, 8, 8, self._of_image(upload_stages.resume)),
            PipelineStage(EnrollRoute.PRESIGN, 8, 4, self._of_image(upload_stages.presign)),
            PipelineStage(EnrollRoute.PUT, 24, 4, self._of_image(upload_stages.put)),
            PipelineStage(EnrollRoute.CONFIRM, 24, 0, self._confirm, tries=1, asks=False),
            PipelineStage(EnrollRoute.COMPARE, 8, 0, self._of_item(comparison.compare)),
            PipelineStage(EnrollRoute.SETTLE, 16, 0, self._of_item(person_stages.settle)),
            PipelineStage(EnrollRoute.TAG, 8, 0, self._of_item(person_stages.tag)),
        )

    def _of_item(self, step: Callable[[EnrollContext, EnrollWork], Awaitable[Moves]]) -> Step[EnrollWork]:
        return lambda thing, _: step(self.run, thing.work)

    def _of_image(self, step: Callable[[EnrollContext, ImageUpload], Awaitable[Moves]]) -> Step[EnrollWork]:
        return lambda thing, _: step(self.run, image_of(thing))

    async def _confirm(self, thing: Movable[EnrollWork], breaker: CircuitBreaker) -> Moves:
        image = image_of(thing)
        moves = await upload_stages.confirm(self.run, image, breaker)
        if image.upload is not None and image.upload.state is State.CONFIRMED:
            self.pending.completed()
        return moves

    @property
    def queues(self) -> Mapping[str, StageQueue[EnrollWork]]:
        """Queue of the uploads that wait for their next check."""
        return {EnrollRoute.CONFIRM: self.pending}

    def begin(self, work: EnrollWork, /) -> Moves:
        """Look a person up first who may be there already; begin all others with their images."""
        unknown = work.enrolls and work.person.person_id is None
        if self.run.found is not None:
            del work.images[1:]
            work.open = len(work.images)
        work.compares = self.run.found is not None or is_compared(work.item, work.person, self.run.likeness.known)
        begun = work.enrolls and bool(work.confirmed_rows)
        if begun or (unknown and (self.run.likeness.asks or self.run.stats.taken)):
            return ((EnrollRoute.LOOK, work),)
        return tuple((EnrollRoute.READ, image) for image in work.images)

    async def give_up(self, thing: Movable[EnrollWork], error: MIError, /, *, transient: bool) -> Moves:
        """Record the failure of an image or an item."""
        return await person_stages.give_up(self.run, thing, error, transient=transient)

    async def end(self, work: EnrollWork, /) -> BulkOutcome:
        """Record the end of an item."""
        return await person_stages.end(self.run, work)

    def leave(self, work: EnrollWork, /) -> Moves:
        """Settle the next item of the person."""
        following = self.run.order.leave(work)
        return () if following is None else ((EnrollRoute.SETTLE, following),)

    def drop(self, thing: Movable[EnrollWork], /) -> EnrollWork | None:
        """Leave an image or an item as the journal has it."""
        if not isinstance(thing, ImageUpload):
            return thing.work
        thing.work.dropped = True
        return thing.work if upload_stages.close(self.run, thing) else None

    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""
        return await self.run.context.answers()

    def watch(self) -> None:
        """Adapt the limit to the processing time."""
        quota = self._quota()
        self.pending.short = self.pending.overdue() or (quota is not None and quota.waiting > 0)
        self.run.limit.adapt(short=self.pending.short)

    def progress(self, progress: BulkProgress, /) -> BulkProgress:
        """Add what is known of the uploads and their checks."""
        run, quotas = self.run, self.run.context.quotas()
        quota = quotas.get(CHECK)
        return evolve(
            progress,
            pictures=run.stats.pictures,
            confirmed=run.stats.pictures,
            rate=run.stats.rate(),
            ceiling=quota.calls * MINUTE / quota.period if quota else None,
            checks=run.stats.checks,
            pool=run.limit.size,
            pending=self.pending.qsize(),
            first=run.limit.first,
            oldest=self._oldest(),
            paused=quota.paused if quota else 0.0,
            refused=sum(state.refused for state in quotas.values()),
        )

    def _oldest(self) -> OldestUpload | None:
        if (image := self.pending.oldest()) is None:
            return None
        age = self.run.context.clock.monotonic() - image.stored
        return OldestUpload(image.name, image.work.name, age, self.run.schedule.timeout)

    def aclose(self) -> None:
        """Free the images that are still in memory."""
        for work in self.run.order.works():
            for image in work.images:
                upload_stages.release(self.run, image)

    def _quota(self) -> QuotaState | None:
        return self.run.context.quotas().get(CHECK)
