"""A picture for a bulk run: read, told from all others, and checked.

Law: off the event loop, and for a file in one go: a thread that is asked four times for one picture costs more than
what it does.
"""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeGuard

from attrs import frozen

from mi_async._core.files import NOT_REGULAR
from mi_async._core.paths import stat_path
from mi_async.media.image_check import Image, RawImage, image_of, rejected
from mi_async.media.image_source import Source, name_of, read_file, read_source


@frozen
class Loaded:
    """A picture that can be uploaded.

    Attributes:
        sha256: of the source's content, hex.
        size: bytes of the source.
        mtime_ns: when the file was changed last, 0 where the source is none.
        image: what is uploaded.
        note: what was done to it, '' for nothing.
    """

    sha256: str
    size: int
    mtime_ns: int
    image: Image
    note: str = ""


Load = Callable[[Source], Awaitable[Loaded]]
"""Reads a source. Raises ImageRejectedError, InvalidArgumentError."""
Fit = Callable[[Source], Awaitable[tuple[RawImage, Image, str]]]
"""Reads a source and makes it fit: what was read, the picture, and what was done to it."""


def is_file(source: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether a source is the path of a file."""
    return isinstance(source, str | os.PathLike)


def distinct(sources: Sequence[Source]) -> list[Source]:
    """Return the sources without a file that is named again; of anything else each is another one."""
    named: dict[str | int, Source] = {}
    for number, source in enumerate(sources):
        named.setdefault(name_of(source) if is_file(source) else number, source)
    return list(named.values())


def without_content(source: Source) -> Source:
    """The path of a file, and of any other source how messages call it."""
    return source if is_file(source) else name_of(source)


def fingerprint(source: object) -> tuple[int, int]:
    """Size in bytes and time of the last change of a file; zeros for any other source."""
    return _print(_stat(source))


def checked_fingerprint(source: Source) -> tuple[int, int]:
    """The same, before a source is read; refuses what would be waited for without an end: a pipe, or a device.

    Raises:
        ImageRejectedError: it is one.
    """
    found = _stat(source)
    if found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise rejected(name_of(source), "unreadable", f"cannot be read: {NOT_REGULAR}")
    return _print(found)


def _stat(source: object) -> os.stat_result | None:
    if not is_file(source):
        return None
    try:
        return stat_path(source)
    except (OSError, ValueError):
        return None  # reading it will say what is wrong


def _print(found: os.stat_result | None) -> tuple[int, int]:
    return (0, 0) if found is None else (found.st_size, found.st_mtime_ns)


async def load(source: Source) -> Loaded:
    """Read a source and check it as it is."""
    if is_file(source):
        return await asyncio.to_thread(_load_file, source)
    return await asyncio.to_thread(_checked, await read_source(source))


def _load_file(path: str | os.PathLike[str]) -> Loaded:
    size, changed = checked_fingerprint(path)  # before it is read: if it changes meanwhile, it will be read again
    raw = read_file(path)
    return Loaded(raw.sha256, size, changed, image_of(raw))


def _checked(raw: RawImage) -> Loaded:
    return Loaded(raw.sha256, len(raw.content), 0, image_of(raw))


def fitted(fit: Fit) -> Load:
    """Read sources and make them fit."""

    async def load_fitted(source: Source) -> Loaded:
        size, changed = await asyncio.to_thread(checked_fingerprint, source)
        raw, image, note = await fit(source)
        digest = await asyncio.to_thread(lambda: raw.sha256)
        return Loaded(digest, size or len(raw.content), changed, image, note)

    return load_fitted
