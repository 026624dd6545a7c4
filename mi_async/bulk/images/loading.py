"""Loading of an image for a bulk run: its bytes, its hash, and the checks of its format and size.

Invariant: off the event loop, and for a file in one go: to ask a thread four times for one image costs more than the
work itself.
"""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeGuard

from attrs import frozen

from mi_async._core.files import NOT_REGULAR
from mi_async._core.paths import stat_path
from mi_async.bulk.images.file_threads import FileThreads
from mi_async.media.image_check import Image, RawImage, checked_image, image_rejection
from mi_async.media.image_source import Source, name_of, read_file, read_source


@frozen
class Loaded:
    """An image that can be uploaded.

    Attributes:
        sha256: of the source's content, hex.
        size: bytes of the source.
        mtime_ns: time of the last change of the file, 0 if the source is none.
        image: as it is uploaded.
        note: changes that were made to it, '' for none.
    """

    sha256: str
    size: int
    mtime_ns: int
    image: Image
    note: str = ""


FilePath: TypeAlias = str | os.PathLike[str]
Load = Callable[[Source], Awaitable[Loaded]]
"""Reads a source. Raises ImageRejectedError, InvalidArgumentError."""
Fit = Callable[[Source], Awaitable[tuple[RawImage, Image, str]]]
"""Reads a source and resizes it if need be; returns the source, the image, and the changes made to it."""


def is_file(source: object) -> TypeGuard[FilePath]:
    """Return True if a source is the path of a file."""
    return isinstance(source, str | os.PathLike)


def distinct(sources: Sequence[Source]) -> list[Source]:
    """Return the sources, each file once; bytes and readable objects are told apart by their content alone."""
    if len(sources) == 1:
        return list(sources)
    named: dict[str | int, Source] = {}
    for number, source in enumerate(sources):
        named.setdefault(name_of(source) if is_file(source) else number, source)
    return list(named.values())


def without_content(source: Source) -> Source:
    """Return the path of a file, and of any other source its name in messages."""
    return source if is_file(source) else name_of(source)


def fingerprint(source: object) -> tuple[int, int]:
    """Return the bytes of a file and the time of its last change; zeros for any other source."""
    return _print(_stat(source))


def checked_fingerprint(source: Source) -> tuple[int, int]:
    """Return the fingerprint of a source before it is read; refuse a pipe or a device, which may never end.

    Raises:
        ImageRejectedError: it is a pipe or a device.
    """
    found = _stat(source)
    if found is not None and not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise image_rejection(name_of(source), "unreadable", f"cannot be read: {NOT_REGULAR}")
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


def threaded(threads: FileThreads[FilePath, Loaded]) -> Load:
    """Return a loader whose files are read by the threads of a run; they do ``load_file``."""

    async def load(source: Source) -> Loaded:
        if is_file(source):
            return await threads(source)
        return await asyncio.to_thread(_checked, await read_source(source))

    return load


def load_file(path: FilePath) -> Loaded:
    """Read a file and check it; blocks."""
    size, changed = checked_fingerprint(path)  # before it is read: if it changes meanwhile, it will be read again
    raw = read_file(path)
    return Loaded(raw.sha256, size, changed, checked_image(raw))


def _checked(raw: RawImage) -> Loaded:
    return Loaded(raw.sha256, len(raw.content), 0, checked_image(raw))


def fitted(fit: Fit) -> Load:
    """Return a loader that resizes images which are too large."""

    async def load_fitted(source: Source) -> Loaded:
        size, changed = await asyncio.to_thread(checked_fingerprint, source)
        raw, image, note = await fit(source)
        digest = await asyncio.to_thread(lambda: raw.sha256)
        return Loaded(digest, size or len(raw.content), changed, image, note)

    return load_fitted
