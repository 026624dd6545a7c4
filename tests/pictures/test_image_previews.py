"""Previews of image files that may be anything."""

from pathlib import Path

import pytest

from mi_async.pictures import image_previews as module
from mi_async.pictures.image_previews import ImagePreview, file_previews
from tests.support.pictures import picture


def test_a_preview_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(picture())
    assert list(file_previews([str(path), str(path)], seconds=0)) == [ImagePreview(reason="broken")] * 2


def test_files_that_cannot_be_read_have_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "big.jpg").write_bytes(picture())
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    paths = [str(tmp_path), str(tmp_path / "none.jpg"), "a\0b.jpg", str(tmp_path / "big.jpg")]
    assert [made.reason for made in file_previews(paths)] == ["broken", "broken", "broken", "big"]


def test_without_the_extra_each_image_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "missing_of", list[str])  # the letters of the name: something is missing
    assert list(file_previews(["a.jpg"])) == [ImagePreview(reason="no_extra")]
