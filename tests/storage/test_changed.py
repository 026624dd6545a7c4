"""A file that changes between its first look and its upload is not sent as if it were what it was."""

from pathlib import Path

import pytest

from mi_async import MediaRejectedError
from mi_async.storage.local_file import LocalFile
from mi_async.storage.part_layout import LEAST_PART
from mi_async.storage.upload import send
from tests.support.storage import Bucket
from tests.support.uploading import PLACE, opened

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("size", [1_000, 2 * LEAST_PART + 5])
async def test_a_file_that_changed_after_it_was_opened_makes_no_object(s3: Bucket, tmp_path: Path, size: int) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a" * size)
    async with opened(s3.url) as store:
        with LocalFile.open(clip) as file:
            clip.write_bytes(b"b" * (size + 1))
            with pytest.raises(MediaRejectedError, match="changed"):
                await send(store, file, PLACE)
    assert s3.get(PLACE.key) is None
    assert not s3.asked["object PUT"]
    assert not s3.asked["upload POST"]
