"""Lines of the protocol over pipes: split, decoded, bounded, and ended from either side."""

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from mi_async.integrations.mcp.stdio import LONGEST_LINE, LineWriter, StdinLines


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test has closed it


def reading(descriptor: int) -> StdinLines:
    reader = StdinLines(descriptor)
    threading.Thread(target=reader.read, daemon=True).start()
    return reader


async def test_lines_come_whole_whatever_the_chunks(pipe: tuple[int, int]) -> None:
    reader = reading(pipe[0])
    for chunk in ("한국".encode()[:2], "한국".encode()[2:] + b"\nsecond\nno end"):
        os.write(pipe[1], chunk)
    assert [await anext(reader), await anext(reader)] == ["한국", "second"]
    os.close(pipe[1])
    assert [line async for line in reader] == []


async def test_a_line_that_never_ends_ends_the_reading(pipe: tuple[int, int], caplog: pytest.LogCaptureFixture) -> None:
    reader = reading(pipe[0])
    await asyncio.to_thread(send, pipe[1], b"x" * (LONGEST_LINE + 70_000))
    assert [line async for line in reader] == []
    assert "a message of the client is longer than 4194304 bytes" in caplog.text


def send(descriptor: int, content: bytes) -> None:
    sent = 0
    while sent < len(content) - 65_536:  # the last of it may find nobody who reads
        sent += os.write(descriptor, content[sent : sent + 65_536])


async def test_a_reader_that_is_gone_ends_the_reading_too(pipe: tuple[int, int]) -> None:
    quiet, loud = os.pipe()
    reader = StdinLines(quiet)
    thread = threading.Thread(target=reader.read, daemon=True)
    thread.start()
    os.close(pipe[0])
    assert await LineWriter(pipe[1], reader).write("answer\n") == 7
    assert [line async for line in reader] == []
    os.close(loud)
    await asyncio.to_thread(thread.join)  # before its descriptor is another file's
    os.close(quiet)


async def test_an_answer_is_written_as_a_whole(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1], StdinLines(pipe[0]))
    writing = asyncio.create_task(writer.write("가" * 100_000 + "\n"))
    received = b""
    while not received.endswith(b"\n"):
        received += await asyncio.to_thread(os.read, pipe[0], 65_536)
    await writing
    await writer.flush()
    assert received.decode() == "가" * 100_000 + "\n"
