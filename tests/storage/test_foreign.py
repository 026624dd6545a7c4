"""Storages whose ETags mean something else, parts that somebody replaced, and storages that are busy for long."""

import functools
import hashlib
import logging
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.errors import AlreadyExistsError, ServerError, UploadFailedError
from mi_async.storage.checkpoint import Checkpoint, checkpoint_path
from mi_async.storage.local_file import Fingerprint, LocalFile
from mi_async.storage.part_layout import whole_etag
from mi_async.storage.retry_window import PATIENCE
from mi_async.storage.upload import SendProgress, send
from tests.support.canned import canned, http
from tests.support.storage import BUCKET, Bucket, Headers, Refusal
from tests.support.uploading import LEAST_PART, MIB, PLACE, SIZE, Slept, interrupted, nothing_kept, opened, sent

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_parts")]

Query = dict[str, list[str]]
TWO_PARTS = LEAST_PART + 12_345
BUSY = ("503 Slow Down", "SlowDown")
INVALID = ("400 Bad Request", "InvalidPart")
MISSING = ("404 Not Found", "NoSuchKey")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "저녁 news.mp4"
    path.write_bytes(os.urandom(SIZE))
    return path


def random_hex() -> str:
    return f'"{uuid.uuid4().hex}"'


@functools.cache
def whole(clip: Path) -> str:
    """As it was when it was first asked for."""
    return f'"{hashlib.md5(clip.read_bytes(), usedforsecurity=False).hexdigest()}"'


ODD_ETAGS: dict[str, Callable[[Path], str | None]] = {
    "the MD5 of the whole": whole,
    "weak": lambda _clip: f'W/"{uuid.uuid4().hex[:8]}-1a2b"',
    "random": lambda _clip: random_hex(),
    "random with the number of parts": lambda _clip: f'"{uuid.uuid4().hex}-2"',
    "a UUID": lambda _clip: f'"{uuid.uuid4()}"',
    "in Base64": lambda _clip: f'"{uuid.uuid4().hex[:4]}IEIx/3TXD+37wkhu1YIh8AgUg/++I5bsBm9Mg="',
    "missing": lambda _clip: None,
}


def dressed(s3: Bucket, clip: Path, etag: Callable[[Path], str | None], kinds: set[str]) -> None:
    """Let the storage have other ETags, and take them back for those that it has."""

    def dress(asked: str, headers: Headers) -> Headers:
        found = next((value for name, value in headers if name.lower() == "etag"), None)
        if asked not in kinds or found is None:
            return headers
        other = etag(clip)
        if other is not None:
            s3.aliases[other.replace('"', "&quot;")] = s3.aliases[other] = found
        return [pair for pair in headers if pair[0].lower() != "etag"] + ([("ETag", other)] if other else [])

    s3.dress = dress


@pytest.mark.parametrize("size", [1000, TWO_PARTS])
@pytest.mark.parametrize("odd", ODD_ETAGS)
async def test_a_storage_whose_etags_mean_something_else_works(s3: Bucket, clip: Path, odd: str, size: int) -> None:
    clip.write_bytes(os.urandom(size))
    dressed(s3, clip, ODD_ETAGS[odd], {"object HEAD", "object PUT", "upload POST"})
    first = await sent(s3.url, clip)
    assert (first.sent, first.was_there) == (size, False)
    assert s3.get(PLACE.key) == clip.read_bytes()
    again = await sent(s3.url, clip)
    assert (again.sent, again.was_there) == (0, True)
    assert s3.asked["object PUT"] + s3.asked["begin POST"] == 1
    assert nothing_kept(clip)
    content = bytearray(clip.read_bytes())
    content[-1] ^= 1
    clip.write_bytes(content)
    with pytest.raises(AlreadyExistsError, match="not overwritten"):
        await sent(s3.url, clip)


@pytest.mark.parametrize("odd", [odd for odd in ODD_ETAGS if odd != "the MD5 of the whole"])
async def test_parts_whose_etags_mean_something_else_do(s3: Bucket, clip: Path, odd: str) -> None:
    clip.write_bytes(os.urandom(TWO_PARTS))
    dressed(s3, clip, ODD_ETAGS[odd], {"part PUT", "object HEAD"})
    assert (await sent(s3.url, clip)).sent == TWO_PARTS
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert (await sent(s3.url, clip)).was_there
    twice = len(s3.parts) - 2
    assert 1 <= twice <= 2 if odd == "random" else twice == 0  # until it is known that they say nothing


async def test_an_object_without_our_mark_cannot_be_told(s3: Bucket, clip: Path) -> None:
    s3.put(PLACE.key, clip.read_bytes())
    dressed(s3, clip, lambda _clip: 'W/"5f3e-1a2b"', {"object HEAD"})
    with pytest.raises(AlreadyExistsError) as caught:
        await sent(s3.url, clip)
    told = f"{PLACE} is there, and it cannot be told whether it is {clip} (ETag '5f3e-1a2b')"
    assert str(caught.value) == f"{told}; it is not overwritten: give another key"
    dressed(s3, clip, ODD_ETAGS["missing"], {"object HEAD"})
    with pytest.raises(AlreadyExistsError, match="it has no ETag"):
        await sent(s3.url, clip)


async def test_an_object_that_does_not_hold_what_was_sent_is_refused(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(os.urandom(TWO_PARTS))
    dressed(s3, clip, ODD_ETAGS["random"], {"object HEAD"})

    def damage(asked: str, _query: Query) -> Refusal | None:
        if asked == "object HEAD" and s3.asked["upload POST"] == 1:
            s3.refuse = lambda _kind, _query: None
            s3.put(PLACE.key, bytes(TWO_PARTS))
        return None

    s3.refuse = damage
    with pytest.raises(UploadFailedError, match="does not hold the file that was sent") as caught:
        await sent(s3.url, clip)
    assert caught.value.reason == "ETAG_MISMATCH"
    assert kind(caught.value) is FailureKind.TRANSIENT
    with pytest.raises(AlreadyExistsError):
        await sent(s3.url, clip)


async def test_somebody_who_answers_in_the_place_of_the_storage_is_found_out(clip: Path) -> None:
    clip.write_bytes(b"small")
    missing, page = http("", status="404 Not Found"), http("<html>Please sign in</html>", kind="text/html")
    async with canned(missing, page, missing) as server:
        with pytest.raises(UploadFailedError, match="it has no such object") as caught:
            await sent(server.url, clip)
        assert [line.partition(" ")[0] for line in server.request_lines] == ["HEAD", "PUT", "HEAD"]
    assert caught.value.reason == "NOT_THERE"


async def test_a_completion_after_which_there_is_no_object_has_stored_nothing(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(os.urandom(TWO_PARTS))

    def gone(asked: str, _query: Query) -> Refusal | None:
        return MISSING if asked == "object HEAD" and s3.asked["upload POST"] else None

    s3.refuse = gone
    with pytest.raises(UploadFailedError, match="it has no such object") as caught:
        await sent(s3.url, clip)
    assert caught.value.reason == "NOT_THERE"
    assert caught.value.ambiguous
    assert not nothing_kept(clip), "the checkpoint is forgotten only once the object is there"


def in_parts(s3: Bucket, content: bytes, size: int) -> str:
    """Store an object as another program does; returns its ETag."""
    target = f"/{BUCKET}/{s3.quoted(PLACE.key)}"
    begun = s3.ask("POST", f"{target}?uploads")[2].decode()
    upload = begun.partition("<UploadId>")[2].partition("<")[0]
    sums = []
    for number, start in enumerate(range(0, len(content), size), 1):
        part = content[start : start + size]
        assert s3.ask("PUT", f"{target}?partNumber={number}&uploadId={upload}", part)[0] == 200
        sums.append(hashlib.md5(part, usedforsecurity=False).hexdigest())
    listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{one}</ETag></Part>" for n, one in enumerate(sums, 1))
    body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
    assert s3.ask("POST", f"{target}?uploadId={upload}", body)[0] == 200
    return whole_etag(sums)


PART_SIZES = {"s3cmd": 15 * MIB, "rclone": 5 * MIB, "awscli": 8 * MIB, "minio": 16 * MIB, "even": 17 * MIB}


@pytest.mark.parametrize("program", PART_SIZES)
async def test_what_another_program_stored_is_known(s3: Bucket, clip: Path, program: str) -> None:
    in_parts(s3, clip.read_bytes(), PART_SIZES[program])
    s3.refuse = lambda kind, _query: ("501 Not Implemented", "NotImplemented") if kind == "part HEAD" else None
    done = await sent(s3.url, clip)
    assert (done.was_there, done.sent) == (True, 0)
    clip.write_bytes(os.urandom(SIZE))
    with pytest.raises(AlreadyExistsError):
        await sent(s3.url, clip)


@pytest.mark.parametrize("tells", [True, False])
async def test_parts_of_an_unusual_size_are_known_if_the_storage_tells(s3: Bucket, clip: Path, tells: bool) -> None:
    etag = in_parts(s3, clip.read_bytes(), 6 * MIB + 77)
    if tells:
        assert (await sent(s3.url, clip)).was_there
        return
    s3.refuse = lambda kind, _query: ("501 Not Implemented", "NotImplemented") if kind == "part HEAD" else None
    with pytest.raises(AlreadyExistsError, match=rf"cannot be told whether it is .* \(ETag '{etag}'\)"):
        await sent(s3.url, clip)


async def test_a_part_that_somebody_replaced_is_sent_again_on_resume(s3: Bucket, clip: Path) -> None:
    await interrupted(s3, clip, 2)
    arrived = set(s3.arrived())
    replaced = min(arrived)
    s3.replace_part(replaced, os.urandom(LEAST_PART))
    s3.parts.clear()
    await sent(s3.url, clip)
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert replaced in s3.parts
    assert not (arrived - {replaced}) & set(s3.parts)


async def test_a_part_that_is_replaced_before_the_completion_is_sent_again(s3: Bucket, clip: Path) -> None:
    def replace(now: SendProgress) -> None:
        if now.sent == SIZE and now.etag is None and len(s3.parts) == 5:
            s3.replace_part(2, os.urandom(LEAST_PART))

    done = await sent(s3.url, clip, tell=replace)
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert sorted(s3.parts) == [1, 2, 2, 2, 3, 4, 5]  # ours, the other one, ours again
    assert (s3.asked["begin POST"], s3.asked["upload POST"], done.stored) == (1, 2, SIZE)
    assert nothing_kept(clip)


async def test_parts_that_are_disowned_are_sent_again_and_then_anew(s3: Bucket, clip: Path) -> None:
    refused: list[str] = []

    def disown(asked: str, _query: Query) -> Refusal | None:
        if asked != "upload POST" or len(refused) == 2:
            return None
        refused.append(asked)
        return INVALID

    s3.refuse = disown
    assert (await sent(s3.url, clip)).sent == SIZE
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert (s3.asked["begin POST"], s3.asked["upload POST"], len(s3.parts)) == (2, 3, 15)
    assert s3.unfinished() == 0
    assert nothing_kept(clip)


async def test_parts_that_are_disowned_go_anew_where_an_upload_cannot_be_aborted(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(os.urandom(TWO_PARTS))
    broken: set[str] = set()

    def disown(asked: str, query: Query) -> Refusal | None:
        upload = query.get("uploadId", [""])[0]
        if asked == "upload POST":
            broken.add(min(broken, default=upload))
            return INVALID if upload in broken else None
        return ("403 Forbidden", "AccessDenied") if asked == "upload DELETE" else None

    s3.refuse = disown
    assert (await sent(s3.url, clip)).sent == TWO_PARTS
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert (s3.asked["begin POST"], s3.asked["upload POST"]) == (2, 3)
    assert s3.unfinished() == 1
    assert nothing_kept(clip)


async def test_parts_that_are_always_disowned_end_clearly(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(os.urandom(TWO_PARTS))
    s3.refuse = lambda asked, _query: INVALID if asked == "upload POST" else None
    with pytest.raises(UploadFailedError, match=r"forgotten or refused the upload, twice: .*InvalidPart") as caught:
        await sent(s3.url, clip)
    assert kind(caught.value) is FailureKind.TRANSIENT
    assert (s3.asked["begin POST"], s3.asked["upload POST"]) == (2, 4)
    assert s3.unfinished() == 0
    s3.refuse = lambda _asked, _query: None
    assert (await sent(s3.url, clip)).sent == TWO_PARTS


async def test_parts_that_cannot_be_compared_are_sent_again(s3: Bucket, clip: Path) -> None:
    await interrupted(s3, clip, 2)
    content = bytearray(clip.read_bytes())
    content[::LEAST_PART] = os.urandom(len(content[::LEAST_PART]))
    for start in range(0, SIZE, LEAST_PART):
        content[start] = (clip.read_bytes()[start] + 1) % 256
    clip.write_bytes(content)
    s3.parts.clear()
    assert (await sent(s3.url, clip)).found == 0
    assert s3.asked["begin POST"] == 2  # the mark of the first one was that of another file
    assert s3.get(PLACE.key) == bytes(content)
    assert s3.unfinished() == 0


async def test_a_busy_storage_is_waited_for(s3: Bucket, clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    left = 25

    def busy(asked: str, _query: Query) -> Refusal | None:
        nonlocal left
        left -= asked == "part PUT"
        return BUSY if asked == "part PUT" and left >= 0 else None

    s3.refuse = busy
    assert (await sent(s3.url, clip, clock=Slept())).sent == SIZE
    warned = [entry for entry in caplog.records if entry.levelno == logging.WARNING]
    assert 1 <= len(warned) <= 2  # two parts are under way
    assert "storage.upload_part: attempt 3 failed (503), again in " in warned[0].getMessage()


async def test_it_is_waited_for_from_the_last_success_on(s3: Bucket, clip: Path) -> None:
    s3.refuse = lambda asked, query: BUSY if asked == "part PUT" and query["partNumber"] == ["5"] else None
    clock, landed = Slept(), 0.0

    def tell(now: SendProgress) -> None:
        nonlocal landed
        if now.sent:
            landed = clock.monotonic()

    async with opened(s3.url, clock=clock) as store:
        with LocalFile.open(clip) as file, pytest.raises(ServerError):
            await send(store, file, PLACE, sent=tell)
        assert clock.monotonic() - landed >= PATIENCE
    assert s3.asked["part PUT"] > 20


async def test_a_single_attempt_is_one(s3: Bucket, clip: Path) -> None:
    s3.refuse = lambda asked, _query: BUSY if asked == "part PUT" else None
    with pytest.raises(ServerError):
        await sent(s3.url, clip, attempts=1)
    assert s3.asked["part PUT"] <= 2


async def test_a_busy_storage_has_begun_nothing(s3: Bucket, clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    left = 5

    def busy(asked: str, _query: Query) -> Refusal | None:
        nonlocal left
        left -= asked == "begin POST"
        return BUSY if asked == "begin POST" and left >= 0 else None

    s3.refuse = busy
    await sent(s3.url, clip)
    assert s3.asked["begin POST"] == 6
    assert "AbortMultipartUpload" not in caplog.text


@pytest.mark.parametrize("was_begun", [True, False])
async def test_what_a_crash_left_is_reported_at_the_next_run(
    s3: Bucket, clip: Path, was_begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    draft = Checkpoint(s3.url, BUCKET, PLACE.key, "", LEAST_PART, Fingerprint.of(clip.stat()))
    draft.save(checkpoint_path(str(clip), PLACE, s3.url, None))
    if was_begun:
        assert s3.ask("POST", f"/{BUCKET}/{s3.quoted(PLACE.key)}?uploads")[0] == 200
    await sent(s3.url, clip)
    assert caplog.text.count("AbortMultipartUpload") == was_begun
    assert nothing_kept(clip)


async def test_what_a_crash_may_have_left_is_reported(s3: Bucket, clip: Path, caplog: pytest.LogCaptureFixture) -> None:
    draft = Checkpoint(s3.url, BUCKET, PLACE.key, "", LEAST_PART, Fingerprint.of(clip.stat()))
    draft.save(checkpoint_path(str(clip), PLACE, s3.url, None))
    s3.put(PLACE.key, clip.read_bytes())
    s3.refuse = lambda asked, _query: ("403 Forbidden", "AccessDenied") if asked == "bucket GET" else None
    assert (await sent(s3.url, clip)).was_there
    assert caplog.text.count("AbortMultipartUpload") == 1
    assert nothing_kept(clip)
