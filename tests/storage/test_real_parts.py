"""Parts of their real size: other tests scale them down."""

import os
from pathlib import Path

from mi_async.storage.part_layout import LEAST_PART
from tests.support.storage import Bucket
from tests.support.uploading import PLACE, nothing_kept, sent


async def test_a_file_of_three_parts_arrives_whole(s3: Bucket, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(os.urandom(2 * LEAST_PART + 5))
    done = await sent(s3.url, clip)
    assert (done.sent, sorted(s3.parts)) == (2 * LEAST_PART + 5, [1, 2, 3])
    assert s3.get(PLACE.key) == clip.read_bytes()
    assert (await sent(s3.url, clip)).was_there
    assert nothing_kept(clip)
