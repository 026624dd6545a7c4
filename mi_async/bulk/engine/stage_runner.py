"""One stage for one item: tried until it works, the item's tries are used up, or the service was away for too long.

Invariant: time in which neither the service nor this machine could work is held against no item.
"""

import asyncio
import logging
from typing import Any

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.files import is_exhausted, is_transient
from mi_async.bulk.engine.failures import ABOUT_KEYS, DISK, MACHINE, CircuitBreaker, FailureKind, kind
from mi_async.bulk.engine.pipeline import Pipeline, Stage
from mi_async.bulk.engine.shared_refusals import SharedRefusals
from mi_async.bulk.engine.work_item import Moves, WorkItem, code_of
from mi_async.errors import APIError, BulkError, MIError, ResourceError
from mi_async.text import escaped

_log = logging.getLogger(__name__)


class LeftThere(Exception):  # noqa: N818  no error: the run stops
    """What is done at the service is not waited for any more."""


@define(eq=False)
class StageRunner:
    """Takes items through stages, and knows what their failures mean together.

    Attributes:
        process: what is done with the items.
        clock: the time.
        patience: seconds for which a service that does not answer is waited for.
        stopping: set once the run stops.
        machine: whether this machine is out of a resource.
        disk: whether files can be read; one that cannot is no outage, for its sector may be bad for good.
        waiting: steps that the service works at by itself.
    """

    process: Pipeline
    clock: Clock
    patience: float
    stopping: asyncio.Event
    machine: CircuitBreaker = field(init=False)
    disk: CircuitBreaker = field(init=False)
    waiting: set[asyncio.Future[Moves]] = field(init=False, factory=set)
    _outages: dict[str, CircuitBreaker] = field(init=False)
    _shared: SharedRefusals = field(init=False, factory=SharedRefusals)

    def __attrs_post_init__(self) -> None:
        """Make a circuit breaker for each stage, and one for this machine."""
        stages = self.process.stages
        self._outages = {
            stage.name: CircuitBreaker(self.clock, self.patience, self.process.answers) for stage in stages
        }
        self.machine = CircuitBreaker(self.clock, self.patience, many=1, words=MACHINE)
        self.disk = CircuitBreaker(self.clock, self.patience, words=DISK)

    @property
    def outage(self) -> float:
        """Seconds for which the service has not answered; 0 while it does."""
        return max(outage.seconds for outage in self._outages.values())

    def leave_waits(self) -> None:
        """Wait no more for what the service works at by itself: the run stops."""
        for waiting in self.waiting:
            waiting.cancel()

    async def run(self, stage: Stage, thing: Any) -> Moves:
        """Try a stage until it works.

        Raises:
            LeftThere: the run stops, and the service goes on by itself.
            MIError: the last failure.
        """
        outage, tried = self._outages[stage.name], 0
        while True:
            for breaker in (self.machine, self.disk, outage):
                await breaker.pass_by()
            try:
                moves = await self._step(stage, thing, outage)
            except MIError as error:
                if kind(error) is not FailureKind.TRANSIENT:
                    raise
                if isinstance(thing, WorkItem):
                    thing.look = True
                if self._breaker(error, outage).failure(error):
                    continue  # not the item's fault
                if tried + 1 < stage.tries or not self._away():
                    tried += 1
                if tried >= stage.tries:
                    raise
                _log.info("%s: %s, tried %d times: %s", escaped(thing.name), stage.name, tried, error)
                await self.clock.sleep(2.0 ** (tried - 1))
            else:
                self._worked(stage, thing, moves)
                return moves

    def _breaker(self, error: MIError, outage: CircuitBreaker) -> CircuitBreaker:
        """Return what a failure tells something about: this machine, its disks, or the service."""
        if not isinstance(error, ResourceError):
            return outage
        return self.machine if is_exhausted(error.__cause__) else self.disk

    def _worked(self, stage: Stage, thing: Any, moves: Moves) -> None:
        """Note that a stage has worked; where nothing was asked, it tells nothing of the service."""
        self.machine.success()
        self.disk.success()
        if stage.asks:
            self._outages[stage.name].success()
        if moves and not getattr(thing, "problems", None):
            self._shared.success(stage.name)

    def begin(self, work: WorkItem) -> None:
        """Note an item that sets out."""
        if work.met:
            self._shared.recall(work.met)

    async def meaning(self, error: MIError) -> FailureKind:
        """Return what a failure means; keys that the service accepts for something else are not at fault."""
        meaning = kind(error)
        asks = meaning is FailureKind.SYSTEMIC and isinstance(error, ABOUT_KEYS) and not self.stopping.is_set()
        return FailureKind.SHARED if asks and await self.process.answers() else meaning

    def concerns_all(self, stage: Stage, thing: Any, error: MIError) -> BulkError | None:
        """Note that an item met a shared refusal; return what stops the run if several have by now."""
        work: WorkItem = thing if isinstance(thing, WorkItem) else thing.work
        if not isinstance(error, APIError) or (work.met and work.met == code_of(error)):
            return None
        if not self._shared.concerns_all(stage.name, error, work.name):
            return None
        stop = BulkError(f"several different items in a row were refused for the same reason: {error}")
        stop.__cause__ = error
        return stop

    async def _step(self, stage: Stage, thing: Any, outage: CircuitBreaker) -> Moves:
        """Take one step.

        Raises:
            ResourceError: the machine is out of something.
            MIError: any other failure.
        """
        try:
            return await (self._wait(stage, thing, outage) if stage.waits else stage.step(thing, outage))
        except MIError:
            raise
        except OSError as error:
            if not is_transient(error):
                raise
            message = f"{thing.name}: {error.strerror}"
            raise ResourceError(message, source=thing.name) from error

    async def _wait(self, stage: Stage, thing: Any, outage: CircuitBreaker) -> Moves:
        """Let the service do its work, which goes on without us: once the run stops it is not waited for."""
        waiting = asyncio.ensure_future(stage.step(thing, outage))
        self.waiting.add(waiting)
        if self.stopping.is_set():
            waiting.cancel()
        await asyncio.wait((waiting,))
        self.waiting.discard(waiting)
        if waiting.cancelled():
            raise LeftThere
        return waiting.result()

    def _away(self) -> bool:
        """Return True if the service does not answer another stage either: this one alone may be too quiet to tell."""
        return any(outage.on for outage in self._outages.values())
