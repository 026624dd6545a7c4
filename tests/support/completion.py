"""A service that takes uploads over after a while, on virtual time, behind the real limit, schedule and limiter.

Invariant: the parts under test are the real ones; the network and the service are modelled: a check is judged after
half a round trip, and the service counts it in a sliding window of its own.
"""

import asyncio
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from statistics import fmean
from typing import Any

from attrs import Factory, define, field, frozen

from mi_async._core.clock import Clock
from mi_async._core.limits import LeaseLimiter
from mi_async._core.operation import Quota
from mi_async.bulk.enroll.adaptive_limit import AdaptiveLimit
from mi_async.bulk.enroll.check_queue import CheckQueue
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload
from mi_async.bulk.inputs.models import ThumbnailUpload
from mi_async.bulk.journal.records import PersonRecord
from mi_async.emulator import Latency
from tests.support import virtual

QUOTA = Quota(1000, 60.0)
PUTTERS, CHECKERS = 24, 24
ROUND_TRIP = 0.05
MINUTE = 60.0

Processing = Callable[[random.Random, float], float]
"""Seconds that the service takes for an upload, from chance and the time at which it was stored."""


def lognormal(median: float, p95: float) -> Processing:
    latency = Latency.lognormal(median=median, p95=p95)
    return lambda rng, _: latency.draw(rng)


def mixed(share: float, rare: Processing, common: Processing) -> Processing:
    return lambda rng, now: (rare if rng.random() < share else common)(rng, now)


def never(_rng: random.Random, _now: float) -> float:
    return math.inf


def changing(at: float, before: Processing, after: Processing) -> Processing:
    return lambda rng, now: (before if now < at else after)(rng, now)


@frozen
class Seen:
    """What came of it; times are virtual seconds.

    Attributes:
        done: when each upload was known to be done.
        delays: from being done to being known to be.
        checks: how many were made.
        refused: how many the service would have refused with 429.
        longest: the age of the oldest upload at its end.
        pools: the limit's size, second by second.
    """

    done: tuple[float, ...]
    delays: tuple[float, ...]
    checks: int
    refused: int
    longest: float
    pools: tuple[int, ...]

    @property
    def delay(self) -> float:
        """Mean seconds from done to known."""
        return fmean(self.delays)

    def goodput(self, start: float, end: float | None = None) -> float:
        """Uploads known to be done between two times, as a share of the quota; the end is where 98 % are."""
        end = self.done[int(len(self.done) * 0.98)] if end is None else end
        return sum(start <= at < end for at in self.done) / ((end - start) * QUOTA.calls / QUOTA.period)


@define(eq=False)
class Bench:
    """One run of some uploads."""

    uploads: int
    processing: Processing
    rate: float | None
    jitter: float
    rng: random.Random
    put: float
    schedule: Schedule = Factory(Schedule)
    clock: Clock = Factory(Clock)
    limit: AdaptiveLimit = Factory(AdaptiveLimit)
    ready: dict[ImageUpload, float] = Factory(dict)
    window: deque[float] = Factory(deque)
    done: list[float] = Factory(list)
    delays: list[float] = Factory(list)
    pools: list[int] = Factory(list)
    checks: int = 0
    refused: int = 0
    longest: float = 0.0
    ended: int = 0
    limiter: LeaseLimiter = field(init=False)
    pending: CheckQueue = field(init=False)
    finished: asyncio.Event = Factory(asyncio.Event)

    def __attrs_post_init__(self) -> None:
        self.limiter = LeaseLimiter("thumbnails.complete", QUOTA, self.clock)
        self.pending = CheckQueue(self.clock, self.schedule, QUOTA.period / QUOTA.calls)

    async def run(self) -> Seen:
        numbers = iter(range(self.uploads))
        makers = [self.arrive(numbers, self.rate)] if self.rate else [self.upload(numbers) for _ in range(PUTTERS)]
        jobs = [*makers, *(self.check() for _ in range(CHECKERS)), self.watch()]
        tasks = [asyncio.create_task(job) for job in jobs]
        await self.finished.wait()
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        return Seen(tuple(self.done), tuple(self.delays), self.checks, self.refused, self.longest, tuple(self.pools))

    async def upload(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            await self.limit.acquire()
            await asyncio.sleep(self.put * self.rng.lognormvariate(0.0, 0.3))
            await self.store(number)

    async def arrive(self, numbers: Iterator[int], rate: float) -> None:
        for number in numbers:
            await asyncio.sleep(self.rng.expovariate(rate / MINUTE))
            await self.limit.acquire()
            await self.store(number)

    async def store(self, number: int) -> None:
        picture = ImageUpload(EnrollWork(ThumbnailUpload(number, b""), PersonRecord(str(number))), b"")
        picture.stored = self.clock.monotonic()
        self.ready[picture] = picture.stored + self.processing(self.rng, picture.stored)
        await self.pending.put(picture)

    async def check(self) -> None:
        while True:
            picture = await self.pending.get()
            picture.checks += 1
            if not self.limiter.take():
                await self.limiter.acquire()
            await asyncio.sleep(ROUND_TRIP / 2 + self.rng.random() * self.jitter)
            done = self.judge(self.clock.monotonic() >= self.ready[picture])
            await asyncio.sleep(ROUND_TRIP / 2 + self.rng.random() * self.jitter)
            self.limiter.release()
            if picture.checks == 1:
                self.limit.first_check(done=done)
            age = self.clock.monotonic() - picture.stored
            if done or age >= self.schedule.timeout:
                self.end(picture, done=done, age=age)
            else:
                await self.pending.put(picture)

    def judge(self, done: bool) -> bool:
        now = self.clock.monotonic()
        while self.window and now - self.window[0] >= QUOTA.period:
            self.window.popleft()
        self.refused += len(self.window) >= QUOTA.calls
        self.window.append(now)
        self.checks += 1
        return done

    def end(self, picture: ImageUpload, *, done: bool, age: float) -> None:
        self.limit.release()
        self.longest = max(self.longest, age)
        ready = self.ready.pop(picture)
        if done:
            self.done.append(self.clock.monotonic())
            self.delays.append(self.done[-1] - ready)
            self.pending.completed()
        self.ended += 1
        if self.ended == self.uploads:
            self.finished.set()

    async def watch(self) -> None:
        for _ in count():
            await asyncio.sleep(1.0)
            self.pools.append(self.limit.size)
            self.pending.short = self.pending.overdue() or self.limiter.state().waiting > 0
            self.limit.adapt(short=self.pending.short)


def bench(
    uploads: int, processing: Processing, *, rate: float | None = None, seed: int = 1, jitter: float = 0.05, **more: Any
) -> Seen:
    """Run some uploads on virtual time: as fast as they go, or arriving at a rate per minute."""

    async def main() -> Seen:
        settings = {"put": 1.0, **more}
        return await Bench(uploads, processing, rate, jitter, random.Random(seed), **settings).run()  # noqa: S311  a model

    return virtual.run(main())
