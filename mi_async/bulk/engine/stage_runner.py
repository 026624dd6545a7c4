"""One stage for one item: tried until it works, the item's tries are used up, or the service was away for too long.

Invariant: time in which neither the service nor this machine could work is held against no item.
"""

import asyncio
import logging
from typing import Generic

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.files import is_exhausted, is_transient
from mi_async.bulk.engine.circuit_breaker import DISK, MACHINE, CircuitBreaker
from mi_async.bulk.engine.failures import ABOUT_KEYS, FailureKind, kind
from mi_async.bulk.engine.pipeline import Pipeline, PipelineStage
from mi_async.bulk.engine.shared_refusals import SharedRefusals
from mi_async.bulk.engine.work_item import Movable, Moves, Work, code_of
from mi_async.errors import APIError, BulkError, MIError, ResourceError
from mi_async.text import escaped

_log = logging.getLogger(__name__)


class LeftThere(Exception):  # noqa: N818  no error: the run stops
    """Work of the service that is not waited for any more."""


@define(eq=False)
class StageRunner(Generic[Work]):
    """Applies stages to items, with retries, and weighs the failures of several items together.

    Attributes:
        pipeline: the stages and hooks of the run.
        clock: the time.
        patience: seconds for which a service that does not answer is waited for.
        stopping: set once the run stops.
        machine: breaker for a machine that is out of a resource.
        disk: breaker for files that cannot be read; one such file is no outage, for its sector may be bad for good.
        waiting: steps that the service works at by itself.
    """

    pipeline: Pipeline[Work]
    clock: Clock
    patience: float
    stopping: asyncio.Event
    machine: CircuitBreaker = field(init=False)
    disk: CircuitBreaker = field(init=False)
    waiting: set[asyncio.Future[Moves[Work]]] = field(init=False, factory=set)
    _breakers: dict[str, CircuitBreaker] = field(init=False)
    _shared: SharedRefusals = field(init=False, factory=SharedRefusals)

    def __attrs_post_init__(self) -> None:
        """Make a circuit breaker for each stage, one for this machine and one for its disks."""
        answers = self.pipeline.answers
        self._breakers = {
            stage.name: CircuitBreaker(self.clock, self.patience, answers) for stage in self.pipeline.stages
        }
        self.machine = CircuitBreaker(self.clock, self.patience, many=1, words=MACHINE)
        self.disk = CircuitBreaker(self.clock, self.patience, words=DISK)

    @property
    def outage(self) -> float:
        """Seconds for which the service has not answered; 0 while it does."""
        return max(breaker.seconds for breaker in self._breakers.values())

    def leave_waits(self) -> None:
        """Stop waiting for what the service works at by itself: the run stops."""
        for waiting in self.waiting:
            waiting.cancel()

    async def run(self, stage: PipelineStage[Work], thing: Movable[Work]) -> Moves[Work]:
        """Try a stage until it works.

        Raises:
            LeftThere: the run stops, and the service goes on by itself.
            MIError: the last failure.
        """
        service, tried = self._breakers[stage.name], 0
        while True:
            if self._is_held(service):  # no coroutine where there is nothing to wait for
                await self._pass_by(service)
            try:
                moves = await self._step(stage, thing, service)
            except MIError as error:
                if kind(error) is not FailureKind.TRANSIENT:
                    raise
                if not thing.is_part:
                    thing.work.look = True  # a lost answer may hide an effect; parts find out by their own state
                if self._breaker(error, service).failure(error):
                    continue  # an outage: no try of the item is used up, or an hour of it would park a million items
                # the last try waits for the others: while another stage meets an outage, this one may meet it too
                if tried + 1 < stage.tries or not self._away():
                    tried += 1
                if tried >= stage.tries:
                    raise
                _log.info("%s: %s, tried %d times: %s", escaped(thing.name), stage.name, tried, error)
                await self.clock.sleep(2.0 ** (tried - 1))
            else:
                self._worked(stage, thing, moves)
                return moves

    def _is_held(self, service: CircuitBreaker) -> bool:
        return self.machine.on or self.disk.on or service.on

    async def _pass_by(self, service: CircuitBreaker) -> None:
        for breaker in (self.machine, self.disk, service):
            await breaker.pass_by()

    def _breaker(self, error: MIError, service: CircuitBreaker) -> CircuitBreaker:
        """Return the breaker that a failure concerns: that of this machine, of its disks, or of the service."""
        if not isinstance(error, ResourceError):
            return service
        return self.machine if is_exhausted(error.__cause__) else self.disk

    def _worked(self, stage: PipelineStage[Work], thing: Movable[Work], moves: Moves[Work]) -> None:
        """Record that a stage has worked; where nothing was asked, it tells nothing of the service."""
        self.machine.success()
        self.disk.success()
        if stage.asks:
            self._breakers[stage.name].success()
        if moves and (thing.is_part or not thing.work.problems):
            self._shared.success(stage.name)

    def begin(self, work: Work) -> None:
        """Record an item that begins."""
        if work.met:
            self._shared.recall(work.met)

    async def meaning(self, error: MIError) -> FailureKind:
        """Return the meaning of a failure; keys that the service accepts for something else are not at fault."""
        meaning = kind(error)
        asks = meaning is FailureKind.SYSTEMIC and isinstance(error, ABOUT_KEYS) and not self.stopping.is_set()
        return FailureKind.SHARED if asks and await self.pipeline.answers() else meaning

    def concerns_all(self, stage: PipelineStage[Work], thing: Movable[Work], error: MIError) -> BulkError | None:
        """Record that an item met a shared refusal; return the error that stops the run if several have by now."""
        work = thing.work
        if not isinstance(error, APIError) or (work.met and work.met == code_of(error)):
            return None
        if not self._shared.concerns_all(stage.name, error, work.name):
            return None
        stop = BulkError(f"several different items in a row were refused for the same reason: {error}")
        stop.__cause__ = error
        return stop

    async def _step(self, stage: PipelineStage[Work], thing: Movable[Work], service: CircuitBreaker) -> Moves[Work]:
        """Take one step.

        Raises:
            ResourceError: the machine is out of something.
            MIError: any other failure.
        """
        try:
            return await (self._wait(stage, thing, service) if stage.waits else stage.step(thing, service))
        except MIError:
            raise
        except OSError as error:
            if not is_transient(error):
                raise
            message = f"{thing.name}: {error.strerror}"
            raise ResourceError(message, source=thing.name) from error

    async def _wait(self, stage: PipelineStage[Work], thing: Movable[Work], service: CircuitBreaker) -> Moves[Work]:
        """Wait for work of the service; stop waiting once the run stops, since that work goes on without us."""
        waiting = asyncio.ensure_future(stage.step(thing, service))
        self.waiting.add(waiting)
        if self.stopping.is_set():
            waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)  # which ends it, too, where the worker is cancelled
        self.waiting.discard(waiting)
        if waiting.cancelled():
            raise LeftThere
        return waiting.result()

    def _away(self) -> bool:
        """Return True if the service does not answer another stage either: this one alone may be too quiet to tell."""
        return any(breaker.on for breaker in self._breakers.values())
