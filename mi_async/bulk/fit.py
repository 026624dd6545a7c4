"""Pictures of too many bytes are made to fit, in a few processes of their own; all others pass as they are.

Law: never silently; a picture that breaks any other rule is refused as ever; a cancelled one leaves no process behind.

The processes run ``shrink.py`` and are not those of ``multiprocessing``, which would run the user's script again in
each of them, and with it, where nothing guards against that, the bulk run itself.
"""

import asyncio
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrs import define, field

from mi_async._core.images import MAX_BYTES, MIN_PIXELS, Picture, read_picture
from mi_async._core.paths import stat_path
from mi_async.bulk import shrink
from mi_async.errors import ConfigError, ImageRejectedError
from mi_async.text import size
from mi_async.workflows.source import Image, Raw, Source, checked, read_source, rejected, to_image

MOST_BYTES = 100 * 2**20
"""Bytes of a source that is read to be made to fit."""
WORKERS = 2
"""Pictures that are made to fit at once, each in a process of up to about half a gigabyte."""
PATIENCE = 120.0
"""Real seconds for one picture."""


@define(eq=False)
class _Worker:
    """A process that shrinks one picture at a time; its methods block."""

    process: subprocess.Popen[bytes]
    ready: bool = False

    @classmethod
    def start(cls) -> Self:
        """Start one; Pillow is found where it is found here."""
        script = str(Path(__file__).with_name("shrink.py"))
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        return cls(
            subprocess.Popen(  # noqa: S603  this interpreter and a script of ours
                [sys.executable, "-P", script, str(MAX_BYTES), str(MIN_PIXELS)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
            )
        )

    def ask(self, content: bytes) -> tuple[dict[str, Any], bytes]:
        """What became of a picture.

        Raises:
            EOFError, OSError: the process has ended.
        """
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise EOFError
        if not self.ready:
            shrink.read(stdout)
            self.ready = True
        shrink.write(stdin, {}, content)
        return shrink.read(stdout)

    def end(self) -> int:
        """End the process; its exit code, if it has ended by itself."""
        code = self.process.poll()
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                pass  # what it was sent last, it never took
        return self.process.returncode if code is None else code


@define(eq=False)
class Fitter:
    """Reads pictures, and makes those fit that are only too big; a block, which ends the processes when it is left.

    A big picture is decoded, put upright, and encoded again: as JPEG, or as WebP where it was WebP or something shows
    through; first at its full size, then smaller, until it is no larger than the service takes and no side is shorter
    than 256 px. Its colour profile stays, other metadata goes.
    """

    _room: asyncio.Semaphore = field(init=False, factory=lambda: asyncio.Semaphore(WORKERS))
    _idle: list[_Worker] = field(init=False, factory=list)

    async def __aenter__(self) -> Self:
        """Look whether it can work; processes are started when they are needed.

        Raises:
            ConfigError: Pillow is not installed.
        """
        if find_spec("PIL") is None:
            message = "making pictures fit needs Pillow: pip install 'mi-async[images]'"
            raise ConfigError(message)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes."""
        while self._idle:
            self._idle.pop().end()

    async def __call__(self, source: Source) -> tuple[Raw, Image, str]:
        """What was read, the picture to upload, and what was done to it, '' for nothing.

        Raises:
            ImageRejectedError: it breaks a rule that is not about its bytes, is above 100 MB, or cannot be made to fit.
            InvalidArgumentError: it is no source at all.
            ConfigError: no process can be started.
        """
        if await asyncio.to_thread(_is_big, source):
            async with self._room:  # before it is read: big ones are in memory a few at a time
                raw = await read_source(source, MOST_BYTES)
                return raw, *await self._fit(raw)
        raw = await read_source(source, MOST_BYTES)
        if len(raw.content) <= MAX_BYTES:
            return raw, await to_image(raw), ""
        async with self._room:
            return raw, *await self._fit(raw)

    async def _fit(self, raw: Raw) -> tuple[Image, str]:
        if len(raw.content) <= MAX_BYTES:  # the file has changed meanwhile
            return await to_image(raw), ""
        was = checked(raw.name, await asyncio.to_thread(read_picture, raw.content), raw.content)
        said, content = await self._ask(raw)
        if "reason" in said:
            raise rejected(raw.name, said["reason"], f"{size(len(raw.content))}, and {said['text']}")
        image = await to_image(Raw(raw.name, content))
        return image, _note(raw, was, image, said)

    async def _ask(self, raw: Raw) -> tuple[dict[str, Any], bytes]:
        """Have a worker do it; one that is disturbed in its work is not used again."""
        while True:
            rested = bool(self._idle)
            worker = self._idle.pop() if rested else _started()
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = await asyncio.to_thread(worker.ask, raw.content)
            except (EOFError, OSError) as error:
                code = worker.end()
                if rested and not isinstance(error, TimeoutError):
                    continue  # it may have died while it rested, which is no picture's fault: a new one will show
                raise _failed(raw, worker, code, error) from error
            except BaseException:
                worker.end()
                raise
            self._idle.append(worker)
            return answer


def _started() -> _Worker:
    try:
        return _Worker.start()
    except OSError as error:
        message = f"no process can be started to make pictures fit: {error}"
        raise ConfigError(message) from error


def _failed(raw: Raw, worker: _Worker, code: int, error: Exception) -> ImageRejectedError | ConfigError:
    """What it means that a worker gave no answer."""
    if isinstance(error, TimeoutError):
        return rejected(raw.name, "size", f"{size(len(raw.content))}, and not made to fit within {PATIENCE:g} s")
    if not worker.ready:
        return ConfigError(f"the process that makes pictures fit does not start (exit code {code}); is Pillow intact?")
    text = f"{size(len(raw.content))}, and the process that was to make it fit has died (exit code {code})"
    return rejected(raw.name, "size", text)


def _is_big(source: object) -> bool:
    if not isinstance(source, str | os.PathLike):
        return False
    try:
        return stat_path(source).st_size > MAX_BYTES
    except (OSError, ValueError):
        return False  # reading it will say what is wrong


def _note(raw: Raw, was: Picture, image: Image, said: dict[str, Any]) -> str:
    """``made to fit: 7.9 MB -> 4.6 MB, 6000x4000 -> 5200x3467``."""
    parts = [f"made to fit: {size(len(raw.content))} -> {size(len(image.content))}"]
    before, after = ("{}x{}".format(*said[key]) for key in ("from", "to"))
    parts += [f"{before} -> {after}"] if before != after else []
    parts += [f"{was.format} -> {image.picture.format}"] if was.format != image.picture.format else []
    parts += ["its first frame"] if said["first_frame"] else []
    return ", ".join(parts)
