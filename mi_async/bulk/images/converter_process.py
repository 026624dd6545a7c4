"""Workers that convert one image at a time: a process that runs ``converter_worker.py``, and a stand-in within it.

Invariant: a process speaks over two pipes that it alone inherits; of its other output only the last words are kept, to
say why it did not start. Methods block.
"""

import inspect
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol, Self

from attrs import define

from mi_async.bulk.images import converter_worker
from mi_async.media.image import FIT_BYTES, MIN_PIXELS
from mi_async.text import one_line

SCRIPT = Path(converter_worker.__file__)
MOST_WORDS, WORDS = 2**16, 300
"""Bytes of a process's output on standard error that are looked at, and characters of it that are shown."""


class Worker(Protocol):
    """Makes one image at a time fit."""

    def ask(self, content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return what became of an image.

        Raises:
            EOFError, OSError, ProtocolError: it gives no answer any more.
        """
        ...

    def end(self) -> int:
        """End it; returns its exit code."""
        ...


@define(eq=False)
class Process:
    """A process of ``converter_worker.py``, and our ends of its pipes."""

    process: subprocess.Popen[bytes]
    outward: IO[bytes]
    inward: IO[bytes]

    @classmethod
    def start(cls, python: str | None = None, script: Path = SCRIPT) -> Self:
        """Start one; Pillow is found where it is found here.

        Args:
            python: the interpreter, by default this one.
            script: its program; where there is no such file, as in a zip file, its source is passed along.

        Raises:
            OSError: it cannot be started.
        """
        theirs_in, ours_out = os.pipe()
        try:
            ours_in, theirs_out = os.pipe()
        except OSError:
            os.close(theirs_in)
            os.close(ours_out)
            raise
        try:
            process = _popen(theirs_in, theirs_out, python or sys.executable, script)
        except BaseException:
            os.close(ours_in)
            os.close(ours_out)
            raise
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        return cls(process, os.fdopen(ours_out, "wb"), os.fdopen(ours_in, "rb"))

    @property
    def program(self) -> str:
        """Path of the interpreter."""
        arguments = self.process.args
        return str(arguments[0]) if isinstance(arguments, list) else ""

    def greet(self) -> None:
        """Wait until it can work.

        Raises:
            EOFError, OSError, ProtocolError: it cannot.
        """
        if converter_worker.receive(self.inward, 0) != (converter_worker.HELLO, b""):
            raise converter_worker.ProtocolError

    def ask(self, content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return what became of an image; see :class:`Worker`."""
        converter_worker.send(self.outward, {}, content)
        return converter_worker.receive(self.inward, FIT_BYTES)

    def preview(self, content: bytes, side: int) -> tuple[dict[str, Any], bytes]:
        """Return a small JPEG of an image, or ``reason`` and ``text``, of why there is none; raises as ``ask`` does."""
        converter_worker.send(self.outward, {"side": side}, content)
        return converter_worker.receive(self.inward, FIT_BYTES)

    def last_words(self) -> str:
        """End it, and return the last line that it wrote to standard error, '' for none."""
        self._kill()
        said = b""
        with suppress(OSError):  # nothing, and something that it has started may still write
            if self.process.stderr is not None:
                os.set_blocking(self.process.stderr.fileno(), False)
                said = os.read(self.process.stderr.fileno(), MOST_WORDS)
        lines = [line for line in map(one_line, said.decode(errors="replace").split("\n")) if line]
        return lines[-1][:WORDS] if lines else ""

    def end(self) -> int:
        """End the process; returns its exit code, its own if it had ended by itself."""
        code = self.process.poll()
        self._kill()
        for pipe in (self.outward, self.inward, self.process.stderr):
            with suppress(OSError):  # what it was sent last, it never took
                if pipe is not None:
                    pipe.close()
        return self.process.returncode if code is None else code

    def _kill(self) -> None:
        """Kill it with all that it has started, or a pipe that one of these holds open would be waited for."""
        with suppress(OSError):
            if sys.platform != "win32" and self.process.returncode is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()


def _popen(theirs_in: int, theirs_out: int, python: str, script: Path) -> "subprocess.Popen[bytes]":
    """Start the program with these two pipes, and no other descriptor of ours."""
    # From a zip file, such as a wheel on the path, there is no file to run.
    program = [os.fspath(script)] if script.is_file() else ["-c", inspect.getsource(converter_worker)]
    startup: Any = None
    kept: tuple[int, ...] = ()
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  there is none elsewhere

        theirs_in, theirs_out = msvcrt.get_osfhandle(theirs_in), msvcrt.get_osfhandle(theirs_out)
        for handle in (theirs_in, theirs_out):
            os.set_handle_inheritable(handle, True)  # noqa: FBT003  positional only
        startup = subprocess.STARTUPINFO(lpAttributeList={"handle_list": [theirs_in, theirs_out]})
    else:
        kept = (theirs_in, theirs_out)
    return subprocess.Popen(  # noqa: S603  this interpreter and a script of ours
        [python, "-P", *program, str(theirs_in), str(theirs_out), str(FIT_BYTES), str(MIN_PIXELS)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        pass_fds=kept,
        startupinfo=startup,
        start_new_session=sys.platform != "win32",  # so that it can be killed with all that it has started
    )


class InThread:
    """Does it here, where no process can be started; cannot be ended while it works, and keeps Pillow's own limits."""

    def ask(self, content: bytes) -> tuple[dict[str, Any], bytes]:
        """Return what became of an image; see :class:`Worker`."""
        converter_worker.register_heif()
        return converter_worker.answer(content, FIT_BYTES, MIN_PIXELS)

    def end(self) -> int:
        """Return 0: there is nothing to end."""
        return 0
