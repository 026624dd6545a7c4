"""Headers of the ISO base media file format: mp4, mov and heic.

Invariant: pure; walks from box to box and reads the few bytes that matter, wherever in the file they are; of what there
is to be one of, the first counts. A fault is reported only if every reader of the format must meet it: what a damaged
or very long walk did not reach is unknown, and an unknown file is not refused.
Source: ISO/IEC 14496-12 and 23008-12; Apple, QuickTime File Format.
"""

from collections.abc import Iterator
from itertools import islice

from attrs import define, frozen

from mi_async.media.file_kind import FIRST, brand
from mi_async.media.header import Header, HeaderFault, Read, TooManyReadsError, incomplete, largest, no_video, sparing

LARGE, TO_THE_END = 1, 0
"""Sizes that mean something else."""
UNKNOWN_LENGTHS = {4: 0xFFFFFFFF, 8: 0xFFFFFFFFFFFFFFFF}
OLD_QUICKTIME = frozenset({b"moov", b"mdat", b"wide", b"pnot", b"free", b"skip"})
"""First boxes of a mov without a brand."""
DATA = frozenset({b"mdat", b"moof", b"imda"})
"""Boxes that hold pictures and sound, or announce them."""
NOT_PICTURES = {
    b"soun": "sound",
    b"text": "text",
    b"sbtl": "subtitles",
    b"subt": "subtitles",
    b"subp": "subtitles",
    b"clcp": "subtitles",
    b"tmcd": "time codes",
    b"meta": "metadata",
    b"hint": "streaming hints",
}
"""Handlers of tracks that surely show nothing; a file with any other handler may show something."""
AFTER = 16
"""Boxes that are looked at behind ``moov`` for the first one with pictures: a fragmented video has thousands."""


@frozen
class Box:
    """One box: its type, where its content is, and how many bytes of it the file lacks."""

    kind: bytes
    start: int
    end: int
    missing: int = 0


def boxes(read: Read, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes of one level."""
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
        yield Box(kind, begin, min(start + size, end), max(0, start + size - end))
        start += size


def within(read: Read, parent: Box, *path: bytes) -> Iterator[Box]:
    """Yield all boxes at the end of a path, in their order."""
    if not path:
        yield parent
        return
    for box in boxes(read, parent.start, parent.end):
        if box.kind == path[0]:
            yield from within(read, box, *path[1:])


def read_isobmff(read: Read, size: int) -> Header | None:
    """Read the header of an mp4, mov or heic; None for anything else."""
    head = read(0, FIRST)
    kind = brand(head) or ("mov" if head[4:8] in OLD_QUICKTIME else None)
    if kind is None:
        return None
    few = sparing(read)
    try:
        if kind in {"heic", "avif"}:
            return _still(_Top.of(few, size, b"meta", b"moov"), kind)
        return _video(_Top.of(few, size, b"moov"), kind)
    except TooManyReadsError:
        return Header(kind)


@define
class _Top:
    """The top level of a file, walked as far as its one index box and, behind that, the first data.

    Attributes:
        read: gives bytes of the file.
        index: the box that says what is in the file.
        data: True iff a box with pictures and sound was met.
        cut: the index or data box that goes beyond the end of the file.
        whole: True iff the walk came to the end of the file, so that what was not met is not there.
    """

    read: Read
    index: Box | None = None
    data: bool = False
    cut: Box | None = None
    whole: bool = False

    @classmethod
    def of(cls, read: Read, size: int, *wanted: bytes) -> "_Top":
        """Walk the boxes."""
        top, end, left = cls(read), 0, AFTER
        for box in boxes(read, 0, size):
            if top.index is not None:
                if top.data or not left:
                    return top
                left -= 1
            top._see(box, wanted)
            end = box.end
        top.whole = size - end < 8  # noqa: PLR2004  the shortest box
        return top

    def _see(self, box: Box, wanted: tuple[bytes, ...]) -> None:
        self.data = self.data or box.kind in DATA
        if box.kind in wanted and self.index is None:
            self.index = box
        # Only these: some programs put bytes of their own behind the last box, which read as a box of any length.
        if box.missing and (box.kind in DATA or box is self.index):
            self.cut = box

    def fault(self, index: str) -> HeaderFault | None:
        """Return the proof that the file is not all there; of a fragmented one only the first fragment is looked at."""
        lacks = f"its {self.cut.kind.decode()} box lacks its last {self.cut.missing:,} bytes" if self.cut else ""
        if self.index is None and self.whole:
            return incomplete(f"it has no index ({index} box){lacks and f', and {lacks}'}")
        return incomplete(lacks) if lacks else None


def _video(top: _Top, kind: str) -> Header:
    """Read the one ``moov``, which may be followed by any number of fragments."""
    read, moov, fault = top.read, top.index, top.fault("moov")
    if moov is None:
        return Header(kind, fault=fault)
    if fault is None and top.whole and not top.data:
        fault = incomplete("there are no pictures beside its index (no mdat box)")
    seconds = next((_seconds(read, box) for box in within(read, moov, b"mvhd")), None)
    width, height = largest([_track(read, box) for box in within(read, moov, b"trak", b"tkhd")])
    return Header(kind, width, height, seconds, fault or _nothing_shown(read, moov))


def _nothing_shown(read: Read, moov: Box) -> HeaderFault | None:
    """Return the proof that there is no picture track: each track tells its type, and none may be one."""
    kinds = [box.kind for box in boxes(read, moov.start, moov.end)]
    if b"cmov" in kinds:  # QuickTime's compressed index
        return None
    handlers = [read(box.start + 8, 4) for trak in within(read, moov, b"trak") for box in _first_handler(read, trak)]
    if len(handlers) < kinds.count(b"trak") or not NOT_PICTURES.keys() >= set(handlers):
        return None
    return no_video(" and ".join(sorted({NOT_PICTURES[one] for one in handlers})) or "an empty index")


def _first_handler(read: Read, trak: Box) -> Iterator[Box]:
    """Yield the box that names the type of a track, if there is one."""
    return islice(within(read, trak, b"mdia", b"hdlr"), 1)


def _still(top: _Top, kind: str) -> Header:
    """Read the ``meta`` of an image; a sequence of images may have a ``moov`` instead."""
    read, meta, fault = top.read, top.index, top.fault("meta")
    if meta is None or meta.kind != b"meta":
        return Header(kind, fault=fault)
    properties = within(read, Box(meta.kind, meta.start + 4, meta.end), b"iprp", b"ipco", b"ispe")
    width, height = largest([_spatial(read, box) for box in properties])
    return Header(kind, width, height, fault=fault)


def _spatial(read: Read, box: Box) -> tuple[int, int]:
    body = read(box.start, 12)
    return int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big")


def _seconds(read: Read, box: Box) -> float | None:
    """Return the length in seconds; None where it is told elsewhere, as in a fragmented file."""
    wide = 8 if read(box.start, 1) == b"\x01" else 4
    body = read(box.start + 4 + 2 * wide, 4 + wide)
    scale, length = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:], "big")
    known = len(body) == 4 + wide and scale and length and length != UNKNOWN_LENGTHS[wide]
    return length / scale if known else None


def _track(read: Read, box: Box) -> tuple[int, int]:
    """Return width and height, fixed-point numbers of which the whole pixels count; 0 for sound."""
    wide = 8 if read(box.start, 1) == b"\x01" else 4
    body = read(box.start + 4 + 3 * wide + 8 + 52, 8)
    return int.from_bytes(body[:2], "big"), int.from_bytes(body[4:6], "big")
