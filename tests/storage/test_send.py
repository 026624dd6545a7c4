"""Uploads against a real S3 implementation."""

import asyncio
import hashlib
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mi_async.errors import (
    AlreadyExistsError,
    AuthenticationError,
    ConfigError,
    ConnectError,
    MediaRejectedError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    SessionError,
)
from mi_async.storage.local_file import LocalFile
from mi_async.storage.models import StoredObject
from mi_async.storage.part_layout import PartLayout
from mi_async.storage.upload import SendProgress, send
from tests.support.interruption import CancelAt
from tests.support.storage import Bucket, Refusal
from tests.support.talking import nobody_there
from tests.support.uploading import LEAST_PART, PLACE, SECRET, SIZE, interrupted, nothing_kept, opened, sent

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "저녁 news.mp4"
    path.write_bytes(os.urandom(SIZE))
    return path


async def test_a_large_file_arrives_whole(s3: Bucket, clip: Path) -> None:
    told: list[SendProgress] = []
    async with opened(s3.url) as store:
        with LocalFile.open(clip) as file:
            done = await send(store, file, PLACE, sent=told.append)
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert (done.sent, done.found, done.was_there, done.stored) == (SIZE, 0, False, SIZE)
    assert sorted(s3.parts) == [1, 2, 3, 4, 5]
    assert [now.stored for now in told] == sorted(now.stored for now in told)
    assert told[-1] == done
    assert nothing_kept(clip)


@pytest.mark.parametrize("size", [0, 1, LEAST_PART])
async def test_a_small_file_goes_up_in_one_piece(s3: Bucket, clip: Path, size: int) -> None:
    clip.write_bytes(os.urandom(size))
    done = await sent(s3.url, clip)
    assert (done.sent, done.etag) == (size, hashlib.md5(clip.read_bytes(), usedforsecurity=False).hexdigest())
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert s3.asked == {"object HEAD": 1, "object PUT": 1, "object GET": 1}


@pytest.mark.parametrize("size", [100, SIZE])
async def test_what_is_there_is_not_sent_again(s3: Bucket, clip: Path, size: int) -> None:
    clip.write_bytes(os.urandom(size))
    await sent(s3.url, clip)
    s3.asked.clear()
    again = await sent(s3.url, clip)
    assert (again.was_there, again.sent, again.found) == (True, 0, size)
    assert s3.asked == {"object HEAD": 1}


@pytest.mark.parametrize("size", [100, SIZE])
async def test_another_object_is_never_overwritten(s3: Bucket, clip: Path, size: int) -> None:
    s3.put(PLACE.key, bytes(size))
    clip.write_bytes(os.urandom(size))
    with pytest.raises(AlreadyExistsError, match="not overwritten") as caught:
        await sent(s3.url, clip)
    assert caught.value.existing == (str(PLACE),)
    assert s3.get(PLACE.key) == bytes(size)


async def test_bodies_are_hashed_once(s3: Bucket, clip: Path) -> None:
    await sent(s3.url, clip)
    parts = [headers for headers in s3.headers if "HTTP_CONTENT_MD5" in headers]
    assert len(parts) == 5
    for headers in parts:
        assert headers["HTTP_X_AMZ_CONTENT_SHA256"] == "UNSIGNED-PAYLOAD"
        assert not [name for name in headers if "CHECKSUM" in name or "TRAILER" in name]


async def test_a_cancelled_upload_is_taken_up(s3: Bucket, clip: Path) -> None:
    s3.refuse = lambda _kind, query: ("503 Slow Down", "SlowDown") if query.get("partNumber") == ["5"] else None
    await interrupted(s3, clip, 2)
    assert s3.unfinished() == 1
    (record,) = [each.name for each in clip.parent.iterdir() if each != clip]
    assert record.startswith(f".{clip.name}.")  # a later version is to find what this one has left
    assert record.endswith(".mi-async-upload.json")
    arrived = set(s3.arrived())
    assert len(arrived) >= 2
    s3.parts.clear()
    s3.refuse = lambda _kind, _query: None
    done = await sent(s3.url, clip)
    assert not arrived & set(s3.parts)
    assert done.found >= sum(LEAST_PART for number in arrived if number < 5)  # one may land after its run
    assert done.sent == sum(PartLayout(SIZE).length(number) for number in s3.parts)
    assert done.found + done.sent == SIZE
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert s3.unfinished() == 0
    assert nothing_kept(clip)


async def test_no_secret_is_kept(s3: Bucket, clip: Path) -> None:
    await interrupted(s3, clip, 1)
    kept = [path for path in clip.parent.iterdir() if path != clip]
    assert len(kept) == 1
    content = kept[0].read_text("utf-8")
    assert SECRET not in content
    assert "ACCESS" not in content
    assert "Signature" not in content


async def test_a_changed_file_is_not_mixed_with_what_it_was(s3: Bucket, clip: Path) -> None:
    await interrupted(s3, clip, 3)
    arrived = set(s3.arrived())
    first = min(arrived)
    with clip.open("r+b") as file:
        file.seek((first - 1) * LEAST_PART + 5)
        file.write(b"changed")
    s3.parts.clear()
    await sent(s3.url, clip)
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert first in s3.parts
    assert not (arrived - {first}) & set(s3.parts)


async def test_a_file_of_another_size_starts_over(s3: Bucket, clip: Path) -> None:
    await interrupted(s3, clip, 2)
    with clip.open("ab") as file:
        file.write(b"more")
    s3.parts.clear()
    assert (await sent(s3.url, clip)).found == 0
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert s3.unfinished() == 0


async def test_a_file_that_changes_under_the_upload_is_refused(s3: Bucket, clip: Path) -> None:
    def change(now: SendProgress) -> None:
        if now.sent:
            os.utime(clip, ns=(1, 1))

    async with opened(s3.url) as store:
        with LocalFile.open(clip) as file, pytest.raises(MediaRejectedError) as caught:
            await send(store, file, PLACE, sent=change)
    assert caught.value.reason == "changed"
    assert s3.get(PLACE.key) is None


async def test_an_upload_that_the_storage_forgot_starts_over(s3: Bucket, clip: Path) -> None:
    await interrupted(s3, clip, 2)
    s3.forget()
    s3.parts.clear()
    assert (await sent(s3.url, clip)).sent == SIZE
    assert sorted(s3.parts) == [1, 2, 3, 4, 5]


async def test_a_lost_answer_to_the_completion_is_settled(s3: Bucket, clip: Path) -> None:
    s3.lose.add("upload POST")
    done = await sent(s3.url, clip)
    assert not s3.lose
    assert done.etag
    assert s3.get(PLACE.key) == clip.read_bytes()


async def test_failures_that_mend_are_repeated(s3: Bucket, clip: Path) -> None:
    failed: set[str] = set()

    def once_each(kind: str, query: dict[str, list[str]]) -> Refusal | None:
        word = f"{kind} {query.get('partNumber')}"
        refusals = [("503 Slow Down", "SlowDown"), ("500 Error", "InternalError"), ("400 Bad Request", "BadDigest")]
        if word in failed or kind in {"object HEAD", "object GET"}:
            return None
        failed.add(word)
        return refusals[len(failed) % 3]

    s3.refuse = once_each
    assert (await sent(s3.url, clip)).sent == SIZE
    assert s3.get(PLACE.key) == clip.read_bytes()


REFUSALS: list[tuple[Refusal, type[MIError]]] = [
    (("403 Forbidden", "AccessDenied"), PermissionDeniedError),
    (("403 Forbidden", "InvalidAccessKeyId"), AuthenticationError),
    (("403 Forbidden", "SignatureDoesNotMatch"), AuthenticationError),
    (("404 Not Found", "NoSuchBucket"), NotFoundError),
    (("503 Slow Down", "SlowDown"), ServerError),
]


@pytest.mark.parametrize(("refusal", "kind"), REFUSALS)
async def test_refusals_are_one_clear_error(
    s3: Bucket, clip: Path, refusal: Refusal, kind: type[MIError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    s3.refuse = lambda kind, _query: refusal if kind in {"begin POST", "object PUT"} else None
    with pytest.raises(kind, match="As a test wants it") as caught:
        await sent(s3.url, clip)
    for word in (SECRET, "AWS4-HMAC", "Signature="):
        assert word not in caplog.text + str(caught.value) + repr(caught.value)
    assert ("; access key ****" in str(caught.value)) == (kind is AuthenticationError)


async def test_nobody_there(clip: Path) -> None:
    with pytest.raises(ConnectError):
        await sent(nobody_there(), clip)


async def test_a_missing_bucket(s3: Bucket, clip: Path) -> None:
    with pytest.raises(NotFoundError):
        await sent(s3.url, clip, StoredObject("nothing", "clip.mp4"))
    assert not s3.parts


async def test_a_closed_session_asks_nothing(s3: Bucket, clip: Path) -> None:
    def closed() -> None:
        message = "the session is closed"
        raise SessionError(message)

    async with opened(s3.url) as store:
        store.connection.check_usable = closed
        with LocalFile.open(clip) as file, pytest.raises(SessionError):
            await send(store, file, PLACE)
    assert not s3.asked


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_takes_no_record_is_found_out_first(s3: Bucket, clip: Path) -> None:
    clip.parent.chmod(0o500)
    with pytest.raises(ConfigError, match="name another folder"):
        await sent(s3.url, clip)
    assert s3.unfinished() == 0


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_anywhere_it_can_be_run_again(s3: Bucket, clip: Path, late: bool) -> None:
    clip.write_bytes(os.urandom(LEAST_PART + 5))
    suspension = 0
    async with opened(s3.url) as store:
        await store.head(PLACE)
        while True:
            suspension += 1
            with LocalFile.open(clip) as file:

                async def run(file: LocalFile = file, at: int = suspension) -> SendProgress:
                    return await CancelAt(send(store, file, PLACE), at, late)  # type: ignore[no-any-return]

                task = asyncio.create_task(run())
                await asyncio.wait({task})
            if not task.cancelled():
                break
        assert len(asyncio.all_tasks()) == 1
    assert task.result().etag
    assert suspension > 5
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert nothing_kept(clip)


async def test_without_the_extra_it_says_what_to_install(
    s3: Bucket, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "mi_async.storage.client", raising=False)
    monkeypatch.setitem(sys.modules, "aiobotocore.awsrequest", None)
    with pytest.raises(ConfigError, match=r"can be made: ModuleNotFoundError: .*aiobotocore\.awsrequest"):
        await sent(s3.url, clip)  # a broken installation
    monkeypatch.setitem(sys.modules, "aiobotocore", None)
    with pytest.raises(ConfigError, match=r"mi-async\[storage\]"):
        await sent(s3.url, clip)


async def test_nothing_of_aws_is_read(s3: Bucket, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_PROFILE": "absent",
        "AWS_CONFIG_FILE": str(clip),
        "AWS_ENDPOINT_URL": nobody_there(),
        "AWS_CA_BUNDLE": "/absent",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported",
        "HTTP_PROXY": nobody_there(),
    }.items():
        monkeypatch.setenv(name, value)
    assert (await sent(s3.url, clip)).sent == SIZE


def test_the_library_is_loaded_late() -> None:
    code = "import mi_async, sys; sys.exit('botocore' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
