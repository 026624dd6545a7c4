"""Journals that a disk, a tool or a person has damaged: each is read rightly, or refused by one clear error."""

import asyncio
import errno
import json
import os
import random
import shlex
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import attrs
import pytest

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import AssetInput, PersonInput, ThumbnailUpload
from mi_async.bulk.journal import repair as repair_module
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import (
    INGEST,
    UPLOAD,
    AbandonedRecord,
    AssetRecord,
    Identity,
    ImageRecord,
    PersonRecord,
    Record,
)
from mi_async.bulk.journal.repair import rebuild_journal
from mi_async.bulk.journal.retry import retry_failed
from mi_async.bulk.plan.enroll import plan_people, plan_thumbnails
from mi_async.bulk.plan.ingest import plan_assets
from mi_async.bulk.report.export import outcome_rows
from mi_async.cli.app import run
from mi_async.cli.journal import export, failed, retry, show_journal
from mi_async.errors import JournalError
from tests.support.bulk import faces, files
from tests.support.newsroom import newsroom

pytestmark = pytest.mark.slow

HERE = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
KINDS = ("enroll", UPLOAD, INGEST)
COUNT = 40


def records(operation: str) -> Iterator[Record]:
    """What a run over many items has left."""
    for number in range(COUNT):
        name = _name(operation, number)
        status, code = ("failed", "50005") if number % 5 == 0 else ("done", "")
        if operation == INGEST:
            row = AssetRecord(101, "b", f"{name}.mp4", f"{name}.mp4", 10**6, 10**18, status=status, asset_id=number)
            yield attrs.evolve(row, state="indexed", earlier=(1, 2), fresh=True, code=code, origin="x", run=1)
            continue
        image = ImageRecord(name, f"{number:064x}", f"{name}.jpg", 200_000, 10**18, "attached", f"k{number}")
        yield PersonRecord(name, status, 1000 + number, ("Anchor", "뉴스"), code, code and "이름", "p.csv:2", 1)
        yield attrs.evolve(image, primary=True, stored_at=1.7e9)
        yield attrs.evolve(image, sha256=f"{number:064}", state="failed", code="resolution", message="작음")
    if operation != INGEST:
        yield AbandonedRecord("k", "홍길동", "3.jpg", "expired")


def _name(operation: str, number: int) -> str:
    return f"홍길동 {number:03}" if operation == "enroll" else f"{1000 + number}"


async def _made(path: Path, operation: str) -> None:
    journal = await Journal.open(path, attrs.evolve(HERE, operation=operation))
    await journal.write(*records(operation))
    await journal.aclose("finished")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A journal of each kind, as bytes."""
    folder = tmp_path_factory.mktemp("sound")
    for kind in KINDS:
        asyncio.run(_made(folder / kind, kind))
    return {kind: (folder / kind).read_bytes() for kind in KINDS}


JUNK: tuple[object, ...] = ("abc", "", b"\xff\xfe", b"", None, -1, 2**62, 0.5, 1e308, "[1", '["a"', "{}", "[null]", 7)


def _cells(path: Path, chance: random.Random) -> str:
    """Put what does not belong there into one cell, past all that SQLite checks."""
    with closing(sqlite3.connect(path)) as connection, connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        table = chance.choice(tables)
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        column, value = chance.choice(columns), chance.choice(JUNK)
        given = "CAST(x'ff41' AS TEXT)" if value is None else "?"
        bound = () if value is None else (value,)
        one = f" WHERE {columns[0]} = (SELECT max({columns[0]}) FROM {table})"  # noqa: S608  names of ours
        for where in ("", one):
            with suppress(sqlite3.Error):
                connection.execute(f"UPDATE {table} SET {column} = {given}{where}", bound)  # noqa: S608  names of ours
                break
        return f"{table}.{column} = {value!r}"


def _damage(path: Path, seed: int) -> str:
    chance = random.Random(seed)  # noqa: S311  the same places each time
    how = seed % 6
    if how < 2:
        return _cells(path, chance)
    content = bytearray(path.read_bytes())
    at = chance.randrange(100, len(content))
    if how == 2:
        content[at] ^= 1 << chance.randrange(8)
    elif how == 3:
        content[at : at + 64] = chance.randbytes(64)
    elif how == 4:
        page = at // 4096 * 4096
        content[page : page + 4096] = bytes(4096)
    else:
        del content[at:]
    path.write_bytes(content)
    return f"{('', '', 'bit', 'bytes', 'zeroed page', 'cut')[how]} at {at}"


def _inputs(operation: str) -> list[PersonInput] | list[ThumbnailUpload] | list[AssetInput]:
    names = [_name(operation, number) for number in range(COUNT)]
    if operation == "enroll":
        return [PersonInput(name, [f"{name}.jpg"]) for name in names]
    if operation == UPLOAD:
        return [ThumbnailUpload(int(name), f"{name}.jpg") for name in names]
    return [AssetInput(f"{name}.mp4", f"{name}.mp4") for name in names]


async def _written(path: Path, operation: str) -> None:
    journal = await Journal.open(path, attrs.evolve(HERE, operation=operation))
    try:
        keys = [str(item.key) for item in _inputs(operation)]
        if operation == INGEST:
            await journal.find_assets(101, keys)
        else:
            await journal.find(keys)
            await journal.find_persons(keys)
            await journal.find_files([(key, f"{key}.jpg") for key in keys])
            await journal.find_images([(key, "0") for key in keys])
        await journal.write(*records(operation))
    finally:
        await journal.aclose()


def _refusals(path: Path, operation: str) -> Iterator[str]:
    """Do everything that anybody does with a journal; gives what each refusal said."""
    plans: dict[str, Callable[..., object]] = {"enroll": plan_people, UPLOAD: plan_thumbnails, INGEST: plan_assets}
    plan = plans[operation]
    whole = path.read_bytes()
    uses: list[Callable[[], object]] = [
        lambda: list(outcome_rows(path, 1)),
        lambda: plan(_inputs(operation), journal=path),
        lambda: show_journal(str(path)),
        lambda: show_journal(str(path), output="table"),
        lambda: failed(str(path)),
        lambda: export(str(path)),
        lambda: export(str(path), format="csv"),
        lambda: retry(str(path)),
        lambda: path.write_bytes(whole),
        lambda: asyncio.run(_written(path, operation)),
        lambda: list(outcome_rows(path, 2)),
    ]
    for use in uses:
        try:
            use()
        except JournalError as error:
            yield str(error)


def _told(operation: str, seed: int, content: bytes, folder: Path) -> int:
    path = folder / f"{operation} {seed}"
    path.write_bytes(content)
    damage = _damage(path, seed)
    refusals = list(_refusals(path, operation))
    for said in refusals:
        assert said.startswith(f"journal {path}: "), damage
        assert "\n" not in said, damage
        # a byte of what it belongs to may be another one
        others = ("it belongs to", "something else", "its schema is", "it is being used", "this is about")
        assert f"mi-async journal repair '{path}' NEW" in said or any(words in said for words in others), (
            damage,
            said,
        )
    return len(refusals)


@pytest.mark.parametrize("operation", KINDS)
@pytest.mark.parametrize("first", [0, 20, *[pytest.param(first, marks=pytest.mark.soak) for first in (10, 30, 40)]])
def test_damage_is_harmless_or_told(
    operation: str, first: int, sound: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sum(_told(operation, seed, sound[operation], tmp_path) for seed in range(first, first + 10)) > 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("operation", KINDS)
def test_what_the_error_says_rebuilds_the_journal(
    operation: str, sound: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, new = tmp_path / "홍's.journal", tmp_path / "new.journal"
    path.write_bytes(sound[operation])
    items, own = ("assets", "key") if operation == INGEST else ("persons", "person")
    with closing(sqlite3.connect(path)) as connection, connection:
        for number, column, value in ((3, "code", b"x"), (7, "message", None), (9, "status", "gone")):
            name = _name(operation, number) + ".mp4" * (operation == INGEST)
            text = "CAST(x'ff41' AS TEXT)" if value is None else "?"
            given = (name,) if value is None else (value, name)
            connection.execute(f"UPDATE {items} SET {column} = {text} WHERE {own} = ?", given)  # noqa: S608  ours
    with pytest.raises(JournalError, match="it is damaged") as refused:
        list(outcome_rows(path, 1))
    command = str(refused.value).partition("read: mi-async ")[2].replace("NEW", shlex.quote(str(new)))
    before = path.read_bytes()
    assert run(shlex.split(command)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"][items], told["rows"]["runs"], told["lost"]) == (COUNT - 3, 1, 3)
    assert path.read_bytes() == before
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    asyncio.run(_written(new, operation))
    assert len(list(outcome_rows(new, 1))) == COUNT
    assert run(shlex.split(command)) == 2
    assert "it is there already; name a new file" in capsys.readouterr().err


def test_a_journal_with_a_hole_is_read_from_both_sides(sound: dict[str, bytes], tmp_path: Path) -> None:
    content, path = bytearray(sound["enroll"]), tmp_path / "j"
    middle = f"{COUNT // 2:064}".encode()
    leaf = 10  # what SQLite calls a leaf of such a table
    at = next(at for at in range(0, len(content), 4096) if content[at] == leaf and middle in content[at : at + 4096])
    content[at : at + 4096] = bytes(4096)
    path.write_bytes(content)
    rebuilt = rebuild_journal(path, tmp_path / "new")
    assert rebuilt.rows["persons"] == COUNT
    assert 0 < rebuilt.rows["pictures"] < 2 * COUNT
    assert (rebuilt.lost, rebuilt.gaps) == (0, ("pictures",))
    kept = {row["key"] for row in outcome_rows(tmp_path / "new", 1) if row["attached"]}
    assert {_name("enroll", 10), _name("enroll", COUNT - 1)} <= kept


@pytest.mark.parametrize("kept", [50, 2000, 4096])
def test_a_journal_that_is_cut_off_at_its_beginning_is_not_rebuilt_and_the_error_does_not_propose_it(
    kept: int, sound: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "j"
    path.write_bytes(sound["enroll"][:kept])
    with pytest.raises(
        JournalError, match=r"damaged \(.*\); restore a copy of it: not even what it belongs to"
    ) as refused:
        rebuild_journal(path, tmp_path / "new")
    assert "journal repair" not in str(refused.value)
    assert not (tmp_path / "new").exists()


def test_a_journal_that_is_cut_off_has_gaps_and_no_false_count(sound: dict[str, bytes], tmp_path: Path) -> None:
    content, path = sound["enroll"], tmp_path / "j"
    path.write_bytes(content[: len(content) * 3 // 4 // 4096 * 4096])
    rebuilt = rebuild_journal(path, tmp_path / "new")
    assert sum(rebuilt.rows.values()) < COUNT * 3
    assert rebuilt.gaps


@pytest.mark.parametrize("name", ["pipe", "/dev/null", "/dev/zero"])
def test_a_journal_that_is_no_file_is_refused_and_not_waited_for(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if not path.exists():
        os.mkfifo(path)
    said = f"journal {path}: not a regular file"
    for use in (
        lambda: asyncio.run(_written(path, "enroll")),
        lambda: list(outcome_rows(path, 1)),
        lambda: retry_failed(path),
    ):
        with pytest.raises(JournalError) as refused:
            use()
        assert str(refused.value) == said
    assert not Path(f"{path}.lock").exists()


@pytest.mark.parametrize(
    ("damage", "counts", "codes"),
    [
        ("state = 'xx'", {Status.SKIPPED: 4}, set()),  # looked up by its key
        ("size = 'x', stored_at = -1", {Status.SKIPPED: 4}, set()),
        ("thumbnail_key = x'ff'", {Status.SKIPPED: 3, Status.PARTIAL: 1}, {"LOST"}),
        ("thumbnail_key = NULL, state = 'xx'", {Status.SKIPPED: 3, Status.PARTIAL: 1}, {"LOST"}),
        ("sha256 = x'ff'", {Status.SKIPPED: 3, Status.FAILED: 1}, {"LOST"}),
    ],
)
async def test_after_a_rebuild_no_image_is_given_twice(
    damage: str, counts: dict[Status, int], codes: set[str], tmp_path: Path
) -> None:
    people = [PersonInput(path.stem, [path]) for path in files(tmp_path / "faces", faces(4))]
    async with newsroom() as news:
        await news.workspace.enroll_many(people, journal=tmp_path / "j")
        before = sorted(news.thumbnails())
        with closing(sqlite3.connect(tmp_path / "j")) as connection, connection:
            connection.execute(f"UPDATE pictures SET {damage} WHERE person = ?", (people[1].key,))  # noqa: S608  ours
        rebuild_journal(tmp_path / "j", tmp_path / "new")
        report = await news.workspace.enroll_many(people, journal=tmp_path / "new")
        assert report.counts == counts
        assert {problem.code for outcome in report.problems for problem in outcome.problems} == codes
        assert sorted(news.thumbnails()) == before


async def test_after_a_hole_persons_of_lost_rows_are_left_alone(tmp_path: Path) -> None:
    people = [PersonInput(f"{path.stem} {'x' * 40}", [path]) for path in files(tmp_path / "faces", faces(60))]
    path = tmp_path / "j"
    async with newsroom() as news:
        await news.workspace.enroll_many(people, journal=path)
        before = sorted(news.thumbnails())
        with closing(sqlite3.connect(path)) as connection:
            middle = connection.execute("SELECT sha256 FROM pictures ORDER BY person LIMIT 1 OFFSET 30").fetchone()[0]
        content, leaf = bytearray(path.read_bytes()), 10
        pages = range(0, len(content), 4096)
        at = next(at for at in pages if content[at] == leaf and middle.encode() in content[at : at + 4096])
        content[at : at + 4096] = bytes(4096)
        path.write_bytes(content)
        rebuilt = rebuild_journal(path, tmp_path / "new")
        assert 0 < rebuilt.rows["pictures"] < 60
        report = await news.workspace.enroll_many(people, journal=tmp_path / "new")
        assert report.counts.keys() == {Status.SKIPPED, Status.FAILED}
        assert report.counts[Status.FAILED] >= 60 - rebuilt.rows["pictures"]
        assert {problem.code for outcome in report.problems for problem in outcome.problems} == {"LOST"}
        assert sorted(news.thumbnails()) == before


async def test_a_rebuild_changes_nothing_of_the_damaged_journal_and_leaves_no_half_of_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _made(tmp_path / "j", "enroll")
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    with closing(sqlite3.connect(tmp_path / "j")) as connection, connection:
        connection.execute("UPDATE persons SET message = 'late'")
        connection.commit()
        for end in ("", "-wal"):
            shutil.copy(f"{tmp_path / 'j'}{end}", f"{crashed / 'j'}{end}")

    def found() -> dict[str, bytes]:
        return {each.name: each.read_bytes() for each in crashed.iterdir() if not each.name.endswith(".lock")}

    before = found()
    assert before["j-wal"]
    assert rebuild_journal(crashed / "j", tmp_path / "new").rows["persons"] == COUNT
    assert found() == before
    said = [problem["message"] for row in outcome_rows(tmp_path / "new", 1) for problem in row["problems"]]
    assert said.count("late") == COUNT // 5

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(repair_module, "_copy", full)
    with pytest.raises(JournalError, match="the disk is full"):
        rebuild_journal(crashed / "j", tmp_path / "half")
    assert [each.name for each in tmp_path.glob("half*") if not each.name.endswith(".lock")] == []
    assert found() == before


KILLED = """
import os, sys
from mi_async.bulk.journal import repair
repair._leave_alone = lambda *_: os._exit(9)
repair.rebuild_journal(*sys.argv[1:])
"""


def test_a_repair_that_is_killed_leaves_no_journal(sound: dict[str, bytes], tmp_path: Path) -> None:
    path, new = tmp_path / "j", tmp_path / "new"
    path.write_bytes(sound["enroll"])
    killed = subprocess.run([sys.executable, "-c", KILLED, path, new], check=False, timeout=120)
    assert killed.returncode == 9
    assert rebuild_journal(path, new).rows["persons"] == COUNT
