"""The kind of a file by its first bytes, for messages that say what a file is instead of what it is not.

Invariant: pure; the content decides, never the name. Formats that the service takes are recognised by ``media.image``
and ``media.limits``; this module names the others, and tells the brands of the ISO base media file format apart.
"""

import re
from collections.abc import Callable
from pathlib import PurePath

from attrs import frozen

from mi_async.text import escaped, plain

FIRST = 512
"""Bytes from the start of a file that are enough for :func:`identify`."""


@frozen
class FileKind:
    """A kind of file.

    Attributes:
        name: in words, for messages.
        advice: what to do to get a usable file, '' when there is nothing to say.
        suffixes: what files of this kind are usually called.
        convertible: True if Pillow (with pillow-heif) decodes it, so that ``fit`` makes an image of it.
    """

    name: str
    advice: str = ""
    suffixes: frozenset[str] = frozenset()
    convertible: bool = False


def _image(name: str, *suffixes: str) -> FileKind:
    return FileKind(f"{name} image", "", frozenset(suffixes), convertible=True)


_EXPORT = "export it as JPEG"
HEIC, AVIF = _image("HEIC", ".heic", ".heif", ".hif"), _image("AVIF", ".avif")
CR3 = FileKind("Canon raw image", _EXPORT, frozenset({".cr3"}))
EMPTY = FileKind("empty")
ZEROS = FileKind("a file of zeros", "its content never arrived: copy it again")
APPLE_DOUBLE = FileKind("macOS metadata (AppleDouble)", "the file itself has the same name without '._'")
LFS = FileKind("Git LFS pointer", "get the file itself with: git lfs pull")
PLACEHOLDER = FileKind("binary property list, perhaps an iCloud placeholder", "download the file itself first")
HTML = FileKind("HTML page", "download the file itself again, logged in where that is needed", frozenset({".html"}))
SVG = FileKind("SVG drawing", _EXPORT, frozenset({".svg"}))
PLAYLIST = FileKind("HLS playlist", "give the media file that it names", frozenset({".m3u8"}))
MPEG_TS = FileKind("MPEG transport stream", "remux it as MP4", frozenset({".ts", ".mts", ".m2ts"}))
_REMUX, _ENCODE, _EXTRACT = "remux it as MP4", "encode it as MP4", "extract it first"

_MAGIC: tuple[tuple[int, bytes, FileKind], ...] = (
    (0, b"GIF87a", _image("GIF", ".gif")),
    (0, b"GIF89a", _image("GIF", ".gif")),
    (0, b"\xff\xd8\xff", FileKind("JPEG image", "", frozenset({".jpg", ".jpeg", ".jpe", ".jfif"}))),
    (0, b"\x89PNG\r\n\x1a\n", FileKind("PNG image", "", frozenset({".png"}))),
    (8, b"WEBP", FileKind("WebP image", "export it as JPEG or PNG", frozenset({".webp"}))),
    (0, b"FUJIFILMCCD-RAW", FileKind("Fujifilm raw image", _EXPORT, frozenset({".raf"}))),
    (8, b"CR\x02\0", FileKind("Canon raw image", _EXPORT, frozenset({".cr2"}))),
    (0, b"IIRO", FileKind("Olympus raw image", _EXPORT, frozenset({".orf"}))),
    (0, b"IIU\0", FileKind("Panasonic raw image", _EXPORT, frozenset({".rw2"}))),
    (0, b"II*\0", _image("TIFF", ".tif", ".tiff", ".dng", ".nef", ".arw")),
    (0, b"MM\0*", _image("TIFF", ".tif", ".tiff", ".dng", ".nef", ".arw")),
    (0, b"\xff\x0a", FileKind("JPEG XL image", _EXPORT, frozenset({".jxl"}))),
    (0, b"\0\0\0\x0cJXL \r\n\x87\n", FileKind("JPEG XL image", _EXPORT, frozenset({".jxl"}))),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", FileKind("JPEG 2000 image", _EXPORT, frozenset({".jp2", ".j2k"}))),
    (0, b"\xff\x4f\xff\x51", FileKind("JPEG 2000 image", _EXPORT, frozenset({".jp2", ".j2k"}))),
    (0, b"8BPS", FileKind("Photoshop document", _EXPORT, frozenset({".psd", ".psb"}))),
    (0, b"%PDF-", FileKind("PDF document", _EXPORT, frozenset({".pdf"}))),
    (0, b"\0\x05\x16\x07", APPLE_DOUBLE),
    (0, b"\0\x05\x16\0", APPLE_DOUBLE),
    (0, b"version https://git-lfs.github.com/spec/", LFS),
    (0, b"bplist00", PLACEHOLDER),
    (0, b"PK\x03\x04", FileKind("ZIP archive or Office document", _EXTRACT, frozenset({".zip"}))),
    (0, b"\x1f\x8b", FileKind("gzip file", "decompress it first", frozenset({".gz"}))),
    (0, b"Rar!\x1a\x07", FileKind("RAR archive", _EXTRACT, frozenset({".rar"}))),
    (0, b"7z\xbc\xaf\x27\x1c", FileKind("7-Zip archive", _EXTRACT, frozenset({".7z"}))),
    (0, b"L\0\0\0\x01\x14\x02\0", FileKind("Windows shortcut", "give the file that it points to")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind("Microsoft Office document")),
    (8, b"AVI ", FileKind("AVI video", _ENCODE, frozenset({".avi"}))),
    (8, b"WAVE", FileKind("WAV sound", "", frozenset({".wav"}))),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01", FileKind("MXF video", _ENCODE, frozenset({".mxf"}))),
    (0, b"FLV\x01", FileKind("Flash video", _REMUX, frozenset({".flv"}))),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", FileKind("Windows Media file", _ENCODE, frozenset({".wmv", ".asf"}))),
    (0, b"\0\0\x01\xba", FileKind("MPEG program stream", _ENCODE, frozenset({".mpg", ".mpeg", ".vob"}))),
    (0, b".RMF", FileKind("RealMedia file", _ENCODE, frozenset({".rm", ".rmvb"}))),
    (0, b"OggS", FileKind("Ogg file", _ENCODE, frozenset({".ogg", ".ogv"}))),
    (0, b"fLaC", FileKind("FLAC sound", "", frozenset({".flac"}))),
    (0, b"ID3", FileKind("MP3 sound", "", frozenset({".mp3"}))),
    (0, b"#EXTM3U", PLAYLIST),
)
"""Offset, the bytes there, and the kind; the first that fits, so a raw format stands before TIFF."""

_BRANDS: dict[bytes, str] = {b"qt  ": "mov", b"avif": "avif", b"avis": "avif", b"crx ": "cr3"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"), "heic"
)
_GENERIC = frozenset({b"mif1", b"msf1", b"mif2", b"miaf"})
"""Major brands of images in any coding; the compatible brands tell which."""
_BY_FORMAT = {"heic": HEIC, "avif": AVIF, "cr3": CR3}


def brand(start: bytes) -> str | None:
    """Return the format that an ``ftyp`` box names: ``mp4``, ``mov``, ``heic``, ``avif`` or ``cr3``; None without one.

    Any brand that is not an image's or QuickTime's is some kind of mp4.
    Source: ISO/IEC 14496-12, 4.3; ISO/IEC 23008-12, annex B.
    """
    if start[4:8] != b"ftyp":
        return None
    major, end = start[8:12], min(int.from_bytes(start[:4], "big"), len(start))
    if major not in _GENERIC:
        return _BRANDS.get(major, "mp4")
    compatible = [_BRANDS.get(start[at : at + 4]) for at in range(16, end - 3, 4)]
    return "avif" if "avif" in compatible and "heic" not in compatible else "heic"


def identify(start: bytes) -> FileKind | None:
    """Return the kind of a file by its first bytes (``FIRST`` of them are enough), None for an unknown one."""
    if not start:
        return EMPTY
    if not start.strip(b"\0"):
        return ZEROS
    for offset, magic, kind in _MAGIC:
        if start.startswith(magic, offset):
            return kind
    named = brand(start)
    if named is not None:
        return _BY_FORMAT.get(named) or FileKind("MP4 or QuickTime video", "", frozenset({".mp4", ".mov", ".m4v"}))
    return next((kind for fits, kind in _TESTS if fits(start)), None)


def starts(content: bytes) -> str:
    """Return the first characters of a content, for messages; bytes that are not ASCII text as escapes."""
    return f'it starts with "{escaped(content[:8].decode("ascii", "backslashreplace"))}"'


def _is_bmp(start: bytes) -> bool:
    # Two letters alone would take many a text for one: the size of the header behind them is one of a few.
    return start.startswith(b"BM") and int.from_bytes(start[14:18], "little") in {12, 16, 40, 52, 56, 64, 108, 124}


def _is_transport_stream(start: bytes) -> bool:
    return any(start[at : at + 1] == start[at + step : at + step + 1] == b"G" for at, step in ((0, 188), (4, 192)))


_COMMENT = rb"<!--.*?-->\s*"
_BEGIN = rb"(?:\xef\xbb\xbf)?\s*"
_PAGE = re.compile(_BEGIN + rb"(?:%b)*<(?:!doctype html|html|head|body)\b" % _COMMENT, re.IGNORECASE | re.DOTALL)
_DRAWING = re.compile(
    _BEGIN + rb"(?:<\?xml.*?\?>\s*|<!doctype svg.*?>\s*|%b)*<svg\b" % _COMMENT, re.IGNORECASE | re.DOTALL
)

_TESTS: tuple[tuple[Callable[[bytes], object], FileKind], ...] = (
    (_is_bmp, _image("BMP", ".bmp", ".dib")),
    (_is_transport_stream, MPEG_TS),
    (lambda start: _PAGE.match(start[:FIRST]), HTML),
    (lambda start: _DRAWING.match(start[:FIRST]), SVG),
)


def kind_refusal(kind: FileKind, name: str, taken: str, advice: str = "") -> str:
    """Return the reason for refusing a file of a kind that is not taken.

    Args:
        kind: of the file.
        name: of the file, so that a misleading suffix can be pointed out.
        taken: what is taken, in words.
        advice: what to do; by default the kind's.
    """
    if kind is EMPTY:
        return kind.name
    suffix = PurePath(name).suffix.lower()
    # The suffix of such a name as "<bytes>" is none, and that of an unknown kind never misleads.
    misleads = suffix and kind.suffixes and suffix not in kind.suffixes
    named = f" named {plain(suffix)}" if misleads else ""
    return "; ".join(filter(None, (f"{kind.name}{named}", f"the service takes {taken}", advice or kind.advice)))
