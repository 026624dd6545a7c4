import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_async.errors import MediaRejectedError
from mi_async.media.header import Header, incomplete
from mi_async.media.limits import check_media, check_name, read_header
from tests.support.films import box, film, heic, matroska, moov
from tests.support.pictures import picture

GIB = 2**30


def header(content: bytes) -> Header | None:
    return read_header(lambda offset, length: content[offset : offset + length], len(content))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (film(60), Header("mp4", 1280, 720, 60.0)),
        (film(60, version=1), Header("mp4", 1280, 720, 60.0)),
        (film(1.5, 1920, 1080, brand=b"qt  "), Header("mov", 1920, 1080, 1.5)),
        (box(b"wide") + box(b"mdat", bytes(99)) + moov(5, 640, 360), Header("mov", 640, 360, 5.0)),
        (film(0), Header("mp4", 1280, 720, None)),
        (matroska(90, 1280, 720), Header("webm", 1280, 720, 90.0)),
        (matroska(90, 1280, 720, b"matroska"), Header("mkv", 1280, 720, 90.0)),
        (matroska(None, 1280, 720, endless=True), Header("webm", 1280, 720, None)),
        (heic(1440, 1080), Header("heic", 1440, 1080)),
        (picture("png", 640, 480), Header("png", 640, 480)),
        (picture("jpg", 640, 480), Header("jpg", 640, 480)),
        (b"\xff\xd8\xff\xe0 and no more", Header("jpg", fault=incomplete("its end is missing"))),
        (b"RIFF....AVI LIST", None),
        (b"", None),
    ],
)
def test_headers(content: bytes, found: Header | None) -> None:
    assert header(content) == found


def test_reads_little_of_a_large_file() -> None:
    content, read = film(60, size=4_000_000), []

    def at(offset: int, length: int) -> bytes:
        read.append(length)
        return content[offset : offset + length]

    assert read_header(at, len(content)) == Header("mp4", 1280, 720, 60.0)
    assert sum(read) < 1_000


@pytest.mark.parametrize(
    ("found", "size", "reason"),
    [
        (None, 10, "format"),
        (None, 0, "format"),
        (Header("avif"), 10, "format"),
        (Header("webp", 640, 480), 10, "format"),
        (Header("mp4"), 10 * GIB + 1, "size"),
        (Header("png"), 10 * 2**20 + 1, "size"),
        (Header("mp4", 1280, 720, 6 * 3600 + 1), 10, "duration"),
        (Header("mp4", 358, 638), 10, "resolution"),
        (Header("mov", 3840, 2160), 10, "resolution"),
    ],
)
def test_what_breaks_a_limit_is_refused(found: Header | None, size: int, reason: str) -> None:
    with pytest.raises(MediaRejectedError, match=r"뉴스\.mp4") as caught:
        check_media(found, size, "뉴스.mp4")
    assert (caught.value.reason, caught.value.source) == (reason, "뉴스.mp4")


@pytest.mark.parametrize(
    ("found", "size"),
    [
        (Header("mp4", 640, 360, 6 * 3600), 10 * GIB),
        (Header("mkv"), 1),
        (Header("heic", 1080, 1920), 10 * 2**20),
        (Header("webm", 1920, 1080, None), 5),
    ],
)
def test_what_keeps_to_the_limits_passes(found: Header, size: int) -> None:
    check_media(found, size, "clip")


def test_an_object_is_judged_by_its_name() -> None:
    check_name("뉴스/clip.MP4", 10 * GIB)
    check_name("clip", 1)
    for key, size in (("notes.txt", 1), ("still.jpeg", 11 * 2**20)):
        with pytest.raises(MediaRejectedError):
            check_name(key, size)


SAMPLES = [film(60), matroska(90, 1280, 720), heic(1440, 1080), box(b"wide") + moov(5, 640, 360, 1)]


@given(st.sampled_from(SAMPLES), st.integers(0, 2**32), st.integers(1, 12))
def test_no_damage_makes_it_fail(content: bytes, seed: int, count: int) -> None:
    dice, damaged = random.Random(seed), bytearray(content)  # noqa: S311  which bytes to break
    for _ in range(count):
        damaged[dice.randrange(len(damaged))] = dice.randrange(256)
    header(bytes(damaged[: dice.randint(0, len(damaged))]))
