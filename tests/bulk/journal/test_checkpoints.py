"""Unfinished uploads in a journal that machines share: another one goes on with the file."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from mi_async.bulk.journal.checkpoints import JournalCheckpoint
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import Identity
from mi_async.bulk.journal.sharing import Sharing
from mi_async.errors import JournalError
from mi_async.storage.checkpoint import Checkpoint
from mi_async.storage.local_file import Fingerprint, LocalFile
from mi_async.storage.models import StoredObject
from mi_async.storage.part_layout import PartLayout
from mi_async.storage.progress import SendProgress, Sent
from mi_async.storage.upload import send
from tests.support.postgres import lapse
from tests.support.small_parts import cut_small
from tests.support.storage import Bucket
from tests.support.uploading import LEAST_PART, PLACE, SIZE, nothing_kept, opened

FOOTAGE = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "ingest")
RECORD = Checkpoint("http://s3", "b", "뉴스/a.mp4", "upload-1", 8 * 2**20, Fingerprint(10**10, 1, 2, 3))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_small(monkeypatch)


@asynccontextmanager
async def member(url: str) -> AsyncIterator[Journal]:
    """A process that shares a journal."""
    journal = await Journal.open(url, FOOTAGE, sharing=Sharing(shards=1))
    try:
        yield journal
    finally:
        await journal.aclose()


async def sent(s3: Bucket, clip: Path, journal: Journal, tell: Sent | None = None) -> SendProgress:
    """Send a file as one machine."""
    async with opened(s3.url) as store:
        with LocalFile.open(clip) as file:
            return await send(store, file, PLACE, checkpoints=partial(JournalCheckpoint, journal), sent=tell)


async def test_another_machine_sends_only_what_is_missing(s3: Bucket, schema_url: str, tmp_path: Path) -> None:
    clip, copy = tmp_path / "one/news.mp4", tmp_path / "other machine/news.mp4"
    for each in (clip, copy):
        each.parent.mkdir()
    clip.write_bytes(os.urandom(SIZE))
    shutil.copy2(clip, copy)
    landed = asyncio.Event()

    def watch(now: SendProgress) -> None:
        if now.sent >= 2 * LEAST_PART:
            landed.set()

    s3.refuse = lambda _kind, query: ("503 Slow Down", "SlowDown") if query.get("partNumber") == ["5"] else None
    async with member(schema_url) as journal, member(schema_url) as other:
        sending = asyncio.create_task(sent(s3, clip, journal, watch))
        await asyncio.wait_for(landed.wait(), 60)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        arrived = set(s3.arrived())
        s3.parts.clear()
        s3.refuse = lambda _kind, _query: None
        done = await sent(s3, copy, other)
        assert await other.find_part(PLACE.bucket, PLACE.key) is None
    assert len(arrived) >= 2
    assert not arrived & set(s3.parts)
    assert done.sent == sum(PartLayout(SIZE).length(number) for number in s3.parts)
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert s3.unfinished() == 0
    assert nothing_kept(clip)
    assert nothing_kept(copy)


async def test_a_record_comes_back_and_is_replaced_and_forgotten(schema_url: str) -> None:
    async with member(schema_url) as journal:
        place = StoredObject("b", "뉴스/a\0b.mp4")
        kept = JournalCheckpoint(journal, place)
        assert await kept.load() is None
        for size in (5 * 2**20, 8 * 2**20):
            record = Checkpoint("http://s3", "b", place.key, "u", size, RECORD.fingerprint)
            await kept.save(record)
            assert await kept.load() == record
        assert await JournalCheckpoint(journal, StoredObject("b", "other")).load() is None
        await kept.forget()
        assert await kept.load() is None


async def test_a_record_that_is_none_is_ignored_and_named(schema_url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with member(schema_url) as journal:
        await journal.write_part("b", "a.mp4", "{}")
        assert await JournalCheckpoint(journal, StoredObject("b", "a.mp4")).load() is None
    assert f"journal {schema_url}: s3://b/a.mp4 is no record of an upload and is ignored" in caplog.text


async def test_who_was_taken_over_changes_no_record(schema_url: str) -> None:
    async with member(schema_url) as journal, member(schema_url) as other:
        await JournalCheckpoint(journal, PLACE).save(RECORD)
        assert await journal.take_shard() == 0
        lapse(schema_url, 1)
        assert await other.take_shard() == 0
        with pytest.raises(JournalError, match="taken over by another process"):
            await JournalCheckpoint(journal, PLACE).forget()
        assert await JournalCheckpoint(other, PLACE).load() == RECORD
