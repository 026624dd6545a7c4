"""What is sent to the storage: under which name, and once more where the storage was busy."""

import re
from pathlib import Path

import pytest

import mi_async
from mi_async import Clock, RetryPolicy, UploadFailedError, emulator
from mi_async.api.thumbnails import PresignedUrl, Thumbnails
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.thumbnails import EmulatedThumbnails
from tests.support.canned import canned, http
from tests.support.newsroom import newsroom
from tests.support.pictures import picture


async def test_the_name_of_a_file_is_kept_and_made_unique(tmp_path: Path) -> None:
    path = tmp_path / "hong.gil.jpg"
    path.write_bytes(picture())
    async with newsroom() as news:
        for person in ("Gildong Hong", "Cheolsu Kim"):
            await news.workspace.enroll_person(person, [path])
        names = [key.rpartition("/")[2] for key in news.server.state.uploads]
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"hong\.gil-[\w-]+\.jpg", name) for name in names)


@pytest.mark.parametrize(
    ("status", "puts"), [("408 Request Timeout", 3), ("429 Too Many Requests", 3), ("400 Bad Request", 1)]
)
async def test_a_busy_storage_is_sent_the_image_again_and_another_refusal_is_final(status: str, puts: int) -> None:
    async with canned(http(status=status)) as storage:

        class Elsewhere(EmulatedThumbnails):
            async def presign(self, thumbnail_file_name: str) -> PresignedUrl:
                issued = await super().presign(thumbnail_file_name)
                return PresignedUrl(issued.thumbnail_key, f"{storage.url}/{issued.thumbnail_key}", 900)

        clock = Clock(speed=60)
        async with (
            emulator.serve(clock=clock, bodies={**BODIES, Thumbnails: Elsewhere}) as server,
            mi_async.connect(
                server.credentials, base_url=server.url, clock=clock, retry=RetryPolicy(max_attempts=3)
            ) as session,
        ):
            with pytest.raises(UploadFailedError, match=f"HTTP {status[:3]}"):
                await session.workspace("newsroom").upload_thumbnail(1, picture())
    assert len(storage.received) == puts
