"""Several members in one process: the work is shared out, nothing is done twice, and the report is of all of it."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attrs import define, evolve

import mi_async
from mi_async import (
    AssetInput,
    BadInput,
    BulkError,
    BulkOutcome,
    BulkReport,
    BulkRun,
    Clock,
    ConfigError,
    InvalidArgumentError,
    JournalError,
    PersonInput,
    Status,
    Storage,
    ThumbnailUpload,
    Workspace,
    emulator,
)
from mi_async.bulk import progress_of, report_of
from mi_async.bulk.inputs.sharding import sharding_key
from mi_async.bulk.joining import JoinedInput, fenced
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.sharing import Sharing
from mi_async.emulator import Latency, Server, Settings
from tests.support.bulk import identity
from tests.support.films import film
from tests.support.newsroom import SPEED, context_of, newsroom
from tests.support.pictures import picture
from tests.support.postgres import PostgresServer
from tests.support.storage import BUCKET, Bucket

QUICK = Settings(
    latency=Latency.constant(0.5),
    importing=Latency.constant(1.0),
    queueing=Latency.constant(0.5),
    analysing=Latency.constant(2.0),
    enforce_quotas=False,
)
CAP = 60.0


@define(eq=False)
class Rooms:
    """A service, and sessions that each stand for a process.

    Attributes:
        server: the service.
        rooms: the same workspace, in each session.
        journal: URL of the journal.
    """

    server: Server
    rooms: list[Workspace]
    journal: str

    def runs(self, method: str, items: Any, **options: Any) -> list[BulkRun]:
        """A run of each session over the same input."""
        given = {"journal": self.journal, "shards": 8, "claim_life": 20.0} | options
        return [getattr(room, method)(items, **given) for room in self.rooms]

    async def together(self, method: str, items: Any, **options: Any) -> list[BulkReport]:
        """Their reports."""
        runs = self.runs(method, items, **options)
        return await asyncio.wait_for(asyncio.gather(*runs), CAP)


@asynccontextmanager
async def rooms(journal: str, number: int = 3, settings: Settings = QUICK, **options: Any) -> AsyncIterator[Rooms]:
    clock = Clock(SPEED)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(emulator.serve(settings=settings, clock=clock))
        connecting = [
            mi_async.connect(server.credentials, base_url=server.url, clock=clock, **options) for _ in range(number)
        ]
        sessions = [await stack.enter_async_context(one) for one in connecting]
        yield Rooms(server, [session.workspace("newsroom") for session in sessions], journal)


@pytest.fixture
def journal(schema_url: str) -> str:
    """The URL of a journal of the test's own."""
    return schema_url


def people(number: int) -> list[PersonInput]:
    return [PersonInput(f"person {n}", [picture(seed=n % 7), picture(seed=7 + n % 5)]) for n in range(number)]


async def test_each_person_is_enrolled_once_and_every_member_reports_all(journal: str) -> None:
    async with rooms(journal) as fleet:
        runs = fleet.runs("enroll_many", people(40))
        reports = await asyncio.wait_for(asyncio.gather(*runs), CAP)
        assert Counter(person.name for person in fleet.server.state.persons()) == Counter(
            f"person {n}" for n in range(40)
        )
        assert len(list(fleet.server.state.thumbnails())) == 80
    assert [dict(report.counts) for report in reports] == [{Status.DONE: 40}] * 3
    assert sum(sum(run.progress.counts.values()) for run in runs) == 40
    assert sorted(run.number for run in runs) == [1, 2, 3]
    assert {(report.run, report.ending, report.ok, report.pictures) for report in reports} == {(1, "", True, 80)}
    assert len(list(reports[0].rows())) == 40


async def test_a_second_run_goes_through_all_of_it_and_a_new_person_is_enrolled(journal: str) -> None:
    async with rooms(journal) as fleet:
        await fleet.together("enroll_many", people(20))
        runs = fleet.runs("enroll_many", people(24))
        report, *_ = await asyncio.wait_for(asyncio.gather(*runs), CAP)
        assert len(list(fleet.server.state.persons())) == 24
    assert (report.run, dict(report.counts)) == (4, {Status.DONE: 24})
    counts = sum((Counter(run.progress.counts) for run in runs), Counter[Status]())
    assert counts == {Status.SKIPPED: 20, Status.DONE: 4}


async def test_what_does_not_go_well_is_reported_once(journal: str, tmp_path: Path) -> None:
    small = picture(width=100, height=100)
    bad: list[Any] = [
        *people(6),
        PersonInput("too small", [small]),
        PersonInput("", [picture()]),
        PersonInput("person 1", [picture()]),
        BadInput("people.csv:9", "no image"),
        BadInput("", "no image"),
        PersonInput("\ud800", [picture()]),
    ]
    async with rooms(journal) as fleet:
        report, *_ = await fleet.together("enroll_many", bad)
        again, *_ = await fleet.together("enroll_many", bad)
    for one in (report, again):
        assert dict(one.counts) == {Status.DONE: 6, Status.REJECTED: 6}
        assert not one.ok
        assert one.ended == len(list(one.rows())) == len(bad)
    told = {problem.key: problem.problems[0].code for problem in report.problems}
    assert told == {
        "person 1 [item 9]": "DUPLICATE",
        "too small": "resolution",
        "[item 8]": "INPUT",
        "[people.csv:9]": "INPUT",
        "[item 11]": "INPUT",
        "\\ud800 [item 12]": "INPUT",
    }
    report.write(tmp_path / "report.jsonl")
    assert len((tmp_path / "report.jsonl").read_text().splitlines()) == len(bad)
    assert json.loads(json.dumps(report.as_dict()))["counts"]["rejected"] == 6


async def test_images_for_people_who_exist(journal: str, tmp_path: Path) -> None:
    async with rooms(journal) as fleet:
        made = [await fleet.rooms[0].enroll_person(f"person {n}", [picture(seed=n)]) for n in range(5)]
        uploads = [ThumbnailUpload(person.id, picture(seed=20 + n)) for person in made for n in range(4)]
        bad = [ThumbnailUpload(0, picture()), ThumbnailUpload(made[0].id, tmp_path / "nowhere.jpg")]
        report, *_ = await fleet.together("upload_thumbnails", uploads + bad)
        assert Counter(Counter(person for person, _ in fleet.server.state.thumbnails()).values()) == {5: 5}
    assert dict(report.counts) == {Status.DONE: 20, Status.REJECTED: 2}
    assert report.pictures == 20


async def test_media_files(journal: str, s3: Bucket, tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.mp4").write_bytes(film(size=50_000 + number))
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    items: list[Any] = [AssetInput(str(path)) for path in sorted(tmp_path.iterdir())]
    items += [AssetInput(f"s3://{BUCKET}/in/a.mp4", "twice"), BadInput("", "no file")]
    settings = evolve(QUICK, objects=s3.look)
    async with rooms(journal, settings=settings, storage=Storage(s3.url)) as fleet:
        runs = fleet.runs("ingest_many", items, bucket=BUCKET)
        report, *_ = await asyncio.wait_for(asyncio.gather(*runs), CAP)
        found = Counter(asset.key for _, asset in fleet.server.state.workspaces["newsroom"].assets())
    assert found == Counter(f"{number:02}.mp4" for number in range(12))
    assert dict(report.counts) == {Status.DONE: 12, Status.REJECTED: 3}
    assert report.sent == sum(50_000 + number for number in range(12))
    assert sum(run.progress.sent or 0 for run in runs) == report.sent


async def test_a_member_that_leaves_gives_its_shards_back_at_once(journal: str) -> None:
    async with rooms(journal, 2, evolve(QUICK, latency=Latency.never())) as fleet:
        for run in fleet.runs("enroll_many", people(4), claim_life=600.0, grace=0.0):
            running = asyncio.ensure_future(run)
            await asyncio.wait_for(_until_waiting(run, 8), CAP)  # the second one has all that the first one had
            told = report_of(journal)
            assert told.ending.startswith("still running, by 1; ")
            assert (told.open, progress_of(journal).open) == (4, 4)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert run.report.ending == "cancelled"
            assert report_of(journal).ending.startswith("cancelled; ")


async def _until_waiting(run: BulkRun, images: int) -> None:
    while run.progress.pending < images:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0.01)


async def test_one_joins_late_and_the_last_waits_for_what_others_hold(journal: str) -> None:
    async with rooms(journal, 2) as fleet:
        first, second = fleet.runs("enroll_many", people(30), shards=4)
        outcomes = aiter(first)
        await anext(outcomes)
        waiting = asyncio.ensure_future(second)
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done, "the first holds a shard, and may die"
        async for _ in outcomes:
            pass
        assert (await asyncio.wait_for(waiting, CAP)).ok
        assert len(list(fleet.server.state.persons())) == 30


async def test_a_member_that_fails_leaves_the_rest_to_the_others(journal: str) -> None:
    async with rooms(journal, 2) as fleet:
        some = [*people(12), PersonInput("too small", [picture(width=100, height=100)])]
        _, goes_on = fleet.runs("enroll_many", some, claim_life=600.0)
        with pytest.raises(BulkError, match="more than 0 items") as caught:
            await fleet.rooms[0].enroll_many(some, journal=journal, max_failures=0)
        assert caught.value.report is not None
        assert "more than 0 items" in caught.value.report.ending
        report = await asyncio.wait_for(goes_on, CAP)
    # it was alone, and so it knows what it has skipped
    assert report.counts[Status.DONE] + report.counts[Status.SKIPPED] == 12
    assert report.counts[Status.REJECTED] == 1
    assert report_of(journal).counts == {Status.DONE: 12, Status.REJECTED: 1}


async def test_what_makes_a_second_one_is_not_sent_by_a_member_that_was_taken_over(
    schema_url: str, postgres_server: PostgresServer
) -> None:
    async with newsroom() as news:
        (project,) = (await news.workspace.projects.list()).projects
        mine = await Journal.open(schema_url, identity(news, "ingest"), sharing=Sharing(shards=2, life=0.3))
        try:
            groups = fenced(context_of(news), mine).groups
            registered = await groups.assets.register(project.project_id, key="a.mp4", bucket_name=BUCKET)
            assert registered.asset_id
            with psycopg.connect(postgres_server.url()) as connection:  # what others do to the claims of the dead
                connection.execute(f'DELETE FROM "{schema_url.partition("#")[2]}".members')  # noqa: S608  a name of ours
            await asyncio.sleep(0.15)  # half of their life
            with pytest.raises(JournalError, match="its work was taken over by another process"):
                await groups.assets.register(project.project_id, key="b.mp4", bucket_name=BUCKET)
            assert news.server.log.count("assets.register") == 1
            await groups.projects.list()  # what changes nothing is sent all the same
        finally:
            await mine.aclose()


@pytest.mark.parametrize("key", [None, "another"])
async def test_an_outcome_under_another_key_keeps_nobody_waiting(schema_url: str, key: str | None) -> None:
    async with newsroom() as news:
        mine = await Journal.open(schema_url, identity(news), sharing=Sharing(shards=4))
        joined = JoinedInput(mine, lambda: people(8), 0.05)
        seen: list[str] = []
        async with asyncio.timeout(CAP):
            async for chunk in joined.chunks():
                assert (joined.shared, joined.waiting) == (False, 0)
                for item in chunk:
                    seen.append(str(sharding_key(item)))
                    await joined.ended(BulkOutcome(key or seen[-1], Status.DONE))
        assert sorted(seen) == sorted(person.name for person in people(8))
        assert not (await mine.open_shards()).any
        await mine.aclose()


async def test_who_waits_for_others_says_for_how_many(schema_url: str) -> None:
    async with newsroom() as news:
        other = await Journal.open(schema_url, identity(news), sharing=Sharing(shards=2, life=600.0))
        assert await other.take_shard() == 0
        mine = await Journal.open(schema_url, identity(news), sharing=Sharing(shards=2, life=600.0))
        joined = JoinedInput(mine, lambda: people(0), 0.01)
        going = asyncio.ensure_future(_drained(joined))
        async with asyncio.timeout(CAP):
            while not joined.waiting:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)
        assert (joined.waiting, joined.shared) == (1, True)
        await other.finish_shard(0)
        await asyncio.wait_for(going, CAP)
        assert (joined.waiting, joined.shared) == (0, True)
        await mine.aclose()
        await other.aclose()


async def _drained(joined: JoinedInput) -> None:
    async for _ in joined.chunks():
        pass


def once() -> Iterator[PersonInput]:
    yield PersonInput("Kim", [picture()])


async def test_an_input_that_is_gone_after_one_pass_is_refused_at_once(journal: str) -> None:
    async with rooms(journal, 1) as fleet:
        with pytest.raises(InvalidArgumentError, match="can be gone through only once"):
            fleet.rooms[0].enroll_many(once(), journal=journal)
        assert (await fleet.rooms[0].enroll_many(once, journal=journal)).ended == 1


@pytest.mark.parametrize(("options", "fault"), [({"shards": 0}, "shards"), ({"claim_life": 0}, "life")])
async def test_options_that_cannot_work(journal: str, options: dict[str, Any], fault: str) -> None:
    async with rooms(journal, 1) as fleet:
        with pytest.raises(ConfigError, match=f"{fault} must be"):
            fleet.rooms[0].enroll_many([], journal=journal, **options)
