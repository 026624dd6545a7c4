"""Headers of large and of hostile files: what is told, and how little is read for it."""

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import define, field

from mi_async.media.header import MOST_READS, Header
from mi_async.media.limits import check_media, read_header
from mi_async.storage.local_file import LocalFile
from tests.support.films import box, element, film, full, heic, matroska, moov

FTYP = box(b"ftyp", b"isom", bytes(4))
EBML = element(0x1A45DFA3, element(0x4282, b"matroska"))
FAR = 20_000
"""Boxes or elements that are too many, however they are nested."""


@define
class Counted:
    """A file in memory that counts how often it is read."""

    content: bytes
    reads: int = field(init=False, default=0)

    def header(self) -> Header | None:
        return read_header(self._read, len(self.content))

    def _read(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        assert length >= 0
        self.reads += 1
        return self.content[offset : offset + length]


def matroska_of(*inside: bytes) -> bytes:
    return EBML + element(0x18538067, b"".join(inside))


def track(width: int, height: int, *more: bytes) -> bytes:
    return box(b"trak", full(b"tkhd", 0, bytes(72), struct.pack(">II", width << 16, height << 16)), *more)


def length(seconds: int) -> bytes:
    return full(b"mvhd", 0, struct.pack(">IIII", 0, 0, 1, seconds), bytes(80))


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty tracks": (FTYP + box(b"moov", box(b"trak") * FAR), "mp4"),
    "empty tracks in many films": (FTYP + box(b"moov", box(b"trak") * 200) * 200 + box(b"free") * FAR, "mp4"),
    "sizes in one track": (FTYP + box(b"moov", box(b"trak", box(b"tkhd") * FAR)), "mp4"),
    "nothing at all": (FTYP + box(b"free") * FAR, "mp4"),
    "a length behind it all": (FTYP + box(b"moov", box(b"free") * FAR, moov(60, 1280, 720)[8:]), "mp4"),
    "tiles": (box(b"ftyp", b"heic") + full(b"meta", 0, box(b"iprp", box(b"ipco", box(b"ispe") * FAR))), "heic"),
    "types of document": (element(0x1A45DFA3, element(0x4282, b"webm") * FAR), "mkv"),
    "tracks": (matroska_of(element(0x1654AE6B, element(0xAE, element(0xE0, b"")) * FAR)), "mkv"),
    "segments": (EBML + element(0xEC, b"") * FAR + element(0x18538067, b""), "mkv"),
    "lengths": (matroska_of(element(0x1549A966, element(0x4489, bytes(8))) * FAR), "mkv"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_would_make_the_walk_long_tells_its_format_only(name: str) -> None:
    content, kind = HOSTILE[name]
    counted = Counted(content)
    tracemalloc.start()
    try:
        found = counted.header()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counted.reads <= MOST_READS + 10
    assert peak < 3 * 2**20
    assert found == Header(kind)
    check_media(found, len(content), name)


def test_what_was_seen_of_such_a_file_is_not_held_against_it() -> None:
    preview = FTYP + box(b"moov", length(9 * 3600), track(320, 180) * FAR)
    check_media(Counted(preview).header(), len(preview), "clip.mp4")
    scale = element(0x1549A966, element(0x4489, struct.pack(">d", 9e6)) + element(0xEC, b"") * FAR)
    check_media(Counted(matroska_of(scale)).header(), len(scale), "clip.mkv")


def test_an_element_that_ends_within_one_in_it_reads_nothing_backwards() -> None:
    inside = element(0x4489, struct.pack(">d", 9e4)) + element(0x2AD7B1, (1_000_000).to_bytes(3, "big"))
    for size in range(len(inside)):
        info = b"\x15\x49\xa9\x66" + bytes([0x80 | size]) + inside
        assert Counted(matroska_of(info)).header() is not None


def test_a_hostile_file_on_the_disk_costs_little(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(FTYP + box(b"moov", box(b"trak") * 2_000) * 200)
    with LocalFile.open(path) as file:
        assert read_header(file.read, file.size) == Header("mp4")


def fragments(count: int) -> bytes:
    return (box(b"styp", bytes(8)) + box(b"sidx", bytes(32)) + box(b"moof", bytes(64)) + box(b"mdat", bytes(9))) * count


def long_moov() -> bytes:
    """An index with a hundred tracks, each with tables for a long film."""
    table = box(b"mdia", full(b"mdhd", 0, bytes(20)), box(b"minf", box(b"stbl", box(b"stco", bytes(40_000)))))
    names = box(b"udta", box(b"name", b"commentary") * 20)
    return box(b"moov", length(20_000), names, track(0, 0, table, names) * 99, track(1920, 1080, table, names))


def many_tracks() -> bytes:
    """Matroska as a long film with subtitles, fonts and an index at its beginning has it."""
    info = element(0x1549A966, element(0x4489, struct.pack(">d", 2e7)))
    fonts = element(0x1941A469, element(0x61A7, bytes(100)) * 500)
    cues = element(0x1C53BB6B, element(0xBB, bytes(20)) * FAR)
    subtitles = element(0xAE, element(0x86, b"S_TEXT/UTF8") * 25) * 90
    picture = element(0xE0, element(0xB0, struct.pack(">H", 1920)) + element(0xBA, struct.pack(">H", 1080)))
    entries = element(0x1654AE6B, subtitles + element(0xAE, picture))
    return matroska_of(fonts, cues, info, entries, element(0x1F43B675, bytes(500)) * FAR)


@pytest.mark.parametrize(
    ("make", "found", "reads"),
    [
        (lambda: FTYP + moov(0, 1280, 720) + fragments(21_600), Header("mp4", 1280, 720), 50),
        (lambda: FTYP + moov(5, 1280, 720) + fragments(5_000), Header("mp4", 1280, 720, 5.0), 50),
        (lambda: film(60, size=10_000) + fragments(5_000), Header("mp4", 1280, 720, 60.0), 50),
        (lambda: FTYP + box(b"mdat", bytes(99)) * 2_000 + long_moov(), Header("mp4", 1920, 1080, 20_000.0), 5_000),
        (lambda: heic(1440, 1080) + box(b"free") * FAR, Header("heic", 1440, 1080), 50),
        (many_tracks, Header("mkv", 1920, 1080, 20_000.0), 5_000),
        (lambda: matroska(90, 1280, 720) * 3_000, Header("webm", 1280, 720, 90.0), 50),
    ],
)
def test_large_files_tell_what_they_are(make: Callable[[], bytes], found: Header, reads: int) -> None:
    counted = Counted(make())
    assert counted.header() == found
    assert counted.reads < reads
