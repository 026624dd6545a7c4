"""The limiter of a quota that many processes share, over exchanges with a store.

Invariant: a permit is in use here only if the store granted it, is given back once, and begins no call once the store
may have taken this process for dead. Callers are served strictly first come, first served; the store shares out among
processes. There is one task while anybody waits, a permit is in use or something is to be told, else nothing.
"""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from attrs import Factory, define, field

from mi_async._core.caller_line import CallerLine, WaitingCaller
from mi_async._core.clock import Clock
from mi_async._core.limits import TRANSIT, PauseLog, QuotaState, burst, too_long
from mi_async._core.local_share import LocalShare
from mi_async._core.operation import Quota
from mi_async._core.quota_store import Exchange, Granted, OnLoss, new_holder
from mi_async._core.store_outage import StoreOutage
from mi_async.errors import MIError

LAPSE = 5.0
"""Real seconds of silence after which a process that holds permits counts as dead."""
LIFE = LAPSE / 3
"""Real seconds between signs of life while permits are in use."""
MARGIN = 1.0
"""Real seconds before the lapse from which on a permit begins no call: its request has to arrive before the lapse."""
ANSWER = 2.0
"""Real seconds in which a store answers; later it is away."""
LOOK = 0.1
"""Real seconds that a caller waits at least: asking the store takes a round trip."""
AGAIN = 0.25
"""Real seconds between tries while the store is away."""
FLUSH = 0.2
"""Share of the period for which ended calls wait for an exchange that is made anyway."""
FAREWELL = 1.0
"""Real seconds that giving everything back may take when the session closes."""

Ended = tuple[float, float]
"""A call that ended: when its period began, and for how long it had its permit."""


@define(eq=False)
class SharedLimiter:
    """A quota that is kept in a store.

    Args:
        operation: ID of the operation, for messages.
        quota: the limit, of all processes together.
        clock: the time by which the period runs; all that is internal here is in real seconds.
        exchange: makes one exchange with the store.
        on_loss: behaviour while the store does not answer.
        holder: name of this limiter in the store.
    """

    operation: str
    quota: Quota
    clock: Clock
    exchange: Callable[[Exchange], Awaitable[Granted]]
    on_loss: OnLoss = "wait"
    holder: str = field(factory=new_holder)
    _line: CallerLine = field(init=False, factory=CallerLine)
    _begun: deque[float] = field(init=False, factory=deque)  # of each call in flight, when it took its permit
    _unbegun: int = field(init=False, default=0)  # permits on their way to callers that were served
    _ended: list[Ended] = field(init=False, factory=list)  # to be told
    _surplus: bool = field(init=False, default=False)  # True iff the store may have granted what is not in use here
    _pause: float = field(init=False, default=0.0)  # to be told
    _pauses: PauseLog = field(init=False, default=Factory(lambda self: PauseLog(self.operation), takes_self=True))
    _sequence: int = field(init=False, default=0)
    _last: Granted | None = field(init=False, default=None)
    _last_at: float = field(init=False, default=-math.inf)
    _heard: float = field(init=False, default=-math.inf)  # when the last exchange that was answered was sent
    _retry_at: float = field(init=False, default=-math.inf)
    _outage: StoreOutage = field(
        init=False, default=Factory(lambda self: StoreOutage(self.operation, self.on_loss), takes_self=True)
    )
    _share: LocalShare = field(
        init=False, default=Factory(lambda self: LocalShare(self.operation, self.quota, self.clock), takes_self=True)
    )
    _kick: asyncio.Event = field(init=False, factory=asyncio.Event)
    _task: asyncio.Task[None] | None = field(init=False, default=None)
    _closed: bool = field(init=False, default=False)

    def take(self) -> bool:
        """Return False: a permit takes a round trip to the store."""
        return False

    async def acquire(self, max_wait: float | None = None) -> None:
        """Wait for a permit and take it; cancelled while waiting, it takes nothing.

        Raises:
            QuotaWaitError: it takes, or would take, longer than ``max_wait`` seconds.
            QuotaStoreError: it takes longer, and the store is away; or the store can never be used.
        """
        until = math.inf if max_wait is None else self._now() + max(self.clock.real(max_wait), LOOK)
        while True:
            if self._goes_alone():
                left = None if until == math.inf else max(0.0, until - self._now()) / self.clock.real(1.0)
                self._outage.go_alone(self._share.begin(self._holders).quota, self.quota)
                await self._share.acquire(left, self._holders)
                return
            if self._turn(len(self._line)) > until:
                raise self._too_late(len(self._line))
            good_until = await self._permit(until)
            if good_until is None:  # the store is away, and this process goes on alone
                continue
            self._unbegun -= 1
            now = self._now()
            if now < good_until:
                self._begun.append(now)
                return
            self._surplus = True  # stood still for so long that the store may have taken this process for dead
            self._wake()

    async def _permit(self, until: float) -> float | None:
        caller = self._line.join(until)
        self._wake()
        try:
            async with asyncio.timeout(None if until == math.inf else until - self._now()):
                return await caller.permit
        except BaseException as error:
            place = self._line.place(caller) if isinstance(error, TimeoutError) else 0
            if self._line.leave(caller):
                self._unbegun -= 1
                self._surplus = True
                self._wake()
            if isinstance(error, TimeoutError):
                late = self._too_late(place)
                raise late from late.__cause__
            raise

    def release(self, *, answered: bool = True) -> None:
        """Record that a call ended: its slot becomes free one period after the latest time it can have arrived."""
        if self._share.release(answered=answered):
            return
        now = self._now()
        # Permits have no names: the oldest is given back. What counts is their number, and when the call ended.
        began = self._begun.popleft()
        self._ended.append((now + (0.0 if answered else self.clock.real(TRANSIT)), now - began))
        if len(self._ended) == 1:
            self._wake()

    def pause(self, seconds: float) -> None:
        """Hold the callers of all processes back after a 429."""
        self._pauses.note(self.clock.monotonic(), seconds)
        self._pause = max(self._pause, self.clock.real(seconds))
        self._share.pause(seconds)
        self._wake()

    def refusal(self) -> MIError:
        """Return the error of a caller that gives up now."""
        return self._too_late(max(0, len(self._line) - 1))

    def state(self) -> QuotaState:
        """Return the live state as of the last exchange; what is in use here is always counted."""
        last, now, unit = self._last, self._now(), self.clock.real(1.0)
        ago = now - self._last_at
        told = 0 if last is None or ago > self._period else self.quota.calls - last.free
        share = self._share.state()
        return QuotaState(
            self.operation,
            self.quota.calls,
            self.quota.period,
            max(told, self.in_use + (share.used if share else 0)),
            len(self._line) + (share.waiting if share else 0),
            max(0.0 if last is None else max(0.0, last.paused - ago) / unit, share.paused if share else 0.0),
            share.next_free if share and self._outage else max(0.0, self._turn(len(self._line)) - now) / unit,
            0 if last is None else last.refused,
            shared=True,
            holders=self._holders,
            away=bool(self._outage),
            alone=self._goes_alone(),
        )

    async def aclose(self) -> None:
        """Give everything back; takes a second at most, and the store finds out by itself where that fails."""
        self._closed = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        if self._sequence == 0:
            return
        with suppress(Exception):  # a store may be anybody's
            async with asyncio.timeout(FAREWELL):
                await self.exchange(self._telling(self._ended, self._pause, wanted=0))

    def _wake(self) -> None:
        self._kick.set()
        if (self._task is None or self._task.done()) and not self._closed:
            self._task = asyncio.get_running_loop().create_task(self._serve())

    async def _serve(self) -> None:
        while (due := self._due()) != math.inf:
            self._kick.clear()
            delay = due - self._now()
            if delay > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await self._kick.wait()
            else:
                await self._tell()

    def _due(self) -> float:
        """Return when the next exchange is due, infinity when there is nothing to say."""
        if self._outage:  # what is only to be given back the store takes back by itself, after a lapse
            return self._retry_at if self._line or self.in_use or self._outage.retries_idle else math.inf
        if self._pause or self._surplus:
            return -math.inf
        return min(
            self._heard + LIFE if self.in_use else math.inf,
            self._retry_at if self._line else math.inf,
            self._ended[0][0] + FLUSH * self._period if self._ended else math.inf,
        )

    async def _tell(self) -> None:
        sent = self._now()
        ended, self._ended = self._ended, []
        pause, self._pause, self._surplus = self._pause, 0.0, False
        try:
            async with asyncio.timeout(ANSWER):
                granted = await self.exchange(self._telling(ended, pause, wanted=len(self._line)))
        except BaseException as error:
            self._ended[:0] = ended
            self._pause = max(self._pause, pause)
            self._surplus = True  # the store may have granted something all the same
            if not isinstance(error, Exception):
                raise
            self._lose(error)
        else:
            self._hear(sent, granted)

    def _telling(self, ended: list[Ended], pause: float, *, wanted: int) -> Exchange:
        now = self._now()
        self._sequence += 1
        return Exchange(
            holder=self.holder,
            sequence=self._sequence,
            calls=self.quota.calls,
            period=self._period,
            burst=burst(self.quota),
            lapse=LAPSE,
            transit=self.clock.real(TRANSIT),
            in_use=self.in_use,
            wanted=wanted,
            pause=pause,
            ended=[(now - at, lasted) for at, lasted in sorted(ended)],
            tickets=() if self._last is None else self._last.tickets[:wanted],
        )

    def _hear(self, sent: float, granted: Granted) -> None:
        """Apply an answer: serve the first callers, fail those whose turn would come too late."""
        now = self._now()
        self._outage.end()
        self._share.end()
        self._heard, self._last, self._last_at = sent, granted, now
        self._retry_at = now if granted.retry is None else now + granted.retry
        for _ in range(granted.permits):
            if not self._line.serve(sent + LAPSE - MARGIN):
                self._surplus = True
                break
            self._unbegun += 1

        def too_late(place: int, caller: WaitingCaller) -> MIError | None:
            return self._too_late(place) if self._turn(place) > caller.until else None

        self._line.refuse(too_late)

    def _lose(self, error: Exception) -> None:
        now = self._now()
        self._outage.begin(error, now)
        self._retry_at = now + AGAIN
        if self._outage.is_hopeless(now, seen=self._last is not None):
            self._line.refuse(lambda _place, _caller: self._outage.failure())
        elif self._goes_alone():
            while self._line.serve(None):
                pass

    def _goes_alone(self) -> bool:
        return self._outage.goes_alone(self._now(), seen=self._last is not None)

    def _now(self) -> float:
        return self.clock.real(self.clock.monotonic())

    @property
    def _period(self) -> float:
        return self.clock.real(self.quota.period)

    @property
    def in_use(self) -> int:
        """Permits of the store that calls have, or that are on their way to callers."""
        return len(self._begun) + self._unbegun

    @property
    def _holders(self) -> int:
        return 1 if self._last is None else self._last.holders

    def _turn(self, place: int) -> float:
        """Return when a place in the line has its turn, as far as is known; minus infinity where nothing is."""
        if self._last is None or self._outage:
            return -math.inf
        return self._last_at + self._last.turn(place, self._period / self.quota.calls)

    def _too_late(self, place: int) -> MIError:
        # The turn may be past, as of one that nobody could keep, or unknown: a call of the quota is then the least.
        wait = max(self._turn(place) - self._now(), self._period / self.quota.calls) / self.clock.real(1.0)
        return self._outage.failure() or too_long(self.operation, self.quota, wait)
