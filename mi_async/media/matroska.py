"""Headers of Matroska: mkv and webm.

Invariant: pure; reads elements up to the first frames and no further. A fault is reported only if every reader of the
format must meet it: a damaged file ends the walk, and what was not found is unknown; of a file that would make the walk
a long one, only the format is known.
Source: RFC 8794 (EBML) and RFC 9559 (Matroska).
"""

import struct
from collections.abc import Iterator

from attrs import frozen

from mi_async.media.header import Header, Read, TooManyReadsError, incomplete, largest, no_video, sparing

EBML, DOC_TYPE, SEGMENT, CLUSTER = 0x1A45DFA3, 0x4282, 0x18538067, 0x1F43B675
INFO, TIMESTAMP_SCALE, DURATION = 0x1549A966, 0x2AD7B1, 0x4489
TRACKS, TRACK_ENTRY, TRACK_TYPE, VIDEO, PIXEL_WIDTH, PIXEL_HEIGHT = 0x1654AE6B, 0xAE, 0x83, 0xE0, 0xB0, 0xBA
NOT_PICTURES = {2: "sound", 17: "subtitles", 18: "buttons", 32: "control data", 33: "metadata"}
"""Types of tracks that surely show nothing; a file with any other type may show something."""
MAGIC = EBML.to_bytes(4, "big")
NANOSECONDS = 1e9
DEFAULT_SCALE = 1_000_000
FLOATS = {4: ">f", 8: ">d"}


@frozen
class Element:
    """One element: its ID, where its content is, and how many bytes of it are not there."""

    id: int
    start: int
    end: int
    missing: int = 0


def elements(read: Read, start: int, end: int) -> Iterator[Element]:
    """Yield the elements of one level, up to the first frames."""
    while start < end:
        head = read(start, 12)
        id_width = _width(head[:1], 4)
        size_width = _width(head[id_width : id_width + 1], 8) if id_width else 0
        if not size_width or len(head) < id_width + size_width:
            return
        name = int.from_bytes(head[:id_width], "big")
        size = int.from_bytes(head[id_width : id_width + size_width], "big") & ((1 << 7 * size_width) - 1)
        begin = start + id_width + size_width
        endless = size == (1 << 7 * size_width) - 1
        if name == CLUSTER or begin > end:
            return
        missing = 0 if endless else max(0, begin + size - end)
        yield Element(name, begin, end if endless else min(begin + size, end), missing)
        start = end if endless else begin + size


def _width(first: bytes, most: int) -> int:
    """Return the bytes of a number, by its leading zeros; 0 for no number."""
    width = 9 - first[0].bit_length() if first and first[0] else 0
    return width if width <= most else 0


def read_matroska(read: Read, size: int) -> Header | None:
    """Read the header of an mkv or webm; None for anything else."""
    if read(0, 4) != MAGIC:
        return None
    few, kind, end = sparing(read), "mkv", 0
    try:
        for top in elements(few, 0, size):
            end = top.end
            if top.id == EBML and few(*_span(_inside(few, top).get(DOC_TYPE))).rstrip(b"\0") == b"webm":
                kind = "webm"
            elif top.id == SEGMENT:
                return _segment(few, top, kind)
    except TooManyReadsError:
        return Header(kind)
    return Header(kind, fault=incomplete("it ends before its first segment") if end >= size else None)


def _segment(read: Read, segment: Element, kind: str) -> Header:
    """Read the first segment; there is hardly ever another."""
    seconds, sizes, types = None, list[tuple[int, int]](), set[int]()
    for element in elements(read, segment.start, segment.end):
        if element.id == INFO:
            seconds = _seconds(read, element)
        elif element.id == TRACKS:
            for type_, size in _tracks(read, element):
                types.add(type_)
                sizes.append(size)
    width, height = largest(sizes)
    fault = incomplete(f"it lacks its last {segment.missing:,} bytes") if segment.missing else None
    if fault is None and types and NOT_PICTURES.keys() >= types:
        fault = no_video(" and ".join(sorted(NOT_PICTURES[each] for each in types)))
    return Header(kind, width, height, seconds, fault)


def _inside(read: Read, parent: Element) -> dict[int, Element]:
    return {element.id: element for element in elements(read, parent.start, parent.end)}


def _span(element: Element | None) -> tuple[int, int]:
    """Return offset and length of a content that is a number or a word."""
    return (0, 0) if element is None else (element.start, min(element.end - element.start, 64))


def _number(read: Read, element: Element | None) -> int:
    return int.from_bytes(read(*_span(element)), "big")


def _seconds(read: Read, info: Element) -> float | None:
    inside = _inside(read, info)
    body = read(*_span(inside.get(DURATION)))
    if len(body) not in FLOATS:
        return None
    ticks: float = struct.unpack(FLOATS[len(body)], body)[0]
    scale = _number(read, inside.get(TIMESTAMP_SCALE)) or DEFAULT_SCALE
    return ticks * scale / NANOSECONDS if ticks > 0 else None


def _tracks(read: Read, tracks: Element) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield type, width and height of each track; 0 for what it does not tell."""
    for entry in elements(read, tracks.start, tracks.end):
        if entry.id == TRACK_ENTRY:
            track = _inside(read, entry)
            video = track.get(VIDEO)
            inside = {} if video is None else _inside(read, video)
            size = _number(read, inside.get(PIXEL_WIDTH)), _number(read, inside.get(PIXEL_HEIGHT))
            yield _number(read, track.get(TRACK_TYPE)), size
