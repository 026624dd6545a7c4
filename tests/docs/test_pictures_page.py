"""The images of docs/pictures.md and docs/usage.md, which ``python docs/picture_images.py`` makes."""

import re

from PIL import Image

from tests.docs.test_examples import ROOT

MOST_BYTES = 150_000


def test_each_image_is_small_and_shown() -> None:
    page = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("pictures.md", "usage.md"))
    shown = re.findall(r"!\[[^\]]{20,}\]\((images/picture-\w+\.png)\)", page)
    files = sorted((ROOT / "docs" / "images").glob("picture-*.png"))
    assert sorted(shown) == [f"images/{file.name}" for file in files] != []
    for file in files:
        assert file.stat().st_size < MOST_BYTES
        with Image.open(file) as image:
            image.verify()
