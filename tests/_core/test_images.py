"""Pictures by content: what Pillow writes is read, and nothing that anyone sends raises."""

import struct
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from mi_async.media.image import ImageHeader, read_picture, sniff
from tests.support.pictures import picture

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpg, baseline": ("jpg", {}),
    "jpg, progressive": ("jpg", {"progressive": True}),
    "jpg, with a large comment before the size": ("jpg", {"comment": b"c" * 60_000}),
    "jpg, with a large colour profile": ("jpg", {"icc_profile": b"p" * 200_000}),
    "png": ("png", {}),
    "png, of 300 dpi": ("png", {"dpi": (300, 300)}),
    "webp, lossy": ("webp", {}),
    "webp, lossless": ("webp", {"lossless": True}),
    "webp, extended": ("webp", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}),
}
SAMPLES = [picture(kind, 300, 280, **save) for kind, save in KINDS.values()]
MAGIC = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L"]
SIZES = [(256, 256), (255, 1000), (1, 1), (1001, 257), (4000, 3)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_format_and_size(kind: str, size: tuple[int, int]) -> None:
    name, save = KINDS[kind]
    assert read_picture(picture(name, *size, **save)) == ImageHeader(name, *size)


@pytest.mark.parametrize(("kind", "mode"), [("png", "L"), ("png", "P"), ("png", "RGBA"), ("jpg", "CMYK"), ("jpg", "L")])
def test_colour_modes(kind: str, mode: str) -> None:
    stream = BytesIO()
    Image.open(BytesIO(picture("png"))).convert(mode).save(stream, {"jpg": "JPEG", "png": "PNG"}[kind])
    assert read_picture(stream.getvalue()) == ImageHeader(kind, 300, 300)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photograph_has_the_size_that_one_sees(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    seen = (200, 300) if orientation > 4 else (300, 200)
    assert read_picture(picture("jpg", 300, 200, exif=exif)) == ImageHeader("jpg", *seen)


def test_content_types() -> None:
    read = [read_picture(picture(kind)) for kind in ("jpg", "png", "webp")]
    assert [found and found.content_type for found in read] == ["image/jpeg", "image/png", "image/webp"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"RIFF\0\0\0\0WEB",
        b"RIFF\0\0\0\0WAVEfmt ",
        picture("gif"),
        picture("bmp"),
        picture("tiff"),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b'<svg width="300" height="300"/>',
        b"https://example.com/a.jpg",
    ],
    ids=lambda content: repr(content[:16]),
)
def test_not_a_thumbnail(content: bytes) -> None:
    assert sniff(content) is None
    assert read_picture(content) is None


@pytest.mark.parametrize("magic", MAGIC, ids=repr)
def test_nothing_behind_the_first_bytes(magic: bytes) -> None:
    assert sniff(magic) is not None
    assert read_picture(magic) is None


@pytest.mark.parametrize("sample", SAMPLES, ids=list(KINDS))
def test_a_truncated_header_is_no_picture(sample: bytes) -> None:
    assert read_picture(sample[:16]) is None
    for end in range(12, 64):
        assert read_picture(sample[:end]) in {None, read_picture(sample)}


def test_no_size_is_no_picture() -> None:
    sample = bytearray(picture("png"))
    sample[16:24] = struct.pack(">LL", 0, 300)
    assert read_picture(bytes(sample)) is None


@given(st.sampled_from([b"", *MAGIC]), st.binary(max_size=200))
@example(b"\xff\xd8\xff", b"\xe0\x00\x00" * 20)
def test_any_bytes_are_a_picture_or_none(magic: bytes, rest: bytes) -> None:
    found = read_picture(magic + rest)
    assert found is None or (found.width > 0 and found.height > 0)


@given(st.sampled_from(SAMPLES), st.integers(0, 200), st.binary(min_size=1, max_size=8))
def test_any_damage_leaves_a_picture_or_none(sample: bytes, start: int, damage: bytes) -> None:
    read_picture(sample[:start] + damage + sample[start + len(damage) :])
