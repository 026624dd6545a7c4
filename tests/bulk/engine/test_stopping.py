"""Runs that are stopped: told to, left early, cancelled once or twice, anywhere; the next run completes exactly."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async import Attempt, BulkError, Clock, Hooks, JournalError
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.enroll.adaptive_limit import LimitController
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.run import BulkRun
from mi_async.emulator import Latency, Settings
from tests.support.bulk import (
    abandoned,
    contents,
    face,
    faces,
    left_behind,
    main_picture,
    name,
    nothing_left,
    people,
    requests,
    rows,
    run_of,
    stored,
)
from tests.support.interruption import CancelAt
from tests.support.newsroom import Newsroom, newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")

SLOW = Settings(latency=Latency.constant(3.0))
NEVER = Settings(latency=Latency.never())


def endings(journal: Path) -> list[str]:
    with read_journal(journal) as reader:
        return [run.ending for run in reader.runs()]


async def complete(news: Newsroom, journal: Path, count: int, pictures: int) -> None:
    """A run to the end, after which the service has everything once and the journal tells of all else."""
    report = await news.workspace.enroll_many(people(count, pictures, tags=["Anchor"]), journal=journal)
    assert report.ok, str(report)
    found = list(news.server.state.persons())
    assert sorted(str(each.name) for each in found) == sorted(name(number) for number in range(count))
    for number in range(count):
        assert contents(news, name(number)) == [face(number + n) for n in range(pictures)]
        assert main_picture(news, name(number)) == face(number)
    assert all(len(each.tag_ids) == 1 for each in found)
    assert news.none_doubled()
    assert left_behind(news) <= {row.thumbnail_key for row in abandoned(journal)}
    assert {row.status for row, _ in rows(journal).values()} == {"done"}
    await nothing_left(news)


async def test_leaving_the_loop_stops_the_run_and_what_is_under_way_lands(tmp_path: Path) -> None:
    taken = 0

    def counted() -> Iterator[PersonInput]:
        nonlocal taken
        for item in people(2000):
            taken += 1
            yield item

    async with newsroom(SLOW) as news:
        run = news.workspace.enroll_many(counted(), journal=tmp_path / "j", grace=1e6)
        async for outcome in run:
            assert outcome.status is Status.DONE
            break
        async with asyncio.timeout(60):
            report = await ended(run)
        assert not any("athrow" in repr(task.get_coro()) for task in asyncio.all_tasks())  # all is closed
        assert taken < 2000
        assert report.ending == "cancelled"
        assert report.open <= 1  # whose admission was interrupted
        assert report.counts == {Status.DONE: len(news.thumbnails())}
        await nothing_left(news)


async def ended(run: BulkRun) -> Any:
    """The report, as soon as it is there."""
    while True:
        try:
            return run.report
        except BulkError:
            await asyncio.sleep(0.001)


async def test_leaving_the_block_waits_until_all_has_landed(tmp_path: Path) -> None:
    async with newsroom(SLOW) as news:
        async with news.workspace.enroll_many(people(2000), journal=tmp_path / "j", grace=1e6) as run:
            async for _ in run:
                break
        assert run.report.ending == "cancelled"
        assert run.report.open <= 1
        assert run.report.ended == len(news.thumbnails()) < 2000
        assert endings(tmp_path / "j") == ["cancelled"]
        await nothing_left(news)


async def test_leaving_the_block_ends_an_iterator_that_somebody_keeps(tmp_path: Path) -> None:
    async with newsroom(SLOW) as news:
        async with news.workspace.enroll_many(people(200), journal=tmp_path / "j", grace=1e6) as run:
            kept = aiter(run)
            assert (await anext(kept)).status is Status.DONE
        assert run.report.ending == "cancelled"
        with pytest.raises(StopAsyncIteration):
            await anext(kept)
        await nothing_left(news)


async def test_a_run_that_is_cancelled_twice_reports_what_was_in_flight(tmp_path: Path) -> None:
    async with newsroom(SLOW) as news:
        run = news.workspace.enroll_many(people(200), journal=tmp_path / "j", grace=1e6)
        running = asyncio.ensure_future(run)
        while not run.progress.open:  # noqa: ASYNC110  the run tells nobody
            await asyncio.sleep(0.001)
        for _ in range(2):
            running.cancel()
            await asyncio.sleep(0.01)
        with pytest.raises(asyncio.CancelledError):
            await running
        begun = [row.status for row, _ in rows(tmp_path / "j").values()]
        assert 0 < run.report.open <= begun.count("open"), "the rest of its chunk had not begun"
        assert run.report.ending == "cancelled"
        await nothing_left(news)


class BrokenRules(LimitController):
    """Rules with a mistake in them."""

    def next(self, size: int, first: float, *, short: bool) -> int:  # noqa: ARG002  as its base
        raise AssertionError(short)


async def test_a_mistake_of_ours_ends_the_run_and_comes_out(tmp_path: Path) -> None:
    async with newsroom(SLOW) as news:
        run = run_of(news, people(200), tmp_path / "j", grace=1e6, limit_rules=BrokenRules())
        with pytest.raises(AssertionError):
            await run
        assert run.report.ending in {"False", "True"}
        await nothing_left(news)


async def test_an_error_in_the_loop_lands_what_is_under_way(tmp_path: Path) -> None:
    async with newsroom(SLOW) as news:
        run = news.workspace.enroll_many(people(200), journal=tmp_path / "j", grace=1e6)

        async def main() -> None:
            async with run:
                async for outcome in run:
                    raise ZeroDivisionError(outcome.key)

        with pytest.raises(ZeroDivisionError):
            await main()
        assert run.report.open <= 1
        await nothing_left(news)


async def test_stop_lets_the_loop_go_on_to_its_end(tmp_path: Path) -> None:
    async with newsroom(SLOW) as news:
        run = news.workspace.enroll_many(people(2000), journal=tmp_path / "j", grace=1e6)
        found = []
        async for outcome in run:
            found.append(outcome)
            if len(found) == 3:
                run.stop()
        assert 3 < len(found) == len(news.thumbnails()) < 2000
        assert (run.report.ending, run.report.ok) == ("stopped", False)
        await nothing_left(news)


async def test_a_stop_before_the_first_step_is_kept_in_mind(tmp_path: Path) -> None:
    async with newsroom() as news:
        run = news.workspace.enroll_many(people(2000), journal=tmp_path / "j", grace=1e6)
        run.stop()
        report = await run
        assert report.ending == "stopped"
        assert report.ended < 2000


async def test_what_has_not_landed_within_the_grace_time_is_left_open(tmp_path: Path) -> None:
    async with newsroom(NEVER, speed=200) as news:
        run = run_of(news, people(20), tmp_path / "j", grace=2.0)
        going = asyncio.ensure_future(run)
        await stored(news, 20)
        run.stop()
        report = await going
        assert (report.open, report.ended, report.ending) == (20, 0, "stopped")
        found = rows(tmp_path / "j").values()
        assert {person.status for person, _ in found} == {"open"}
        assert {picture.state for _, pictures in found for picture in pictures} == {"stored"}
        await nothing_left(news)


async def test_the_first_cancellation_lands_and_leaves_an_exact_journal(tmp_path: Path) -> None:
    async with newsroom(SLOW) as news:
        run = news.workspace.enroll_many(people(2000), journal=tmp_path / "j", grace=1e6)
        going = asyncio.ensure_future(run)
        await stored(news, 5)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        report = run.report
        assert report.ending == "cancelled"
        assert report.open <= 1
        assert report.counts == {Status.DONE: len(news.thumbnails())}
        assert endings(tmp_path / "j") == ["cancelled"]
        await nothing_left(news)


async def test_the_second_cancellation_ends_it_at_once(tmp_path: Path) -> None:
    async with newsroom(NEVER) as news:
        run = news.workspace.enroll_many(people(50, 2), journal=tmp_path / "j", grace=1e6)
        going = asyncio.ensure_future(run)
        await stored(news, 20)
        going.cancel()
        await asyncio.sleep(0.05)
        assert not going.done()
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(60):
                await going
        assert run.report.open > 0
        assert run.report.ending == "cancelled"
        assert endings(tmp_path / "j") == ["cancelled"]
        await nothing_left(news)


async def test_the_second_cancellation_of_a_block_ends_it_at_once(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.constant(0.2))) as news:
        run = news.workspace.enroll_many(people(200), journal=tmp_path / "j", grace=1e6)

        async def main() -> None:
            async with run:
                async for _ in run:
                    news.server.state.settings = NEVER
                    await asyncio.sleep(100)

        going = asyncio.create_task(main())
        await stored(news, 30)
        for _ in range(2):
            await asyncio.sleep(0.05)
            assert not going.done()
            going.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(60):
                await going
        assert run.report.open > 0
        await nothing_left(news)


async def test_an_input_that_never_yields_again_can_be_cancelled(tmp_path: Path) -> None:
    closed = False

    async def slow() -> AsyncIterator[PersonInput]:
        nonlocal closed
        try:
            for item in people(3):
                yield item
            await asyncio.Event().wait()
        finally:
            closed = True

    async with newsroom() as news:
        run = news.workspace.enroll_many(slow(), journal=tmp_path / "j")
        found = []
        async for outcome in run:
            found.append(outcome)
            if len(found) == 3:
                run.stop()
        assert len(found) == 3
        assert closed
        await nothing_left(news)


async def test_an_async_input_is_closed_when_the_run_stops(tmp_path: Path) -> None:
    closed = False

    async def endless() -> AsyncIterator[PersonInput]:
        nonlocal closed
        try:
            for item in people(10_000):
                yield item
        finally:
            closed = True

    async with newsroom(SLOW) as news:
        run = news.workspace.enroll_many(endless(), journal=tmp_path / "j")
        async with run:
            async for _ in run:
                break
        assert closed


async def test_what_the_input_raises_comes_out_after_what_was_taken_has_landed(tmp_path: Path) -> None:
    def broken() -> Iterator[PersonInput]:
        yield from people(40)
        message = "line 41 is broken"
        raise ValueError(message)

    async with newsroom() as news:
        run = news.workspace.enroll_many(broken(), journal=tmp_path / "j", grace=1e6)
        with pytest.raises(ValueError, match="line 41 is broken"):
            await run
        assert run.report.ending == "line 41 is broken"
        assert run.report.open == 0
        assert run.report.ended == len(news.thumbnails()) == 40
        await nothing_left(news)


async def test_a_second_run_on_a_journal_is_refused_while_the_first_is_under_way(tmp_path: Path) -> None:
    sent: list[str] = []

    async def note(attempt: Attempt) -> None:
        sent.append(attempt.operation)

    async with (
        newsroom(SLOW) as news,
        mi_async.connect(
            news.server.credentials, base_url=news.server.url, clock=Clock(speed=60), hooks=Hooks(before=[note])
        ) as session,
    ):
        first = asyncio.ensure_future(news.workspace.enroll_many(people(10), journal=tmp_path / "j"))
        await stored(news, 1)
        with pytest.raises(JournalError, match="a run is under way on it"):
            await session.workspace("newsroom").enroll_many(people(10), journal=tmp_path / "j")
        assert not first.done()
        assert sent == []
        assert (await first).ok
        assert (await news.workspace.enroll_many(people(10), journal=tmp_path / "j")).ok
        assert len(news.thumbnails()) == 10


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_anywhere_and_run_again_all_is_there_once(late: bool, tmp_path: Path) -> None:
    for suspension in range(1, 11):  # about as many as there are: most waiting is done in tasks of the run's own
        async with newsroom(Settings(latency=Latency.none()), speed=200) as news:
            journal = tmp_path / f"{suspension}"
            run = news.workspace.enroll_many(people(2, 2, tags=["Anchor"]), journal=journal, grace=0.0)
            interrupted = CancelAt(through(run), suspension, late)
            task = asyncio.ensure_future(awaited(interrupted))
            await asyncio.wait([task])
            assert task.cancelled() or task.result() is run.report
            await nothing_left(news)
            await complete(news, journal, 2, 2)


async def through(run: BulkRun) -> Any:
    return await run


async def awaited(what: CancelAt) -> Any:
    return await what


@pytest.mark.parametrize("moment", range(0, 44, 4))
async def test_ended_hard_at_any_request_and_run_again_all_is_there_once(moment: int, tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none()), speed=200) as news:
        run = news.workspace.enroll_many(people(3, 3, tags=["Anchor"]), journal=tmp_path / "j", grace=0.0)
        going = asyncio.ensure_future(run)
        while requests(news) < moment and not going.done():  # noqa: ASYNC110  the server tells nobody
            await asyncio.sleep(0)
        going.cancel()
        await asyncio.wait([going])
        await nothing_left(news)
        await complete(news, tmp_path / "j", 3, 3)


async def test_a_clock_of_any_speed_will_do(tmp_path: Path) -> None:
    async with newsroom(speed=7.0) as news:
        assert isinstance(news.server.clock, Clock)
        run = news.workspace.enroll_many([PersonInput("홍길동", faces(1))], journal=tmp_path / "j")
        assert (await run).ok
