"""Pure parts of the storage, and the local side: cuts, pace, records, files."""

import asyncio
import json
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mi_async._core.concurrency import run_concurrently
from mi_async.errors import ConfigError, InvalidArgumentError, MediaRejectedError
from mi_async.storage.checkpoint import Checkpoint, checkpoint_path
from mi_async.storage.local_file import Fingerprint, LocalFile, open_file
from mi_async.storage.memory_budget import MemoryBudget
from mi_async.storage.models import Storage, StoredObject
from mi_async.storage.part_layout import BUFFERS, MIB, PartLayout, part_layouts_of, whole_etag
from mi_async.storage.part_limit import PartLimit

PLACE = StoredObject("footage", "뉴스/저녁 clip.mp4")


@given(st.integers(0, 60 * 2**30))
def test_a_cut_covers_the_file_within_what_s3_takes(size: int) -> None:
    cut = PartLayout(size)
    assert sum(cut.length(number) for number in (1, cut.count)) <= 2 * cut.part_size
    assert cut.offset(cut.count) + cut.length(cut.count) == size
    assert cut.count <= 10_000
    assert cut.part_size >= 5 * MIB
    assert all(cut.length(number) == cut.part_size for number in (1, cut.count - 1) if 0 < number < cut.count)


def test_ten_gigabytes_stay_within_the_buffers() -> None:
    cut = PartLayout(10 * 2**30)
    assert (cut.part_size, cut.count) == (11 * MIB, 931)
    assert cut.at_once * cut.part_size <= BUFFERS


def test_cuts_are_known_by_their_etag() -> None:
    size = 100 * MIB
    assert [cut.part_size for cut in part_layouts_of(size, "0" * 32 + "-13")] == [8 * MIB]
    assert [cut.part_size for cut in part_layouts_of(size, "0" * 32 + "-20")] == [5 * MIB]
    assert [cut.part_size for cut in part_layouts_of(size, "0" * 32 + "-3")] == [34 * MIB]  # even parts of whole MiB
    assert [cut.part_size for cut in part_layouts_of(size, "0" * 32 + "-7")] == [15 * MIB, 16 * MIB]
    assert [cut.part_size for cut in part_layouts_of(size, "0" * 32 + "-7", 16 * MIB)] == [16 * MIB]
    assert [cut.count for cut in part_layouts_of(size, "0" * 32 + "-1")] == [1]
    assert (
        part_layouts_of(size, "0" * 32 + "-99999")
        == part_layouts_of(size, "0" * 31 + "-13")
        == part_layouts_of(size, "w")
        == []
    )
    assert part_layouts_of(size, "0" * 32 + "-x") == []


def test_the_etag_of_a_whole() -> None:
    assert whole_etag(["5d41402abc4b2a76b9719d911017c592"] * 2).endswith("-2")


@pytest.mark.parametrize(
    "text",
    [
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/folder/",
        "s3:///key",
        "s3://b/" + "가" * 342,
        "s3://Bad Bucket/N.mp4",
        "s3://arn:aws:s3:kr:1:accesspoint:x/N.mp4",
        "s3://양동이/N.mp4",
    ],
)
def test_what_cannot_be_an_object(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        StoredObject.parse(text)


def test_an_object_reads_back_what_it_writes() -> None:
    assert StoredObject.parse(str(PLACE)) == PLACE
    assert StoredObject.parse("s3://b/a%2Fb//c").key == "a%2Fb//c"


@pytest.mark.parametrize("url", ["", "ftp://host", "https://user:secret@host", "https://host/?q", "https://", 7])
def test_what_cannot_be_a_storage(url: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Storage(url)
    assert "secret" not in str(caught.value)


def test_more_at_once_while_it_gets_faster_fewer_under_pressure() -> None:
    pace, now = PartLimit(8), 0.0
    pace.begin(now)
    for _ in range(60):  # the link gives each part a second whatever their number, up to six
        for _ in range(pace.limit):
            now += max(1.0 / pace.limit, 1.0 / 6)
            pace.landed(8 * MIB, now)
    assert 5 <= pace.limit <= 8
    pace.pressed(now)
    assert pace.limit <= 4
    for _ in range(9):
        pace.pressed(now)
    assert pace.limit == 1


async def test_a_crew_keeps_to_its_limit_and_fails_as_one() -> None:
    most = under_way = 0
    ended: list[int] = []

    async def work(item: int) -> None:
        nonlocal most, under_way
        under_way += 1
        most = max(most, under_way)
        try:
            await asyncio.sleep(0.001)
            if item == 7:
                raise KeyError(item)
        finally:
            under_way -= 1
            ended.append(item)

    await run_concurrently(work, range(6), lambda: 3)
    assert (most, under_way, sorted(ended)) == (3, 0, [0, 1, 2, 3, 4, 5])
    with pytest.raises(KeyError):
        await run_concurrently(work, range(5, 100), lambda: 4)
    assert under_way == 0
    assert len(ended) < 30


def record(path: Path) -> Checkpoint:
    return Checkpoint("http://s3", "footage", PLACE.key, "upload-1", 8 * MIB, Fingerprint.of(path.stat()))


def test_a_record_reads_back(tmp_path: Path) -> None:
    clip = tmp_path / "저녁 뉴스.mp4"
    clip.write_bytes(b"x")
    path = checkpoint_path(str(clip), PLACE, "http://s3", None)
    record(clip).save(path)
    assert path.parent == tmp_path
    assert path.stat().st_mode & 0o777 == 0o600
    assert Checkpoint.load(path) == record(clip)
    assert [p.name for p in tmp_path.iterdir() if "json." in p.name] == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 1}', '{"fingerprint": 3}', "\ud800"])
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    path = tmp_path / "record"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))
    assert Checkpoint.load(path) is None
    assert Checkpoint.load(tmp_path / "absent") is None


WRONG: list[dict[str, Any]] = [
    {"part_size": 0},
    {"part_size": 1},
    {"part_size": "8"},
    {"part_size": True},
    {"upload_id": 7},
    {"key": None},
    {"fingerprint": {"size": 1, "modified": 1, "changed": 1, "inode": None}},
    {"fingerprint": {"size": 2**50, "modified": 1, "changed": 1, "inode": 1}},
    {"more": 1},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_record_with_a_wrong_member_is_none(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = tmp_path / "record"
    path.write_bytes(b"")
    record(path).save(path)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | wrong), "utf-8")
    assert Checkpoint.load(path) is None


def test_a_record_nested_without_end_is_none(tmp_path: Path) -> None:
    path = tmp_path / "record"
    path.write_text("[" * 1_000_000, "utf-8")
    assert Checkpoint.load(path) is None


def test_a_record_that_is_a_pipe_is_none_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "record")
    assert Checkpoint.load(tmp_path / "record") is None


def test_a_record_and_its_name_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    fsync = os.fsync

    def watched(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    clip = tmp_path / "clip"
    clip.write_bytes(b"")
    record(clip).save(tmp_path / "record")
    assert synced == [False, True]


def test_each_target_has_its_own_record(tmp_path: Path) -> None:
    clip = str(tmp_path / ("긴 이름" * 30))
    names = {
        checkpoint_path(clip, PLACE, "http://s3", None),
        checkpoint_path(clip, evolve(PLACE, key="other"), "http://s3", None),
        checkpoint_path(clip, PLACE, "http://elsewhere", None),
        checkpoint_path(clip + "2", PLACE, "http://s3", None),
    }
    assert len(names) == 4
    assert all(len(os.fsencode(path.name)) < 255 for path in names)
    assert checkpoint_path(clip, PLACE, "u", tmp_path / "state").parent == tmp_path / "state"


def test_a_record_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    clip = tmp_path / "clip"
    clip.write_bytes(b"")
    with pytest.raises(ConfigError, match="name another folder"):
        record(clip).save(tmp_path / "absent" / "record")


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path, tmp_path / "absent", tmp_path / "pipe", "a\0b"):
        with pytest.raises(MediaRejectedError):
            LocalFile.open(source)
    with pytest.raises(InvalidArgumentError):
        LocalFile.open(b"bytes")  # type: ignore[arg-type]


async def test_reads_never_past_the_size_it_had(tmp_path: Path) -> None:
    clip = tmp_path / "clip"
    clip.write_bytes(b"0123456789")
    with LocalFile.open(clip) as file:
        with clip.open("ab") as more:
            more.write(b"and more")
        assert file.read(8, 100) == b"89"
        assert file.read(10, 1) == b""
        assert (await file.piece(0, 3)).md5 == "d2490f048dc3b77a457e3e450ab4eb38"
        with pytest.raises(MediaRejectedError) as caught:
            file.check_unchanged()
        assert caught.value.reason == "changed"
        os.truncate(clip, 4)
        with pytest.raises(MediaRejectedError, match="became shorter"):
            file.read(0, 10)
        clip.unlink()
        with pytest.raises(MediaRejectedError, match="gone"):
            file.check_unchanged()
    with pytest.raises(ValueError, match="closed"):
        file.read(0, 1)


def test_the_descriptor_is_closed_by_the_last_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tmp_path / "clip"
    clip.write_bytes(b"0123456789")
    reading, goes_on = threading.Event(), threading.Event()
    pread = os.pread

    def slow(descriptor: int, length: int, offset: int) -> bytes:
        reading.set()
        assert goes_on.wait(60)
        return pread(descriptor, length, offset)

    monkeypatch.setattr(os, "pread", slow)
    found: list[bytes] = []
    with LocalFile.open(clip) as file:
        thread = threading.Thread(target=lambda: found.append(file.read(0, 10)))
        thread.start()
        assert reading.wait(60)
    os.fstat(file.descriptor)  # still open
    goes_on.set()
    thread.join()
    assert found == [b"0123456789"]
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(file.descriptor)


async def test_a_file_that_opens_for_nobody_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tmp_path / "clip"
    clip.write_bytes(b"0123456789")
    opened: list[int] = []
    opening, goes_on, closed = threading.Event(), threading.Event(), asyncio.Event()
    loop, fstat, close = asyncio.get_running_loop(), os.fstat, os.close

    def slow(descriptor: int) -> os.stat_result:
        if not opening.is_set():
            opened.append(descriptor)
            opening.set()
            assert goes_on.wait(60)
        return fstat(descriptor)

    def watched(descriptor: int) -> None:
        close(descriptor)
        if descriptor in opened:
            loop.call_soon_threadsafe(closed.set)

    monkeypatch.setattr(os, "fstat", slow)
    monkeypatch.setattr(os, "close", watched)

    async def use() -> None:
        async with open_file(clip):
            pytest.fail("it was cancelled before")

    task = asyncio.create_task(use())
    await asyncio.to_thread(opening.wait, 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    goes_on.set()
    await asyncio.wait_for(closed.wait(), 60)


async def test_a_file_is_open_for_a_block(tmp_path: Path) -> None:
    clip = tmp_path / "clip"
    clip.write_bytes(b"0123456789")
    async with open_file(clip) as file:
        assert file.read(0, 10) == b"0123456789"
        assert await file.md5(2, 3) == (await file.piece(2, 3)).md5
    with pytest.raises(ValueError, match="closed"):
        file.read(0, 1)
    with pytest.raises(MediaRejectedError):
        async with open_file(tmp_path / "absent"):
            pass


async def test_room_is_given_in_turn() -> None:
    room, order = MemoryBudget(10), list[str]()
    leave = {name: asyncio.Event() for name in ("first", "large", "small", "huge")}

    async def hold(name: str, size: int) -> None:
        async with room.hold(size):
            order.append(name)
            await leave[name].wait()

    async def settle() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    sizes = {"first": 6, "large": 5, "small": 1, "huge": 99}
    tasks = {name: asyncio.create_task(hold(name, size)) for name, size in sizes.items()}
    await settle()
    assert (order, room.taken) == (["first"], 6)  # the small one fits, but it is not its turn
    leave["first"].set()
    await settle()
    assert (order, room.taken) == (["first", "large", "small"], 6)
    leave["large"].set()
    await settle()
    assert room.taken == 1
    leave["small"].set()
    await settle()
    assert (order[-1], room.taken) == ("huge", 99)  # alone, so that it gets on
    waiting = asyncio.create_task(hold("first", 1))
    await settle()
    for task in (waiting, tasks["huge"]):
        task.cancel()
    await asyncio.wait({waiting, *tasks.values()})
    assert room.taken == 0
    async with room.hold(10):
        assert room.taken == 10
