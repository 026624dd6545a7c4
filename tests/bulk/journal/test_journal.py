"""The journal: what it accepts is on the disk, and what it cannot be used for is refused by name."""

import asyncio
import gc
import itertools
import os
import sqlite3
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import psycopg
import pytest
from sqlalchemy import Select

from mi_async._core.clock import Clock
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.database import JournalDatabase
from mi_async.bulk.journal.journal import GATHER, Journal
from mi_async.bulk.journal.place import JournalUrl, parsed
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import AbandonedRecord, AssetRecord, Identity, ImageRecord, PersonRecord, Record
from mi_async.bulk.journal.retry import retry_failed
from mi_async.bulk.journal.schema import SCHEMA
from mi_async.bulk.journal.statements import BY_HASH, BY_SOURCE, KINDS
from mi_async.bulk.plan.enroll import plan_people
from mi_async.errors import ConfigError, JournalError
from tests.support.bulk import faces, files
from tests.support.newsroom import newsroom
from tests.support.rights import read_only

NEWSROOM = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
UPLOADS = attrs.evolve(NEWSROOM, operation="upload-thumbnails")
FOOTAGE = attrs.evolve(NEWSROOM, operation="ingest")
HONG = PersonRecord("홍길동 / 뉴스", "partial", 1001, ("Anchor", "앵커"), "50005", "no such tag", "people.csv:17", 1)
FACE = ImageRecord(HONG.person, "a" * 64, "사진/1.jpg", 5, 7, "stored", "k1", primary=True, stored_at=1.5e9, note="cut")


def query(path: Path | str, statement: str) -> list[Any]:
    """What anybody sees who opens the journal with a program of his own."""
    place = parsed(str(path))
    if isinstance(place, JournalUrl):
        with psycopg.connect(place.dsn, options=f"-c search_path={place.schema} -c timezone=UTC") as server:
            return server.execute(statement.encode()).fetchall()
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


class Held(Clock):
    """A clock on which a thread that waits does so until it is let go, and so much passes from look to look."""

    def __init__(self, step: float = 0.0) -> None:
        super().__init__()
        self.blocked: list[float] = []
        self.waits, self.free = threading.Event(), threading.Event()
        self.looks = itertools.count()
        self.step = step

    def steady(self) -> float:
        return next(self.looks) * self.step

    def block(self, seconds: float) -> None:
        self.blocked.append(seconds)
        self.waits.set()
        assert self.free.wait(30)


class Fixed(Clock):
    """A clock that stands still."""

    def wall(self) -> float:
        return 1_700_000_000.0


@contextmanager
def limited(monkeypatch: pytest.MonkeyPatch, pragma: str) -> Iterator[None]:
    """Journals that are opened here have an SQLite with a limit."""
    opened = JournalDatabase.open

    def narrow(store: JournalDatabase) -> int:
        number = opened(store)
        store.backend.read(lambda connection: connection.exec_driver_sql(pragma))
        return number

    with monkeypatch.context() as patched:
        patched.setattr(JournalDatabase, "open", narrow)
        yield


def test_columns_are_the_records() -> None:
    for record, kind in KINDS.items():
        assert [column.name for column in kind.table.columns] == [member.name for member in attrs.fields(record)]


async def test_rows_come_back_whole_and_the_last_one_counts(place: str) -> None:
    journal = await Journal.open(place, NEWSROOM)
    await journal.write(PersonRecord(HONG.person), FACE)
    other = attrs.evolve(FACE, sha256="b" * 64, thumbnail_key=None, stored_at=0.0, primary=False)
    await asyncio.gather(journal.write(HONG), journal.write(attrs.evolve(HONG, run=2), other), journal.write(HONG))
    assert await journal.find(["nobody", HONG.person]) == {HONG.person: (HONG, (FACE, other))}
    assert await journal.find([]) == {}
    await journal.write()
    await journal.aclose()


async def test_a_look_up_sees_what_was_written_before_and_any_number_of_keys(place: str) -> None:
    journal = await Journal.open(place, NEWSROOM)
    names = [f"person {number}" for number in range(1201)]
    written = asyncio.gather(*[journal.write(PersonRecord(name)) for name in names])
    await asyncio.sleep(0)
    assert set(await journal.find(names)) == set(names)
    await written
    assert set(await journal.find(names)) == set(names)
    await journal.aclose()


async def test_single_pictures_are_found_by_hash_and_by_source(place: str) -> None:
    journal = await Journal.open(place, UPLOADS)
    rows = [attrs.evolve(FACE, person="7", sha256=f"{n:064}", source=f"{n}.jpg") for n in range(700)]
    await journal.write(*rows)
    wanted = [("7", row.sha256) for row in rows] + [("8", rows[0].sha256)]
    assert set(await journal.find_images(wanted)) == set(rows)
    assert await journal.find_files([("7", "3.jpg"), ("7", "nothing.jpg")]) == (rows[3],)
    await journal.aclose()


@pytest.mark.parametrize(
    ("statement", "index"),
    [(BY_HASH.each, "PRIMARY KEY (person=? AND sha256=?)"), (BY_SOURCE.each, "(source=?)")],
)
async def test_single_pictures_are_found_by_an_index(statement: Select[Any], index: str, tmp_path: Path) -> None:
    await (await Journal.open(tmp_path / "j", UPLOADS)).aclose()
    bound = statement.params(person="7", other="x").compile(compile_kwargs={"literal_binds": True})
    [step] = query(tmp_path / "j", f"EXPLAIN QUERY PLAN {bound}")
    assert step[-1].startswith("SEARCH pictures USING ")
    assert step[-1].endswith(index)


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list to which each transaction adds the number of those who wait for it."""
    found: list[int] = []
    write = JournalDatabase.write

    def counted(store: JournalDatabase, writes: Sequence[Sequence[Record]]) -> list[JournalError | None]:
        found.append(len(writes))
        return write(store, writes)

    monkeypatch.setattr(JournalDatabase, "write", counted)
    return found


async def test_all_that_waits_goes_into_one_transaction(place: str, sizes: list[int]) -> None:
    journal = await Journal.open(place, NEWSROOM)
    await asyncio.gather(*[journal.write(PersonRecord(str(number))) for number in range(200)])
    await journal.aclose()
    assert sum(sizes) == 200
    assert len(sizes) < 50


def begin(journal: Journal, *names: str) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(journal.write(PersonRecord(name))) for name in names]


async def write_together(journal: Journal, *names: str) -> None:
    """Write when the thread of the journal has been busy meanwhile."""
    asked, answer = threading.Event(), threading.Event()

    def wait(_: object) -> None:
        asked.set()
        assert answer.wait(30)

    question = asyncio.create_task(journal.ask(wait))
    assert await asyncio.to_thread(asked.wait, 30)
    many = begin(journal, *names)
    await asyncio.sleep(0)
    answer.set()
    await asyncio.gather(question, *many)


async def test_a_transaction_waits_for_others_only_while_many_come(tmp_path: Path, sizes: list[int]) -> None:
    clock = Held()
    journal = await Journal.open(tmp_path / "j", NEWSROOM, clock=clock)
    await asyncio.gather(*begin(journal, "alone"))
    await write_together(journal, "1", "2", "3", "4")
    assert clock.blocked == []
    first = begin(journal, "first")
    assert await asyncio.to_thread(clock.waits.wait, 30)
    others = begin(journal, "second", "third")
    await asyncio.sleep(0)
    clock.free.set()
    await asyncio.gather(*first, *others)
    await asyncio.gather(*begin(journal, "alone again"))
    await journal.aclose()
    assert sizes == [1, 4, 3, 1]
    assert clock.blocked == [GATHER]


async def test_who_comes_after_many_have_come_waits_for_nobody(tmp_path: Path, sizes: list[int]) -> None:
    clock = Held(step=GATHER)
    clock.free.set()
    journal = await Journal.open(tmp_path / "j", NEWSROOM, clock=clock)
    await write_together(journal, "1", "2", "3", "4")
    await asyncio.gather(*begin(journal, "late"))
    await journal.aclose()
    assert (sizes, clock.blocked) == ([4, 1], [])


async def test_who_is_cancelled_while_waiting_is_written_all_the_same(place: str) -> None:
    journal = await Journal.open(place, NEWSROOM)
    waiting = asyncio.create_task(journal.write(HONG))
    await asyncio.sleep(0)
    waiting.cancel()
    assert await asyncio.gather(waiting, return_exceptions=True)
    assert HONG.person in await journal.find([HONG.person])
    await journal.aclose()


async def test_runs_are_numbered_and_tell_how_they_ended(place: str) -> None:
    clock = Fixed()
    for number, ending in enumerate(["finished", ""], 1):
        journal = await Journal.open(place, NEWSROOM, clock=clock)
        assert journal.run == number
        await asyncio.gather(journal.aclose(ending), journal.aclose())
        await journal.aclose()
    at = "2023-11-14T22:13:20.000+00:00"
    assert query(place, "SELECT number, started, ended, ending, pid FROM runs") == [
        (1, at, at, "finished", os.getpid()),
        (2, at, at, "", os.getpid()),
    ]
    assert not Path(f"{place}-wal").exists()


async def test_the_file_explains_itself(place: str) -> None:
    journal = await Journal.open(place, NEWSROOM)
    await journal.write(HONG, FACE, AbandonedRecord("k0", HONG.person, "0.jpg", "expired"))
    await journal.aclose()
    assert query(place, "SELECT * FROM summary") == [
        ("persons", "partial", 1),
        ("pictures", "stored", 1),
        ("abandoned", "", 1),
    ]
    assert query(place, "SELECT person, what, code, source FROM problems") == [
        (HONG.person, "person", "50005", "people.csv:17")
    ]
    [times] = query(place, "SELECT thumbnail_key, stored, lapses FROM unattached")
    assert [str(each)[:19] for each in times] == ["k1", "2017-07-14 02:40:00", "2017-07-15 02:40:00"]
    [row] = query(place, "SELECT schema, endpoint, access_key, workspace, operation FROM journal")
    assert row == (SCHEMA, *attrs.astuple(NEWSROOM.stored))


async def test_what_was_under_way_and_may_be_at_the_service_is_told(place: str) -> None:
    journal = await Journal.open(place, NEWSROOM)
    states = ["new", "presigned", "stored", "confirmed", "failed", "attached"]
    await journal.write(
        *[ImageRecord("Hong", f"{n}", f"{n}.jpg", state=state, thumbnail_key=f"k{n}", stored_at=1.5e9 * (n > 1))
          for n, state in enumerate(states)]
    )  # fmt: skip
    await journal.aclose()
    found = query(place, "SELECT state, stored IS NOT NULL FROM unattached ORDER BY thumbnail_key")
    assert found == [("presigned", 0), ("stored", 1), ("confirmed", 1), ("failed", 1)]


@pytest.mark.parametrize(
    "change",
    [{"endpoint": "https://y"}, {"access_key": "B" * 9}, {"workspace": "w"}, {"operation": "upload-thumbnails"}],
)
async def test_another_target_is_refused_and_both_are_named(change: dict[str, str], tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    await journal.write(ImageRecord("홍길동", "00", "hong.jpg"))
    await journal.aclose()
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(JournalError) as refused:
        await Journal.open(tmp_path / "j", attrs.evolve(NEWSROOM, **change))
    said = str(refused.value)
    assert "enroll in workspace 'newsroom' at https://x.test/api with access key ...WXYZ" in said
    assert all(value[-4:] in said for value in change.values())
    assert "AKIA" not in said
    assert "BBBBB" not in said
    assert (tmp_path / "j").read_bytes() == before
    await (await Journal.open(tmp_path / "j", NEWSROOM)).aclose()


@pytest.mark.parametrize("state", ["stored", "registering", "registered", "imported", "indexed", "summarized"])
async def test_footage_of_another_workspace_is_refused(state: str, place: str) -> None:
    journal = await Journal.open(place, FOOTAGE)
    await journal.write(AssetRecord(101, "b", "new.mp4"), AssetRecord(101, "b", "a.mp4", size=7, state=state))
    await journal.aclose()
    with pytest.raises(JournalError, match=r"belongs to ingest in workspace 'newsroom' .* for ingest in workspace 'w'"):
        await Journal.open(place, attrs.evolve(FOOTAGE, workspace="w"))
    await (await Journal.open(place, FOOTAGE)).aclose()


async def test_footage_that_is_to_be_tried_again_was_begun_all_the_same(place: str) -> None:
    journal = await Journal.open(place, FOOTAGE)
    await journal.write(AssetRecord(101, "b", "a.mp4", size=7, state="registered", status="failed", asset_id=1001))
    await journal.aclose()
    retry_failed(place)
    assert query(place, "SELECT state, asset_id FROM assets") == [("new", None)]
    with pytest.raises(JournalError, match="it belongs to ingest in workspace 'newsroom'"):
        await Journal.open(place, attrs.evolve(FOOTAGE, workspace="w"))


@pytest.mark.parametrize(
    ("identity", "records"),
    [
        (NEWSROOM, [HONG]),
        (UPLOADS, [PersonRecord("1001")]),
        (FOOTAGE, [AssetRecord(101, "b", "a.mp4"), AssetRecord(101, "", "x [item 2]", status="rejected")]),
        (FOOTAGE, []),
    ],
)
async def test_a_workspace_that_was_misspelt_is_put_right(
    identity: Identity, records: Sequence[Record], place: str
) -> None:
    journal = await Journal.open(place, attrs.evolve(identity, workspace="newsrom"))
    await journal.write(*records)
    await journal.aclose()
    await (await Journal.open(place, identity)).aclose()
    assert query(place, "SELECT workspace FROM journal") == [("newsroom",)]
    assert query(place, "SELECT * FROM summary") == []


async def test_two_runs_at_once_are_refused_by_any_name(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    (tmp_path / "alias").symlink_to(tmp_path / "j")
    for name in ("j", "alias"):
        with pytest.raises(JournalError, match=rf"a run is under way on it \(run 1, process {os.getpid()} on "):
            await Journal.open(tmp_path / name, NEWSROOM)
    await journal.write(HONG)
    await journal.aclose()


def _text(path: Path) -> None:
    path.write_text("name,picture\n홍길동,hong.jpg\n", encoding="utf-8")


def _other(path: Path) -> None:
    query(path, "CREATE TABLE mine (x)")


def _newer(path: Path) -> None:
    asyncio.run(_opened_and_closed(path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET schema = 3, software = 'mi-async 9.9'")


def _short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


async def _opened_and_closed(path: Path) -> None:
    await (await Journal.open(path, NEWSROOM)).aclose()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_text, "the file is something else; it is left as it is"),
        (_other, "an SQLite database of something else"),
        (_newer, "its schema is 3, made by mi-async 9.9; this is mi-async"),
        (_short, "damaged"),
        (Path.mkdir, "Is a directory"),
    ],
)
def test_what_is_no_journal_is_left_as_it_is(make: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    path = tmp_path / "j"
    make(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(JournalError, match=said):
        asyncio.run(Journal.open(path, NEWSROOM))
    assert (path.read_bytes() if path.is_file() else b"") == before


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=f"there is no directory {tmp_path}/no/such"):
        await Journal.open(tmp_path / "no/such/j", NEWSROOM)
    (tmp_path / "empty").touch()
    await _opened_and_closed(tmp_path / "empty")


async def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    await journal.write(*[PersonRecord(f"{number}") for number in range(2000)])
    await journal.aclose()
    whole = bytearray((tmp_path / "j").read_bytes())
    whole[8192:] = b"\x5a" * (len(whole) - 8192)
    (tmp_path / "j").write_bytes(whole)
    with pytest.raises(JournalError, match="it is damaged"):
        await Journal.open(tmp_path / "j", NEWSROOM)


async def test_a_full_disk_is_named_and_later_writes_may_succeed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with limited(monkeypatch, "PRAGMA max_page_count = 30"):
        journal = await Journal.open(tmp_path / "j", NEWSROOM)
    long = [PersonRecord(f"{number}", message="x" * 500) for number in range(500)]
    small, failure = await asyncio.gather(journal.write(HONG), journal.write(*long), return_exceptions=True)
    assert small is None
    assert isinstance(failure, JournalError)
    assert "the disk is full" in str(failure)
    assert isinstance(failure.__cause__, sqlite3.OperationalError)
    assert set(await journal.find([HONG.person, "1"])) == {HONG.person}
    waiting = asyncio.create_task(journal.write(*long))
    await asyncio.sleep(0)
    waiting.cancel()
    await journal.aclose()
    assert "whoever wanted it was cancelled" in caplog.text


LIMITED = """
import asyncio, resource, sys
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import Identity, PersonRecord
from mi_async.errors import JournalError
async def main():
    journal = await Journal.open(sys.argv[1], Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    written = 0
    try:
        while True:
            await journal.write(PersonRecord(str(written), message="x" * 5000))
            written += 1
    except JournalError as error:
        print(written, error)
    await journal.aclose("full")
asyncio.run(main())
"""


def test_a_file_that_may_not_grow_is_named_and_what_was_written_is_there(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "j"], capture_output=True, text=True, check=True, timeout=60
    )
    written, _, said = ended.stdout.partition(" ")
    assert "is the disk full, or the size of files limited?" in said
    assert query(tmp_path / "j", "SELECT count(*) FROM persons") == [(int(written),)]
    assert query(tmp_path / "j", "PRAGMA integrity_check") == [("ok",)]


async def test_what_cannot_be_stored_fails_alone(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    bytes_in_name = attrs.evolve(FACE, source="/사진/\udcff.jpg", sha256="unreadable:/사진/\udcff.jpg")
    too_large = attrs.evolve(HONG, person_id=2**70)
    answers = await asyncio.gather(
        journal.write(HONG, FACE), journal.write(too_large), journal.write(bytes_in_name), return_exceptions=True
    )
    assert answers[0] is answers[2] is None
    assert isinstance(answers[1], JournalError)
    assert "this cannot be written: " in str(answers[1])
    [(person, pictures)] = (await journal.find([HONG.person, "\udcff"])).values()
    assert person == HONG
    assert [picture.source for picture in pictures] == [FACE.source, r"/사진/\udcff.jpg"]
    assert await journal.find_files([(HONG.person, "/사진/\udcff.jpg")]) == pictures[1:]
    await journal.aclose()


async def test_a_directory_that_cannot_be_written_is_named() -> None:
    with read_only() as place, pytest.raises(JournalError, match="Permission denied"):
        await Journal.open(place / "j", NEWSROOM)


async def test_a_path_may_have_any_character(tmp_path: Path) -> None:
    for name in ("뉴스 ?mode=ro#%41", "\udcff"):
        await _opened_and_closed(tmp_path / name)
        assert await asyncio.to_thread((tmp_path / name).is_file)


def test_two_event_loops_one_after_the_other(tmp_path: Path) -> None:
    for _ in range(2):
        asyncio.run(_opened_and_closed(tmp_path / "j"))


async def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    await journal.aclose()
    for call in (journal.write(HONG), journal.find(["x"])):
        with pytest.raises(JournalError, match="it is closed"):
            await call


async def test_cancelled_openings_and_closings_let_go_of_the_file(tmp_path: Path) -> None:
    for suspensions in range(4):
        opening = asyncio.create_task(Journal.open(tmp_path / "j", NEWSROOM))
        for _ in range(suspensions):
            await asyncio.sleep(0)
        opening.cancel()
        if isinstance(ended := (await asyncio.gather(opening, return_exceptions=True))[0], Journal):
            await ended.aclose()
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    closing = asyncio.create_task(journal.aclose("stopped"))
    await asyncio.sleep(0)
    closing.cancel()
    await journal.aclose()
    assert query(tmp_path / "j", "SELECT ending FROM runs ORDER BY number DESC LIMIT 1") == [("stopped",)]
    await _opened_and_closed(tmp_path / "j")


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_however_often_the_closing_is_cancelled_the_file_is_free_when_it_ends(times: int, tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    ending = asyncio.create_task(journal.aclose())
    for _ in range(times):
        await asyncio.sleep(0)
        ending.cancel()
    with suppress(asyncio.CancelledError):
        await ending
    await _opened_and_closed(tmp_path / "j")


async def test_a_journal_that_is_forgotten_lets_go_of_the_file(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    await journal.write(HONG)
    del journal
    gc.collect()
    for _ in range(1000):
        try:
            return await _opened_and_closed(tmp_path / "j")
        except JournalError:
            await asyncio.sleep(0.005)
    pytest.fail("still locked")


@pytest.mark.parametrize("absent", ["sqlalchemy", "filelock"])
async def test_without_the_extra_one_line_tells_what_to_install(
    absent: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        name
        for name in sys.modules
        if name.startswith(("mi_async.bulk.journal.database", "mi_async.bulk.journal.connection"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(ConfigError, match=r"pip install 'mi-async\[bulk\]'"):
        await Journal.open(tmp_path / "j", NEWSROOM)


def test_importing_the_journal_imports_neither_library() -> None:
    code = "import sys, mi_async.bulk.journal.journal; print({'sqlalchemy', 'filelock'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


WRITER = """
import asyncio, sys
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import Identity, PersonRecord, ImageRecord
async def writer(journal, number):
    step = 0
    while True:
        name = f"{journal.run}/{number}/{step}"
        await journal.write(PersonRecord(name, "done"), ImageRecord(name, "a" * 64, "x.jpg"))
        sys.stdout.write(name + "\\n")
        sys.stdout.flush()
        step += 1
async def main():
    journal = await Journal.open(sys.argv[1], Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll"))
    await asyncio.gather(*[writer(journal, number) for number in range(5)])
asyncio.run(main())
"""


def test_what_was_acknowledged_survives_sigkill_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "j"
    acknowledged: list[str] = []
    for lines in (1, 7, 40, 200, 333):
        with subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, path], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            acknowledged += [writer.stdout.readline().rstrip() for _ in range(lines)]
            writer.kill()
            acknowledged += [line.rstrip() for line in writer.stdout if line.endswith("\n")]
    assert all(acknowledged)

    async def check() -> None:
        journal = await Journal.open(path, NEWSROOM)
        assert journal.run == 6
        found = await journal.find(acknowledged)
        assert all(person.status == "done" and len(pictures) == 1 for person, pictures in found.values())
        assert set(found) == set(acknowledged)
        await journal.aclose()

    asyncio.run(check())
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    assert query(path, "SELECT DISTINCT ending FROM runs WHERE number < 6") == [("killed",)]


async def test_a_journal_whose_making_was_killed_is_made_again(tmp_path: Path) -> None:
    await (await Journal.open(tmp_path / "j", NEWSROOM)).aclose()
    # what a kill in the middle of the first transaction leaves: a file, and a rollback journal that empties it
    content = bytearray((tmp_path / "j").read_bytes())
    content[18:20] = b"\1\1"  # no WAL yet
    (tmp_path / "j").write_bytes(content)
    magic, pages, nonce, before, sector, size = bytes.fromhex("d9d505f920a163d7"), 0, 0, 0, 512, 4096
    head = magic + struct.pack(">IIIII", pages, nonce, before, sector, size)
    (tmp_path / "j-journal").write_bytes(head.ljust(sector, b"\0"))
    journal = await Journal.open(tmp_path / "j", NEWSROOM)
    assert journal.run == 1
    await journal.aclose()


def _of_schema_1(path: Path) -> None:
    """As the version before this one left it: with the key itself, and for everybody to read."""
    asyncio.run(_opened_and_closed(path))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE journal SET schema = 1, access_key = ?", (NEWSROOM.access_key,))
        connection.execute("INSERT INTO pictures VALUES ('Hong', '00', '', 0, 0, 'stored', 'k', 0, 1.5, '', '', '')")
    for each in (path, Path(f"{path}.lock")):
        each.chmod(0o644)


def _open_it(path: Path) -> None:
    asyncio.run(_opened_and_closed(path))


@pytest.mark.parametrize("change", [_open_it, retry_failed])
def test_a_journal_of_schema_1_loses_the_access_key_and_its_readers(
    change: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "j"
    _of_schema_1(path)
    before = path.read_bytes()
    assert NEWSROOM.access_key.encode() in before
    with read_journal(path) as reader:
        assert (reader.identity, reader.schema, reader.masked_key) == (NEWSROOM.stored, 1, "...WXYZ")
    with pytest.raises(JournalError, match=r"with access key \.\.\.WXYZ, and this run is for .* key \.\.\.BBBB"):
        asyncio.run(Journal.open(path, attrs.evolve(NEWSROOM, access_key="B" * 20)))
    assert path.read_bytes() == before
    change(path)
    assert NEWSROOM.access_key.encode() not in path.read_bytes()
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, Path(f"{path}.lock"))] == [0o600, 0o600]
    for access_key in ("B" * 20, "A" + NEWSROOM.access_key, NEWSROOM.access_key[-4:], NEWSROOM.stored.access_key):
        with pytest.raises(JournalError, match="it belongs to"):
            asyncio.run(Journal.open(path, attrs.evolve(NEWSROOM, access_key=access_key)))
    change(path)
    with read_journal(path) as reader:
        assert (reader.identity, reader.schema) == (NEWSROOM.stored, SCHEMA)


async def test_names_of_schema_1_become_clean_and_nobody_is_created_twice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = {"Hong": "Hong ", "Kim": "K\u200bim", "Lee": "Lee"}
    paths = dict(zip(names, files(tmp_path / "faces", faces(3)), strict=True))
    people = [PersonInput(name, [path], tags=["Anchor"]) for name, path in paths.items()]
    async with newsroom() as news:
        await news.workspace.enroll_many(people, journal=tmp_path / "j")
        for person in [person async for person in news.workspace.persons.all()]:
            await news.workspace.persons.update(person.id, name=names[person.name or ""])
        with closing(sqlite3.connect(tmp_path / "j")) as connection, connection:
            connection.execute(
                """UPDATE journal SET schema = 1, access_key = ?""", (news.server.credentials.access_key,)
            )
            for name, old in names.items():
                connection.execute(
                    "UPDATE persons SET person = ?, tags = '[\"Anchor \"]' WHERE person = ?", (old, name)
                )
                connection.execute("UPDATE pictures SET person = ? WHERE person = ?", (old, name))
            connection.execute("INSERT INTO persons SELECT ' Lee', status, 7, tags, '', '', '', 1 FROM persons LIMIT 1")
        plan = plan_people(people, journal=tmp_path / "j")
        assert (plan.skipped, plan.create, plan.attach, plan.gone.count) == (3, 0, 0, 0)
        caplog.clear()
        report = await news.workspace.enroll_many(people, journal=tmp_path / "j")
        assert report.counts == {Status.SKIPPED: 3}
        assert [each.message for each in caplog.records] == [
            "' Lee' and 'Lee' are one name now; the journal keeps both"
        ]
        assert [tuple(row) for row in query(tmp_path / "j", "SELECT person, tags FROM persons ORDER BY 1")] == [
            (name, '["Anchor"]') for name in (" Lee", "Hong", "Kim", "Lee")
        ]
        assert len(list(news.server.state.persons())) == 3


async def test_nobody_else_reads_the_journal_and_its_companions(tmp_path: Path) -> None:
    (tmp_path / "touched").touch(0o644)
    for name in ("new", "touched"):
        journal = await Journal.open(tmp_path / name, NEWSROOM)
        await journal.write(HONG, FACE)
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob(f"{name}*")}
        assert found == dict.fromkeys([name, f"{name}-wal", f"{name}-shm", f"{name}.lock"], 0o600)
        assert NEWSROOM.access_key.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob(f"{name}*"))
        await journal.aclose()
    assert NEWSROOM.access_key not in repr(NEWSROOM)


async def test_a_null_in_the_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="null"):
        await Journal.open(f"{tmp_path}/a\0b", NEWSROOM)
