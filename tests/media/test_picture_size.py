"""Width and height of pictures: the short way for common JPEGs says what imagesize says, for damaged ones too."""

import random
import struct
from io import BytesIO
from typing import Any

import imagesize
import pytest
from PIL import Image

from mi_async.media.image import ImageHeader, read_picture, sniff
from tests.support.pictures import picture

EXIF = Image.Exif()
EXIF[0x0112] = 6  # turned by 90 degrees


def by_imagesize(content: bytes) -> ImageHeader | None:
    kind, (width, height) = sniff(content), imagesize.get(BytesIO(content))
    return ImageHeader(kind, width, height) if kind is not None and width > 0 and height > 0 else None


def with_exif_at_the_scan() -> bytes:
    content, segment = picture("jpg", 300, 400), EXIF.tobytes()
    scan = content.index(b"\xff\xda")
    return content[:scan] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + content[scan:]


@pytest.mark.parametrize(
    "save",
    [
        {},
        {"progressive": True},
        {"comment": b"x" * 300},
        {"icc_profile": bytes(3000)},
        {"xmp": b"<x/>"},
        {"exif": EXIF},
    ],
    ids=",".join,
)
def test_a_jpeg_is_as_large_as_it_is_shown(save: dict[str, Any]) -> None:
    content = picture("jpg", 300, 400, **save)
    shown = (400, 300) if "exif" in save else (300, 400)
    assert read_picture(content) == by_imagesize(content) == ImageHeader("jpg", *shown)


def test_exif_counts_wherever_it_stands() -> None:
    content = with_exif_at_the_scan()
    assert read_picture(content) == by_imagesize(content) == ImageHeader("jpg", 400, 300)


def test_a_damaged_jpeg_is_as_large_as_imagesize_says() -> None:
    chance, whole = random.Random(11), picture("jpg", 300, 400)  # noqa: S311  not cryptography
    head = whole.index(b"\xff\xda") + 20
    for end in range(head):
        assert read_picture(whole[:end]) == by_imagesize(whole[:end]), end
    for _ in range(3000):
        damaged = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            damaged[chance.randrange(2, head)] = chance.choice(
                (0x00, 0x01, 0xC0, 0xD8, 0xE1, 0xFF, chance.randrange(256))
            )
        assert read_picture(bytes(damaged)) == by_imagesize(bytes(damaged)), bytes(damaged[:head]).hex()
