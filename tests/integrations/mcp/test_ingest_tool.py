"""The tool that ingests media files, against an emulator and a real S3 implementation."""

from pathlib import Path

import pytest
from attrs import evolve

from mi_async import Storage
from mi_async.emulator import Latency, Settings
from tests.support.agents import Heard, agent, texts
from tests.support.films import film
from tests.support.newsroom import newsroom
from tests.support.storage import BUCKET, Bucket

pytestmark = pytest.mark.slow

NONE = Latency.none()
SETTINGS = Settings(latency=NONE, importing=NONE, queueing=NONE, analysing=NONE, summarizing=NONE)


async def test_a_media_file_is_ingested_once(s3: Bucket, tmp_path: Path) -> None:
    (tmp_path / "저녁.mp4").write_bytes(film())
    heard = Heard()
    settings = evolve(SETTINGS, objects=s3.look)
    async with (
        newsroom(settings, storage=Storage(s3.url)) as news,
        agent(news, tmp_path, write=True, bucket=BUCKET) as writing,
    ):
        given = {"path": "저녁.mp4", "at_most": 3600}
        made = await writing.client.call_tool("ingest_media", given, progress_callback=heard)
        assert not made.is_error, texts(made)
        view = made.structured_content
        assert texts(made)[0] == f"asset {view['asset_id']} is ready"
        assert (view["finished"], view["stage"], view["job"]) == (True, "done", None)
        assert view["object"].endswith("/저녁.mp4")
        assert heard.lines[0] == "check"
        assert any(line.startswith("upload") for line in heard.lines)
        again = await writing.tell("ingest_media", **given)
        assert again["asset_id"] == view["asset_id"]
        assert "has no project '없음'" in await writing.refused("ingest_media", path="저녁.mp4", project="없음")


async def test_one_that_takes_longer_goes_on_with_the_next_call(s3: Bucket, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(film())
    settings = evolve(SETTINGS, objects=s3.look, analysing=Latency(1e6))
    async with (
        newsroom(settings, storage=Storage(s3.url)) as news,
        agent(news, tmp_path, write=True, bucket=BUCKET) as writing,
    ):
        for _ in range(60):  # a busy machine needs more than one second for what comes before
            call = await writing.client.call_tool("ingest_media", {"path": "clip.mp4", "at_most": 1})
            view = call.structured_content
            assert "the same call goes on from there" in texts(call)[0]
            if view["stage"] == "analysis":
                break
        assert (view["finished"], view["stage"]) == (False, "analysis")
        assert view["job"].startswith("index:newsroom:")
        assert (await writing.tell("job_state", job=view["job"]))["over"] is False
        done = await writing.tell("ingest_media", path="clip.mp4", analyze=False)
        assert (done["finished"], done["asset_id"]) == (True, view["asset_id"])


async def test_the_checkpoint_of_an_upload_has_a_folder_of_its_own(s3: Bucket, tmp_path: Path) -> None:
    (tmp_path / "long.mp4").write_bytes(film(size=20_000_000))
    nowhere = tmp_path / "nowhere"
    async with (
        newsroom(evolve(SETTINGS, objects=s3.look), storage=Storage(s3.url)) as news,
        agent(news, tmp_path, write=True, bucket=BUCKET, state_folder=nowhere) as writing,
    ):
        refused = await writing.refused("ingest_media", path="long.mp4", analyze=False, at_most=3600)
        assert f"cannot keep the state of the upload in {nowhere}" in refused
        nowhere.mkdir()
        done = await writing.tell("ingest_media", path="long.mp4", analyze=False, at_most=3600)
        assert done["finished"]
