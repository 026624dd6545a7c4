"""Large files on their way in: what is found there meanwhile, what is forgotten, and what is left behind."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from attrs import define, field

from mi_async._core.files import atomic_write
from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.errors import (
    AlreadyExistsError,
    ConfigError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    UploadFailedError,
)
from mi_async.storage.local_file import LocalFile, Piece
from mi_async.storage.models import StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.responses import ObjectHead
from mi_async.storage.upload import SendProgress, send
from tests.support.storage import BUCKET, Bucket, Refusal
from tests.support.uploading import BUFFERS, LEAST_PART, PLACE, SIZE, interrupted, nothing_kept, opened, sent

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_parts")]

Query = dict[str, list[str]]
GONE = ("404 Not Found", "NoSuchUpload")
BUSY = ("503 Slow Down", "SlowDown")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "저녁 news.mp4"
    path.write_bytes(os.urandom(SIZE))
    return path


def refuse(s3: Bucket, kind: str, refusal: Refusal) -> None:
    s3.refuse = lambda asked, _query: refusal if asked == kind else None


def accept(s3: Bucket) -> None:
    s3.refuse = lambda _kind, _query: None


async def test_stale_parts_stay_stale_through_a_second_interruption(s3: Bucket, clip: Path) -> None:
    await interrupted(s3, clip, 3)
    first = min(s3.arrived())
    with clip.open("r+b") as file:
        file.seek((first - 1) * LEAST_PART)
        file.write(os.urandom(LEAST_PART))
    refuse(s3, "part PUT", BUSY)
    with pytest.raises(ServerError):
        await sent(s3.url, clip)
    accept(s3)
    await sent(s3.url, clip)
    assert s3.get(PLACE.key) == clip.read_bytes()


@pytest.mark.parametrize("size", [1000, SIZE])
async def test_of_two_files_with_one_key_one_is_stored(s3: Bucket, tmp_path: Path, size: int) -> None:
    clips = [tmp_path / name / "clip.mp4" for name in ("a", "b")]
    for one in clips:
        one.parent.mkdir()
        one.write_bytes(os.urandom(size))
    async with opened(s3.url) as store:

        async def bring(one: Path) -> SendProgress:
            with LocalFile.open(one) as file:
                return await send(store, file, PLACE)

        ended = await asyncio.gather(*map(bring, clips), return_exceptions=True)
    assert sorted(type(end).__name__ for end in ended) == ["AlreadyExistsError", "SendProgress"]
    winner = next(one for one, end in zip(clips, ended, strict=True) if isinstance(end, SendProgress))
    assert s3.get(PLACE.key) == winner.read_bytes()
    assert s3.unfinished() == 0
    assert all(nothing_kept(one) for one in clips)


async def test_what_another_stores_meanwhile_is_not_overwritten(s3: Bucket, clip: Path) -> None:
    def other(now: SendProgress) -> None:
        if now.sent == SIZE and now.etag is None:
            s3.put(PLACE.key, b"somebody else's")

    with pytest.raises(AlreadyExistsError, match="not overwritten"):
        await sent(s3.url, clip, tell=other)
    assert s3.get(PLACE.key) == b"somebody else's"
    assert s3.unfinished() == 0
    assert nothing_kept(clip)


async def test_the_same_that_another_stores_meanwhile_will_do(s3: Bucket, clip: Path) -> None:
    def other(now: SendProgress) -> None:
        if now.sent == SIZE and now.etag is None:
            s3.put(PLACE.key, clip.read_bytes())

    done = await sent(s3.url, clip, tell=other)
    assert (done.was_there, done.sent) == (False, SIZE)
    assert "upload POST" not in s3.asked
    assert s3.unfinished() == 0
    assert nothing_kept(clip)


async def test_a_small_file_looks_again_before_each_try(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(os.urandom(1000))
    tried: list[str] = []

    def busy_once(kind: str, _query: Query) -> Refusal | None:
        if kind != "object PUT" or tried:
            return None
        tried.append(kind)
        s3.put(PLACE.key, b"somebody else's")
        return BUSY

    s3.refuse = busy_once
    with pytest.raises(AlreadyExistsError):
        await sent(s3.url, clip)
    assert s3.get(PLACE.key) == b"somebody else's"


async def test_a_small_file_whose_answer_was_lost_is_not_sent_again(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(os.urandom(1000))
    s3.lose.add("object PUT")
    done = await sent(s3.url, clip)
    assert (done.sent, done.was_there) == (1000, False)
    assert s3.asked["object PUT"] == 1


@define(eq=False)
class Forgetful:
    """Forgets the upload at the first request of a kind that comes after some parts."""

    at: str
    parts: Callable[[], int]
    meanwhile: Callable[[], None] = lambda: None
    gone: set[str] = field(factory=set)
    guard: threading.Lock = field(factory=threading.Lock)

    def __call__(self, kind: str, query: Query) -> Refusal | None:
        upload = query.get("uploadId", [""])[0]
        if not upload:
            return None
        with self.guard:
            if kind == self.at and not self.gone and self.parts() >= 2:
                self.meanwhile()
                self.gone.add(upload)
        return GONE if upload in self.gone else None


@pytest.mark.parametrize("at", ["part PUT", "upload POST"])
async def test_an_upload_that_is_forgotten_on_the_way_begins_anew(s3: Bucket, clip: Path, at: str) -> None:
    s3.refuse = Forgetful(at, lambda: len(s3.parts))
    told: list[SendProgress] = []
    done = await sent(s3.url, clip, tell=told.append)
    assert (done.found, done.sent) == (0, SIZE)
    assert max(now.stored for now in told) == SIZE
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert s3.asked["begin POST"] == 2
    assert nothing_kept(clip)


@pytest.mark.parametrize("at", ["part PUT", "upload POST"])
async def test_an_upload_that_another_run_completed_is_done(s3: Bucket, clip: Path, at: str) -> None:
    s3.refuse = Forgetful(at, lambda: len(s3.parts), lambda: s3.put(PLACE.key, clip.read_bytes()))
    done = await sent(s3.url, clip)
    assert done.etag
    assert done.stored == SIZE
    assert s3.asked["begin POST"] == 1
    assert nothing_kept(clip)


async def test_an_upload_that_is_forgotten_for_another_object_fails(s3: Bucket, clip: Path) -> None:
    s3.refuse = Forgetful("upload POST", lambda: len(s3.parts), lambda: s3.put(PLACE.key, b"somebody else's"))
    with pytest.raises(AlreadyExistsError):
        await sent(s3.url, clip)
    assert s3.get(PLACE.key) == b"somebody else's"


@pytest.mark.parametrize("at", ["part PUT", "upload POST"])
async def test_an_upload_that_is_always_forgotten_is_left_to_a_later_run(s3: Bucket, clip: Path, at: str) -> None:
    refuse(s3, at, GONE)
    with pytest.raises(UploadFailedError, match="forgotten") as caught:
        await sent(s3.url, clip)
    assert kind(caught.value) is FailureKind.TRANSIENT
    assert s3.asked["begin POST"] == 2
    assert s3.unfinished() == 0
    accept(s3)
    assert (await sent(s3.url, clip)).sent == SIZE


async def test_a_bucket_that_goes_away_is_no_forgotten_upload(s3: Bucket, clip: Path) -> None:
    refuse(s3, "part PUT", ("404 Not Found", "NoSuchBucket"))
    with pytest.raises(NotFoundError):
        await sent(s3.url, clip)
    assert s3.asked["begin POST"] == 1


def came_otherwise(s3: Bucket, clip: Path) -> None:
    s3.put(PLACE.key, clip.read_bytes())


def became_small(_s3: Bucket, clip: Path) -> None:
    clip.write_bytes(b"x" * 1000)


def taken(s3: Bucket, _clip: Path) -> None:
    s3.put(PLACE.key, b"somebody else's")


@pytest.mark.parametrize("happens", [came_otherwise, became_small, taken])
async def test_no_upload_outlives_its_record(s3: Bucket, clip: Path, happens: Callable[[Bucket, Path], None]) -> None:
    await interrupted(s3, clip, 2)
    happens(s3, clip)
    if happens is taken:
        with pytest.raises(AlreadyExistsError):
            await sent(s3.url, clip)
    else:
        await sent(s3.url, clip)
    assert s3.unfinished() == 0
    assert nothing_kept(clip)


async def test_an_upload_that_cannot_be_given_up_keeps_its_record(
    s3: Bucket, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await interrupted(s3, clip, 2)
    came_otherwise(s3, clip)
    refuse(s3, "upload DELETE", ("403 Forbidden", "AccessDenied"))
    assert (await sent(s3.url, clip)).was_there
    assert not nothing_kept(clip)
    assert "still stored and billed" in caplog.text
    accept(s3)
    assert (await sent(s3.url, clip)).was_there
    assert s3.unfinished() == 0
    assert nothing_kept(clip)


async def test_an_upload_that_may_have_been_left_behind_is_told(
    s3: Bucket, clip: Path, caplog: pytest.LogCaptureFixture
) -> None:
    s3.lose.add("begin POST")
    await sent(s3.url, clip)
    told = [entry for entry in caplog.records if "AbortMultipartUpload" in entry.getMessage()]
    assert [entry.levelno for entry in told] == [logging.WARNING]
    assert f"bucket {BUCKET!r}" in told[0].getMessage()
    assert f"prefix {PLACE.key!r}" in told[0].getMessage()
    assert s3.unfinished() == 1  # it may be another process's, and is left alone


async def test_a_refused_beginning_leaves_nothing(s3: Bucket, clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    refuse(s3, "begin POST", ("403 Forbidden", "AccessDenied"))
    with pytest.raises(PermissionDeniedError):
        await sent(s3.url, clip)
    assert nothing_kept(clip)
    assert "AbortMultipartUpload" not in caplog.text


async def test_an_upload_without_a_record_is_given_up(s3: Bucket, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def full(path: Path) -> AbstractContextManager[BinaryIO]:
        written.append(path)
        if len(written) > 1:  # the first is written before there is an upload
            raise OSError(28, "No space left on device")
        return atomic_write(path)

    monkeypatch.setattr("mi_async.storage.checkpoint.atomic_write", full)
    with pytest.raises(ConfigError, match="No space left"):
        await sent(s3.url, clip)
    assert s3.unfinished() == 0
    assert nothing_kept(clip)


async def test_all_uploads_of_a_session_share_one_room(
    s3: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.touch()
    os.truncate(clip, 3 * LEAST_PART)
    held = most = 0
    read, put = LocalFile.piece, ObjectStore.put_part

    async def counted_piece(file: LocalFile, offset: int, length: int) -> Piece:
        nonlocal held, most
        held += length
        most = max(most, held)
        return await read(file, offset, length)

    async def counted_put(store: ObjectStore, *arguments: Any) -> ObjectHead:
        nonlocal held
        try:
            return await put(store, *arguments)
        finally:
            held -= len(arguments[3].body)

    monkeypatch.setattr(LocalFile, "piece", counted_piece)
    monkeypatch.setattr(ObjectStore, "put_part", counted_put)
    async with opened(s3.url) as store:
        store.room.most = BUFFERS

        async def bring(number: int) -> SendProgress:
            with LocalFile.open(clip) as file:
                return await send(store, file, StoredObject(BUCKET, f"{number}.mp4"))

        await asyncio.gather(*map(bring, range(6)))
    assert held == store.room.taken == 0
    assert LEAST_PART < most <= BUFFERS


KMS = [("x-amz-server-side-encryption", "aws:kms")]
OPAQUE = ("ETag", '"0123456789abcdef0123456789abcdef"')


def encrypt(kind: str, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if kind not in {"object PUT", "object HEAD", "part PUT", "upload POST"}:
        return headers
    kept = [(name, value) for name, value in headers if name.lower() != "etag"]
    return kept + ([OPAQUE] if len(kept) < len(headers) else []) + KMS


@pytest.mark.parametrize("size", [1000, SIZE])
async def test_where_an_etag_says_nothing_the_size_does(s3: Bucket, clip: Path, size: int) -> None:
    clip.write_bytes(os.urandom(size))
    os.utime(clip, (1, 1))
    s3.dress = encrypt
    if size > LEAST_PART:  # moto wants the ETags back that it would have given
        s3.dress = lambda kind, headers: headers if kind == "part PUT" else encrypt(kind, headers)
    assert (await sent(s3.url, clip)).sent == size
    assert (await sent(s3.url, clip)).was_there
    os.utime(clip, (2**32, 2**32))  # written to since
    with pytest.raises(AlreadyExistsError):
        await sent(s3.url, clip)
    clip.write_bytes(b"of another size")
    with pytest.raises(AlreadyExistsError):
        await sent(s3.url, clip)


@pytest.mark.parametrize("marked", [True, False])
async def test_where_an_etag_says_nothing_our_mark_does(s3: Bucket, clip: Path, marked: bool) -> None:
    """An older file of the same size is another one if the object has the mark of a file with another content."""
    other = clip.with_name("other.mp4")
    for path in (clip, other):
        path.write_bytes(os.urandom(1000))
    os.utime(other, (1_600_000_000, 1_600_000_000))
    s3.dress = encrypt
    if marked:
        await sent(s3.url, clip)
        with pytest.raises(AlreadyExistsError, match=r"is there and is not .*other\.mp4"):
            await sent(s3.url, other)
    else:
        s3.put(PLACE.key, clip.read_bytes())
        assert (await sent(s3.url, other)).was_there
    os.utime(clip, (1_600_000_000, 1_600_000_000))  # the same content, copied with another time
    assert (await sent(s3.url, clip)).was_there


async def test_metadata_goes_along(s3: Bucket, clip: Path) -> None:
    for size in (1000, SIZE):
        place = StoredObject(BUCKET, f"{size}.mp4")
        clip.write_bytes(os.urandom(size))
        async with opened(s3.url) as store:
            with LocalFile.open(clip) as file:
                await send(store, file, place, metadata={"mi-async-x": "newsroom/101/7"})
            head: ObjectHead | None = await store.head(place)
        assert head is not None
        assert head.metadata == {"mi-async-x": "newsroom/101/7", "mi-async-file": head.metadata["mi-async-file"]}


async def test_the_errors_are_ours(s3: Bucket, clip: Path) -> None:
    refuse(s3, "upload POST", ("400 Bad Request", "EntityTooSmall"))
    with pytest.raises(MIError, match="As a test wants it"):
        await sent(s3.url, clip)
    assert not nothing_kept(clip)
