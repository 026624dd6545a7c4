"""stdout and stderr, whose readers go away, whose disks fill up, and which shells close.

Invariant: a result that cannot be written is an error; anything else that cannot is dropped and the work goes on.
"""

import errno
import io
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TextIO, cast

from attrs import define
from rich.console import Console

from mi_async.text import one_line, romanized

WIDE = 10_000
"""Columns where there is no terminal: nothing is cut off or broken."""


class OutputError(Exception):
    """The result cannot be written.

    Attributes:
        created: things that exist all the same, for the user.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.created: dict[str, Any] = {}


class ReaderGoneError(OutputError):
    """The reader of the result went away."""


@define(eq=False)
class Stream:
    """A text file that rich and logging can write to.

    Attributes:
        file: the text file; None for one that is closed.
        strict: raise a failure; otherwise it is kept for ``check``.
        error: the first failure.
    """

    file: TextIO | None
    strict: bool
    error: OutputError | None = None

    @property
    def encoding(self) -> str:
        """Encoding of the file; rich draws with what it can encode."""
        return getattr(self.file, "encoding", None) or "utf-8"

    @property
    def letters(self) -> str:
        """Encoding of the letters that can be seen: a console of Linux has no Hangul, whatever its encoding."""
        return "latin-1" if os.environ.get("TERM") == "linux" and self.isatty() else self.encoding

    def visible(self, text: str) -> str:
        """Return a text with what this file cannot show in Latin letters, else escaped: its width is known then."""
        try:
            text.encode(self.letters)
        except UnicodeEncodeError:
            return romanized(text).encode(self.letters, "backslashreplace").decode(self.letters)
        return text

    def isatty(self) -> bool:
        """Return True for a terminal."""
        return self.file is not None and self.file.isatty()

    def fileno(self) -> int:
        """Return the descriptor of the file."""
        return _open(self.file).fileno()

    def write(self, text: str) -> int:
        """Write text; a character that the encoding does not have is escaped."""
        with self._failing():
            file = _open(self.file)
            try:
                _write_text(file, text)
            except UnicodeEncodeError:
                _write_text(file, text.encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def write_bytes(self, content: bytes) -> None:
        """Write bytes at once, as they are."""
        with self._failing():
            file = _open(self.file)
            file.flush()
            _write_whole(file.buffer, content)
            file.buffer.flush()

    def flush(self) -> None:
        """Write what is buffered."""
        with self._failing():
            _open(self.file).flush()

    def check(self) -> None:
        """Raise the first failure."""
        if self.error is not None:
            raise self.error

    @contextmanager
    def _failing(self) -> Generator[None]:
        if self.error is None:
            try:
                yield
            except OSError as error:
                kind = ReaderGoneError if isinstance(error, BrokenPipeError) else OutputError
                said = os.strerror(error.errno) if error.errno else str(error)
                self.error = kind(f"cannot write the result: {said}")
                self._divert()
        else:
            with suppress(OSError):
                yield
        if self.strict:
            self.check()

    def _divert(self) -> None:
        # Python flushes once more when it ends; what still waits must not fail again then.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())


def _open(file: TextIO | None) -> TextIO:
    if file is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return file


def _write_text(file: TextIO, text: str) -> None:
    """Write a text whole, which ``TextIOWrapper`` does not do above a file without a buffer."""
    below = getattr(file, "buffer", None)
    if isinstance(below, io.RawIOBase):
        _write_whole(below, text.replace("\n", os.linesep).encode(file.encoding, file.errors or "strict"))
    else:
        file.write(text)


def _write_whole(file: Any, content: bytes) -> None:
    """Write content to its end: with ``PYTHONUNBUFFERED`` the file is the system's, which may take a part of it.

    A pipe does so when its reader goes away, and any file when a signal comes.
    """
    rest = memoryview(content)
    while rest:
        taken: int | None = file.write(rest)
        if taken is None:  # a pipe that does not block, and is full
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        rest = rest[taken:]


def stdout(*, strict: bool = True) -> Stream:
    """Return the stream of results."""
    return Stream(sys.stdout, strict)


def stderr() -> Stream:
    """Return the stream of everything else."""
    return Stream(sys.stderr, strict=False)


_quiet = ContextVar("_quiet", default=False)


@contextmanager
def quieted(quiet: bool) -> Generator[None]:
    """Drop notes until the block ends, if so told."""
    before = _quiet.set(quiet)
    try:
        yield
    finally:
        _quiet.reset(before)


def notes() -> Stream:
    """Return the stream of progress and hints: stderr, or with ``--quiet`` nowhere."""
    return Stream(cast("TextIO", Nowhere()), strict=False) if _quiet.get() else stderr()


class Nowhere(io.TextIOBase):
    """A file that loses what is written to it, and holds no descriptor."""

    def write(self, text: str) -> int:
        """Lose the text."""
        return len(text)


def print_line(text: str) -> None:
    """Print a line on stderr, above the live display where there is one."""
    stderr().write(f"{one_line(text)}\n")


def print_note(text: str) -> None:
    """Print a line of progress, or a hint."""
    notes().write(f"{one_line(text)}\n")


def as_file(stream: Stream) -> TextIO:
    """Return a stream as the type that rich and displays take."""
    return cast("TextIO", stream)


def drawable(stream: Stream) -> TextIO:
    """Return a stream as a file to draw on: a character that it cannot encode takes one column."""
    if isinstance(stream.file, io.TextIOWrapper):
        stream.file.reconfigure(errors="replace")
    return as_file(stream)


def console(stream: Stream, *, width: int | None = None, highlight: bool = True) -> Console:
    """Make a rich console on a stream."""
    force, none = color_choice(os.environ)
    return Console(file=drawable(stream), width=width, highlight=highlight, force_terminal=force, no_color=none)


def color_choice(environ: Mapping[str, str]) -> tuple[bool | None, bool | None]:
    """Return True if colours are forced, and True if there are none, by CLICOLOR and CLICOLOR_FORCE.

    NO_COLOR and FORCE_COLOR, which win, are left to rich: then both are None. Source: https://bixense.com/clicolors.
    """
    if environ.get("NO_COLOR") or environ.get("FORCE_COLOR"):
        return None, None
    if environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True, None
    return None, environ.get("CLICOLOR") == "0" or None
