"""A quota that many limiters share, over the real script on virtual time: exact whatever happens, and fast."""

import asyncio
from collections.abc import Callable
from random import Random

import pytest
from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.operation import Quota
from mi_async._core.shared_limiter import SharedLimiter
from tests.support.limiters import PER_SECOND, kill
from tests.support.lua_store import LuaStore
from tests.support.network import Network, most_in_a_window, share_of_ceiling
from tests.support.scripted import seeded
from tests.support.virtual import run

SLOW = Quota(200, 12.0)
"""The pace of 1,000 a minute in a smaller window."""
LASTS = 8.0
"""Seconds of a schedule."""


@define
class Process:
    """A limiter with its callers, as a process of its own would have them."""

    network: Network
    work: set[asyncio.Task[list[float]]] = field(init=False, factory=set)
    killed: bool = field(init=False, default=False)

    @property
    def limiter(self) -> SharedLimiter:
        assert isinstance(self.network.limiter, SharedLimiter)
        return self.network.limiter

    def begin(self, calls: int, workers: int, cancelled: float = 0.0) -> None:
        self.work.add(asyncio.create_task(self.network.storm(calls, workers, cancelled)))

    def kill(self) -> None:
        """End it without a word: what it has sent arrives, and nothing is told to the store."""
        kill(self.limiter)
        self.killed = True
        for task in self.work:
            task.cancel()

    async def end(self) -> None:
        for task in self.work:
            task.cancel()
        await asyncio.gather(*self.work, return_exceptions=True)
        if not self.killed:
            await self.limiter.aclose()


def process(store: LuaStore, quota: Quota, random: Random, delay: float, trouble: float = 0.0) -> Process:
    limiter = SharedLimiter("things.do", quota, Clock(), store.exchange)
    return Process(Network(limiter, random, delay, trouble=trouble))


def arrivals(processes: list[Process]) -> list[float]:
    return sorted(moment for each in processes for moment in each.network.arrivals)


# ---- exact whatever happens


@define
class Mishaps:
    """Misfortunes of a store and of processes, at random moments of a schedule."""

    store: LuaStore
    processes: list[Process]
    random: Random

    def plan(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self.random.randrange(4)):
            begin, lasts = self.random.uniform(0.5, LASTS), self.random.choice([0.1, 1.0, 3.0])
            mishap: Callable[[float], None] = self.random.choice(
                [self.kill, self.away, self.deaf, self.forget, self.set_back, self.fall_back, self.refused]
            )
            loop.call_later(begin, mishap, lasts)

    def kill(self, _lasts: float) -> None:
        if len(self.processes) > 1:
            self.random.choice(self.processes).kill()

    def away(self, lasts: float) -> None:
        self.store.away = True
        asyncio.get_running_loop().call_later(lasts, setattr, self.store, "away", False)  # noqa: FBT003

    def deaf(self, lasts: float) -> None:
        self.store.deaf = True
        asyncio.get_running_loop().call_later(lasts, setattr, self.store, "deaf", False)  # noqa: FBT003

    def forget(self, _lasts: float) -> None:
        self.store.forget()

    def set_back(self, lasts: float) -> None:
        self.store.skew -= 10 * lasts

    def fall_back(self, lasts: float) -> None:
        asyncio.get_running_loop().call_later(lasts, self.store.go_back, self.store.copied())

    def refused(self, lasts: float) -> None:
        self.random.choice(self.processes).limiter.pause(lasts)


@pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(40), id="some"),
        pytest.param(range(40, 5040), id="many", marks=pytest.mark.soak),
    ],
)
@pytest.mark.no_cover
def test_no_window_holds_more_than_the_quota_whatever_happens(seeds: range) -> None:
    async def schedule(random: Random, quota: Quota) -> list[float]:
        store = LuaStore(random, delay=random.choice([0.001, 0.05]))
        delay, trouble = random.choice([0.01, 0.1, 0.3]), random.choice([0.0, 0.1])
        count = random.randint(1, 5)
        processes = [process(store, quota, random, delay, trouble) for _ in range(count)]
        Mishaps(store, processes, random).plan()
        for each in processes:
            each.begin(1_000_000, random.choice([1, 5, 40]), cancelled=random.choice([0.0, 0.2]))
        await asyncio.sleep(LASTS)
        await asyncio.gather(*(each.end() for each in processes))
        await asyncio.sleep(quota.period)  # calls that are cancelled one by one have been, and all has arrived
        return arrivals(processes)

    fullest = 0.0
    for seed in seeds:
        random = seeded(seed)
        quota = random.choice([Quota(3, 1.0), Quota(20, 1.0), Quota(50, 2.0)])
        most = most_in_a_window(run(schedule(random, quota)), quota)
        assert most <= quota.calls, f"seed {seed}: {most} arrivals in one window of {quota}"
        fullest = max(fullest, most / quota.calls)
    assert fullest == 1.0


@pytest.mark.parametrize(
    ("quota", "calls", "callers", "floor", "exchanges"),
    [(PER_SECOND, 1000, 20, 0.95, 1.8), (SLOW, 700, 20, 0.99, 1.2), (SLOW, 700, 1, 0.99, 2.2)],
    ids=["second", "slow", "slow, without a line"],
)
@pytest.mark.no_cover
def test_the_quota_is_nearly_used_up_and_shared_out(
    quota: Quota, calls: int, callers: int, floor: float, exchanges: float
) -> None:
    async def main() -> tuple[list[Process], LuaStore]:
        store, random = LuaStore(), seeded(7)
        processes = [process(store, quota, random, 0.025) for _ in range(8)]
        for each in processes:
            each.begin(1_000_000, callers)
        await asyncio.sleep(calls / quota.calls * quota.period)
        await asyncio.gather(*(each.end() for each in processes))
        return processes, store

    processes, store = run(main())
    all_of_them = arrivals(processes)
    assert most_in_a_window(all_of_them, quota) <= quota.calls
    bound = quota.period / (quota.period + 0.025 + 0.001)  # a permit is held for a round trip, and one to the store
    assert share_of_ceiling(all_of_them, quota) >= floor * bound
    counts = [len(each.network.arrivals) for each in processes]
    assert sum(counts) ** 2 / (len(counts) * sum(count**2 for count in counts)) > 0.99  # Jain's index
    assert store.exchanges / len(all_of_them) < exchanges
