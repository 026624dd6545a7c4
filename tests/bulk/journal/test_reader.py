"""Reading a journal, also while a run is under way, and making what has failed new again."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from mi_async.bulk.journal.backend import open_snapshot
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.journal.reader import ProblemRow, read_journal
from mi_async.bulk.journal.records import AbandonedRecord, Identity, ImageRecord, PersonRecord, Record
from mi_async.bulk.journal.retry import Reopened, retry_failed
from mi_async.errors import JournalError
from tests.support.rights import read_only

NEWSROOM = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
HONG = PersonRecord("홍길동 / 뉴스", "done", 1001, ("Anchor",), run=1)
AMA = PersonRecord("Ama", "failed", code="10049", message="no", origin="people.csv:2", run=1)
YI = PersonRecord("Yi", "partial", 1002, run=1)
PARKED = PersonRecord("Zoe", "parked", code="TIMED_OUT", message="late", run=1)
REJECTED = PersonRecord("Bo [people.csv:9]", "rejected", code="DUPLICATE", message="twice", run=1)
PICTURES = (
    ImageRecord("홍길동 / 뉴스", "a" * 64, "1.jpg", state="attached"),
    ImageRecord("Yi", "b" * 64, "2.jpg", state="attached"),
    ImageRecord("Yi", "c" * 64, "3.jpg", state="failed", thumbnail_key="k3", code="OVER_SIZE_LIMIT", message="big"),
    ImageRecord("Yi", "unreadable:4.jpg", "4.jpg", state="failed", code="unreadable", message="no such file"),
    ImageRecord("Zoe", "d" * 64, "5.jpg", state="stored", thumbnail_key="k5", stored_at=1.0),
    ImageRecord("nobody", "e" * 64, "6.jpg"),
)
RECORDS: Sequence[Record] = (
    HONG,
    AMA,
    YI,
    PARKED,
    REJECTED,
    *PICTURES,
    AbandonedRecord("k0", "Yi", "3.jpg", "expired"),
)


@asynccontextmanager
async def under_way(path: Journalled) -> AsyncGenerator[Journal]:
    """A run that has written the records."""
    journal = await Journal.open(path, NEWSROOM)
    try:
        await journal.write(*RECORDS)
        yield journal
    finally:
        await journal.aclose("finished")


async def ended(path: Journalled) -> None:
    """Leave a journal of a run that has ended."""
    async with under_way(path):
        pass


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of a run that has ended."""
    asyncio.run(ended(tmp_path / "뉴스.journal"))
    return tmp_path / "뉴스.journal"


@pytest.fixture
def anywhere(place: str) -> str:
    """The same, in a file and in PostgreSQL."""
    asyncio.run(ended(place))
    return place


def test_everything_is_told(anywhere: str) -> None:
    with read_journal(anywhere) as reader:
        assert (reader.identity, reader.schema, reader.masked_key) == (NEWSROOM.stored, 2, "...WXYZ")
        assert reader.statuses() == {"done": 1, "failed": 1, "partial": 1, "parked": 1, "rejected": 1}
        assert reader.states() == {"attached": 2, "failed": 2, "stored": 1, "new": 1}
        [run] = reader.runs()
        assert (run.number, run.ending, run.pid, run.ended is None) == (1, "finished", os.getpid(), False)
        assert [row.thumbnail_key for row in reader.abandoned()] == ["k0"]
        assert list(reader.entries()) == [
            (AMA, ()),
            (REJECTED, ()),
            (YI, PICTURES[1:4]),
            (PARKED, PICTURES[4:5]),
            (PersonRecord("nobody"), PICTURES[5:]),
            (HONG, PICTURES[:1]),
        ]


def test_problems_are_told_person_by_person(anywhere: str) -> None:
    with read_journal(anywhere) as reader:
        assert [(row.person, row.what, row.code) for row in reader.problems() if isinstance(row, ProblemRow)] == [
            ("Ama", "person", "10049"),
            ("Bo [people.csv:9]", "person", "DUPLICATE"),
            ("Yi", "picture", "OVER_SIZE_LIMIT"),
            ("Yi", "picture", "unreadable"),
            ("Zoe", "person", "TIMED_OUT"),
        ]
        assert list(reader.problems("10049")) == [ProblemRow("Ama", "person", "failed", "10049", "no", "people.csv:2")]
        assert list(reader.problems("nothing")) == []


async def test_a_problem_of_a_picture_is_told_once(place: str) -> None:
    small, other = "2.png: 100 x 100 px", "the name is in use"
    async with under_way(place) as journal:
        await journal.write(
            PersonRecord("Yi", "partial", 1002, code="resolution", message=small, run=1),
            ImageRecord("Yi", "f" * 64, "2.png", state="failed", code="resolution", message=small),
            PersonRecord("Kim", "failed", code="50005", message=other, run=1),
            ImageRecord("Kim", "f" * 64, "1.png", state="failed", code="resolution", message=small),
            PersonRecord("Bo", "failed", code="resolution", message=small, run=1),  # of somebody else's picture
        )
    with read_journal(place) as reader:
        told = [(row.person, row.what) for row in reader.problems() if isinstance(row, ProblemRow)]
    assert [one for one in told if one[0] in {"Yi", "Kim", "Bo"}] == [
        ("Bo", "person"),
        ("Kim", "person"),
        ("Kim", "picture"),
        *[("Yi", "picture")] * 3,
    ]


async def test_reading_goes_on_beside_a_run_and_sees_one_moment(place: str) -> None:
    async with under_way(place) as journal:
        with read_journal(place) as reader:
            assert reader.runs()[0].ended is None
            await journal.write(PersonRecord("new"))
            assert sum(reader.statuses().values()) == 5
        with read_journal(place) as reader:
            assert sum(reader.statuses().values()) == 6
        with pytest.raises(JournalError, match="a run is under way on it"):
            retry_failed(place)


@pytest.mark.slow
def test_a_long_journal_is_read_in_little_memory(place: str) -> None:
    async def make() -> None:
        journal = await Journal.open(place, NEWSROOM)
        for start in range(0, 10_000, 1000):
            names = [f"person {number:08}" for number in range(start, start + 1000)]
            await journal.write(*map(PersonRecord, names), *[ImageRecord(name, "a" * 64, "x.jpg") for name in names])
        await journal.aclose()

    asyncio.run(make())
    with read_journal(place) as reader:
        tracemalloc.start()
        try:
            count = sum(len(pictures) for _, pictures in reader.entries())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert count == 10_000
    assert peak < 3_000_000  # all of them at once are 10 times as much


def test_what_is_no_journal_is_not_read(tmp_path: Path, path: Path) -> None:
    with pytest.raises(JournalError, match="there is none"), read_journal(tmp_path / "none"):
        pass
    (tmp_path / "text").write_text("x" * 200)
    with pytest.raises(JournalError, match="something else"), read_journal(tmp_path / "text"):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TABLE pictures")
    with pytest.raises(JournalError, match="incomplete, or was changed by hand"), read_journal(path) as reader:
        reader.states()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM journal")
    with pytest.raises(JournalError, match="it does not say what it belongs to"), read_journal(path):
        pass
    assert sorted(each.name for each in tmp_path.iterdir()) == ["text", path.name, f"{path.name}.lock"]


def test_nothing_is_changed_by_reading(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(JournalError, match="it cannot be written"), open_snapshot(path) as connection:
        connection.exec_driver_sql("DELETE FROM persons")
    with read_journal(path) as reader:
        assert len(list(reader.entries())) == 6
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 2


def test_a_journal_on_a_medium_that_cannot_be_written_is_read(path: Path) -> None:
    with read_only(content=path) as place:
        with read_journal(place / path.name) as reader:
            assert len(list(reader.entries())) == 6
        with pytest.raises(JournalError, match="Permission denied"):
            retry_failed(place / path.name)


def test_a_journal_of_a_run_that_was_killed_is_read(tmp_path: Path) -> None:
    code = (
        "import asyncio, os, sys, pathlib; sys.path.insert(0, os.getcwd());"
        "from tests.bulk.journal.test_reader import under_way\n"
        "async def main():\n"
        "    async with under_way(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "j"], check=False).returncode == -9
    (tmp_path / "copy").mkdir()
    for file in tmp_path.glob("j*"):
        shutil.copy(file, tmp_path / "copy")
    for path in (tmp_path / "j", tmp_path / "copy/j"):
        with read_journal(path) as reader:
            assert len(list(reader.entries())) == 6
            assert reader.runs()[0].ended is None
    assert retry_failed(tmp_path / "j") == Reopened(2, 2)


def test_what_has_failed_is_made_new_and_its_key_is_not_forgotten(anywhere: str) -> None:
    assert retry_failed(anywhere) == Reopened(persons=2, pictures=2)
    with read_journal(anywhere) as reader:
        assert reader.statuses() == {"done": 1, "open": 2, "parked": 1, "rejected": 1}
        assert reader.states() == {"attached": 2, "new": 2, "stored": 1}
        assert [(row.thumbnail_key, row.reason) for row in reader.abandoned()] == [
            ("k0", "expired"),
            ("k3", "tried again after OVER_SIZE_LIMIT"),
        ]
        entries = {person.person: (person, pictures) for person, pictures in reader.entries()}
        assert entries["Ama"] == (PersonRecord("Ama", origin="people.csv:2", run=1), ())
        assert entries["Yi"][0] == PersonRecord("Yi", "open", 1002, run=1)
        assert entries["Yi"][1] == (PICTURES[1], ImageRecord("Yi", "c" * 64, "3.jpg"))
    assert retry_failed(anywhere) == Reopened(0, 0)


@pytest.mark.parametrize(
    ("code", "expected"), [("10049", Reopened(1, 0)), ("OVER_SIZE_LIMIT", Reopened(1, 1)), ("x", Reopened(0, 0))]
)
def test_only_one_code_is_made_new(code: str, expected: Reopened, anywhere: str) -> None:
    assert retry_failed(anywhere, code=code) == expected
    with read_journal(anywhere) as reader:
        assert list(reader.problems(code)) == []
        assert len(list(reader.problems())) == 5 - (expected != Reopened(0, 0))


def test_nothing_to_make_new_where_there_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="there is none"):
        retry_failed(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
