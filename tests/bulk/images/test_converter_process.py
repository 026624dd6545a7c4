"""The processes that make images fit, on machines as they are: other programs, chatty ones, frozen applications."""

import asyncio
import errno
import os
import signal
import sys
import time
from functools import partial
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from mi_async.bulk.images import converter_process, converter_worker
from mi_async.bulk.images.converter_process import InThread, Process
from mi_async.bulk.images.converter_worker import ProtocolError
from mi_async.bulk.images.image_converter import ImageConverter, is_frozen
from mi_async.errors import ConfigError, ResourceError
from tests.support.pictures import picture

BMP = picture("bmp", 300, 280)
ENDLESS = "import os, sys, time; os.write(int(sys.argv[1]), bytes([255] * 12)); time.sleep(600)"
"""Writes a length of many gigabytes to the pipe that is the answers'."""


def program(tmp_path: Path, script: str) -> str:
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


async def test_a_chatty_sitecustomize_is_not_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, sys\n"
        "print('welcome to this machine' * 20_000, flush=True)\n"
        "print('careful', file=sys.stderr, flush=True)\n"
        "atexit.register(print, 'bye')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    async with ImageConverter() as converter:
        for _ in range(2):
            _, image, note = await converter(BMP)
            assert (image.picture.format, note[:9]) == ("jpg", "converted")
        assert len(converter.idle) == 1


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("yes garbage | head -c 300000; echo no such thing >&2; exit 3", r"\(exit code 3; no such thing\)"),
        ("exit 0", r"\(exit code 0\)"),
        ("printf 'Fatal \\033[31m' >&2; kill -9 $$", r"\(exit code -9; Fatal \ufffd\[31m\)"),
        (f"exec {sys.executable} -c '{ENDLESS}' $4", "exit code -9"),
    ],
    ids=["garbage", "nothing", "killed", "a length without end"],
)
async def test_another_program_is_the_fault_of_the_machine(script: str, said: str, tmp_path: Path) -> None:
    async with ImageConverter(start=partial(Process.start, program(tmp_path, script))) as converter:
        with pytest.raises(ConfigError, match=rf"the process that makes images fit does not start .*{said}.*/python"):
            await converter(BMP)
        assert not converter.idle


async def test_one_that_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    start = partial(Process.start, program(tmp_path, "echo thinking >&2; sleep 600; true"))
    began = time.monotonic()
    async with ImageConverter(startup=0.3, start=start) as converter:
        with pytest.raises(ConfigError, match=r"it was not ready within 0\.3 s; thinking"):
            await converter(BMP)
    assert time.monotonic() - began < 60, "what it had started was ended with it"


async def test_a_cancelled_start_leaves_no_process(tmp_path: Path) -> None:
    started: list[Process] = []

    def watched() -> Process:
        started.append(Process.start(program(tmp_path, f"touch {tmp_path}/begun; sleep 600; true")))
        return started[-1]

    async with ImageConverter(start=watched) as converter:
        task = asyncio.create_task(converter(BMP))
        while not started:  # noqa: ASYNC110  nothing tells of a process
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert started[0].process.returncode == -9


async def test_no_program_at_all() -> None:
    async with ImageConverter(start=partial(Process.start, os.devnull)) as converter:
        with pytest.raises(ConfigError, match="no process can be started to make images fit"):
            await converter(BMP)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.EAGAIN])
@pytest.mark.parametrize("where", ["first pipe", "second pipe", "process"])
async def test_a_machine_that_is_full_may_have_room_later(
    number: int, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, pipes = os.pipe, list[tuple[int, int]]()

    def full(*_args: object) -> None:
        raise OSError(number, os.strerror(number))

    def piped() -> tuple[int, int]:
        if where == "first pipe" or (where == "second pipe" and pipes):
            full()
        pipes.append(pipe())
        return pipes[-1]

    monkeypatch.setattr("mi_async.bulk.images.converter_process.os.pipe", piped)
    if where == "process":
        monkeypatch.setattr(converter_process, "_popen", full)
    async with ImageConverter() as converter:
        with pytest.raises(ResourceError, match="no process can be started now to make images fit"):
            await converter(BMP)
    for descriptor in (number for each in pipes for number in each):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


async def test_a_frozen_application_does_not_start_itself() -> None:
    async with ImageConverter(start=None) as converter:
        assert (await converter(BMP))[1].picture.format == "jpg"
        assert (await converter(BMP))[2].startswith("converted: ")
        assert [type(worker) for worker in converter.idle] == [InThread]


@pytest.mark.parametrize(
    ("system", "frozen"),
    [
        ({"executable": "/usr/bin/python3"}, False),
        ({"executable": "/opt/application", "frozen": True}, True),
        ({"executable": ""}, True),
        ({"executable": None}, True),
    ],
)
def test_a_frozen_application_is_told_from_an_interpreter(system: dict[str, object], frozen: bool) -> None:
    assert is_frozen(SimpleNamespace(**system)) is frozen


async def test_from_a_zip_file() -> None:
    script = Path(converter_worker.__file__)
    assert ImageConverter().start == Process.start
    start = partial(Process.start, script=script.with_name("none.zip") / script.name)
    async with ImageConverter(start=start) as converter:
        assert (await converter(BMP))[1].picture.format == "jpg"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EOFError),
        (b"12", EOFError),
        (converter_worker.LENGTHS.pack(9, 0) + b"{}", EOFError),
        (converter_worker.LENGTHS.pack(2, 9) + b"{}", EOFError),
        (converter_worker.LENGTHS.pack(2**17, 0), ProtocolError),
        (converter_worker.LENGTHS.pack(2, 2**40) + b"{}", ProtocolError),
        (converter_worker.LENGTHS.pack(2, 0) + b"[]", ProtocolError),
        (converter_worker.LENGTHS.pack(2, 0) + b"no", ProtocolError),
    ],
)
def test_what_is_no_message(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        converter_worker.receive(BytesIO(content), 100)


def test_a_greeting_in_other_words_is_none() -> None:
    stream = BytesIO()
    converter_worker.send(stream, {"protocol": 1})
    stream.seek(0)
    worker = Process.start()
    try:
        worker.greet()
        worker.inward.close()
        worker.inward = stream
        with pytest.raises(ProtocolError):
            worker.greet()
    finally:
        assert worker.end() == -9


def test_the_program_answers_until_its_input_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    inward, outward = os.pipe(), os.pipe()
    kept = [os.dup(number) for number in (1, 2)]
    handled = {stop: signal.getsignal(stop) for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)  # which it changes
    with os.fdopen(inward[1], "wb") as asked:
        converter_worker.send(asked, {}, picture("gif", 100, 100))
    try:
        converter_worker.main(inward[0], outward[1], 1000, 256)
    finally:
        for stop, handler in handled.items():
            signal.signal(stop, handler)
        for number, copy in enumerate(kept, 1):
            os.dup2(copy, number)
            os.close(copy)
    with os.fdopen(outward[0], "rb") as answered:
        assert converter_worker.receive(answered, 0) == (converter_worker.HELLO, b"")
        said, content = converter_worker.receive(answered, 0)
    assert (said["reason"], content) == ("resolution", b"")
