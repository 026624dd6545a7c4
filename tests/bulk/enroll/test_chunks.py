"""The row of a person stands for all of its uploads in a run, whichever chunks of the input they come in."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from mi_async import BulkOutcome
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.inputs.models import ThumbnailUpload
from mi_async.emulator import Latency, Settings
from tests.support.bulk import face, files, rows
from tests.support.newsroom import newsroom
from tests.support.pictures import plain_picture


async def test_a_known_upload_does_not_hide_the_failure_of_an_earlier_chunk(tmp_path: Path) -> None:
    """The first chunk fails; the second has an image that an earlier run has stored, and ends without any request."""
    (known,) = files(tmp_path / "faces", [face(1)])
    seen: list[BulkOutcome] = []

    async with newsroom(Settings(latency=Latency.none())) as news:
        number = (await news.workspace.enroll_person("Gildong Hong", [face(0)])).id
        await news.workspace.upload_thumbnails([ThumbnailUpload(number, known)], journal=tmp_path / "j")

        async def items() -> AsyncIterator[ThumbnailUpload]:
            yield ThumbnailUpload(number, plain_picture())
            while not seen:  # noqa: ASYNC110  the loop over the run tells nobody
                await asyncio.sleep(0.001)
            yield ThumbnailUpload(number, known)

        async for outcome in news.workspace.upload_thumbnails(items(), journal=tmp_path / "j"):
            seen.append(outcome)  # noqa: PERF401  the input looks at it meanwhile
        assert [outcome.status for outcome in seen] == [Status.FAILED, Status.SKIPPED]
        assert rows(tmp_path / "j")[str(number)][0].status == "partial"
