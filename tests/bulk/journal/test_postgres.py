"""A journal in PostgreSQL: what it takes, what it refuses, and what becomes of it when the server is away."""

import asyncio
import pickle
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import attrs
import psycopg
import pytest
from sqlalchemy import Connection

from mi_async._core.clock import Clock
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.database import backend_at
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import JournalUrl, parsed, shown_journal
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import AssetRecord, Identity, ImageRecord, PersonRecord, unread_key
from mi_async.bulk.journal.repair import rebuild_journal
from mi_async.bulk.journal.retry import retry_failed
from mi_async.bulk.journal.sharing import Sharing
from mi_async.bulk.plan.enroll import plan_people
from mi_async.errors import ConfigError, JournalError
from tests.support.bulk import faces, files
from tests.support.newsroom import newsroom
from tests.support.pooler import pooled
from tests.support.postgres import PostgresServer, postgres

NEWSROOM = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
FOOTAGE = attrs.evolve(NEWSROOM, operation="ingest")
QUICK = Sharing(patience=0.3)
NAMES = [
    "Z",
    "a",
    "é",
    "É",
    "홍길동",
    "a\0b",
    "a\1b",
    "a\1\1b",
    "a\\x00b",
    "a b",
    "\1",
    "\0",
    "\U0001f600",
    "\uffff",
    "",
]
"""In another order by a locale, or with a character that PostgreSQL does not take."""


@asynccontextmanager
async def opened(url: str, identity: Identity = NEWSROOM, **options: object) -> AsyncGenerator[Journal]:
    """A journal that is open inside the block."""
    journal = await Journal.open(url, identity, sharing=Sharing(**options))  # type: ignore[arg-type]
    try:
        yield journal
    finally:
        await journal.aclose("finished")


async def test_every_name_comes_back_and_is_in_the_order_of_python(place: str) -> None:
    records = [PersonRecord(name, message=name) for name in dict.fromkeys(NAMES)]
    images = [ImageRecord(name, "a" * 64, name, primary=True, stored_at=1.5) for name in dict.fromkeys(NAMES)]
    async with opened(place) as journal:
        await journal.write(*records, *images)
        assert set(await journal.find_persons(NAMES)) == set(records)
        assert await journal.find(NAMES) == {
            person.person: (person, (image,)) for person, image in zip(records, images, strict=True)
        }
        pairs = [(name, name) for name in NAMES]
        assert set(await journal.find_files(pairs)) == set(images)
        assert set(await journal.find_images([(name, "a" * 64) for name in NAMES])) == set(images)
        with read_journal(place) as reader:
            entries = list(reader.entries())
    assert [person.person for person, _ in entries] == sorted(set(NAMES))
    assert all(images == (attrs.evolve(images[0], person=person.person),) for person, images in entries)


async def test_a_name_that_is_not_unicode_is_written_as_its_escape(place: str) -> None:
    async with opened(place) as journal:
        await journal.write(PersonRecord("caf\udce9", message="\udcff"), ImageRecord("caf\udce9", "a", "\udcff.jpg"))
        found = await journal.find(["caf\udce9"])
    assert list(found) == ["caf\\udce9"]
    assert found["caf\\udce9"][1][0].source == "\\udcff.jpg"


async def test_a_media_file_comes_back_whole(place: str) -> None:
    row = AssetRecord(101, "b", "뉴스/a.mp4", "a.mp4", 10**12, 7, "stored", "failed", 1, (1, 2), fresh=True, code="x")
    async with opened(place, FOOTAGE) as journal:
        await journal.write(row)
        assert await journal.find_assets(101, ["뉴스/a.mp4"]) == (row,)
    retry_failed(place)
    with read_journal(place) as reader:
        assert list(reader.assets()) == [attrs.evolve(row, state="new", status="open", asset_id=None, code="")]


async def test_a_second_run_is_refused_as_with_a_file(place: str) -> None:
    async with opened(place):
        for use in (lambda: Journal.open(place, NEWSROOM), lambda: asyncio.to_thread(retry_failed, place)):
            with pytest.raises(JournalError, match=r"a run is under way on it \(run 1, process \d+ on "):
                await use()
    async with opened(place) as journal:
        assert journal.run == 2


async def test_a_run_over_people_resumes(place: str, tmp_path: Path) -> None:
    async with newsroom() as news:
        people = [PersonInput(f"Hong {n}", [path]) for n, path in enumerate(files(tmp_path, faces(3)))]
        first = await news.workspace.enroll_many(people, journal=place)
        assert first.counts == {Status.DONE: 3}
        assert [row["status"] for row in first.rows()] == ["done"] * 3
        before = dict(news.server.log.arrivals)
        assert (plan_people(people, journal=place)).skipped == 3
        second = await news.workspace.enroll_many(people, journal=place)
        assert second.counts == {Status.SKIPPED: 3}
        assert dict(news.server.log.arrivals) == before
        assert (second.run, second.journal) == (2, shown_journal(place))


async def test_a_name_of_any_length_is_one_refused_item(place: str, tmp_path: Path) -> None:
    path, *_ = files(tmp_path, faces(1))
    long = "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(9000))
    async with newsroom() as news:
        report = await news.workspace.enroll_many(
            [PersonInput(long, [path]), PersonInput("Hong", [path])], journal=place
        )
    assert report.counts == {Status.DONE: 1, Status.REJECTED: 1}


def test_a_password_is_never_shown(postgres_server: PostgresServer) -> None:
    given = postgres_server.url("pass", password="s3cr%40t").replace("?", "?password=s3cr%40t&")
    place = parsed(given)
    assert isinstance(place, JournalUrl)
    again = pickle.loads(pickle.dumps(place))  # noqa: S301  ours
    for shown in (str(place), repr(place), shown_journal(given), repr(again.dsn)):
        assert "s3cr" not in shown
        assert "postgresql://postgres@/postgres" in shown
    assert "s3cr" in place.dsn


async def test_a_report_and_an_error_do_not_show_the_password(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("shown", password="s3cr%40t")
    async with newsroom() as news:
        run = news.workspace.enroll_many([], journal=url)
        report = await run
        told = [repr(run), repr(report), str(report), str(report.as_dict()), str(pickle.dumps(report))]
        assert list(report.rows()) == []
    bad = url.replace("/postgres?", "/nowhere?")
    with pytest.raises(JournalError, match=r"there is no connection to the server .* does not exist") as refused:
        await Journal.open(bad, NEWSROOM)
    told += [str(refused.value), repr(refused.value.__cause__)]
    assert not any("s3cr" in each for each in told)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://u:p@ss@host/db", "as %40 %2F %3F %23"),
        ("postgresql://u:p#ss@host/db", "as %40 %2F %3F %23"),
        ("postgresql://u:p/ss@host/db", "as %40 %2F %3F %23"),
        ("postgresql://u:s3cret/db", "as %40 %2F %3F %23"),
        ("postgresql://u:50%off@host/db", "%23 %25 %5B %5D"),
        ("postgresql://u:s3%00cret@host/db", "%23 %25 %5B %5D"),
        ("postgresql://u:s3[cret@host/db", "%23 %25 %5B %5D"),
        ("postgresql://u:s3\N{CARE OF}cret@host/db", "%23 %25 %5B %5D"),
        ("mysql://u:s3cret@host/db", "^journal: a URL of a journal begins with postgresql://, got mysql://$"),
        ("postgresql+psycopg://u:s3cret@host/db", "begins with postgresql://"),
        ("PostgreSQL://u:s3cret@host/db", "begins with postgresql://"),
        ("postgresql://host/db#pg_own", "after # comes the name of a schema"),
        ("postgresql://host/db#" + "x" * 64, "after # comes the name of a schema"),
        ("postgresql://host/db#a%22b", "after # comes the name of a schema"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_and_not_shown(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        parsed(url)
    assert "s3cret" not in str(refused.value)
    assert "ss@" not in str(refused.value)


def test_a_path_that_reads_like_a_url_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s3:").mkdir()
    assert parsed("s3://people.journal") == "s3://people.journal"


@pytest.mark.parametrize(
    ("url", "shown", "schema"),
    [
        ("postgresql://u:p@h/db", "postgresql://u@h/db", "mi_async"),
        ("postgres://h1:1,h2:2/db#뉴스", "postgres://h1:1,h2:2/db#뉴스", "뉴스"),
        ("postgresql://u@[::1]:5/db?sslmode=require#a-b", "postgresql://u@[::1]:5/db?sslmode=require#a-b", "a-b"),
    ],
)
def test_a_url_names_server_database_and_schema(url: str, shown: str, schema: str) -> None:
    place = parsed(url)
    assert isinstance(place, JournalUrl)
    assert (place.shown, place.schema, "#" in place.dsn) == (shown, schema, False)


async def test_what_is_no_journal_is_left_as_it_is(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA mine")
        connection.execute("CREATE TABLE mine.journal (x int)")
    url = postgres_server.url("mine")
    for use in (lambda: Journal.open(url, NEWSROOM), lambda: asyncio.to_thread(retry_failed, url)):
        with pytest.raises(JournalError, match="the schema holds something else; it is left as it is"):
            await use()
    with pytest.raises(JournalError, match="there is none"), read_journal(postgres_server.url("none")):
        pass
    with pytest.raises(JournalError, match="only a file is repaired"):
        rebuild_journal(url, "new.journal")


async def test_a_user_without_the_right_to_make_schemas_takes_an_empty_one(postgres_server: PostgresServer) -> None:
    url = postgres_server.url("given").replace("postgres@", "poor@")
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("CREATE ROLE poor LOGIN")
        with pytest.raises(JournalError, match="the user has not the rights; it needs those to make a schema"):
            await Journal.open(url, NEWSROOM)
        connection.execute("CREATE SCHEMA given AUTHORIZATION poor")
    async with opened(url) as journal:
        await journal.write(PersonRecord("Hong"))


async def test_another_target_is_refused_and_an_unused_one_is_renamed(schema_url: str) -> None:
    other = attrs.evolve(NEWSROOM, workspace="newsrom")
    async with opened(schema_url, other) as journal:
        await journal.write(PersonRecord("Hong"))
        with pytest.raises(JournalError, match="a run is under way on it"):
            await Journal.open(schema_url, NEWSROOM)
    async with opened(schema_url) as journal:
        assert await journal.find_persons(["Hong"]) == ()
        await journal.write(ImageRecord("Hong", "a" * 64, "1.jpg"))
    with pytest.raises(JournalError, match="it belongs to enroll in workspace 'newsroom'"):
        await Journal.open(schema_url, other)


async def test_a_text_that_is_too_long_fails_by_itself(schema_url: str) -> None:
    long = "".join(chr(0x4E00 + number * 7 % 20_000) for number in range(9000))
    async with opened(schema_url) as journal:
        small, failure = await asyncio.gather(
            journal.write(PersonRecord("Hong")), journal.write(PersonRecord(long)), return_exceptions=True
        )
        assert small is None
        assert isinstance(failure, JournalError)
        assert "a text is too long" in str(failure)
        assert len(await journal.find_persons(["Hong", long])) == 1


async def test_a_server_that_is_restarted_loses_nothing() -> None:
    with postgres() as server:
        async with opened(server.url("faces"), patience=60.0) as journal:
            for number in range(4):
                (server.kill if number % 2 else server.stop)()
                writing = asyncio.create_task(journal.write(PersonRecord(f"{number}")))
                finding = asyncio.create_task(journal.find_persons(["0"]))
                await asyncio.to_thread(server.start)
                await asyncio.wait_for(writing, 60)
                assert len(await asyncio.wait_for(finding, 60)) == 1
        with read_journal(server.url("faces")) as reader:
            assert [person.person for person, _ in reader.entries()] == ["0", "1", "2", "3"]
            assert [run.ending for run in reader.runs()] == ["finished"]
        journal = await Journal.open(server.url("faces"), NEWSROOM, sharing=QUICK)
        server.stop()
        failures = await asyncio.gather(*[journal.write(PersonRecord("x")) for _ in range(3)], return_exceptions=True)
        assert all("there is no connection to the server" in str(failure) for failure in failures)
        await asyncio.wait_for(journal.aclose(), 60)
        with pytest.raises(JournalError, match="there is no connection to the server"):
            await Journal.open(server.url("faces"), NEWSROOM)


async def test_two_runs_behind_a_pooler_that_gives_each_transaction_another_session(
    postgres_server: PostgresServer,
) -> None:
    with tempfile.TemporaryDirectory(prefix="mi-pgb-") as folder, pooled(postgres_server, Path(folder)) as url:
        shared = partial(opened, f"{url}#pooled", shards=4, life=60.0)
        async with shared() as one, shared() as other:
            for number in range(12):  # a driver prepares what it has executed five times
                await one.write(PersonRecord(f"one {number}", Status.DONE.value))
                await other.find_persons([f"one {number}"])
                await other.write(ImageRecord(f"one {number}", "0" * 64, "a.jpg"))
                await one.find_images([(f"one {number}", "0" * 64)])
        with read_journal(f"{url}#pooled") as reader:
            found = [(person.person, len(images)) for person, images in reader.entries()]
    assert sorted(found) == sorted((f"one {number}", 1) for number in range(12))


async def test_the_longest_path_that_cannot_be_read_has_a_row(schema_url: str) -> None:
    letters = [chr(ord("가") + step) for step in range(11_000)]
    path = "/" + "".join(Random(1).sample(letters, 1364))  # noqa: S311  4,093 bytes that do not compress
    async with opened(schema_url) as journal:
        await journal.write(PersonRecord("Z", Status.REJECTED.value), ImageRecord("Z", unread_key(path), path))
        ((_, images),) = (await journal.find(["Z"])).values()
    assert [image.source for image in images] == [path]
    assert unread_key(path) != unread_key(path[:-1])
    assert unread_key("/a.jpg") == "unreadable:/a.jpg"


def test_a_process_that_stands_still_in_a_transaction_holds_its_locks_no_longer_than_its_claims(
    schema_url: str,
) -> None:
    place = parsed(schema_url)
    assert isinstance(place, JournalUrl)
    backend = backend_at(place, Sharing(patience=60.0, life=0.5), Clock())
    sessions: list[int] = []

    def stands_still_at_first(connection: Connection) -> None:
        sessions.append(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())
        with psycopg.connect(schema_url.partition("#")[0], autocommit=True) as other:
            there = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
            until = time.monotonic() + 60
            while len(sessions) == 1 and other.execute(there, sessions).fetchone() != (0,):
                assert time.monotonic() < until

    with ExitStack() as stack:
        backend.open(stack, NEWSROOM, "2026-11-27T00:00:00Z")
        backend.prepare(NEWSROOM)
        backend.write(stands_still_at_first)
    assert len(set(sessions)) == 2
