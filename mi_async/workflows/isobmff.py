"""Headers of the ISO base media file format: mp4, mov and heic.

Law: pure; walks from box to box and reads the few bytes that matter, wherever in the file they are; of what there is to
be one of, the first counts. A damaged file ends the walk, and what was not found is not known; of a file that would
make the walk a long one, only the format is.
Source: ISO/IEC 14496-12 and 23008-12; Apple, QuickTime File Format.
"""

from collections.abc import Iterator

from attrs import frozen

from mi_async.workflows.header import Header, Read, TooManyReadsError, largest, sparing

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
    while start + 8 <= end:
        head = read(start, 16)
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


def within(read: Read, parent: Box, *path: bytes) -> Iterator[Box]:
    """All boxes at the end of a path, in their order."""
    if not path:
        yield parent
        return
    for box in boxes(read, parent.start, parent.end):
        if box.kind == path[0]:
            yield from within(read, box, *path[1:])


def read_isobmff(read: Read, size: int) -> Header | None:
    """Read the header of an mp4, mov or heic; None for anything else."""
    head = read(0, 12)
    if head[4:8] == b"ftyp":
        kind = BRANDS.get(head[8:12], "mp4")
    elif head[4:8] in OLD_QUICKTIME:
        kind = "mov"
    else:
        return None
    whole, few = Box(b"", 0, size), sparing(read)
    try:
        return _still(few, whole) if kind == "heic" else _film(few, whole, kind)
    except TooManyReadsError:
        return Header(kind)


def _film(read: Read, whole: Box, kind: str) -> Header:
    """What the one ``moov`` tells, which may be followed by any number of fragments."""
    for moov in within(read, whole, b"moov"):
        seconds = next((_seconds(read, box) for box in within(read, moov, b"mvhd")), None)
        width, height = largest([_track(read, box) for box in within(read, moov, b"trak", b"tkhd")])
        return Header(kind, width, height, seconds)
    return Header(kind)


def _still(read: Read, whole: Box) -> Header:
    for meta in within(read, whole, b"meta"):
        properties = within(read, Box(meta.kind, meta.start + 4, meta.end), b"iprp", b"ipco", b"ispe")
        return Header("heic", *largest([_spatial(read, box) for box in properties]))
    return Header("heic")


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
