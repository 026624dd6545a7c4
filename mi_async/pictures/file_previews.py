"""Previews of image files, made in a process of its own, so that no file can harm or stop whoever wants to see it.

Invariant: bounded in bytes read, pixels decoded, seconds and bytes kept; a file without a preview has a reason.
"""

import base64
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

from attrs import define, frozen

from mi_async._core.extras import missing_of
from mi_async._core.files import open_regular_file
from mi_async.bulk.images.converter_process import Process
from mi_async.bulk.images.converter_worker import ProtocolError

SIDE = 200
"""Pixels of the longer side."""
MOST_BYTES = 32 * 2**20
"""Bytes of a file that are read."""
MOST_PREVIEW = 64 * 2**10
"""Bytes of a preview."""
SECONDS = 15.0
"""Time that a preview may take."""


@frozen
class FilePreview:
    """A preview of a file.

    Attributes:
        data: JPEG as a ``data:`` URL; '' for none.
        reason: why there is none: ``no_extra``, ``big`` or ``broken``.
    """

    data: str = ""
    reason: str = ""


def file_previews(paths: Iterable[str], *, seconds: float = SECONDS) -> Iterator[FilePreview]:
    """Yield a preview of each file, in order."""
    if missing_of("images"):
        yield from (FilePreview(reason="no_extra") for _ in paths)
        return
    maker = _PreviewMaker(seconds)
    try:
        for path in paths:
            yield maker.made(path)
    finally:
        maker.end()


@define(eq=False)
class _PreviewMaker:
    """Makes previews with one process at a time; a new one after one that died."""

    seconds: float
    process: Process | None = None

    def made(self, path: str) -> FilePreview:
        try:
            with open_regular_file(path) as file:
                content = _read(file)
        except (OSError, ValueError):
            return FilePreview(reason="broken")
        if content is None:
            return FilePreview(reason="big")
        try:
            made = self._ask(content)
        except (EOFError, OSError, ProtocolError):
            self.end()
            return FilePreview(reason="broken")
        if not 0 < len(made) <= MOST_PREVIEW:
            return FilePreview(reason="broken")
        return FilePreview(f"data:image/jpeg;base64,{base64.b64encode(made).decode()}")

    def _ask(self, content: bytes) -> bytes:
        """Return the preview of an image; a process that takes too long is killed, and its pipe ends."""
        is_new = self.process is None
        process = self.process = self.process or Process.start()
        limit = threading.Timer(self.seconds, process.process.kill)
        limit.daemon = True
        limit.start()
        try:
            if is_new:
                process.greet()
            return process.preview(content, SIDE)[1]
        finally:
            limit.cancel()

    def end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            with suppress(OSError):
                process.end()


def _read(file: BinaryIO) -> bytes | None:
    """Return the content of a file, None if it is too big."""
    return file.read(MOST_BYTES + 1) if os.fstat(file.fileno()).st_size <= MOST_BYTES else None
