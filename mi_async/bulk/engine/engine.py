"""The pipeline: stages with a fixed number of workers each, joined by queues.

Law: works flow one way, from the input to the outcomes. What bounds it: the pool bounds uploads, the session bounds
pictures in memory, ROOM bounds works; so memory does not grow with the input.
"""

import asyncio
import logging
from collections import Counter
from contextlib import aclosing
from typing import Any

from attrs import define, field

from mi_async._core.inflight import was_cancelled
from mi_async.bulk.engine.failures import FailureKind
from mi_async.bulk.engine.outcome import WELL, BulkOutcome, Status
from mi_async.bulk.engine.pipeline import ItemAdmission, Pipeline, RunJournal, Stage, StageQueue
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.stage_runner import LeftThere, StageRunner
from mi_async.bulk.engine.stats import RunStats
from mi_async.bulk.engine.work_item import END, WorkItem
from mi_async.bulk.inputs.batching import chunks
from mi_async.bulk.inputs.models import Input
from mi_async.errors import BulkError, MIError

_log = logging.getLogger(__name__)

ROOM = 3072
"""Works under way at most: the largest pool, and what has left it and waits for the person."""


RECALLED = frozenset({Status.FAILED, Status.PARTIAL})
"""How the admission tells of what an earlier run has failed: another run with the same limit must be able to pass."""


@define(eq=False)
class Engine:
    """One run of the pipeline, in the event loop that it was made in.

    Attributes:
        process: what is done with the items.
        journal: where the run is recorded.
        tally: what is counted.
        patience: seconds for which a service that does not answer is waited for.
        admission: the way in.
        items: the input.
        grace: seconds for what is under way to land once the run is told to stop.
        max_failures: items that may end badly in this run before it stops, None for any number.
        total: items of the input, None where that is not known.
        outcomes: where the works come out; None is the end.
        failure: why the run was stopped, None when it was not or was told to.
    """

    process: Pipeline
    tally: RunStats
    journal: RunJournal
    patience: float
    admission: ItemAdmission
    items: Input
    grace: float
    max_failures: int | None
    total: int | None
    outcomes: asyncio.Queue[BulkOutcome | None] = field(init=False, factory=lambda: asyncio.Queue(64))
    failure: BaseException | None = field(init=False, default=None)
    # a full queue alone would let the end pass outcomes that wait for room
    _telling: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _lines: dict[str, StageQueue] = field(init=False)
    _runner: StageRunner = field(init=False)
    _tasks: list[asyncio.Task[None]] = field(init=False, factory=list)
    _works: int = field(init=False, default=0)
    _seen: int = field(init=False, default=0)  # items of the input; its length may not count what is bad in folders
    _recalled: int = field(init=False, default=0)  # items that an earlier run has ended in the same way
    _unfinished: int = field(init=False, default=0)  # works that are left to the service, or that a failure has ended
    _room: asyncio.Semaphore = field(init=False, factory=lambda: asyncio.Semaphore(ROOM))
    _admitted: bool = field(init=False, default=False)
    _halted: bool = field(init=False, default=False)
    _idle: asyncio.Event = field(init=False, factory=asyncio.Event)
    _stop: asyncio.Event = field(init=False, factory=asyncio.Event)

    def __attrs_post_init__(self) -> None:
        """Lay the lines."""
        self._idle.set()
        stages = self.process.stages
        self._lines = {stage.name: asyncio.Queue(stage.room) for stage in stages} | dict(self.process.lines)
        self._runner = StageRunner(self.process, self.tally.clock, self.patience, self._stop)

    def start(self) -> None:
        """Start the workers."""
        jobs = [self._run(), self._watch()]
        jobs += [self._work(stage) for stage in self.process.stages for _ in range(stage.workers)]
        self._tasks = [asyncio.create_task(job) for job in jobs]
        for task in self._tasks:
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        """Only a mistake of ours ends a task that nobody has cancelled with an error."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self.stop(error)

    @property
    def ending(self) -> str:
        """Why the run ended before the input did; '' when it did not."""
        if self.failure is not None:
            return str(self.failure) or type(self.failure).__name__
        return "stopped" if self._stop.is_set() and not self.through else ""

    @property
    def through(self) -> bool:
        """Whether the whole input was admitted, and all of it has ended."""
        return self._admitted and not self._works and not self._unfinished

    async def landed(self) -> None:
        """Wait until all has landed that will; its outcomes are not handed out any more, but are written down."""
        running = self._tasks[0]
        while not running.done():
            outcome = asyncio.create_task(self.outcomes.get())
            try:
                await asyncio.wait((outcome, running), return_when=asyncio.FIRST_COMPLETED)
            finally:
                outcome.cancel()

    def stop(self, failure: BaseException | None = None) -> None:
        """Admit nothing more; what is under way may land within the grace time."""
        if failure is not None and self.failure is None:
            self.failure = failure
        self._stop.set()
        self._runner.leave_waits()

    def halt(self) -> None:
        """End whatever still runs, without waiting for anything to land."""
        self._halted = True
        for task in self._running():
            task.cancel()

    def _running(self) -> list[asyncio.Future[Any]]:
        everything: list[asyncio.Future[Any]] = [*self._tasks, *self._runner.waiting]
        return [task for task in everything if not task.done()]

    async def aclose(self) -> None:
        """End whatever still runs, cancelled or not; what is under way stays as the journal has it."""
        cancelled: asyncio.CancelledError | None = None
        while running := self._running():
            self.halt()
            try:
                await asyncio.wait(running)
            except asyncio.CancelledError as error:
                cancelled = error
        self.process.aclose()
        if cancelled is not None:
            raise cancelled

    def progress(self) -> BulkProgress:
        """Where the run is."""
        return self.process.progress(
            BulkProgress(
                counts=Counter(self.tally.counts),
                open=self._works + self._unfinished,
                total=None if self.total is None else max(self.total, self._seen),
                stages={name: line.qsize() for name, line in self._lines.items()},
                outage=self._runner.outage,
                machine=self._runner.machine.seconds,
                elapsed=self.tally.elapsed,
                quiet=self.tally.quiet,
                stopping=self._stop.is_set(),
            )
        )

    async def _run(self) -> None:
        """Admit everything, and say so when the last work has ended."""
        stopped = asyncio.create_task(self._stop.wait())
        admitting = asyncio.create_task(self._admit())
        idle: asyncio.Task[bool] | None = None
        try:
            await asyncio.wait((admitting, stopped), return_when=asyncio.FIRST_COMPLETED)
            await self._end_of(admitting)
            idle = asyncio.create_task(self._idle.wait())
            await asyncio.wait((idle, stopped), return_when=asyncio.FIRST_COMPLETED)
            if self._stop.is_set():
                await asyncio.wait((idle,), timeout=self.tally.clock.real(self.grace))
            async with self._telling:
                await self.outcomes.put(None)
        finally:
            left: list[asyncio.Task[Any]] = [task for task in (stopped, admitting, idle) if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)

    async def _end_of(self, admitting: asyncio.Task[None]) -> None:
        """The admission is over: by itself, by the input's own failure, or because the run stops."""
        ours = admitting.cancel()
        (error,) = await asyncio.gather(admitting, return_exceptions=True)
        if isinstance(error, asyncio.CancelledError):
            # An input may be cancelled from within, as by a timeout of its own: that is no end of it.
            error = None if ours else BulkError("the input was cancelled before its end")
        if isinstance(error, BaseException):
            self.stop(error)

    async def _admit(self) -> None:
        async with aclosing(chunks(self.items)) as parts:
            async for chunk in parts:
                for decided in await self.admission.decide(chunk):
                    self._seen += 1
                    if isinstance(decided, BulkOutcome):
                        self._recalled += decided.status in RECALLED
                        await self._tell(decided)
                    else:
                        await self._room.acquire()
                        await self._begin(decided)
        self._admitted = True

    async def _begin(self, work: WorkItem) -> None:
        """Send a work on its way."""
        self._works += 1
        self._idle.clear()
        self._runner.begin(work)
        await self._dispatch(list(self.process.begin(work)))

    async def _dispatch(self, left: list[tuple[str, Any]]) -> None:
        """What was admitted is begun, even if the run is told to stop meanwhile: it is to land."""
        try:
            while left:
                name, thing = left[0]
                await self._lines[name].put(thing)
                left.pop(0)
        except asyncio.CancelledError:
            if not self._halted:
                self._tasks.append(asyncio.create_task(self._dispatch(left)))
            raise

    async def _watch(self) -> None:
        while True:
            await self.tally.clock.sleep(1.0)
            self.process.watch()

    async def _work(self, stage: Stage) -> None:
        line = self._lines[stage.name]
        while True:
            thing: Any = await line.get()
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

    async def _carry(self, stage: Stage, thing: Any) -> None:
        """Take a thing through a stage, and to the next one."""
        try:
            moves = await self._runner.run(stage, thing)
        except MIError as error:
            meaning = await self._runner.meaning(error)
            if meaning is FailureKind.SYSTEMIC or (meaning is FailureKind.SHARED and self.failure is not None):
                raise
            if meaning is FailureKind.SHARED and (stop := self._runner.concerns_all(stage, thing, error)) is not None:
                self.stop(stop)
            moves = await self.process.give_up(thing, error, transient=meaning is not FailureKind.PERMANENT)
        for name, moved in moves:
            if isinstance(moved, WorkItem) and moved.dropped:
                self._unfinished += self.failure is not None
                self._leave(moved)
            elif isinstance(moved, WorkItem) and name == END:
                outcome = await self.process.end(moved)
                self._recalled += outcome.status not in WELL and moved.met in {each.code for each in outcome.problems}
                self._leave(moved)
                await self._tell(outcome)
            else:
                await self._lines[name].put(moved)

    async def _tell(self, outcome: BulkOutcome) -> None:
        self.tally.outcome(outcome)
        again = self._recalled + self.admission.recalled
        if self.max_failures is not None and self.tally.failures - again > self.max_failures:
            # which ways those are, the counts of the report tell: what is under way still adds to them
            self.stop(BulkError(f"more than {self.max_failures:,} items did not go well in this run"))
        async with self._telling:
            await self.outcomes.put(outcome)

    def _leave(self, work: WorkItem) -> None:
        """A work is over; others of the same person may wait for that."""
        for name, following in self.process.leave(work):
            self._lines[name].put_nowait(following)
        self._room.release()
        self._works -= 1
        if not self._works:
            self._idle.set()

    def _drop(self, thing: Any, *, unfinished: bool = False) -> None:
        """Leave a thing as the journal has it: the run stops."""
        for _, work in self.process.drop(thing):
            if isinstance(work, WorkItem):
                self._unfinished += unfinished or self.failure is not None
                self._leave(work)
