"""Fixtures of tests that upload files in parts."""

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


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scale all sizes of parts down, here and at the storage: what is tested is how many there are, not how large."""
    for module, sizes in SMALL.items():
        for name, size in sizes.items():
            monkeypatch.setattr(module, name, size)
