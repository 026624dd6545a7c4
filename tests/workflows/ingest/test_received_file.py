"""Media files that are streams, as a web service receives them: copied, ingested, and gone whatever happens."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest

from mi_async import InvalidArgumentError, MediaRejectedError, MIError, ResourceError, RetryPolicy, StoredObject
from mi_async.emulator import CREDENTIALS
from mi_async.media.readable_source import reader_of
from mi_async.session_opening import connect
from mi_async.storage.checkpoint import Checkpoint, checkpoint_path
from mi_async.storage.local_file import Fingerprint
from mi_async.storage.models import Storage
from mi_async.storage.part_layout import LEAST_TAKEN
from mi_async.storage.unfinished_upload import CheckpointFile
from mi_async.workflows.ingest import received_file as module
from tests.support.canned import SILENCE, canned
from tests.support.films import film
from tests.support.newsroom import context_of
from tests.support.small_parts import cut_small
from tests.support.storage import BUCKET, Bucket
from tests.support.streams import AsyncStream, Stream
from tests.workflows.ingest.test_ingest import numbers, session_with

FILM = film(size=100_000)


class Upload(AsyncStream):
    """What Starlette hands to a handler, as far as it is looked at."""

    filename = "저녁 뉴스.mp4"


async def test_what_a_client_has_sent_is_ingested_under_its_name(s3: Bucket, tmp_path: Path) -> None:
    async with session_with(s3) as (room, project):
        given: dict[str, Any] = {"project": project, "bucket": BUCKET, "analyze": False, "state_folder": tmp_path}
        done = await room.workspace.ingest_asset(Upload(Stream([FILM[:5], FILM[5:]])), **given)
        assert done.place == StoredObject(BUCKET, "저녁 뉴스.mp4")
        assert s3.get("저녁 뉴스.mp4") == FILM
        again = await room.workspace.ingest_asset(Upload(Stream([FILM])), **given)
        assert (again.reused, again.sent) == (True, 0)
        with tempfile.SpooledTemporaryFile() as spooled:
            spooled.write(FILM)
            spooled.seek(0)
            with pytest.raises(InvalidArgumentError, match="a SpooledTemporaryFile has no file name: give key"):
                await room.workspace.ingest_asset(spooled, **given)
            await room.workspace.ingest_asset(spooled, key="news/a.mp4", **given)
        assert len(await numbers(room, project)) == 2
    assert list(tmp_path.iterdir()) == []


async def test_an_upload_that_is_not_finished_is_given_up(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_small(monkeypatch)
    async with session_with(s3, retry=RetryPolicy(max_attempts=1)) as (room, project):
        sent: list[int] = []

        def stop(now: Any) -> None:
            sent.append(now.sent)
            if now.sent:
                raise KeyError

        with pytest.raises(KeyError):
            await room.workspace.ingest_asset(
                Upload(Stream([film(size=3_000_000)])),
                project=project,
                bucket=BUCKET,
                state_folder=tmp_path,
                progress=stop,
            )
        assert sent[-1]
        assert await context_of(room).store.uploads(StoredObject(BUCKET, Upload.filename)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([b"x", OSError(5, "Input/output error")], "Input/output error"),
        (["text"], "read\\(\\) gave str"),
        ([KeyError()], ""),
    ],
)
async def test_a_stream_that_fails_is_refused(pieces: list[Any], said: str, s3: Bucket, tmp_path: Path) -> None:
    async with session_with(s3) as (room, project):
        with pytest.raises(MediaRejectedError, match=f"^저녁 뉴스.mp4: cannot be read: {said}") as caught:
            await room.workspace.ingest_asset(
                Upload(Stream(pieces)), project=project, bucket=BUCKET, state_folder=tmp_path
            )
        assert (caught.value.source, caught.value.reason) == (Upload.filename, "unreadable")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["..", ".", "a\\..", "a/."])
async def test_a_name_of_a_folder_is_none(name: str, s3: Bucket, tmp_path: Path) -> None:
    class Named(AsyncStream):
        filename = name

    async with session_with(s3) as (room, project):
        given: dict[str, Any] = {"project": project, "bucket": BUCKET, "analyze": False, "state_folder": tmp_path}
        with pytest.raises(InvalidArgumentError, match="a Named has no file name: give key"):
            await room.workspace.ingest_asset(Named(Stream([FILM])), **given)
        store = context_of(room).store
        async with module.received_file(store, Stream([FILM]), name, tmp_path) as path:
            assert (path.read_bytes(), path.parent.parent) == (FILM, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"GIF89a" + bytes(1000), b""])
async def test_a_refusal_has_the_name_and_no_path_of_this_machine(content: bytes, s3: Bucket, tmp_path: Path) -> None:
    async with session_with(s3) as (room, project):
        with pytest.raises(MediaRejectedError) as caught:
            await room.workspace.ingest_asset(
                Upload(Stream([content])), project=project, bucket=BUCKET, state_folder=tmp_path
            )
        assert str(caught.value).startswith("저녁 뉴스.mp4: ")
        assert caught.value.source == Upload.filename
        assert str(tmp_path) not in str(caught.value)


async def test_no_more_is_copied_than_the_service_takes(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_VIDEO_BYTES", 10)
    async with session_with(s3) as (room, project):
        endless = Stream([b"12345"] * 1000)
        with pytest.raises(MediaRejectedError, match="more than the 10 GB"):
            await room.workspace.ingest_asset(Upload(endless), project=project, bucket=BUCKET, state_folder=tmp_path)
        assert len(endless.asked) == 3
        nowhere = tmp_path / "none"
        with pytest.raises(ResourceError, match="cannot be copied to the disk: No such file"):
            await room.workspace.ingest_asset(Upload(Stream([])), bucket=BUCKET, state_folder=nowhere)
    assert list(tmp_path.iterdir()) == []


async def test_a_copy_goes_when_its_upload_cannot_be_given_up(tmp_path: Path) -> None:
    async with (
        canned(SILENCE) as silent,
        connect(CREDENTIALS, base_url=silent.url, storage=Storage(silent.url)) as session,
    ):
        store = context_of(session.workspace("newsroom")).store

        async def received() -> None:
            async with module.received_file(store, Stream([FILM]), "a.mp4", tmp_path) as path:
                place = StoredObject(BUCKET, "a.mp4")
                record = Checkpoint(silent.url, BUCKET, "a.mp4", "id", LEAST_TAKEN, Fingerprint(1, 1, 1, 1))
                await CheckpointFile(checkpoint_path(str(path), place, silent.url, None)).save(record)
                raise KeyError

        work = asyncio.ensure_future(received())
        await asyncio.wait_for(silent.arrived.wait(), 60)  # the storage is asked to give the upload up
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert list(tmp_path.iterdir()) == []


async def test_a_copy_that_is_cancelled_leaves_nothing(s3: Bucket, tmp_path: Path) -> None:
    class Silent:
        name = "a.mp4"

        async def read(self, size: int, /) -> bytes:
            reading.set()
            await asyncio.sleep(60)
            return bytes(size)

    reading = asyncio.Event()
    assert reader_of(Silent())
    async with session_with(s3) as (room, project):
        work = asyncio.ensure_future(
            room.workspace.ingest_asset(Silent(), project=project, bucket=BUCKET, state_folder=tmp_path)
        )
        await asyncio.wait_for(reading.wait(), 60)
        assert len(list(tmp_path.iterdir())) == 1
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
    assert list(tmp_path.iterdir()) == []
    assert issubclass(MediaRejectedError, MIError)
