"""The examples of docs/ingest.md and docs/sync.md, which need Object Storage beside the service."""

import re
from pathlib import Path

import pytest

import mi_async
from mi_async import Clock, Storage, emulator
from mi_async.emulator import Settings
from tests.docs.test_examples import ROOT, run
from tests.support.films import film
from tests.support.storage import BUCKET, bucket

PAGES = [(ROOT / "docs" / name).read_text("utf-8") for name in ("ingest.md", "sync.md")]
BLOCKS = [block for page in PAGES for block in re.findall(r"^```py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]
SPEED = 200.0


@pytest.mark.parametrize("source", BLOCKS)
async def test_example_runs(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "footage").mkdir()
    for name in ("clip.mp4", "footage/one.mp4"):
        (tmp_path / name).write_bytes(film(size=50_000))
    monkeypatch.chdir(tmp_path)
    with bucket() as s3:
        for key in ("archive/old.mp4", "other.mp4"):
            s3.put(key, film(size=50_000))
        async with emulator.serve(settings=Settings(objects=s3.look), clock=Clock(SPEED)) as server:
            options = {"base_url": server.url, "storage": Storage(s3.url), "clock": Clock(SPEED)}
            async with mi_async.connect(server.credentials, **options) as session:  # type: ignore[arg-type]
                await session.workspaces.create("studio", bucket_name=BUCKET)
            monkeypatch.setattr(
                mi_async, "connect", lambda connect=mi_async.connect: connect(server.credentials, **options)
            )
            looks = source.replace(".watch(", ".watch(passes=2, source=")  # else it never ends
            await run(looks)
