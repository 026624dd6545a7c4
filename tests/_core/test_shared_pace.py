"""A pace that processes share by counting each other, on virtual time."""

import asyncio

from attrs import define, field

from mi_async._core.quota_store import Exchange, Granted
from mi_async._core.shared_pace import PRESENT, SIGN, SharedPace
from mi_async.errors import QuotaStoreError
from tests.support.lua_store import LuaStore
from tests.support.virtual import run


@define
class Presence:
    """A connection that only counts."""

    store: LuaStore = field(factory=LuaStore)

    async def exchange(self, quota: str, exchange: Exchange) -> Granted:
        raise NotImplementedError

    async def present(self, pace: str, holder: str, seconds: float) -> int:
        if self.store.away:
            message = "the quota store does not answer"
            raise QuotaStoreError(message)
        return self.store.present(pace, holder, seconds)

    async def aclose(self) -> None: ...


def test_each_takes_its_part_while_it_waits_for_something() -> None:
    async def main() -> None:
        connection = Presence()
        first, second = SharedPace("pace:jobs", 1.0, connection), SharedPace("pace:jobs", 1.0, connection)
        assert (first.part, second.part) == (1.0, 1.0)
        with first.used():
            await asyncio.sleep(1)
            assert first.part == 1.0
            with second.used(), second.used():
                await asyncio.sleep(2 * SIGN)
                assert (first.part, second.part) == (0.5, 0.5)
                connection.store.away = True
                await asyncio.sleep(100)
                assert first.part == 0.5
                connection.store.away = False
                await asyncio.sleep(2 * SIGN)
            await asyncio.sleep(PRESENT + SIGN)
            assert first.part == 1.0
            with second.used():
                await asyncio.sleep(SIGN)
            await second.aclose()
            await asyncio.sleep(2 * SIGN)
            assert first.part == 1.0
        await first.aclose()

    run(main())


def test_a_store_that_hangs_or_fails_in_its_own_way_changes_nothing() -> None:
    class Odd(Presence):
        answers = 0

        async def present(self, pace: str, holder: str, seconds: float) -> int:
            await Presence.present(self, pace, holder, seconds)
            self.answers += 1
            if self.answers == 1:
                await asyncio.sleep(1000)
            if self.answers == 2 or not seconds:
                message = "of the store's own"
                raise LookupError(message)
            return 4

    async def main() -> None:
        pace = SharedPace("pace:jobs", 1.0, Odd())
        with pace.used():
            await asyncio.sleep(2 * SIGN)
            assert pace.part == 1.0
            await asyncio.sleep(SIGN)
            assert pace.part == 0.25
        await pace.aclose()

    run(main())


def test_without_a_store_the_part_is_what_was_given() -> None:
    async def main() -> None:
        pace = SharedPace("pace:jobs", 0.25)
        with pace.used():
            await asyncio.sleep(100)
            assert pace.part == 0.25
        await pace.aclose()

    run(main())
