"""Runs in which things go wrong: what stops them, what is parked, what is waited out; and nothing is there twice."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

import mi_async
from mi_async import Attempt, Clock, Credentials, Hooks
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.engine.shared_refusals import SEVERAL
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.journal import sqlite
from mi_async.bulk.journal.connection import connect_to
from mi_async.bulk.run import BulkRun
from mi_async.emulator import Fault, Faults, Latency, Mixture, Rejection, Settings
from mi_async.errors import (
    AuthenticationError,
    BulkError,
    CapacityError,
    JournalError,
    NotFoundError,
    ServerError,
)
from tests.support.bulk import (
    abandoned,
    contents,
    face,
    left_behind,
    main_picture,
    name,
    nothing_left,
    outcomes,
    people,
    requests,
    rows,
    run_of,
    statuses,
)
from tests.support.newsroom import SPEED, Newsroom, newsroom
from tests.support.virtual import on_virtual_time

pytestmark = pytest.mark.slow

AT_ONCE = Settings(latency=Latency.none())
PLACES = (
    "person_tags.list",
    "person_tags.create",
    "thumbnails.presign",
    "storage.put",
    "thumbnails.complete",
    "persons.create",
    "persons.search",
    "persons.get",
    "persons.set_thumbnails",
    "persons.add_tags",
)


async def stopped(run: BulkRun) -> BulkError:
    """The error by which a run was stopped; it has the report, and the report has it."""
    with pytest.raises(BulkError) as caught:
        await run
    assert caught.value.report is run.report
    assert not run.report.ok
    assert run.report.ending in str(caught.value)
    return caught.value


async def test_keys_that_are_refused_stop_the_run(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        wrong = Credentials(news.server.credentials.access_key, "another-secret")
        async with mi_async.connect(wrong, base_url=news.server.url, clock=Clock(SPEED)) as session:
            run = session.workspace("newsroom").enroll_many(people(500, 3), journal=tmp_path / "j")
            error = await stopped(run)
        assert isinstance(error.__cause__, AuthenticationError)
        assert run.report.ended == 0
        assert run.report.open > 0
        assert requests(news) < 50
        assert {row.status for row, _ in rows(tmp_path / "j").values()} == {"open"}
        assert b"another-secret" not in everything(tmp_path)
        assert (await news.workspace.enroll_many(people(40), journal=tmp_path / "j")).ok


def everything(folder: Path) -> bytes:
    """What is in all files of a folder."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_a_workspace_that_is_not_there_stops_the_run(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        run = news.session.workspace("sports").enroll_many(people(500), journal=tmp_path / "j")
        error = await stopped(run)
        assert isinstance(error.__cause__, NotFoundError)
        assert "10030" in str(error)
        await nothing_left(news)


async def test_an_allowance_that_is_full_stops_the_run_once_several_items_have_met_it(
    tmp_path: Path,
) -> None:
    full = Rejection(409, "10068", "Can create up to 500 items.")
    async with newsroom(AT_ONCE) as news:

        async def items() -> AsyncIterator[PersonInput]:
            for number, item in enumerate(people(90)):
                if number == 20:
                    while len(news.thumbnails()) < 20:  # noqa: ASYNC110  the server tells nobody
                        await asyncio.sleep(0.001)
                    news.server.faults.next("persons.create", full, times=10**6)
                yield item

        run = news.workspace.enroll_many(items(), journal=tmp_path / "j")
        error = await stopped(run)
        assert isinstance(error.__cause__, CapacityError)
        assert "10068" in str(error)
        found = rows(tmp_path / "j").values()
        assert {row.status for row, _ in found} == {"done", "open", "parked"}
        counts = run.report.counts
        assert set(counts) == {Status.DONE, Status.PARKED}
        assert (counts[Status.DONE], counts[Status.PARKED] >= SEVERAL) == (len(news.thumbnails()), True)
        await nothing_left(news)
        news.server.faults.clear()
        assert (await news.workspace.enroll_many(people(90), journal=tmp_path / "j")).ok
        assert len(news.thumbnails()) == 90
        assert left_behind(news) <= {each.thumbnail_key for each in abandoned(tmp_path / "j")}


async def test_a_full_disk_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def small(path: Path, mode: str) -> Connection:
        connection = connect_to(path, mode)
        connection.exec_driver_sql("PRAGMA max_page_count = 24")
        return connection

    monkeypatch.setattr(sqlite, "connect_to", small)
    async with newsroom(AT_ONCE, speed=400) as news:
        run = news.workspace.enroll_many(people(2000), journal=tmp_path / "j")
        error = await stopped(run)
        assert isinstance(error.__cause__, JournalError)
        assert "the disk is full" in str(error)
        assert run.report.ended < 2000
        await nothing_left(news)
        monkeypatch.setattr(sqlite, "connect_to", connect_to)
        assert (await news.workspace.enroll_many(people(40), journal=tmp_path / "j")).ok
        assert news.none_doubled()
        wanted = [name(number) for number in range(40)]
        assert all(contents(news, each) == [face(number % 40)] for number, each in enumerate(wanted))


@pytest.mark.parametrize(("allowed", "ended"), [(0, 1), (3, 4), (10, None)])
async def test_too_many_failures_stop_the_run(allowed: int, ended: int | None, tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        items: list[Any] = [BadInput(f"a.csv:{number}", "no name") for number in range(8)]
        run = news.workspace.enroll_many([*items, *people(100)], journal=tmp_path / "j", max_failures=allowed)
        if ended is None:
            assert (await run).counts == {Status.DONE: 100, Status.REJECTED: 8}
            return
        error = await stopped(run)
        assert str(error) == f"more than {allowed} items did not go well in this run"
        assert run.report.troubled >= ended
        await nothing_left(news)


async def test_what_an_earlier_run_has_failed_does_not_stop_the_next(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        for number in range(6):
            await news.workspace.enroll_person(name(number), [face(39)])
        run = news.workspace.enroll_many(people(40), journal=tmp_path / "j", max_failures=2)
        assert isinstance(await stopped(run), BulkError)
        for _ in range(3):  # the others of them fail now, and then nothing more
            run = news.workspace.enroll_many(people(40), journal=tmp_path / "j", max_failures=2)
            with suppress(BulkError):
                await run
        assert run.report.ending == ""
        assert run.report.counts[Status.FAILED] == 6
        assert run.report.counts[Status.PARKED] == 0  # and no KeyError


async def test_items_that_the_service_always_refuses_are_parked_while_it_answers_others(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE, speed=1000) as news:
        news.server.faults.next("persons.create", Fault.ERROR_BEFORE, times=10**6)
        report = await news.workspace.enroll_many(people(5), journal=tmp_path / "j")
        assert report.counts == {Status.PARKED: 5}
        await nothing_left(news)


async def test_an_input_that_is_cancelled_from_within_has_not_ended(tmp_path: Path) -> None:
    async def hasty() -> AsyncIterator[PersonInput]:
        for item in people(3):
            yield item
        raise asyncio.CancelledError

    async with newsroom(AT_ONCE) as news:
        run = news.workspace.enroll_many(hasty(), journal=tmp_path / "j")
        error = await stopped(run)
        assert str(error) == "the input was cancelled before its end"
        assert not run.report.ok
        assert run.report.counts == {Status.DONE: 3}
        await nothing_left(news)


async def test_a_source_whose_own_work_is_cancelled_is_one_that_cannot_be_read(tmp_path: Path) -> None:
    class Remote:
        name = "remote.jpg"

        async def read(self, _: int) -> bytes:
            waiting = asyncio.ensure_future(asyncio.sleep(60))
            waiting.cancel()
            await waiting
            return b""

    async with newsroom(AT_ONCE) as news:
        items = [PersonInput("far", [Remote()]), *people(2)]
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j"))
        assert found["far"].status is Status.REJECTED
        assert "remote.jpg: cannot be read: CancelledError" in found["far"].problems[0].message
        assert [found[name(number)].status for number in range(2)] == [Status.DONE] * 2


async def test_hooks_that_are_cancelled_from_within_stop_the_run_instead_of_leaving_it_waiting(tmp_path: Path) -> None:
    async def broken(_: Attempt) -> None:
        raise asyncio.CancelledError

    async with newsroom(AT_ONCE, hooks=Hooks(before=[broken])) as news:
        error = await stopped(news.workspace.enroll_many(people(3), journal=tmp_path / "j"))
        assert "something that it waits for was cancelled" in str(error)


@pytest.mark.parametrize("fit", [False, True])
async def test_a_pipe_among_the_pictures_is_not_waited_for(fit: bool, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    async with newsroom(AT_ONCE) as news:
        items = [PersonInput("pipe", [pipe]), PersonInput("none", [tmp_path]), *people(1)]
        found = await outcomes(news.workspace.enroll_many(items, journal=tmp_path / "j", fit=fit))
        assert found["pipe"].problems[0].message == f"{pipe}: cannot be read: not a regular file"
        assert "cannot be read" in found["none"].problems[0].message
        assert found[name(0)].status is Status.DONE


async def test_a_failure_of_one_item_is_its_own(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        for number in (3, 7):
            await news.workspace.enroll_person(name(number), [face(39)])
        run = news.workspace.enroll_many(people(10), journal=tmp_path / "j")
        found = await outcomes(run)
        failed = {key for key, outcome in found.items() if outcome.status is Status.FAILED}
        assert failed == {name(3), name(7)}
        assert {found[key].problems[0].code for key in failed} == {"50005"}
        assert run.report.counts == {Status.DONE: 8, Status.FAILED: 2}


@pytest.mark.parametrize("place", ["thumbnails.presign", "storage.put", "persons.create", "persons.add_tags"])
async def test_what_keeps_failing_for_one_item_is_parked_and_taken_up_by_the_next_run(
    place: str, tmp_path: Path
) -> None:
    async with newsroom(AT_ONCE, speed=300) as news:
        news.server.faults.next(place, Fault.UNAVAILABLE, times=1000)
        if place == "persons.create":
            news.server.faults.next("persons.search", Fault.UNAVAILABLE, times=1000)
        found = await outcomes(news.workspace.enroll_many(people(1, tags=["A"]), journal=tmp_path / "j"))
        (outcome,) = found.values()
        assert outcome.status is Status.PARKED
        assert outcome.problems[0].code in {"500", "HTTP_503"}
        assert rows(tmp_path / "j")[name(0)][0].status == "parked"
        news.server.faults.clear()
        assert statuses(await outcomes(news.workspace.enroll_many(people(1, tags=["A"]), journal=tmp_path / "j"))) == {
            Status.DONE
        }
        assert contents(news, name(0)) == [face(0)]
        assert left_behind(news) <= {each.thumbnail_key for each in abandoned(tmp_path / "j")}


async def test_an_attach_that_keeps_failing_is_parked_and_not_doubled(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE, speed=300) as news:
        number = (await news.workspace.enroll_person(name(0), [face(0)])).id
        items = [ThumbnailUpload(number, face(1))]
        news.server.faults.next("persons.set_thumbnails", Fault.DROP_AFTER)
        news.server.faults.next("persons.get", Fault.UNAVAILABLE, times=1000)
        found = await outcomes(news.workspace.upload_thumbnails(items, journal=tmp_path / "j"))
        assert statuses(found) == {Status.PARKED}
        news.server.faults.clear()
        found = await outcomes(news.workspace.upload_thumbnails(items, journal=tmp_path / "j"))
        assert statuses(found) == {Status.SKIPPED}
        assert contents(news, name(0)) == [face(0), face(1)]
        assert news.none_doubled()


@on_virtual_time
async def test_an_outage_is_waited_out_and_parks_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with newsroom(AT_ONCE, speed=200) as news:
        run = news.workspace.enroll_many(people(60, 2, tags=["A"]), journal=tmp_path / "j")
        longest, found = 0.0, 0
        async for outcome in run:
            found += 1
            assert outcome.status is Status.DONE, outcome
            if found == 10:
                news.server.faults.next("*", Fault.UNAVAILABLE, times=300)
            longest = max(longest, run.progress.outage)
        assert run.report.ok
        assert run.progress.outage == 0.0
        assert "the service does not answer" in caplog.text
        assert "the service answers again" in caplog.text
        assert news.none_doubled()
        for number in range(60):
            assert sorted(contents(news, name(number)), key=str) == sorted(
                [face(number % 40), face((number + 1) % 40)], key=str
            )


@on_virtual_time
async def test_an_outage_that_is_too_long_stops_the_run(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE, speed=400) as news:
        news.server.faults.next("*", Fault.UNAVAILABLE, times=100_000)
        run = news.workspace.enroll_many(people(60), journal=tmp_path / "j", patience=300.0)
        error = await stopped(run)
        assert isinstance(error.__cause__, ServerError)
        assert "the service has not answered for" in str(error)
        assert run.report.counts == {}
        await nothing_left(news)
        news.server.faults.clear()
        assert (await news.workspace.enroll_many(people(60), journal=tmp_path / "j")).ok
        assert len(news.thumbnails()) == 60


@on_virtual_time
async def test_an_outage_is_not_held_against_uploads_that_wait(tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.constant(700.0)), speed=150) as news:  # a stall counts that often
        news.server.faults.next("thumbnails.complete", Fault.UNAVAILABLE, times=10_000)
        asyncio.get_running_loop().call_later(news.server.clock.real(650.0), news.server.faults.clear)
        run = run_of(news, people(30), tmp_path / "j", timeout=400.0)
        found = await outcomes(run)
        assert statuses(found) == {Status.DONE}  # no check was answered until long after the timeout


@on_virtual_time
async def test_while_the_checks_fail_uploads_wait(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE, speed=300) as news:
        news.server.faults.next("thumbnails.complete", Fault.UNAVAILABLE, times=150)
        assert (await news.workspace.enroll_many(people(40), journal=tmp_path / "j")).ok
        assert news.server.log.count("storage.put") == 40
        assert abandoned(tmp_path / "j") == []


@on_virtual_time
async def test_a_check_that_never_succeeds_parks_its_upload(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE, speed=300) as news:
        news.server.faults.next("thumbnails.complete", Fault.UNAVAILABLE, times=8)
        found = await outcomes(run_of(news, people(1), tmp_path / "j", timeout=0.1))
        (outcome,) = found.values()
        assert (outcome.status, outcome.problems[0].code) == (Status.PARKED, "500")
        news.server.faults.clear()
        assert statuses(await outcomes(run_of(news, people(1), tmp_path / "j"))) == {Status.DONE}


@on_virtual_time
async def test_uploads_that_never_finish_are_parked_and_starve_nobody(tmp_path: Path) -> None:
    latency = Mixture(((0.1, Latency.never()), (0.9, Latency.constant(1.0))))
    async with newsroom(Settings(latency=latency), speed=200) as news:
        run = run_of(news, people(100), tmp_path / "j", timeout=20.0)
        found = await outcomes(run)
        parked = [outcome for outcome in found.values() if outcome.status is Status.PARKED]
        assert 0 < len(parked) < 40
        assert {outcome.problems[0].code for outcome in parked} == {"TIMED_OUT"}
        assert run.report.counts == {Status.DONE: 100 - len(parked), Status.PARKED: len(parked)}
        assert (run.report.checks or 0) < 100 + 60 * len(parked)


@pytest.mark.parametrize("fault", Fault)
async def test_every_fault_at_every_place_is_lived_through(fault: Fault, tmp_path: Path) -> None:
    async with newsroom(Settings(latency=Latency.none(), slow_body=0.1), speed=300) as news:
        for place in PLACES:
            news.server.faults.next(place, fault, times=2)
        for _ in range(2):
            report = await news.workspace.enroll_many(people(4, 3, tags=["A"]), journal=tmp_path / "j")
        assert report.ok
        exact(news, tmp_path / "j", 4, 3)


async def test_a_fifth_of_all_requests_goes_wrong_and_each_is_there_once(tmp_path: Path) -> None:
    settings = Settings(
        latency=Latency.constant(0.5), random_faults=Faults.uniform(0.2), slow_body=0.1, keep_bytes=True, seed=4
    )
    async with newsroom(settings, speed=300) as news:
        for _ in range(3):
            report = await news.workspace.enroll_many(people(200, 2, tags=["A"]), journal=tmp_path / "j")
            if report.ok:
                break
        assert report.ok, str(report)
        exact(news, tmp_path / "j", 200, 2)
        await nothing_left(news)


def exact(news: Newsroom, journal: Path, count: int, pictures: int) -> None:
    """Assert that each person and each picture is there once, and that the journal tells of all else."""
    found = list(news.server.state.persons())
    assert sorted(str(each.name) for each in found) == sorted(name(number) for number in range(count))
    assert news.none_doubled()
    for number in range(count):
        wanted = [face((number + n) % 40) for n in range(pictures)]
        assert sorted(contents(news, name(number)), key=str) == sorted(wanted, key=str)
        assert main_picture(news, name(number)) == wanted[0]
    assert all(len(each.tag_ids) == 1 for each in found)
    assert len(news.server.state.workspaces["newsroom"].tags) == 1
    assert left_behind(news) <= {each.thumbnail_key for each in abandoned(journal)}


async def test_two_runs_at_once_share_what_the_session_has(tmp_path: Path) -> None:
    async with newsroom(AT_ONCE) as news:
        first = news.workspace.enroll_many(people(40), journal=tmp_path / "a")
        others = [PersonInput(f"other {number}", [face(number)]) for number in range(40)]
        second = news.workspace.enroll_many(others, journal=tmp_path / "b")
        reports = await asyncio.gather(first, second)
        assert all(report.ok for report in reports)
        assert len(news.thumbnails()) == 80
        await nothing_left(news)


async def test_once_a_name_is_taken_others_are_looked_up_before_they_cost_an_upload(tmp_path: Path) -> None:
    async with newsroom() as news:
        assert (await news.workspace.enroll_many(people(150), journal=tmp_path / "first")).ok
        presigned = len(news.server.log.arrivals["thumbnails.presign"])
        report = await news.workspace.enroll_many(people(150), journal=tmp_path / "second")
        assert report.counts == {Status.FAILED: 150}
        assert {problem.code for outcome in report.problems for problem in outcome.problems} == {"50005"}
        assert len(news.server.log.arrivals["thumbnails.presign"]) - presigned < 150
        await nothing_left(news)
