"""upload_thumbnail: the way of one picture, what goes wrong on it, and what is left after a cancellation."""

import asyncio
import hashlib
import io
import logging
import re
from contextlib import suppress
from pathlib import Path

import pytest

import mi_async
from mi_async import Clock, ImageRejectedError, Polling, Quota, RetryPolicy, State, Upload, UploadFailedError
from mi_async.api.persons import PersonThumbnail
from mi_async.api.thumbnails import Thumbnails, UploadCheck, UploadStatus
from mi_async.emulator import Fault, Latency, Settings
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.thumbnails import EmulatedThumbnails
from mi_async.media.image import ImageHeader
from mi_async.media.image_check import Image
from mi_async.workflows.thumbnail_names import shows
from tests.support.cases import sampled
from tests.support.interruption import CancelAt
from tests.support.newsroom import QUICK, SPEED, Newsroom, newsroom, no_lease_held, nothing_held, served_elsewhere
from tests.support.pictures import picture
from tests.support.sockets import PATIENCE, open_sockets, sockets_closed

AFTER = [Fault.DROP_AFTER, Fault.ERROR_AFTER, Fault.UNAVAILABLE_AFTER, Fault.TRUNCATED_BODY, Fault.PROXY_HTML]
OPEN_FILES = Path("/proc/self/fd")
PLACES = ["thumbnails.presign", "storage.put", "thumbnails.complete", "persons.set_thumbnails", "persons.get"]


async def person(news: Newsroom) -> int:
    return (await news.workspace.enroll_person("Gildong Hong", [picture()])).id


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
async def test_a_picture_becomes_a_thumbnail(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"홍길동.{kind}"
    path.write_bytes(picture(kind))
    seen: list[State] = []
    async with newsroom() as news:
        number = await person(news)
        upload = await news.workspace.upload_thumbnail(
            number, path, primary=True, progress=lambda u: seen.append(u.state)
        )
        assert upload.state is State.ATTACHED
        assert seen == [State.PRESIGNED, State.STORED, State.CONFIRMED, State.ATTACHED]
        assert len(upload.thumbnails) == 2
        assert next(t for t in upload.thumbnails if t.is_primary_thumbnail) == upload.thumbnails[-1]
        stored = news.server.state.uploads[str(upload.key)]
        assert stored.content == path.read_bytes()


async def test_an_upload_that_is_slow_to_be_ready_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "mi_async.workflows.upload")
    async with newsroom(Settings(latency=Latency.constant(3.0))) as news:
        await person(news)
    (said,) = [record.getMessage() for record in caplog.records if record.name == "mi_async.workflows.upload"]
    assert re.fullmatch(r".+: upload ready after \d+\.\d s; completion checks: \d+", said)


async def test_every_kind_of_source_arrives_whole() -> None:
    content = picture("png")

    class Reader:
        def __init__(self) -> None:
            self.stream = io.BytesIO(content)

        async def read(self, size: int) -> bytes:
            return self.stream.read(min(size, 1000))

    async with newsroom() as news:
        number = await person(news)
        for source in (content, bytearray(content), memoryview(content), io.BytesIO(content), Reader()):
            upload = await news.workspace.upload_thumbnail(number, source)
            assert news.server.state.uploads[str(upload.key)].content == content


async def test_largest_picture_arrives_and_a_larger_one_is_refused_before_any_request() -> None:
    content = picture("jpg")
    padded = content + bytes(5 * 2**20 - len(content))
    async with newsroom() as news:
        number = await person(news)
        upload = await news.workspace.upload_thumbnail(number, padded)
        assert news.server.state.uploads[str(upload.key)].size == 5 * 2**20
        before = dict(news.server.log.answers)
        with pytest.raises(ImageRejectedError, match="5 MB"):
            await news.workspace.upload_thumbnail(number, padded + b"\0")
        assert news.server.log.answers == before


@pytest.mark.parametrize("fault", sampled(Fault, 4))
@pytest.mark.parametrize("place", PLACES)
async def test_one_fault_anywhere_neither_loses_nor_doubles(place: str, fault: Fault) -> None:
    async with newsroom() as news:
        number = await person(news)
        news.server.faults.next(place, fault)
        upload = await news.workspace.upload_thumbnail(number, picture(seed=1))
        assert upload.state is State.ATTACHED
        assert len(news.thumbnails()) == 2
        assert news.none_doubled()


@pytest.mark.parametrize("fault", AFTER)
async def test_a_lost_answer_to_attach_is_looked_at_before_it_is_repeated(fault: Fault) -> None:
    async with newsroom() as news:
        number = await person(news)
        news.server.faults.next("persons.set_thumbnails", fault)
        upload = await news.workspace.upload_thumbnail(number, picture(seed=1))
        assert len(upload.thumbnails) == 2
        assert news.server.log.count("persons.set_thumbnails") == 1


async def test_a_lost_answer_to_the_put_costs_one_check_and_no_second_upload() -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        number = await person(news)
        puts = news.server.log.count("storage.put")
        news.server.faults.next("storage.put", Fault.DROP_AFTER)
        await news.workspace.upload_thumbnail(number, picture(seed=1))
        assert news.server.log.count("storage.put") == puts + 1


async def test_attach_gives_up_with_the_last_failure_and_the_key() -> None:
    async with newsroom(retry=RetryPolicy(max_attempts=2)) as news:
        number = await person(news)
        news.server.faults.next("persons.set_thumbnails", Fault.ERROR_BEFORE, times=2)
        with pytest.raises(mi_async.ServerError) as caught:
            await news.workspace.upload_thumbnail(number, picture(seed=1))
        assert len(caught.value.created["thumbnail_keys"]) == 1
        assert len(news.thumbnails()) == 1


async def test_put_gives_up_when_its_tries_are_used_up() -> None:
    async with newsroom(retry=RetryPolicy(max_attempts=3)) as news:
        number = await person(news)
        puts = news.server.log.count("storage.put")
        news.server.faults.next("storage.put", Fault.INTERNAL_ERROR, times=3)
        with pytest.raises(UploadFailedError) as caught:
            await news.workspace.upload_thumbnail(number, picture(seed=1))
        assert caught.value.reason == "HTTP_500"
        assert news.server.log.count("storage.put") == puts + 3


@pytest.mark.parametrize(
    ("wrong", "size"),
    [("RESOLUTION_NOT_SUPPORT", (200, 300)), ("INVALID_FORMAT", None), ("OVER_SIZE_LIMIT", (300, 300))],
)
async def test_what_only_the_service_refuses_fails_with_its_reason(wrong: str, size: tuple[int, int] | None) -> None:
    content = picture("jpg", *size) if size else b"\xff\xd8\xff" + bytes(100)
    if wrong == "OVER_SIZE_LIMIT":
        content += bytes(6 * 2**20)
    # It has passed the checks, as had the service moved its limits.
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    image = Image("x.jpg", "x.jpg", content, ImageHeader("jpg", 300, 300), digest)
    async with newsroom() as news:
        number = await person(news)
        with pytest.raises(UploadFailedError, match=wrong) as caught:
            await news.workspace.upload_thumbnail(number, image)  # type: ignore[arg-type]  # what no caller has
        assert caught.value.reason == wrong
        assert caught.value.key in news.server.state.uploads


async def test_an_upload_that_never_finishes_fails_after_the_timeout_of_polling() -> None:
    slow = Settings(latency=Latency.constant(1e6))
    async with newsroom(QUICK, polling=Polling(timeout=30.0)) as news:
        number = await person(news)
    async with newsroom(slow, polling=Polling(first=0.5, factor=2.0, timeout=30.0)) as news:
        clock = news.server.clock
        started = clock.monotonic()
        with pytest.raises(UploadFailedError, match="not taken over within 30 s") as caught:
            await news.workspace.upload_thumbnail(number, picture())
        assert caught.value.reason == "TIMED_OUT"
        assert caught.value.ambiguous
        assert 30.0 <= clock.monotonic() - started < 60.0
        assert news.server.log.count("thumbnails.complete") < 10


async def test_an_unknown_status_goes_on_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    left = 0

    class Thawing(EmulatedThumbnails):
        async def complete(self, thumbnail_key: str) -> UploadCheck:
            nonlocal left
            left -= 1
            return UploadCheck(UploadStatus("THAWING"), None) if left >= 0 else await super().complete(thumbnail_key)

    async with newsroom(QUICK, bodies={**BODIES, Thumbnails: Thawing}) as news:
        number = await person(news)
        left = 2
        upload = await news.workspace.upload_thumbnail(number, picture(seed=3))
        assert upload.state is State.ATTACHED
    told = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert told == [
        "an upload has the status THAWING, which this version does not know; it is taken for one that goes on"
    ]


async def test_unknown_person_is_said_after_the_upload_with_its_key() -> None:
    async with newsroom() as news:
        with pytest.raises(mi_async.NotFoundError) as caught:
            await news.workspace.upload_thumbnail(4711, picture())
        assert caught.value.created["thumbnail_keys"]


async def test_a_full_line_fails_fast_before_anything_is_stored() -> None:
    async with newsroom(quotas={"thumbnails.presign": Quota(1, 60.0)}, max_wait=0.5) as news:
        number = await person(news)  # takes the only URL of the minute
        ends = await asyncio.gather(
            *[news.workspace.upload_thumbnail(number, picture()) for _ in range(10)], return_exceptions=True
        )
        assert {type(end) for end in ends} == {mi_async.QuotaWaitError}
        assert not any(end.created for end in ends if isinstance(end, mi_async.MIError))
        assert len(news.thumbnails()) == 1


async def test_what_has_begun_waits_for_its_quota_however_little_patience_there_is() -> None:
    checks = {"thumbnails.complete": Quota(1, 5.0)}
    slow = Settings(latency=Latency.constant(4.0))
    async with newsroom(slow, quotas=checks, max_wait=0.5, polling=Polling(first=0.1)) as news:
        await person(news)
        assert news.server.log.count("thumbnails.complete") > 1  # so one of them did wait for its turn


async def test_a_cancellation_tells_what_exists() -> None:
    stored = asyncio.Event()

    def tell(upload: Upload) -> None:
        if upload.state is State.STORED:
            stored.set()

    async with newsroom(Settings(latency=Latency.constant(1e4))) as news:
        work = asyncio.ensure_future(news.workspace.upload_thumbnail(1, picture(), progress=tell))
        await stored.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await work
        assert vars(caught.value)["created"]["thumbnail_keys"] == list(news.server.state.uploads)


async def test_progress_that_would_have_to_be_awaited_is_refused() -> None:
    async def later(_: Upload) -> None:
        raise AssertionError

    async with newsroom() as news:
        with pytest.raises(mi_async.InvalidArgumentError, match="plain function"):
            await news.workspace.upload_thumbnail(1, picture(), progress=later)  # type: ignore[arg-type]  # the mistake
        assert not news.server.log.arrivals


@pytest.mark.parametrize("count", [300, pytest.param(2000, marks=pytest.mark.soak)])
async def test_many_at_once(count: int) -> None:
    """None lost, none doubled, no 429 provoked, and no window above its quota."""
    async with newsroom(Settings(keep_bytes=False), speed=120.0) as news:
        people = [(await news.workspace.enroll_person(f"Person {i}", [picture()])).id for i in range(10)]
        content = picture(seed=1)
        uploads = await asyncio.gather(
            *[news.workspace.upload_thumbnail(people[i % 10], content) for i in range(count)]
        )
        log = news.server.log
        assert {upload.state for upload in uploads} == {State.ATTACHED}
        assert len(news.thumbnails()) == count + 10
        assert news.none_doubled()
        assert not log.throttled
        assert log.peak("thumbnails.presign", 1.0) <= 50
        assert log.peak("thumbnails.complete", 60.0) <= 1000


async def test_pictures_are_held_in_memory_only_a_few_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    held = most = 0

    class Counted:
        name = "counted.jpg"

        async def read(self, _size: int) -> bytes:
            nonlocal held, most
            if self.done:
                return b""
            self.done = True
            held += 1
            most = max(most, held)
            return path.read_bytes()

        done = False

    def let_go(upload: Upload) -> None:
        nonlocal held
        held -= upload.state is State.STORED
        assert bool(upload.image.content) is not upload.state.reached(State.STORED)

    async with newsroom() as news:
        number = await person(news)
        await asyncio.gather(*[news.workspace.upload_thumbnail(number, Counted(), progress=let_go) for _ in range(100)])
        assert held == 0
        assert most <= 24


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_at_every_await_it_leaves_nothing_behind(late: bool, tmp_path: Path) -> None:
    path = tmp_path / "hong.jpg"
    path.write_bytes(picture())
    suspension, ended, sockets = 0, False, open_sockets()
    with served_elsewhere() as server:
        clock = Clock(speed=SPEED)
        async with mi_async.connect(server.credentials, base_url=server.url, clock=clock) as session:
            number = (await session.workspace("newsroom").enroll_person("Gildong Hong", [path])).id
        while not ended:
            suspension += 1
            async with (
                sockets_closed(),
                mi_async.connect(server.credentials, base_url=server.url, clock=clock) as session,
            ):
                work = CancelAt(session.workspace("newsroom").upload_thumbnail(number, path), suspension, late)
                task = asyncio.ensure_future(awaited(work))
                try:
                    ended = (await task).state is State.ATTACHED
                except asyncio.CancelledError:
                    assert work.seen >= suspension
                assert no_lease_held(session)
                assert nothing_held(session)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert open_sockets() <= sockets
            assert await is_let_go(path)
        keys = [key for _, key in server.state.thumbnails()]
        assert len(keys) == len(set(keys))
        assert suspension > 10  # it does suspend: at the file, the gate, each request and each wait


async def awaited(work: CancelAt) -> Upload:
    upload: Upload = await work
    return upload


async def is_let_go(path: Path) -> bool:
    """Whether no descriptor of this process is of that file, once a thread that reads it has ended."""
    for _ in range(PATIENCE):
        if path not in open_files():
            return True
        await asyncio.sleep(0.001)
    return False


def open_files() -> set[Path]:
    """Files that this process has open; none on a system that does not tell."""
    found = set[Path]()
    for one in OPEN_FILES.iterdir() if OPEN_FILES.is_dir() else ():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.add(one.readlink())
    return found


def test_a_thumbnail_shows_its_key() -> None:
    url = "https://kr.object.ncloudstorage.com/b/n/W05/%ED%99%8D%20%EA%B8%B8-1a2b.jpg?X-Amz-Signature=x"
    assert shows(PersonThumbnail(1, url), "n/W05/홍 길-1a2b.jpg")
    assert not shows(PersonThumbnail(1, url), "n/W05/길-1a2b.jpg")
