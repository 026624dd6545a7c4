"""A picture made to fit, and the program that does it for others: ``python shrink.py LIMIT LEAST``.

Law: imports Pillow and nothing of ours, so that a process of it is small and starts at once; one picture after another
comes by standard input, and goes by standard output, each as the lengths of its two parts, JSON and bytes.
"""

import json
import signal
import struct
import sys
import warnings
from importlib import import_module
from io import BytesIO
from math import sqrt
from typing import IO, Any

LENGTHS = struct.Struct(">IQ")
"""Bytes of the JSON, and of the picture after it."""

MOST_PIXELS = 50_000_000
"""Pixels that are decoded: 200 MB. A larger JPEG can be decoded at half its size or less; others are refused."""
MOST_JPEG_PIXELS = 5 * MOST_PIXELS
QUALITIES = (90, 82)
"""Tried at full size, before the picture is made smaller."""
LAST_QUALITY = 60
"""Tried when the picture cannot get any smaller."""
SMALLER = 0.95
"""A picture that is made smaller is so by this at least."""
ROOM = 0.98
"""What is aimed at, as a share of what would be just right."""
WEBP_SIDE = 16_383
OPAQUE = 255
COLOURS = {"L": b"GRAY", "RGB": b"RGB ", "RGBA": b"RGB "}
"""Colour space of an ICC profile that goes with a mode."""


class UnfitError(Exception):
    """A picture that cannot be made to fit: ``reason`` as in ImageRejectedError, and the text."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def shrink(content: bytes, limit: int, least: int) -> tuple[dict[str, Any], bytes]:
    """The picture in at most ``limit`` bytes, neither side shorter than ``least``, upright, and what was done.

    Raises:
        UnfitError: it is damaged, has too many pixels, or does not fit however it is tried.
    """
    image, kind, full = _opened(content)
    icc = image.info.get("icc_profile")
    image, icc = _plain(image, icc)
    alpha = image.mode == "RGBA"
    encoding = "WEBP" if alpha or kind == "WEBP" else "JPEG"
    scale = min(1.0, WEBP_SIDE / max(image.size)) if encoding == "WEBP" else 1.0
    floor = min(1.0, least / min(image.size))
    qualities = list(QUALITIES)
    while True:
        quality = qualities[0]
        made, size = _encoded(image, encoding, quality, scale, icc)
        if len(made) <= limit:
            if min(size) < least:
                break
            turned = (full[1], full[0]) if (full[0] < full[1]) != (image.width < image.height) else full
            return {"from": turned, "to": size, "first_frame": kind != "JPEG" and _is_animated(content)}, made
        if len(qualities) > 1:
            qualities.pop(0)
        elif scale > floor:
            scale = max(floor, scale * min(SMALLER, ROOM * sqrt(limit / len(made))))
        elif quality > LAST_QUALITY:
            qualities = [LAST_QUALITY]
        else:
            break
    raise UnfitError(reason="size", text="does not fit, however small it is made")


def _opened(content: bytes) -> tuple[Any, str, tuple[int, int]]:
    """The picture, decoded and upright, its format, and its size as it was."""
    from PIL import Image, ImageOps  # noqa: PLC0415  an extra

    Image.MAX_IMAGE_PIXELS = None  # our own bound takes its place
    try:
        image: Any = Image.open(BytesIO(content), formats=["JPEG", "PNG", "WEBP"])
        kind = "JPEG" if image.format == "MPO" else image.format  # MPO: what phones put behind a JPEG
        full = image.size
        _draft(image, kind)
        image.load()
        return ImageOps.exif_transpose(image), kind, full
    except UnfitError:
        raise
    except Exception as error:  # decoders fail in many ways
        raise UnfitError(reason="format", text=f"cannot be decoded: {error}") from error


def _draft(image: Any, kind: str) -> None:
    """Have a JPEG of too many pixels decoded at a half or a quarter of its size; refuse what stays too big."""
    pixels = image.width * image.height
    if kind == "JPEG" and MOST_PIXELS < pixels <= MOST_JPEG_PIXELS:
        part = 2 if pixels <= 4 * MOST_PIXELS else 4
        image.draft(None, (image.width // part, image.height // part))
    if image.width * image.height > MOST_PIXELS:
        raise UnfitError(reason="size", text=f"{image.width} x {image.height} px are too many to be made to fit")


def _plain(image: Any, icc: bytes | None) -> tuple[Any, bytes | None]:
    """The picture in grey, RGB or, where something shows through, RGBA; and its profile, where that still holds."""
    mode = image.mode
    if mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
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


def _to_8_bits(value: Any) -> Any:
    return value / 256


def _from_cmyk(image: Any, icc: bytes) -> Any:
    """RGB by the profile, or roughly, where that is no good."""
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


def _is_animated(content: bytes) -> bool:
    from PIL import Image  # noqa: PLC0415  an extra

    with Image.open(BytesIO(content)) as image:
        return bool(getattr(image, "is_animated", False))


def write(stream: IO[bytes], said: dict[str, Any], content: bytes = b"") -> None:
    """Send JSON and a picture."""
    head = json.dumps(said).encode()
    stream.write(LENGTHS.pack(len(head), len(content)) + head)
    stream.write(content)
    stream.flush()


def read(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Receive JSON and a picture.

    Raises:
        EOFError: there is no more.
    """
    start = stream.read(LENGTHS.size)
    if len(start) < LENGTHS.size:
        raise EOFError
    head, size = LENGTHS.unpack(start)
    said, content = stream.read(head), stream.read(size)
    if len(said) < head or len(content) < size:
        raise EOFError
    return json.loads(said), content


def main(limit: int, least: int) -> None:
    """Shrink what comes in until nothing does."""
    # Whoever started this decides when it ends: a terminal and systemd signal the whole group of processes.
    for name in {"SIGINT", "SIGTERM", "SIGHUP"} & vars(signal).keys():  # Windows has no SIGHUP
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    warnings.simplefilter("ignore")
    import_module("PIL.Image")  # whether it is there is known before the first picture

    write(sys.stdout.buffer, {})
    while True:
        try:
            _, content = read(sys.stdin.buffer)
        except EOFError:
            return
        try:
            write(sys.stdout.buffer, *shrink(content, limit, least))
        except UnfitError as error:
            write(sys.stdout.buffer, {"reason": error.reason, "text": str(error)})
        except MemoryError:
            write(sys.stdout.buffer, {"reason": "size", "text": "takes more memory to be made to fit than there is"})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
