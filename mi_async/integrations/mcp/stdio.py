"""The protocol over stdin and stdout, and nothing else on either.

Invariant: while it runs, what the process prints goes to stderr, and what reads stdin finds nothing. A read or write
that hangs in the operating system keeps nobody from ending.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any, cast

from attrs import define, field
from mcp.server.stdio import stdio_server

from mi_async.integrations.mcp.tool_server import ToolServer

_log = logging.getLogger(__name__)

CHUNK = 65_536
LONGEST_LINE = 4 * 1024 * 1024
"""Bytes of the longest message; arguments are names and paths."""


async def serve_tools(tools: ToolServer) -> None:
    """Serve until the client closes stdin."""
    with _own_streams() as (source, sink):
        lines = StdinLines(source)
        threading.Thread(target=lines.read, name="mcp-stdin", daemon=True).start()
        server = tools.protocol_server()
        streams: Any = (cast("Any", lines), cast("Any", LineWriter(sink, lines)))
        async with stdio_server(*streams) as (received, sent):
            await server.run(received, sent, server.create_initialization_options())


@contextmanager
def _own_streams() -> Generator[tuple[int, int]]:
    """Take stdin and stdout away from everybody else in the process."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    try:
        yield source, sink
    finally:
        os.dup2(source, 0)
        os.dup2(sink, 1)
        # Both stay open: a thread may hang in one, and would read from whatever took its number.


@define(eq=False)
class StdinLines:
    """Lines of stdin, read by a thread of their own: the SDK's would be waited for when a signal ends the process."""

    descriptor: int
    _loop: asyncio.AbstractEventLoop = field(init=False, factory=asyncio.get_running_loop)
    _lines: "asyncio.Queue[str | None]" = field(init=False, factory=asyncio.Queue)

    def read(self) -> None:
        """Read until the end, or until the loop is gone."""
        rest = b""
        with suppress(RuntimeError):  # the loop is closed
            while len(rest) <= LONGEST_LINE and (chunk := _read(self.descriptor)):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._give(line.decode(errors="replace"))
            if len(rest) > LONGEST_LINE:
                _log.error("a message of the client is longer than %d bytes; the server ends", LONGEST_LINE)
            self.end()

    def end(self) -> None:
        """Let the reading end."""
        self._give(None)

    def _give(self, line: str | None) -> None:
        self._loop.call_soon_threadsafe(self._lines.put_nowait, line)

    def __aiter__(self) -> "StdinLines":
        """Iterate over the lines."""
        return self

    async def __anext__(self) -> str:
        """Return the next line."""
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line


def _read(descriptor: int) -> bytes:
    with suppress(OSError):
        return os.read(descriptor, CHUNK)
    return b""


@define(eq=False)
class LineWriter:
    """Lines to stdout; a client that is gone ends the reading, too."""

    descriptor: int
    reader: StdinLines

    async def write(self, text: str) -> int:
        """Write a text as a whole."""
        try:
            await asyncio.to_thread(_write, self.descriptor, text.encode())
        except OSError:
            self.reader.end()
        return len(text)

    async def flush(self) -> None:
        """Do nothing: nothing is buffered."""


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
