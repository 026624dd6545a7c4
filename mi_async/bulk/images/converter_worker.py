"""The conversion of an image, and the program that does it: ``python converter_worker.py FROM TO LIMIT LEAST``.

Invariant: imports Pillow and nothing of ours, so that a process of it is small and starts at once. Images come and go
by two pipes of its own, FROM and TO, of which nothing else in the process knows: standard output is anybody's (a
``sitecustomize`` prints there). A message is the lengths of its two parts, JSON and bytes; the first one is HELLO.
"""

import json
import os
import signal
import struct
import sys
import warnings
from importlib import import_module
from io import BytesIO
from math import sqrt
from typing import IO, Any

HELLO = {"protocol": 2}
"""The first message of the program, once it can work."""
MOST_JSON = 2**16
"""Bytes of JSON in a message at most."""
LENGTHS = struct.Struct(">IQ")
"""Bytes of the JSON, and of the picture after it."""

MOST_PIXELS = 50_000_000
"""Pixels that are decoded: 200 MB. A larger JPEG can be decoded at half its size or less; others are refused."""
MOST_DECODED = (MOST_PIXELS, 5 * MOST_PIXELS)
QUALITIES = (90, 82)
"""Tried at full size, before the picture is made smaller."""
LAST_QUALITY = 60
"""Tried when the picture cannot get any smaller."""
SMALLER = 0.95
"""A picture that is made smaller is so by this at least."""
ROOM = 0.98
"""Share of the allowed bytes that a size is aimed at."""
WEBP_SIDE = 16_383
OPAQUE = 255
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF", "BMP", "GIF")
SUBFILE, REDUCED, DNG_VERSION = 254, 1, 50706
"""TIFF tags by which a raw photo is known, whose first image is a small preview. Source: TIFF 6.0, DNG 1.7."""
COLOURS = {"L": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB "}
"""Colour space of an ICC profile that goes with a mode."""


class ProtocolError(Exception):
    """Bytes on a pipe that are no message."""


class UnfitError(Exception):
    """A picture that cannot be made to fit: ``reason`` as in ImageRejectedError, and the text."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def shrink(
    content: bytes, limit: int, least: int, most: tuple[int, int] = MOST_DECODED
) -> tuple[dict[str, Any], bytes]:
    """Return the image in at most ``limit`` bytes, neither side shorter than ``least``, upright, and what was done.

    Args:
        content: an image that Pillow decodes, or pillow-heif where it is registered; of several frames the first.
        limit: bytes.
        least: pixels.
        most: pixels that are decoded, and pixels of a JPEG, which can be decoded at a part of its size.

    Raises:
        UnfitError: it is damaged, has too many or too few pixels, or does not fit however it is tried.
    """
    image, icc, kind, full, moves = _opened(content, most)
    if min(image.size) < least:
        text = f"{image.width} x {image.height} px, less than the {least} px that the service wants"
        raise UnfitError(reason="resolution", text=text)
    encoding = "WEBP" if image.mode == "RGBA" or kind == "WEBP" else "JPEG"
    made, size = _fitting(image, encoding, icc, limit, least)
    turned = (full[1], full[0]) if (full[0] < full[1]) != (image.width < image.height) else full
    return {"from": turned, "to": size, "first_frame": moves}, made


def _fitting(image: Any, encoding: str, icc: bytes | None, limit: int, least: int) -> tuple[bytes, tuple[int, int]]:
    """Encode an image with less quality, then smaller, until it fits.

    Raises:
        UnfitError: it does not fit however it is tried.
    """
    scale = min(1.0, WEBP_SIDE / max(image.size)) if encoding == "WEBP" else 1.0
    floor = min(1.0, least / min(image.size))
    qualities = list(QUALITIES)
    while True:
        made, size = _encoded(image, encoding, qualities[0], scale, icc)
        if len(made) <= limit:
            if min(size) < least:
                break
            return made, size
        if len(qualities) > 1:
            qualities.pop(0)
        elif scale > floor:
            scale = max(floor, scale * min(SMALLER, ROOM * sqrt(limit / len(made))))
        elif qualities[0] > LAST_QUALITY:
            qualities = [LAST_QUALITY]
        else:
            break
    raise UnfitError(reason="size", text="does not fit, however small it is made")


def preview(content: bytes, side: int) -> tuple[dict[str, Any], bytes]:
    """Return a small JPEG of an image, neither side longer than ``side``; or ``reason`` and ``text``, of why not."""
    from PIL import Image  # noqa: PLC0415  an extra

    try:
        image, *_ = _opened(content, MOST_DECODED, side)
    except UnfitError as error:
        return {"reason": error.reason, "text": str(error)}, b""
    image.thumbnail((side, side))
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    stream = BytesIO()
    image.save(stream, "JPEG", quality=QUALITIES[-1], optimize=True)
    return {"to": image.size}, stream.getvalue()


def _opened(
    content: bytes, most: tuple[int, int], side: int = 0
) -> tuple[Any, bytes | None, str, tuple[int, int], bool]:
    """Return an image, decoded, upright and plain, its profile, its format, its size, and True if it moves.

    With ``side`` a JPEG is decoded no larger than a preview of that many pixels needs.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415  an extra

    try:
        image: Any = Image.open(BytesIO(content), formats=[*FORMATS, *(["HEIF"] if "HEIF" in Image.OPEN else [])])
        kind = "JPEG" if image.format == "MPO" else image.format  # MPO: what phones put behind a JPEG
        full, moves = image.size, kind != "JPEG" and bool(getattr(image, "is_animated", False))
        _refuse_raw(image, kind)
        if side and kind == "JPEG":
            image.draft(None, (side, side))
        _draft(image, kind, most)
        image.load()
        icc = image.info.get("icc_profile")
        return *_plain(ImageOps.exif_transpose(image), icc), kind, full, moves
    except UnfitError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # of a program that keeps the limit
        raise UnfitError(reason="size", text=f"has too many pixels to be made to fit: {error}") from error
    except Exception as error:  # decoders fail in many ways
        raise UnfitError(reason="format", text=f"cannot be decoded: {error}") from error


def _refuse_raw(image: Any, kind: str) -> None:
    """Refuse a raw photo, of which Pillow would show a preview of some hundred pixels."""
    if kind == "TIFF" and (image.tag_v2.get(SUBFILE, 0) & REDUCED or DNG_VERSION in image.tag_v2):
        raise UnfitError(reason="format", text="a raw photo: export it as JPEG")


def _draft(image: Any, kind: str, most: tuple[int, int]) -> None:
    """Have a JPEG of too many pixels decoded at a half or a quarter of its size; refuse what stays too big."""
    pixels = image.width * image.height
    if kind == "JPEG" and most[0] < pixels <= most[1]:
        part = 2 if pixels <= 4 * most[0] else 4
        image.draft(None, (image.width // part, image.height // part))
    if image.width * image.height > most[0]:
        raise UnfitError(reason="size", text=f"{image.width} x {image.height} px are too many to be made to fit")


def _plain(image: Any, icc: bytes | None) -> tuple[Any, bytes | None]:
    """Return an image in grey, RGB or, where something shows through, RGBA; and its profile, where that still holds."""
    mode = image.mode
    if _has_alpha(image):
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] == OPAQUE:
            image = image.convert("RGB")
    elif mode.startswith("I"):
        image = image.convert("I").point(_to_8_bits).convert("L")
    elif mode == "CMYK" and icc:
        image, icc = _from_cmyk(image, icc), None
    elif mode not in COLOURS:
        image = image.convert("L" if mode == "1" else "RGB")
    return image, icc if icc and icc[16:20] == COLOURS[image.mode] else None


def _has_alpha(image: Any) -> bool:
    return image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info


def _to_8_bits(value: Any) -> Any:
    return value / 256


def _from_cmyk(image: Any, icc: bytes) -> Any:
    """Convert to RGB by the profile, or roughly, where that is no good."""
    from PIL import ImageCms  # noqa: PLC0415  an extra

    try:
        return ImageCms.profileToProfile(image, BytesIO(icc), ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB")


def _encoded(image: Any, encoding: str, quality: int, scale: float, icc: bytes | None) -> tuple[bytes, tuple[int, int]]:
    if scale < 1:
        image = image.resize([max(1, round(side * scale)) for side in image.size], reducing_gap=3.0)
    stream = BytesIO()
    options = {"optimize": True} if encoding == "JPEG" else {"method": 3}
    image.save(stream, encoding, quality=quality, icc_profile=icc, exif=b"", **options)
    return stream.getvalue(), image.size


def send(stream: IO[bytes], said: dict[str, Any], content: bytes = b"") -> None:
    """Send JSON and an image."""
    head = json.dumps(said).encode()
    stream.write(LENGTHS.pack(len(head), len(content)) + head)
    stream.write(content)
    stream.flush()


def receive(stream: IO[bytes], most: int) -> tuple[dict[str, Any], bytes]:
    """Receive JSON and an image of at most ``most`` bytes.

    Raises:
        EOFError: there is no more.
        ProtocolError: it is no message.
    """
    start = stream.read(LENGTHS.size)
    if len(start) < LENGTHS.size:
        raise EOFError
    head, size = LENGTHS.unpack(start)
    if head > MOST_JSON or size > most:
        raise ProtocolError
    said, content = stream.read(head), stream.read(size)
    if len(said) < head or len(content) < size:
        raise EOFError
    try:
        decoded = json.loads(said)
    except ValueError as error:
        raise ProtocolError from error
    if not isinstance(decoded, dict):
        raise ProtocolError
    return decoded, content


def answer(content: bytes, limit: int, least: int) -> tuple[dict[str, Any], bytes]:
    """Return what was done to an image, and its bytes; or ``reason`` and ``text``, of why it cannot be made to fit."""
    try:
        return shrink(content, limit, least)
    except UnfitError as error:
        return {"reason": error.reason, "text": str(error)}, b""
    except MemoryError:
        return {"reason": "size", "text": "takes more memory to be made to fit than there is"}, b""


def register_heif() -> None:
    """Have Pillow decode HEIC.

    Raises:
        ImportError: Pillow or pillow-heif is missing or broken.
    """
    import_module("PIL.Image")
    import_module("pillow_heif").register_heif_opener()


def open_pipe(number: int, mode: str) -> IO[bytes]:
    """Open an inherited pipe: a descriptor, or on Windows a handle."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  there is none elsewhere

        number = msvcrt.open_osfhandle(number, os.O_RDONLY if mode == "rb" else 0)
    return os.fdopen(number, mode)


def main(source: int, target: int, limit: int, least: int) -> None:
    """Shrink what comes in until nothing does."""
    from PIL import Image  # noqa: PLC0415  an extra

    # Whoever started this decides when it ends: a terminal and systemd signal the whole group of processes.
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & vars(signal).keys():  # Windows has no SIGHUP
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    warnings.simplefilter("ignore")
    register_heif()
    Image.MAX_IMAGE_PIXELS = None  # our own bound takes its place
    inward, outward = open_pipe(source, "rb"), open_pipe(target, "wb")
    # Nobody reads what is printed from here on: a pipe that is full would stop the program.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    send(outward, HELLO)
    while True:
        try:
            asked, content = receive(inward, sys.maxsize)
        except EOFError:
            return
        send(outward, *(preview(content, asked["side"]) if "side" in asked else answer(content, limit, least)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
