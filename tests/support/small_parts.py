"""Files that are cut into small parts, so that a test of many parts need not send much."""

from typing import Any

import moto.s3.models
import pytest

from mi_async.storage import checkpoint, part_layout
from tests.support.uploading import BUFFERS, LEAST_PART, MIB, SCALE

SMALL: dict[Any, dict[str, Any]] = {
    part_layout: {
        "MIB": MIB,
        "LEAST_PART": LEAST_PART,
        "BUFFERS": BUFFERS,
        "USUAL_PARTS": tuple(size // SCALE for size in part_layout.USUAL_PARTS),
    },
    checkpoint: {"LEAST_TAKEN": part_layout.LEAST_TAKEN // SCALE},
    moto.s3.models: {"S3_UPLOAD_PART_MIN_SIZE": part_layout.LEAST_TAKEN // SCALE},
}


def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scale all sizes of parts down, here and at the storage."""
    for module, sizes in SMALL.items():
        for name, size in sizes.items():
            monkeypatch.setattr(module, name, size)
