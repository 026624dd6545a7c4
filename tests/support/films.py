"""Small media files with honest headers, made by hand: no film tool is needed."""

import struct


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, version: int, *content: bytes) -> bytes:
    return box(kind, bytes([version, 0, 0, 0]), *content)


def moov(seconds: float, width: int, height: int, version: int = 0) -> bytes:
    wide = ">QQIQ" if version else ">IIII"
    header = full(b"mvhd", version, struct.pack(wide, 0, 0, 1000, int(seconds * 1000)), bytes(80))
    times = ">QQIIQ" if version else ">IIIII"
    track = (
        struct.pack(times, 0, 0, 1, 0, int(seconds * 1000)) + bytes(52) + struct.pack(">II", width << 16, height << 16)
    )
    sound = struct.pack(times, 0, 0, 2, 0, int(seconds * 1000)) + bytes(60)
    tracks = box(b"trak", full(b"tkhd", version, track)) + box(b"trak", full(b"tkhd", version, sound))
    return box(b"moov", header, tracks)


def film(
    seconds: float = 60.0,
    width: int = 1280,
    height: int = 720,
    *,
    size: int = 0,
    brand: bytes = b"isom",
    version: int = 0,
) -> bytes:
    """An mp4 (or mov) with its index at the end, filled up to a size."""
    start = box(b"ftyp", brand, bytes(4), brand)
    end = moov(seconds, width, height, version)
    fill = bytes(index % 251 for index in range(997)) * (size // 997 + 1)
    return start + box(b"mdat", fill[: max(0, size - len(start) - len(end) - 8)]) + end


def heic(width: int, height: int) -> bytes:
    tile = full(b"ispe", 0, struct.pack(">II", 512, 512))
    whole = full(b"ispe", 0, struct.pack(">II", width, height))
    return box(b"ftyp", b"heic", bytes(4), b"mif1heic") + full(b"meta", 0, box(b"iprp", box(b"ipco", tile, whole)))


def element(name: int, content: bytes) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + struct.pack(">Q", len(content) | 1 << 56) + content


def matroska(seconds: float | None, width: int, height: int, kind: bytes = b"webm", *, endless: bool = False) -> bytes:
    video = element(0xE0, element(0xB0, struct.pack(">H", width)) + element(0xBA, struct.pack(">H", height)))
    length = b"" if seconds is None else element(0x4489, struct.pack(">d", seconds * 1000))
    info = element(0x1549A966, element(0x2AD7B1, (1_000_000).to_bytes(3, "big")) + length)
    inside = info + element(0x1654AE6B, element(0xAE, video)) + element(0x1F43B675, bytes(500))
    segment = b"\x18\x53\x80\x67" + b"\x01" + b"\xff" * 7 + inside if endless else element(0x18538067, inside)
    return element(0x1A45DFA3, element(0x4282, kind)) + segment
