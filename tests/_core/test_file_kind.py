"""Kinds of files by their first bytes, and images whose end is missing."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mi_async.media.file_kind import FIRST, brand, identify, kind_refusal
from mi_async.media.image import has_end, is_cut_off, read_picture
from tests.support.films import box
from tests.support.pictures import picture

LFS = (Path(__file__).parents[1] / "data" / "images" / "lfs.jpg").read_bytes()


@pytest.mark.parametrize(
    ("start", "name", "convertible"),
    [
        (b"", "empty", False),
        (bytes(64), "a file of zeros", False),
        (picture("jpg"), "JPEG image", False),
        (picture("png"), "PNG image", False),
        (picture("webp"), "WebP image", False),
        (picture("gif"), "GIF image", True),
        (picture("bmp"), "BMP image", True),
        (picture("tiff"), "TIFF image", True),
        (picture("avif"), "AVIF image", True),
        (box(b"ftyp", b"heic", bytes(4)), "HEIC image", True),
        (box(b"ftyp", b"crx ", bytes(4)), "Canon raw image", False),
        (box(b"ftyp", b"isom", bytes(4)), "MP4 or QuickTime video", False),
        (b"II*\0\x10\0\0\0CR\x02\0", "Canon raw image", False),
        (b"FUJIFILMCCD-RAW 0201", "Fujifilm raw image", False),
        (b"\xff\x0a....", "JPEG XL image", False),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL image", False),
        (b"8BPS\0\x01", "Photoshop document", False),
        (b"%PDF-1.7", "PDF document", False),
        (b'<?xml version="1.0"?><!-- by hand --><svg xmlns="x">', "SVG drawing", False),
        (b"\xef\xbb\xbf \n<!-- proxy --><HTML lang=ko>", "HTML page", False),
        (LFS, "Git LFS pointer", False),
        (b"\0\x05\x16\x07\0\x02\0\0Mac OS X", "macOS metadata (AppleDouble)", False),
        (b"bplist00\xd3\x01", "binary property list, perhaps an iCloud placeholder", False),
        (b"PK\x03\x04", "ZIP archive or Office document", False),
        (b"\x47" + bytes(187) + b"\x47", "MPEG transport stream", False),
        (bytes(4) + b"\x47" + bytes(191) + b"\x47", "MPEG transport stream", False),
        (b"RIFF....AVI ", "AVI video", False),
        (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "MXF video", False),
    ],
)
def test_what_a_file_is(start: bytes, name: str, convertible: bool) -> None:
    kind = identify(start[:FIRST])
    assert kind is not None
    assert (kind.name, kind.convertible) == (name, convertible)


@pytest.mark.parametrize("start", [b"text", b"BM is how this text begins", b"G" + bytes(300), b"<b>bold</b>", b"\x01"])
def test_what_is_not_known(start: bytes) -> None:
    assert identify(start) is None


@pytest.mark.parametrize(
    ("major", "compatible", "found"),
    [
        (b"heic", b"mif1", "heic"),
        (b"hevs", b"", "heic"),
        (b"avif", b"mif1", "avif"),
        (b"mif1", b"mif1avifmiaf", "avif"),
        (b"mif1", b"mif1heic", "heic"),
        (b"mif1", b"avifheic", "heic"),
        (b"msf1", b"", "heic"),
        (b"qt  ", b"", "mov"),
        (b"iso6", b"avif", "mp4"),
        (b"crx ", b"", "cr3"),
    ],
)
def test_brands(major: bytes, compatible: bytes, found: str) -> None:
    assert brand(box(b"ftyp", major, bytes(4), compatible) + b"avifavif") == found
    assert brand(b"RIFF" + major) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hong.jpg", "HEIC image named .jpg; the service takes jpg; export it"),
        ("hong.HEIC", "HEIC image; the service takes jpg; export it"),
        ("<bytes>", "HEIC image; the service takes jpg; export it"),
        ("hong", "HEIC image; the service takes jpg; export it"),
        ("hong.\x1b[m", "HEIC image named .\ufffd[m; the service takes jpg; export it"),
    ],
)
def test_what_is_said_of_it(name: str, said: str) -> None:
    kind = identify(box(b"ftyp", b"heic", bytes(4)))
    assert kind is not None
    assert kind_refusal(kind, name, "jpg", "export it") == said


WAYS = [("jpg", {}), ("jpg", {"progressive": True}), ("png", {}), ("webp", {}), ("webp", {"lossless": True})]


@pytest.mark.parametrize(("kind", "save"), WAYS)
def test_an_image_that_is_cut_off_anywhere_behind_its_header(kind: str, save: dict[str, bool]) -> None:
    content = picture(kind, 300, 280, **save)
    assert not is_cut_off(kind, content)
    for size in range(len(content) - 12, 100, -97):
        assert is_cut_off(kind, content[:size]), size
        if size > 1500 and kind != "webp":  # behind what says what it is
            assert is_cut_off(kind, content[:size] + bytes(4096)), "as where a disk was not written"


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_what_follows_the_end_of_an_image_does_not_matter(kind: str) -> None:
    content = picture(kind)
    for more in (b"\0", b"Samsung trailer", picture("jpg"), bytes(70_000)):
        assert not is_cut_off(kind, content + more)


OTHERS: list[tuple[str, dict[str, Any]]] = [
    ("bmp", {}),
    ("gif", {}),
    ("tiff", {}),
    ("tiff", {"compression": "tiff_deflate"}),
    ("tiff", {"big_endian": True}),
]


@pytest.mark.parametrize(("kind", "save"), OTHERS)
def test_an_image_of_another_format_that_is_cut_off(kind: str, save: dict[str, Any]) -> None:
    content = picture(kind, 300, 280, **save)
    assert not is_cut_off(kind, content)
    assert not is_cut_off(kind, content + bytes(70_000))
    for size in range(len(content) - 60, 800, -997):
        assert is_cut_off(kind, content[:size]), size


def test_a_gif_is_all_there_with_its_first_frame() -> None:
    frames = [Image.open(BytesIO(picture("gif", seed=seed))) for seed in range(3)]
    stream = BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    content = stream.getvalue()
    assert not is_cut_off("gif", content[:-1])
    assert not is_cut_off("gif", content[: len(content) - 500])
    assert is_cut_off("gif", content[:1000])
    head, colours = b"GIF89a\2\0\2\0\0\0\0", bytes(6)
    frame = b",\0\0\0\0\2\0\2\0\x80" + colours + b"\2\2\x4c\1\0"  # with colours of its own
    comment = b"!\xfe\3abc\0"
    assert not is_cut_off("gif", head + comment + frame)
    assert is_cut_off("gif", head + comment)
    assert not is_cut_off("gif", head + frame)
    assert is_cut_off("gif", head + frame[:-1])
    assert not is_cut_off("gif", head + b";")  # damaged, which says nothing about the end


def test_headers_that_do_not_tell_the_size() -> None:
    older = b"BM" + bytes(12) + struct.pack("<I", 12) + bytes(20)
    packed = b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 2**20, 2**20, 1, 8, 1) + bytes(20)
    assert not is_cut_off("bmp", older)
    assert not is_cut_off("bmp", packed)

    def tiff(*entries: tuple[int, int, int, int]) -> bytes:
        head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
        return head + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(100)

    assert not is_cut_off("tiff", tiff((273, 4, 1, 60), (279, 4, 1, 10**6)))  # the length of a single strip
    assert is_cut_off("tiff", tiff((273, 4, 1, 10**6), (279, 4, 1, 10)))
    assert not is_cut_off("tiff", tiff((273, 1, 1, 60), (279, 4, 1, 60)))  # of an unknown type
    assert is_cut_off("tiff", tiff((273, 4, 10**6, 60), (279, 4, 10**6, 60)))  # out of reach
    assert not is_cut_off("tiff", tiff((273, 3, 2, 60), (279, 4, 1, 60)))  # not as many lengths as offsets
    assert is_cut_off("tiff", struct.pack("<2sHI", b"II", 42, 10**6))  # the directory is behind the end


def test_the_end_of_a_preview_is_not_the_end_of_the_image() -> None:
    preview = picture("jpg", 60, 60)
    content = picture("jpg", 300, 300)
    exif = b"\xff\xe1" + (2 + len(preview)).to_bytes(2, "big") + preview
    whole = content[:2] + exif + content[2:]
    assert read_picture(whole) is not None
    assert not is_cut_off("jpg", whole)
    assert is_cut_off("jpg", whole[:-20])


def test_damage_says_nothing_about_the_end() -> None:
    assert not is_cut_off("jpg", b"\xff\xd8\xff\xe0\0\x04\0\0junk junk")
    assert is_cut_off("jpg", b"\xff\xd8\xff\xff\xff\xe0\0\x04\0\0")
    assert has_end("heic", b"", b"", 0)
