"""Conversion of images of too many bytes or of another format (HEIC, TIFF ...), by a few processes.

Invariant: never silently; an image that breaks any other rule is refused as ever; a cancelled one leaves no process
behind; until a process has greeted, what goes wrong is the fault of the installation and never of an image.

The processes run ``converter_worker.py`` and are not those of ``multiprocessing``, which would run the user's script
again in each of them, and with it, where nothing guards against that, the bulk run itself. A frozen application
(PyInstaller) has no interpreter to start, ``sys.executable`` is the application: there, threads do the work.
"""

import asyncio
import errno
import logging
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from types import TracebackType
from typing import Any, Self, TypeAlias

from attrs import define, evolve, field

from mi_async._core.extras import require
from mi_async._core.files import is_transient
from mi_async._core.paths import stat_path
from mi_async.bulk.images.converter_process import InThread, Process, Worker
from mi_async.bulk.images.converter_worker import ProtocolError
from mi_async.errors import ConfigError, ImageRejectedError, ResourceError
from mi_async.media.file_kind import FIRST, identify
from mi_async.media.image import CONTENT_TYPES, FIT_BYTES, ImageHeader, read_picture
from mi_async.media.image_check import Image, RawImage, checked_header, image_rejection, refuse_cut_off
from mi_async.media.image_source import Source, load_image, read_source, to_image
from mi_async.media.isobmff import read_isobmff
from mi_async.text import one_line, size

_log = logging.getLogger(__name__)

MOST_BYTES = 100 * 2**20
"""Bytes of a source that is read to be made to fit."""
WORKERS = 2
"""Images that are made to fit at once, each in a process of up to about half a gigabyte."""
PATIENCE = 120.0
"""Real seconds for one image."""
STARTUP = 60.0
"""Real seconds for a process to start."""

LoadImage: TypeAlias = Callable[[Source | Image], Awaitable[Image]]
"""Reads and checks a source."""


@asynccontextmanager
async def image_loader(*, fit: bool) -> AsyncGenerator[LoadImage]:
    """Read sources as :func:`load_image` does, and make them fit if that is wanted; ``note`` of an image says so.

    Raises:
        ConfigError: Pillow or pillow-heif is not installed.
    """
    if not fit:
        yield load_image
        return
    async with ImageConverter() as converter:

        async def load(source: Source | Image) -> Image:
            if isinstance(source, Image):
                return source
            _, image, note = await converter(source)
            if note:
                _log.info("%s: %s", one_line(image.name), note)
            return evolve(image, note=note)

        yield load


def convertible(start: bytes) -> ImageHeader | None:
    """Return format and size of an image that is no jpg, png or webp and can be made one; 0 x 0 where it cannot tell.

    Args:
        start: the content, or as much of its start as is at hand.
    """
    import imagesize  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # as in media.image

    kind = identify(start[:FIRST])
    if kind is None or not kind.convertible:
        return None
    name = kind.name.partition(" ")[0].lower()
    header = read_isobmff(lambda offset, length: start[offset : offset + length], len(start))
    if header is not None:
        return ImageHeader(name, header.width or 0, header.height or 0)
    width, height = imagesize.get(BytesIO(start))  # -1, -1 for what it cannot read
    return ImageHeader(name, max(width, 0), max(height, 0))


@define(eq=False)
class ImageConverter:
    """Reads images, and makes those fit that need it; a block, which ends the processes when it is left.

    An image of more than 5,000,000 bytes, or a HEIC, AVIF, TIFF, BMP or GIF image, is decoded, put upright, and encoded
    again: as JPEG, or as WebP where it was WebP or something shows through; first at its full size, then smaller, until
    it is no larger than that and no side is shorter than 256 px. Its colour profile stays, other metadata goes.

    Attributes:
        patience: real seconds for one image.
        startup: real seconds for a process to start.
        most_bytes: bytes of a source that is read.
        start: starts a process; None to do the work in threads.
        idle: workers that wait for an image.
    """

    patience: float = PATIENCE
    startup: float = STARTUP
    most_bytes: int = MOST_BYTES
    start: Callable[[], Process] | None = field(factory=lambda: None if is_frozen() else Process.start)
    idle: list[Worker] = field(init=False, factory=list)
    _room: asyncio.Semaphore = field(init=False, factory=lambda: asyncio.Semaphore(WORKERS))

    async def __aenter__(self) -> Self:
        """Check that it can work; processes are started when they are needed.

        Raises:
            ConfigError: Pillow or pillow-heif is not installed.
        """
        require("images")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        while self.idle:
            self.idle.pop().end()

    async def __call__(self, source: Source) -> tuple[RawImage, Image, str]:
        """Return what was read, the image to upload, and what was done to it, '' for nothing.

        Raises:
            ImageRejectedError: it breaks another rule, is above 100 MB, or cannot be made to fit.
            InvalidArgumentError: it is no source at all.
            ConfigError: no process can be started.
            ResourceError: a file cannot be read now, or no process started now.
        """
        if await asyncio.to_thread(_is_big, source):
            async with self._room:  # before it is read: big ones are in memory a few at a time
                raw = await read_source(source, self.most_bytes)
                return raw, *await self._fit(raw)
        raw = await read_source(source, self.most_bytes)
        if fits(raw.content[:FIRST], len(raw.content)):
            return raw, await to_image(raw), ""
        async with self._room:
            return raw, *await self._fit(raw)

    async def _fit(self, raw: RawImage) -> tuple[Image, str]:
        if fits(raw.content[:FIRST], len(raw.content)):  # the file has changed meanwhile
            return await to_image(raw), ""
        was = await asyncio.to_thread(fittable, raw.name, raw.content)
        said, content = await self._ask(raw)
        if "reason" in said:
            text = f"{size(len(raw.content))}, and {said['text']}" if said["reason"] != "resolution" else said["text"]
            raise image_rejection(raw.name, said["reason"], text)
        digest = await asyncio.to_thread(lambda: raw.md5)
        image = evolve(await to_image(RawImage(raw.name, content)), source_md5=digest)
        return image, _note(raw, was, image, said)

    async def _ask(self, raw: RawImage) -> tuple[dict[str, Any], bytes]:
        """Have a worker do it; one that is disturbed in its work is not used again."""
        while True:
            rested = bool(self.idle)
            worker = self.idle.pop() if rested else await self._started()
            try:
                async with asyncio.timeout(self.patience):
                    answer = await asyncio.to_thread(worker.ask, raw.content)
            except (EOFError, OSError, ProtocolError) as error:
                code = worker.end()
                if rested and not isinstance(error, TimeoutError):
                    continue  # it may have died while it rested, which is no image's fault: a new one will show
                raise self._failed(raw, code, error) from error
            except BaseException:
                worker.end()
                raise
            self.idle.append(worker)
            return answer

    async def _started(self) -> Worker:
        """Start a worker and wait until it greets: what goes wrong before that would go wrong with every image.

        Raises:
            ConfigError: it does not start.
            ResourceError: it cannot be started now.
        """
        if self.start is None:
            return InThread()
        try:
            worker = self.start()  # not in a thread: who is cancelled meanwhile could not end it
        except OSError as error:
            if is_transient(error) or error.errno == errno.EAGAIN:  # too many processes
                message = f"no process can be started now to make images fit: {error}"
                raise ResourceError(message, source=sys.executable) from error
            message = f"no process can be started to make images fit: {error}"
            raise ConfigError(message) from error
        try:
            async with asyncio.timeout(self.startup):
                await asyncio.to_thread(worker.greet)
        except (EOFError, OSError, ProtocolError) as error:
            late = f"it was not ready within {self.startup:g} s" if isinstance(error, TimeoutError) else ""
            said, code = worker.last_words(), worker.end()
            why = "; ".join(filter(None, (late or f"exit code {code}", said)))
            message = f"the process that makes images fit does not start ({why}): {worker.program}"
            raise ConfigError(message) from error
        except BaseException:
            worker.end()
            raise
        return worker

    def _failed(self, raw: RawImage, code: int, error: Exception) -> ImageRejectedError:
        """Return the error for an image to which a worker gave no answer."""
        if isinstance(error, TimeoutError):
            text = f"not made to fit within {self.patience:g} s"
        else:
            text = f"the process that was to make it fit has died (exit code {code})"
        return image_rejection(raw.name, "size", f"{size(len(raw.content))}, and {text}")


def is_frozen(system: object = sys) -> bool:
    """Return True if ``sys.executable`` is the application itself, or nothing: no interpreter can be started."""
    has_interpreter = getattr(system, "executable", "") and not getattr(system, "frozen", False)
    return not has_interpreter or "__compiled__" in globals()


def fits(start: bytes, count: int) -> bool:
    """Return True if an image of so many bytes needs not be made to fit; an unknown format is none that could be."""
    return count <= FIT_BYTES and convertible(start) is None


def fittable(name: str, content: bytes) -> ImageHeader:
    """Return what an image is that can be made to fit.

    Raises:
        ImageRejectedError: it is none, too small, or its end is missing.
    """
    was = read_picture(content)
    was = checked_header(name, convertible(content) if was is None else was, content)
    refuse_cut_off(name, was.format, content)
    return was


def _is_big(source: object) -> bool:
    if not isinstance(source, str | os.PathLike):
        return False
    try:
        return stat_path(source).st_size > FIT_BYTES
    except (OSError, ValueError):
        return False  # reading it will say what is wrong


def _note(raw: RawImage, was: ImageHeader, image: Image, said: dict[str, Any]) -> str:
    """``made to fit: 7.9 MB -> 4.6 MB, 6000x4000 -> 5200x3467``."""
    done = "made to fit" if was.format in CONTENT_TYPES else "converted"
    parts = [f"{done}: {size(len(raw.content))} -> {size(len(image.content))}"]
    before, after = ("{}x{}".format(*said[key]) for key in ("from", "to"))
    parts += [f"{before} -> {after}"] if before != after else []
    parts += [f"{was.format} -> {image.picture.format}"] if was.format != image.picture.format else []
    parts += ["its first frame"] if said["first_frame"] else []
    return ", ".join(parts)
