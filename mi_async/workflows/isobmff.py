"""Headers of the ISO base media file format: mp4, mov and heic.

Law: pure; walks from box to box and reads the few bytes that matter, wherever in the file they are. A damaged or
hostile file ends the walk, and what was not found is not known.
Source: ISO/IEC 14496-12 and 23008-12; Apple, QuickTime File Format.
"""

from collections.abc import Iterator, Sequence

from attrs import frozen

from mi_async.workflows.header import Header, Read, largest

MOST_BOXES = 2_000
"""Boxes of one level that are looked at."""
LARGE, TO_THE_END = 1, 0
"""Sizes that mean something else."""
UNKNOWN_LENGTHS = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip"})
"""How a mov may begin that has no brand."""
BRANDS: dict[bytes, str] = {b"qt  ": "mov", b"avif": "avif", b"avis": "avif", b"crx ": "cr3"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs", b"mif1", b"msf1"), "heic"
)
"""Formats by brand; any other brand is some kind of mp4."""


@frozen
class Box:
    """One box: its type and where its content is."""

    kind: bytes
    start: int
    end: int


def boxes(read: Read, start: int, end: int) -> Iterator[Box]:
    """The boxes of one level."""
    for _ in range(MOST_BOXES):
        head = read(start, 16) if start + 8 <= end else b""
        if len(head) < 8:  # noqa: PLR2004  the shortest head of a box
            return
        size, kind, begin = int.from_bytes(head[:4], "big"), head[4:8], start + 8
        if size == LARGE:
            size, begin = int.from_bytes(head[8:16], "big"), start + 16
        elif size == TO_THE_END:
            size = end - start
        if start + size < begin:
            return
        yield Box(kind, begin, min(start + size, end))
        start += size


def within(read: Read, parents: Sequence[Box], *path: bytes) -> list[Box]:
    """All boxes at the end of a path below some."""
    for kind in path:
        parents = [box for parent in parents for box in boxes(read, parent.start, parent.end) if box.kind == kind]
    return list(parents)


def read_isobmff(read: Read, size: int) -> Header | None:
    """Read the header of an mp4, mov or heic; None for anything else."""
    head = read(0, 12)
    if head[4:8] == b"ftyp":
        kind = BRANDS.get(head[8:12], "mp4")
    elif head[4:8] in OLD_QUICKTIME:
        kind = "mov"
    else:
        return None
    whole = Box(b"", 0, size)
    if kind == "heic":
        return Header(kind, *largest([_spatial(read, box) for box in _properties(read, whole)]))
    seconds = [_seconds(read, box) for box in within(read, [whole], b"moov", b"mvhd")]
    tracks = [_track(read, box) for box in within(read, [whole], b"moov", b"trak", b"tkhd")]
    width, height = largest(tracks)
    return Header(kind, width, height, next(iter(seconds), None))


def _properties(read: Read, whole: Box) -> list[Box]:
    metas = [Box(box.kind, box.start + 4, box.end) for box in within(read, [whole], b"meta")]
    return within(read, metas, b"iprp", b"ipco", b"ispe")


def _spatial(read: Read, box: Box) -> tuple[int, int]:
    body = read(box.start, 12)
    return int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big")


def _seconds(read: Read, box: Box) -> float | None:
    """Length of the film; None where it is told elsewhere, as in a fragmented file."""
    wide = 8 if read(box.start, 1) == b"\x01" else 4
    body = read(box.start + 4 + 2 * wide, 4 + wide)
    scale, length = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:], "big")
    known = len(body) == 4 + wide and scale and length and length != UNKNOWN_LENGTHS[wide]
    return length / scale if known else None


def _track(read: Read, box: Box) -> tuple[int, int]:
    """Width and height, fixed-point numbers of which the whole pixels count; 0 for sound."""
    wide = 8 if read(box.start, 1) == b"\x01" else 4
    body = read(box.start + 4 + 3 * wide + 8 + 52, 8)
    return int.from_bytes(body[:2], "big"), int.from_bytes(body[4:6], "big")
