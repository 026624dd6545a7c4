"""Engine of a run: takes items from the input through the stages of a pipeline, each with workers as it needs them.

Invariant: items move one way, from the input to the outcomes, at most ``room`` at once, so that memory stays flat.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Coroutine
from contextlib import aclosing
from enum import StrEnum
from typing import Generic

from attrs import define, field

from mi_async._core.inflight import was_cancelled
from mi_async.bulk.engine.failures import FailureKind
from mi_async.bulk.engine.outcome import WELL, BulkOutcome, Status
from mi_async.bulk.engine.pipeline import ItemAdmission, Pipeline, PipelineStage, RunJournal, StageQueue
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.stage_runner import LeftThere, StageRunner
from mi_async.bulk.engine.stats import RunStats
from mi_async.bulk.engine.work_item import END, Movable, Moves, Work
from mi_async.bulk.inputs.models import BadInput, Item
from mi_async.errors import BulkError, MIError

RECALLED = frozenset({Status.FAILED, Status.PARTIAL})
"""Outcomes of the admission that repeat those of an earlier run: ``max_failures`` counts only new ones."""


@define(eq=False)
class Engine(Generic[Work]):
    """One run of a pipeline, in the event loop that it was made in.

    Attributes:
        pipeline: the stages, and the hooks around them.
        journal: the journal of the run.
        stats: counts.
        patience: seconds for which a service that does not answer is waited for.
        admission: decides which items become work.
        chunks: the items of the input, some at a time.
        grace: seconds for what is in flight to end once the run is told to stop.
        max_failures: items that may end badly in this run before it stops, None for any number.
        total: items of the input, None if unknown.
        room: items in flight at most.
        outcomes: the outcomes; None is the end.
        failure: the error that stopped the run, None if it goes on, has ended or was told to stop.
    """

    pipeline: Pipeline[Work]
    stats: RunStats
    journal: RunJournal
    patience: float
    admission: ItemAdmission[Work]
    chunks: AsyncGenerator[list[Item | BadInput]]
    grace: float
    max_failures: int | None
    total: int | None
    room: int
    outcomes: asyncio.Queue[BulkOutcome | None] = field(init=False, factory=lambda: asyncio.Queue(64))
    failure: BaseException | None = field(init=False, default=None)
    # a full queue alone would let the end pass outcomes that wait for room
    _telling: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _queues: dict[str, StageQueue[Work]] = field(init=False)
    _runner: StageRunner[Work] = field(init=False)
    _tasks: list[asyncio.Task[None]] = field(init=False, factory=list)
    _open: int = field(init=False, default=0)  # items in flight
    _seen: int = field(init=False, default=0)  # items of the input; its length may not count what is bad in folders
    _recalled: int = field(init=False, default=0)  # items that end as an earlier run has ended them
    _unfinished: int = field(init=False, default=0)  # items left to the service, or ended by a failure
    _places: asyncio.Semaphore = field(init=False)  # for items in flight
    _admitted: bool = field(init=False, default=False)
    _halted: bool = field(init=False, default=False)
    _idle: asyncio.Event = field(init=False, factory=asyncio.Event)
    _stop: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        """Make the queues."""
        self._idle.set()
        self._places = asyncio.Semaphore(self.room)
        self._queues = {stage.name: asyncio.Queue(stage.room) for stage in self.pipeline.stages}
        self._queues |= self.pipeline.queues
        self._runner = StageRunner(self.pipeline, self.stats.clock, self.patience, self._stop)

    def start(self) -> None:
        """Start the run, with one worker for each stage."""
        for job in (self._run(), self._watch(), *(self._work(stage, stage.workers) for stage in self.pipeline.stages)):
            self._start(job)

    def _start(self, job: Coroutine[object, object, None]) -> None:
        self._tasks.append(task := asyncio.create_task(job))
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        """Stop the run if one of its tasks failed: only a mistake of ours gets here."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop(error)

    @property
    def ending(self) -> str:
        """Reason for which the run ended before the input did, '' if it did not."""
        if self.failure is not None:
            return str(self.failure) or type(self.failure).__name__
        return "stopped" if self._stop.is_set() and not self.through else ""

    @property
    def through(self) -> bool:
        """True if the whole input was admitted and all of it has ended."""
        return self._admitted and not self._open and not self._unfinished

    async def landed(self) -> None:
        """Wait until the run has ended; further outcomes are journalled and not handed out."""
        while not (running := self._tasks[0]).done():
            outcome = asyncio.create_task(self.outcomes.get())
            try:
                await asyncio.wait((outcome, running), return_when=asyncio.FIRST_COMPLETED)
            finally:
                outcome.cancel()

    def stop(self, failure: BaseException | None = None) -> None:
        """Admit nothing more; what is in flight may end within the grace time."""
        if failure is not None and self.failure is None:
            self.failure = failure
        self._stop.set()
        self._runner.leave_waits()

    def halt(self) -> None:
        """Cancel whatever still runs."""
        self._halted = True
        for task in self._tasks:
            task.cancel()

    async def aclose(self) -> None:
        """End whatever still runs, cancelled or not; what is in flight stays as the journal has it."""
        cancelled: asyncio.CancelledError | None = None
        while running := [task for task in self._tasks if not task.done()]:
            self.halt()
            try:
                await asyncio.wait(running)
            except asyncio.CancelledError as error:
                cancelled = error
        self.pipeline.aclose()
        if cancelled is not None:
            raise cancelled

    def progress(self) -> BulkProgress:
        """Return the progress of the run."""
        return self.pipeline.progress(
            BulkProgress(
                counts=Counter(self.stats.counts),
                open=self._open + self._unfinished,
                total=None if self.total is None else max(self.total, self._seen),
                stages={str(name): queue.qsize() for name, queue in self._queues.items()},
                outage=self._runner.outage,
                machine=self._runner.machine.seconds,
                elapsed=self.stats.elapsed,
                quiet=self.stats.quiet,
                stopping=self._stop.is_set(),
            )
        )

    async def _run(self) -> None:
        """Admit everything; put the end behind the last outcome."""
        stopped = asyncio.create_task(self._stop.wait())
        admitting = asyncio.create_task(self._admit())
        idle: asyncio.Task[bool] | None = None
        try:
            await asyncio.wait((admitting, stopped), return_when=asyncio.FIRST_COMPLETED)
            await self._end_of(admitting)
            idle = asyncio.create_task(self._idle.wait())
            await asyncio.wait((idle, stopped), return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                await asyncio.wait((idle,), timeout=self.stats.clock.real(self.grace))
            async with self._telling:
                await self.outcomes.put(None)
        finally:
            left = [task for task in (stopped, admitting, idle) if task is not None]
            for task in left:
                task.cancel()
            cancelled: list[Awaitable[object]] = [*left]
            await asyncio.gather(*cancelled, return_exceptions=True)

    async def _end_of(self, admitting: asyncio.Task[None]) -> None:
        """End the admission, which is over by itself, by a failure of the input, or because the run stops."""
        ours = admitting.cancel()
        (error,) = await asyncio.gather(admitting, return_exceptions=True)
        if isinstance(error, asyncio.CancelledError):
            # An input may be cancelled from within, as by a timeout of its own: that is no end of it.
            error = None if ours else BulkError("the input was cancelled before its end")
        if isinstance(error, BaseException):
            self.stop(error)

    async def _admit(self) -> None:
        async with aclosing(self.chunks) as parts:
            async for chunk in parts:
                for decided in await self.admission.decide(chunk):
                    self._seen += 1
                    if isinstance(decided, BulkOutcome):
                        self._recalled += decided.status in RECALLED
                        await self._tell(decided)
                    else:
                        await self._places.acquire()
                        self._open += 1
                        self._idle.clear()
                        self._runner.begin(decided)
                        await self._dispatch([*self.pipeline.begin(decided)])
        self._admitted = True

    async def _dispatch(self, left: list[tuple[StrEnum, Movable[Work]]]) -> None:
        """Begin what was admitted, even if the run is told to stop meanwhile: it is to end."""
        try:
            while left:
                name, thing = left[0]
                await self._queues[name].put(thing)
                left.pop(0)
        except asyncio.CancelledError:
            if not self._halted:
                self._start(self._dispatch(left))
            raise

    async def _watch(self) -> None:
        while True:
            await self.stats.clock.sleep(1.0)
            self.pipeline.watch()

    async def _work(self, stage: PipelineStage[Work], workers: int) -> None:
        """Take things through a stage; the first one starts the next of so many workers, so that one always waits."""
        queue = self._queues[stage.name]
        while not self._halted:
            thing = await queue.get()
            if workers > 1:
                self._start(self._work(stage, workers - 1))
                workers = 1
            try:
                await self._carry(stage, thing)
            except LeftThere:
                self._drop(thing, unfinished=True)
            except asyncio.CancelledError:
                if was_cancelled():
                    raise
                self.stop(BulkError(f"{stage.name}: something that it waits for was cancelled, and not the run"))
                self._drop(thing)
            except Exception as error:  # noqa: BLE001  every item would meet it, or it is nobody's fault but ours
                self.stop(error)
                self._drop(thing)

    async def _carry(self, stage: PipelineStage[Work], thing: Movable[Work]) -> None:
        """Take a thing through a stage, and to the next one."""
        try:
            moves = await self._runner.run(stage, thing)
        except MIError as error:
            moves = await self._failed(stage, thing, error)
        for route, moved in moves:
            await self._move(route, moved)

    async def _failed(self, stage: PipelineStage[Work], thing: Movable[Work], error: MIError) -> Moves[Work]:
        """Give a thing up, or stop the run if no item can get past the failure."""
        meaning = await self._runner.meaning(error)
        shared = meaning is FailureKind.SHARED
        if meaning is FailureKind.SYSTEMIC or (shared and self.failure is not None):
            raise error
        if shared and (stop := self._runner.concerns_all(stage, thing, error)) is not None:
            self.stop(stop)
        return await self.pipeline.give_up(thing, error, transient=meaning is not FailureKind.PERMANENT)

    async def _move(self, route: StrEnum, moved: Movable[Work]) -> None:
        work = moved.work
        if work.dropped and not moved.is_part:
            self._unfinished += self.failure is not None
            self._leave(work)
        elif route is END:
            outcome = await self.pipeline.end(work)
            self._recalled += outcome.status not in WELL and work.met in {each.code for each in outcome.problems}
            self._leave(work)
            await self._tell(outcome)
        else:
            await self._queues[route].put(moved)

    async def _tell(self, outcome: BulkOutcome) -> None:
        self.stats.outcome(outcome)
        again = self._recalled + self.admission.recalled
        if self.max_failures is not None and self.stats.failures - again > self.max_failures:
            self.stop(BulkError(f"more than {self.max_failures:,} items did not go well in this run"))
        async with self._telling:
            await self.outcomes.put(outcome)

    def _leave(self, work: Work) -> None:
        """Release the slot of a work item that is over, and queue the items that waited for it."""
        for name, following in self.pipeline.leave(work):
            self._queues[name].put_nowait(following)
        self._places.release()
        self._open -= 1
        if not self._open:
            self._idle.set()

    def _drop(self, thing: Movable[Work], *, unfinished: bool = False) -> None:
        """Leave a thing as the journal has it: the run stops."""
        if (work := self.pipeline.drop(thing)) is not None:
            self._unfinished += unfinished or self.failure is not None
            self._leave(work)
