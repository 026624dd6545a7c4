"""A media file from disk to its index: the emulator beside a real S3 implementation."""

import asyncio
import io
import math
import pickle
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import mi_async
from mi_async import (
    AlreadyExistsError,
    ImportFailedError,
    IngestedAsset,
    Ingestion,
    InvalidArgumentError,
    MediaRejectedError,
    NotFoundError,
    RetryPolicy,
    ServerError,
    SourceLanguage,
    Stage,
    Storage,
    StoredObject,
    Timeout,
)
from mi_async.api.indexes import AnalysisStatus
from mi_async.bulk.inputs.models import AssetInput
from mi_async.emulator import Fault, Latency, Settings
from mi_async.errors import MIError, SessionError
from mi_async.storage.part_layout import LEAST_PART
from mi_async.workflows.ingest.register import reusable, still_there
from tests.support.films import film
from tests.support.interruption import CancelAt
from tests.support.newsroom import Newsroom, context_of, newsroom
from tests.support.storage import BUCKET, Bucket

QUICK = Settings(
    importing=Latency.constant(1.0),
    queueing=Latency.constant(0.5),
    analysing=Latency.constant(30.0),  # long enough to be seen running
    summarizing=Latency.constant(1.0),
    slow_body=5_000.0,  # of an answer that a test asks to be slow
)
ONCE = RetryPolicy(max_attempts=1)
KEY = "저녁 뉴스/clip 1.mp4"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip 1.mp4"
    path.write_bytes(film(size=100_000))
    return path


@asynccontextmanager
async def session_with(s3: Bucket, **options: Any) -> AsyncIterator[tuple[Newsroom, int]]:
    """A session whose service looks into the bucket, and the number of the base project."""
    settings = evolve(QUICK, objects=s3.look)
    async with newsroom(settings, speed=200.0, storage=Storage(s3.url), **options) as room:
        yield room, (await room.workspace.projects.list()).projects[0].project_id


@asynccontextmanager
async def another(room: Newsroom, s3: Bucket) -> AsyncIterator[Newsroom]:
    """A session of its own with the same service, as another process has it."""
    server, clock = room.server, room.server.clock
    async with mi_async.connect(
        server.credentials, base_url=server.url, clock=clock, storage=Storage(s3.url)
    ) as session:
        yield evolve(room, session=session, workspace=session.workspace("newsroom"))


async def ingested(room: Newsroom, source: Any, number: int, **options: Any) -> IngestedAsset:
    return await room.workspace.ingest_asset(source, **{"project": number, "bucket": BUCKET, "key": KEY, **options})


async def numbers(room: Newsroom, project: int) -> list[int]:
    return [asset.asset_id async for asset in room.workspace.assets.all(project)]


async def test_a_file_becomes_an_index_with_texts(s3: Bucket, clip: Path) -> None:
    told: list[Ingestion] = []
    async with session_with(s3) as (room, project):
        done = await ingested(room, clip, project, summarize=True, locale="ko", progress=told.append)
        assert await numbers(room, project) == [done.asset.asset_id]
    assert s3.get(KEY) == clip.read_bytes()
    assert done.asset.key == KEY
    assert done.asset.meta_data is not None
    assert done.asset.meta_data.size == clip.stat().st_size
    assert done.index is not None
    assert done.summary is not None
    assert done.summary.scene_summary_info is not None
    assert (done.sent, done.reused, done.place) == (clip.stat().st_size, False, StoredObject(BUCKET, KEY))
    stages = list(dict.fromkeys(now.stage for now in told))
    assert stages == list(Stage)
    assert told[-1].asset_id == done.asset.asset_id
    assert "ANALYZING" in {now.state for now in told}
    assert pickle.loads(pickle.dumps(told)) == told  # noqa: S301  our own


async def test_the_same_again_takes_what_is_there(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        first = await ingested(room, clip, project, analyze=False)
        assert first.index is None
        again = await ingested(room, clip, project)
        assert (again.asset.asset_id, again.reused, again.sent) == (first.asset.asset_id, True, 0)
        assert again.index is not None
        whole = await ingested(room, clip, project, summarize=True)
        assert whole.index == again.index
        assert whole.summary is not None
        assert (await ingested(room, clip, project, summarize=True)).summary == whole.summary
        assert len(await numbers(room, project)) == 1
        assert room.server.log.count("indexes.request") == 1
        assert room.server.log.count("scene_summaries.request") == 1
    assert s3.asked["object PUT"] == 1


async def test_a_second_asset_is_made_when_asked_for(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        first = await ingested(room, clip, project, analyze=False)
        second = await ingested(room, clip, project, analyze=False, if_exists="duplicate")
        assert len(await numbers(room, project)) == 2
        assert second.asset.asset_id != first.asset.asset_id
        assert (second.reused, second.sent) == (False, 0)
        newest = await ingested(room, clip, project, analyze=False)
        assert newest.asset.asset_id == second.asset.asset_id
        with pytest.raises(AlreadyExistsError) as caught:
            await ingested(room, clip, project, if_exists="error")
        assert caught.value.existing == (first.asset.asset_id, second.asset.asset_id)


async def test_an_object_that_is_there_is_not_sent(s3: Bucket, clip: Path) -> None:
    s3.put(KEY, clip.read_bytes())
    s3.asked.clear()
    async with session_with(s3) as (room, project):
        place = StoredObject(BUCKET, KEY)
        first = await room.workspace.ingest_asset(place, project=project, analyze=False)
        again = await room.workspace.ingest_asset(str(place), project=project, analyze=False)
        assert again.asset == first.asset
        assert (first.sent, again.reused) == (0, True)
        with pytest.raises(InvalidArgumentError, match="names bucket and key"):
            await room.workspace.ingest_asset(place, project=project, bucket=BUCKET)
        with pytest.raises(NotFoundError, match="no such object"):
            await room.workspace.ingest_asset(StoredObject(BUCKET, "nothing.mp4"), project=project)
        s3.put("notes.txt", b"text")
        with pytest.raises(MediaRejectedError):
            await room.workspace.ingest_asset(StoredObject(BUCKET, "notes.txt"), project=project)
        assert len(await numbers(room, project)) == 1
    assert s3.asked["part PUT"] == 0


async def test_another_object_of_the_name_is_kept(s3: Bucket, clip: Path) -> None:
    s3.put(KEY, b"something else")
    async with session_with(s3) as (room, project):
        with pytest.raises(AlreadyExistsError, match="not overwritten"):
            await ingested(room, clip, project)
        assert await numbers(room, project) == []
    assert s3.get(KEY) == b"something else"


async def test_assets_of_an_object_that_is_gone_are_not_taken(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        first = await ingested(room, clip, project, analyze=False)
        assert s3.ask("DELETE", f"/{BUCKET}/{s3.quoted(KEY)}")[0] == 204
        clip.write_bytes(film(seconds=9, size=100_000))
        second = await ingested(room, clip, project, analyze=False)
        assert second.asset.asset_id != first.asset.asset_id


@pytest.mark.parametrize("size", [100_000, LEAST_PART + 1_000])
async def test_assets_of_an_object_that_was_replaced_are_not_taken_after_a_crash(
    s3: Bucket, clip: Path, size: int
) -> None:
    """Killed between the upload and the registration: what is known then is with the object, for every process."""
    clip.write_bytes(film(size=size))
    async with session_with(s3, retry=ONCE) as (room, project):
        first = await ingested(room, clip, project, analyze=False)
        assert s3.ask("DELETE", f"/{BUCKET}/{s3.quoted(KEY)}")[0] == 204
        clip.write_bytes(film(seconds=9, size=size))
        room.server.faults.next("assets.register", Fault.ERROR_BEFORE)
        with pytest.raises(ServerError):
            await ingested(room, clip, project)
        assert s3.get(KEY) == clip.read_bytes()
        async with another(room, s3) as other:
            second = await ingested(other, clip, project, analyze=False)
            assert (second.asset.asset_id == first.asset.asset_id, second.reused, second.sent) == (False, False, 0)
            third = await ingested(other, StoredObject(BUCKET, KEY), project, bucket=None, key=None, analyze=False)
            assert (third.asset, third.reused) == (second.asset, True)
        assert await numbers(room, project) == [first.asset.asset_id, second.asset.asset_id]


async def test_the_same_twice_at_once_makes_one_asset(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        done = await asyncio.gather(*[ingested(room, clip, project) for _ in range(3)])
        assert await numbers(room, project) == [done[0].asset.asset_id]
        assert sorted(one.reused for one in done) == [False, True, True]
        assert len({one.asset.asset_id for one in done}) == 1
        # Who looks in the moment in which another one asks may ask, too, and is answered 409.
        assert room.server.log.answers["indexes.request", 200] == 1
        await asyncio.gather(*[ingested(room, clip, project, analyze=False, if_exists="duplicate") for _ in range(2)])
        assert len(await numbers(room, project)) == 3
        assert not context_of(room).object_locks.in_use
    assert s3.asked["object PUT"] == 1


async def test_of_several_at_once_that_are_each_to_be_the_only_one_one_is(s3: Bucket, clip: Path) -> None:
    """The object's lock is free between the upload and the registration, which looks again."""
    async with session_with(s3) as (room, project):
        room.server.faults.next("assets.register", Fault.DROP_AFTER)
        ways = [ingested(room, clip, project, analyze=False, if_exists="error") for _ in range(3)]
        results = await asyncio.gather(*ways, return_exceptions=True)
        (done,) = [one for one in results if isinstance(one, IngestedAsset)]
        assert sum(isinstance(one, AlreadyExistsError) for one in results) == 2
        assert (done.sent, done.reused) == (clip.stat().st_size, False)
        assert room.server.log.count("assets.register") == 1


async def test_two_files_of_one_name_at_once(s3: Bucket, clip: Path) -> None:
    rival = clip.with_name("rival.mp4")
    rival.write_bytes(film(seconds=9, size=100_000))
    async with session_with(s3) as (room, project):
        other = room.session.workspace("newsroom")
        ways = (
            room.workspace.ingest_asset(clip, key=KEY, bucket=BUCKET, analyze=False),
            other.ingest_asset(rival, key=KEY, bucket=BUCKET, analyze=False),
        )
        results = await asyncio.gather(*ways, return_exceptions=True)
        (refused,) = [one for one in results if isinstance(one, BaseException)]
        assert isinstance(refused, AlreadyExistsError)
        assert len(await numbers(room, project)) == 1
    assert s3.get(KEY) == (rival if refused is results[0] else clip).read_bytes()


async def test_who_waits_for_its_turn_can_be_cancelled(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        object_locks = context_of(room).object_locks
        async with object_locks.lock(StoredObject(BUCKET, KEY)):
            waiting = [asyncio.create_task(ingested(room, clip, project, analyze=False)) for _ in range(2)]
            async with asyncio.timeout(60):
                while room.server.log.count("workspaces.get") < 2:  # noqa: ASYNC110  the last request before the turn
                    await asyncio.sleep(0.005)
            waiting[0].cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting[0]
            assert s3.asked["object PUT"] == 0
        assert (await waiting[1]).reused is False
        assert not object_locks.in_use


async def test_an_import_that_fails_while_two_wait_is_made_good_once(s3: Bucket, clip: Path) -> None:
    s3.put("lowres.mp4", clip.read_bytes())
    s3.poor.add("lowres.mp4")
    async with session_with(s3) as (room, project):
        bad = await room.workspace.assets.register(project, key="lowres.mp4", bucket_name=BUCKET)
        s3.poor.clear()
        done = await asyncio.gather(*[ingested(room, clip, project, key="lowres.mp4", analyze=False) for _ in range(2)])
        assert len({one.asset.asset_id for one in done}) == 1
        assert await numbers(room, project) == [bad.asset_id, done[0].asset.asset_id]


async def test_an_asset_that_is_gone_is_not_taken(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        first = await ingested(room, clip, project, analyze=False)
        await room.workspace.assets.delete(project, first.asset.asset_id)
        second = await ingested(room, clip, project, analyze=False)
        assert (second.reused, await numbers(room, project)) == (False, [second.asset.asset_id])
        context = context_of(room)
        both = [first.asset.asset_id, second.asset.asset_id]
        assert await still_there(context, project, both) == both[1:]
        assert await reusable(context, project, both[:1], clip.stat().st_size) is None


@pytest.mark.parametrize("operation", ["assets.get", "assets.import_status"])
@pytest.mark.parametrize("code", ["300", "10030"])
async def test_a_404_about_something_else_is_no_asset_that_is_gone(
    s3: Bucket, clip: Path, operation: str, code: str
) -> None:
    async with session_with(s3) as (room, project):
        first = await ingested(room, clip, project, analyze=False)
        room.server.faults.next(operation, code, times=9)
        with pytest.raises(NotFoundError):
            await ingested(room, clip, project, analyze=False)
        assert await numbers(room, project) == [first.asset.asset_id]


async def test_what_a_refused_registration_leaves_is_told(s3: Bucket, clip: Path) -> None:
    async with session_with(s3, retry=ONCE) as (room, project):
        for _ in range(2):  # sent, and then found there
            room.server.faults.next("assets.register", Fault.ERROR_BEFORE)
            with pytest.raises(ServerError) as caught:
                await ingested(room, clip, project)
            assert caught.value.created == {"object": f"s3://{BUCKET}/{KEY}"}
        assert s3.get(KEY) == clip.read_bytes()


async def test_an_asset_whose_import_failed_is_not_taken(s3: Bucket, clip: Path) -> None:
    s3.put("lowres.mp4", clip.read_bytes())
    s3.poor.add("lowres.mp4")
    async with session_with(s3) as (room, project):
        with pytest.raises(ImportFailedError) as caught:
            await ingested(room, clip, project, key="lowres.mp4")
        (number,) = await numbers(room, project)
        assert caught.value.created["asset_id"] == number
        s3.poor.clear()
        done = await ingested(room, clip, project, key="lowres.mp4", analyze=False)
        assert done.asset.asset_id != number
        assert not done.reused


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.ERROR_AFTER])
async def test_a_registration_whose_answer_is_lost_is_not_repeated(s3: Bucket, clip: Path, fault: Fault) -> None:
    async with session_with(s3) as (room, project):
        room.server.faults.next("assets.register", fault)
        done = await ingested(room, clip, project)
        assert await numbers(room, project) == [done.asset.asset_id]
        room.server.faults.next("assets.register", fault)
        second = await ingested(room, clip, project, if_exists="duplicate", analyze=False)
        assert await numbers(room, project) == [done.asset.asset_id, second.asset.asset_id]


@pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.ERROR_AFTER])
async def test_the_last_try_of_a_registration_is_looked_for_too(s3: Bucket, clip: Path, fault: Fault) -> None:
    async with session_with(s3, retry=ONCE) as (room, project):
        for _ in range(2):
            room.server.faults.next("assets.register", fault)
            done = await ingested(room, clip, project, if_exists="duplicate", analyze=False)
            assert (await numbers(room, project))[-1] == done.asset.asset_id
        assert len(await numbers(room, project)) == 2


async def test_a_registration_whose_time_ran_out_is_looked_for(s3: Bucket, clip: Path) -> None:
    async with session_with(s3, timeout=Timeout(connect=1_000.0, read=10_000.0, total=400.0)) as (room, project):
        room.server.faults.next("assets.register", Fault.SLOW_BODY)
        done = await ingested(room, clip, project, if_exists="duplicate", analyze=False)
        assert await numbers(room, project) == [done.asset.asset_id]


async def test_a_registration_that_failed_is_repeated(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        room.server.faults.next("assets.register", Fault.ERROR_BEFORE)
        done = await ingested(room, clip, project, analyze=False)
        assert await numbers(room, project) == [done.asset.asset_id]


async def test_projects_may_be_named(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, _):
        made = await room.workspace.projects.create("저녁 뉴스")
        done = await room.workspace.ingest_asset(clip, project="저녁 뉴스", bucket=BUCKET, analyze=False)
        assert done.asset.project_id == made.project_id
        assert done.place.key == "clip 1.mp4"
        base = await room.workspace.ingest_asset(clip, bucket=BUCKET, analyze=False, if_exists="duplicate")
        assert base.asset.project_id != made.project_id
        with pytest.raises(NotFoundError, match="no project"):
            await room.workspace.ingest_asset(clip, project="Morning", bucket=BUCKET)


async def test_a_key_that_says_that_it_is_no_media_file_is_refused(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, _):
        with pytest.raises(MediaRejectedError, match=r"x\.txt: no mp4"):
            await room.workspace.ingest_asset(clip, bucket=BUCKET, key="x.txt")
    assert s3.get("x.txt") is None


@pytest.mark.parametrize(
    ("source", "key", "said"),
    [
        ("", None, r"^not a media file: the path is empty$"),
        ("footage/", None, r"^not a media file: 'footage/' names no file$"),
        ("a.mp4", "", r"^key is empty; leave it out for the name of the file$"),
        (io.BytesIO(b"x"), "", r"^key is empty; leave it out for the name of the file$"),
    ],
)
async def test_an_empty_path_or_key_is_called_empty(s3: Bucket, source: Any, key: str | None, said: str) -> None:
    async with session_with(s3) as (room, _):
        with pytest.raises(InvalidArgumentError, match=said):
            await room.workspace.ingest_asset(source, bucket=BUCKET, key=key)
        if isinstance(source, str):
            with pytest.raises(InvalidArgumentError, match=said):
                AssetInput(source, key).place(BUCKET)
        with pytest.raises(MediaRejectedError, match=r"^\.: "):
            await room.workspace.ingest_asset(".", bucket=BUCKET)


async def test_a_given_key_is_taken_in_one_spelling(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        done = await ingested(room, clip, project, key=unicodedata.normalize("NFD", "한글.mp4"), analyze=False)
    assert done.place.key == unicodedata.normalize("NFC", "한글.mp4")


async def test_the_bucket_of_the_workspace(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        with pytest.raises(InvalidArgumentError, match="linked to no bucket"):
            await room.workspace.ingest_asset(clip, project=project)
        await room.session.workspaces.create("linked", bucket_name=BUCKET)
        linked = room.session.workspace("linked")
        base = (await linked.projects.list()).projects[0].project_id
        done = await linked.ingest_asset(clip, project=base, analyze=False)
        assert done.place == StoredObject(BUCKET, "clip 1.mp4")
        with pytest.raises(InvalidArgumentError, match="takes nothing from 'other'"):
            await linked.ingest_asset(clip, project=base, bucket="other")


async def test_what_is_refused_costs_no_request(s3: Bucket, clip: Path) -> None:
    async def awaited(_now: Ingestion) -> None: ...

    wrong: list[dict[str, Any]] = [
        {"if_exists": "overwrite"},
        {"analyze": False, "summarize": True},
        {"locale": "ko"},
        {"analyze": False, "analysis": {"source_language": SourceLanguage.KO}},
        {"project": True},
        {"project": 1.5},
        {"progress": awaited},
        {"timeout": -1.0},
        {"timeout": math.nan},
        {"timeout": "soon"},
        {"analysis": {"bogus": 1}},
        {"analysis": ["source_language"]},
        {"analysis": {"analysis_person_count": -5}},
        {"analysis": {"scene_range": "SHORT", "min_scene_duration_sec": 3}},
        {"analysis": {"source_language": object()}},
        {"summarize": True, "locale": object()},
    ]
    notes = clip.with_name("notes.mp4")
    notes.write_text("not a film")
    async with session_with(s3) as (room, project):
        for options in wrong:
            with pytest.raises(InvalidArgumentError):
                await ingested(room, clip, project, **options)
            if not {"progress", "timeout"} & options.keys():
                with pytest.raises(InvalidArgumentError):
                    room.workspace.ingest_many([], journal=clip.with_name("journal"), **options)
        with pytest.raises(MediaRejectedError, match=r"notes\.mp4"):
            await ingested(room, notes, project)
        with pytest.raises(MediaRejectedError, match="cannot be read"):
            await ingested(room, clip.with_name("absent.mp4"), project)
        assert room.server.log.count("workspaces.get") == 0
    assert not s3.asked


async def test_limits_can_be_left_to_the_service(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(b"a format of tomorrow")
    async with session_with(s3, validate=False) as (room, project):
        assert (await ingested(room, clip, project, analyze=False)).sent == 20
        with pytest.raises(MIError) as caught:
            await ingested(room, clip, project, analysis={"analysis_person_count": 11})
        assert not isinstance(caught.value, InvalidArgumentError)


async def test_cancelling_leaves_the_analysis_running(s3: Bucket, clip: Path) -> None:
    analysing = asyncio.Event()

    def watch(now: Ingestion) -> None:
        if now.state == AnalysisStatus.ANALYZING:
            analysing.set()

    async with session_with(s3) as (room, project):
        task = asyncio.create_task(ingested(room, clip, project, progress=watch))
        async with asyncio.timeout(60):
            await analysing.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        (number,) = await numbers(room, project)
        assert caught.value.created == {"object": f"s3://{BUCKET}/{KEY}", "asset_id": number}  # type: ignore[attr-defined]
        index = await room.workspace.job(f"index:newsroom:{project}:{number}")
        assert index == (await ingested(room, clip, project)).index


async def test_a_storage_that_fails_for_good_leaves_no_asset(s3: Bucket, clip: Path) -> None:
    s3.refuse = lambda kind, _query: ("503 Slow Down", "SlowDown") if kind == "object PUT" else None
    async with session_with(s3, retry=RetryPolicy(max_attempts=2)) as (room, project):
        with pytest.raises(ServerError) as caught:
            await ingested(room, clip, project)
        assert caught.value.created == {}
        assert await numbers(room, project) == []


async def test_concurrent_ingestions(s3: Bucket, tmp_path: Path) -> None:
    clips = [tmp_path / f"clip {number}.mp4" for number in range(8)]
    for number, path in enumerate(clips):
        path.write_bytes(film(size=50_000 + number))
    async with session_with(s3) as (room, project):
        done = await asyncio.gather(*[ingested(room, path, project, key=path.name) for path in clips])
        assert sorted(await numbers(room, project)) == sorted(one.asset.asset_id for one in done)
    assert all(s3.get(path.name) == path.read_bytes() for path in clips)


async def test_the_session_closes_the_storage(s3: Bucket, clip: Path) -> None:
    async with session_with(s3) as (room, project):
        await ingested(room, clip, project, analyze=False)
        await room.session.aclose()
        with pytest.raises(MIError, match="closed"):
            await ingested(room, clip, project)


async def test_closing_the_session_ends_an_upload_clearly(s3: Bucket, clip: Path) -> None:
    clip.write_bytes(film(size=2 * LEAST_PART))
    landed = asyncio.Event()

    def watch(now: Ingestion) -> None:
        if now.sent:
            landed.set()

    s3.refuse = lambda _kind, query: ("503 Slow Down", "SlowDown") if query.get("partNumber") == ["2"] else None
    async with session_with(s3, retry=RetryPolicy(max_attempts=1_000)) as (room, project):
        task = asyncio.create_task(ingested(room, clip, project, progress=watch))
        await landed.wait()
        await room.session.aclose(grace=0)
        with pytest.raises(SessionError):
            await task
    assert s3.arrived() == [1]


@pytest.mark.parametrize("late", [False, True])
async def test_cancelled_anywhere_one_asset_comes_of_it(s3: Bucket, clip: Path, late: bool) -> None:
    suspension = 0
    async with session_with(s3) as (room, project):
        while True:
            suspension += 1
            interrupted = CancelAt(ingested(room, clip, project), suspension, late)
            task = asyncio.create_task(_awaited(interrupted))
            await asyncio.wait({task})
            if not task.cancelled():
                break
        assert task.result().index is not None
        assert await numbers(room, project) == [task.result().asset.asset_id]
    assert suspension > 8


async def _awaited(interrupted: CancelAt) -> IngestedAsset:
    return await interrupted  # type: ignore[no-any-return]
