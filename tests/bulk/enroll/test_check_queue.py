"""Uploads that wait for their completion: when they are due, and in which order they come out."""

import asyncio

import pytest

from mi_async import Clock
from mi_async._core.polling import Polling
from mi_async.bulk.enroll.check_queue import CheckQueue
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload
from mi_async.bulk.inputs.models import ThumbnailUpload
from mi_async.bulk.journal.records import PersonRecord
from tests.support import virtual
from tests.support.completion import bench

SPACING = 0.06


def waiting(number: int = 1, *, stored: float = 0.0, checks: int = 0) -> ImageUpload:
    work = EnrollWork(ThumbnailUpload(number, b""), PersonRecord(str(number)))
    return ImageUpload(work, b"", stored=stored, checks=checks)


def now() -> float:
    return asyncio.get_running_loop().time()


def test_the_next_check_is_that_of_the_single_call() -> None:
    schedule, single = Schedule(), Polling()
    ages = (0.0, 0.1, 0.3, 1.0, 10.0, 37.0)
    assert [schedule.delay(age) for age in ages] == [single.delay(age) for age in ages]


@pytest.mark.parametrize(
    ("age", "turn", "delay"), [(0.0, 0.0, 0.1), (0.0, 0.2, 0.2), (10.0, 0.0, 1.0), (10.0, 2.0, 2.0), (10.0, 9.0, 5.0)]
)
def test_an_eager_check_comes_as_soon_as_the_quota_allows(age: float, turn: float, delay: float) -> None:
    schedule = Schedule(first=0.3, factor=1.5, least=0.1, eager=1.1)
    assert schedule.eager_delay(age, turn) == pytest.approx(delay)


@pytest.mark.parametrize(("processing", "most"), [(0.2, 2), (1.0, 5), (10.0, 12)])
def test_one_image_costs_the_checks_of_the_single_call(processing: float, most: int) -> None:
    def takes(_rng: object, _now: float) -> float:
        return processing

    assert bench(1, takes, rate=1000.0).checks <= most
    assert bench(10, takes).checks <= 10 * most


def test_eager_checks_are_no_more_than_completed_uploads_have_earned() -> None:
    def takes(_rng: object, _now: float) -> float:
        return 10.0

    few, many = bench(1, takes, rate=1000.0).checks, bench(300, takes, rate=100.0).checks
    assert many <= 300 * (few + Schedule().earned)


def test_an_upload_that_never_finishes_costs_a_handful_of_checks() -> None:
    schedule, age, checks = Schedule(), 0.0, 0
    while age < schedule.timeout:
        age += schedule.delay(age)
        checks += 1
    assert checks < 30


def test_the_first_that_is_due_comes_first() -> None:
    async def main() -> None:
        pending = CheckQueue(Clock(), Schedule(), SPACING)
        pending.short = True
        late, early = waiting(1, stored=-100.0, checks=3), waiting(2, stored=-1.0, checks=3)
        await pending.put(late)
        await pending.put(early)
        assert (pending.qsize(), pending.overdue()) == (2, False)
        assert await pending.get() is early
        assert now() == pytest.approx(0.4, abs=0.01)
        assert await pending.get() is late
        assert now() == pytest.approx(40.0, abs=0.1)
        assert pending.qsize() == 0

    virtual.run(main())


def test_equals_come_in_the_order_in_which_they_came() -> None:
    async def main() -> None:
        pending = CheckQueue(Clock(), Schedule(), 0.0)
        pending.short = True
        pictures = [waiting(number) for number in range(5)]
        for one in pictures:
            await pending.put(one)
        assert [await pending.get() for _ in pictures] == pictures

    virtual.run(main())


def test_whoever_waits_is_woken_by_one_that_is_due_sooner() -> None:
    async def main() -> None:
        pending = CheckQueue(Clock(), Schedule(), SPACING)
        pending.short = True
        getting = [asyncio.create_task(pending.get()) for _ in range(2)]
        await asyncio.sleep(1.0)
        late, early = waiting(1, stored=-99.0, checks=1), waiting(2, stored=1.0)
        await pending.put(late)
        await asyncio.sleep(1.0)
        await pending.put(early)
        done, _ = await asyncio.wait(getting, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result() for task in done] == [early]
        assert now() == pytest.approx(2.3, abs=0.01)
        await asyncio.wait(getting)

    virtual.run(main())


def test_overdue_is_what_nobody_takes() -> None:
    async def main() -> None:
        pending = CheckQueue(Clock(), Schedule(), SPACING)
        assert not pending.overdue()
        await pending.put(waiting())
        assert not pending.overdue()
        await asyncio.sleep(1.0)
        assert pending.overdue()

    virtual.run(main())


def test_with_permits_to_spare_the_second_check_comes_as_soon_as_the_quota_allows() -> None:
    async def main() -> None:
        pending = CheckQueue(Clock(), Schedule(eager=1.1, earned=1), SPACING)
        pending.completed()
        await pending.put(waiting(stored=-10.0, checks=1))
        await pending.get()
        assert now() == pytest.approx(1.0, abs=0.01)  # a tenth of its age, as nobody else waits
        await pending.put(waiting(stored=-9.0, checks=1))
        await pending.get()
        assert now() == pytest.approx(5.0, abs=0.01)  # what was earned is spent: 0.4 of its age of ten seconds

    virtual.run(main())


def test_who_is_cancelled_while_waiting_takes_nothing() -> None:
    async def main() -> None:
        pending = CheckQueue(Clock(), Schedule(), SPACING)
        getting = asyncio.create_task(pending.get())
        await asyncio.sleep(0.1)
        one = waiting()
        await pending.put(one)
        getting.cancel()
        await asyncio.wait([getting])
        assert pending.qsize() == 1
        assert await pending.get() is one

    virtual.run(main())
