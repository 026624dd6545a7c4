"""Previews of images, made in a process of its own, so that no image can harm or stop whoever wants to see it.

Invariant: bounded in bytes read, pixels decoded, seconds and bytes kept; an image without a preview has a reason.
"""

import base64
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

from attrs import define, field, frozen

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
class ImagePreview:
    """A preview of an image.

    Attributes:
        data: the image as a ``data:`` URL; '' for none.
        reason: why there is none, as a name in the words of the picture: ``no_extra``, ``big``, ``broken`` ...
    """

    data: str = ""
    reason: str = ""


def file_previews(paths: Iterable[str], *, seconds: float = SECONDS) -> Iterator[ImagePreview]:
    """Yield a preview of each file, in order."""
    if missing_of("images"):
        yield from (ImagePreview(reason="no_extra") for _ in paths)
        return
    maker = PreviewMaker(seconds)
    try:
        for path in paths:
            yield _of_file(path, maker)
    finally:
        maker.end()


def _of_file(path: str, maker: "PreviewMaker") -> ImagePreview:
    try:
        with open_regular_file(path) as file:
            content = _read(file)
    except (OSError, ValueError):
        return ImagePreview(reason="broken")
    return ImagePreview(reason="big") if content is None else maker.made(content)


def embedded(content: bytes, kind: str) -> str:
    """Return an image of a MIME type as a ``data:`` URL."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@define(eq=False)
class PreviewMaker:
    """Makes previews with one process at a time; a new one after one that died. Methods block.

    Args:
        seconds: that a preview may take.
    """

    seconds: float = SECONDS
    _process: Process | None = field(init=False, default=None)

    def made(self, content: bytes) -> ImagePreview:
        """Return the preview of an image."""
        try:
            made = self._ask(content)
        except (EOFError, OSError, ProtocolError):
            self.end()
            return ImagePreview(reason="broken")
        if not 0 < len(made) <= MOST_PREVIEW:
            return ImagePreview(reason="broken")
        return ImagePreview(embedded(made, "image/jpeg"))

    def _ask(self, content: bytes) -> bytes:
        """Return the preview of an image; a process that takes too long is killed, and its pipe ends."""
        is_new = self._process is None
        process = self._process = self._process or Process.start()
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
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError):
                process.end()


def _read(file: BinaryIO) -> bytes | None:
    """Return the content of a file, None if it is too big."""
    return file.read(MOST_BYTES + 1) if os.fstat(file.fileno()).st_size <= MOST_BYTES else None
