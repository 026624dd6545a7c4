"""What tests of the command line share: an emulator for another event loop, the environment, real processes."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

from mi_async.emulator import Latency, Server, Settings, serve

PICTURES = Path(str(resources.files("mi_async.cli") / "pictures"))
JPG, PNG, WEBP = (str(PICTURES / name) for name in ("hong-gildong-1.jpg", "yi-sunsin.png", "ama-mensah.webp"))
QUICK = Settings(latency=Latency.none())


def environment(server: Server) -> dict[str, str]:
    """What a shell exports to reach the emulator."""
    return {
        "NCLOUD_ACCESS_KEY_ID": server.credentials.access_key,
        "NCLOUD_SECRET_ACCESS_KEY": server.credentials.secret_key,
        "MI_ASYNC_BASE_URL": server.url,
        "MI_ASYNC_WORKSPACE": "newsroom",
    }


@contextmanager
def served(settings: Settings = QUICK) -> Iterator[Server]:
    """An emulator in a thread: a command brings an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        running = serve(settings=settings)
        yield asyncio.run_coroutine_threadsafe(running.__aenter__(), loop).result(10)
        asyncio.run_coroutine_threadsafe(running.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


@contextmanager
def process(
    *arguments: str, env: Mapping[str, str] | None = None, redirected: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """``mi-async`` as a process of its own, killed at the end if it is still there.

    Args:
        arguments: of the command.
        env: what a shell exported.
        redirected: where its streams go, as a shell is told; by default they are pipes to us.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NCLOUD_", "MI_ASYNC_"))}
    with subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-W", "error", "-m", "mi_async", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**variables, "PYTHONUTF8": "1", **(env or {})},
    ) as started:
        try:
            yield started
        finally:
            started.kill()


def on_terminal(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[str, str]:
    """What ``mi-async`` writes to stdout, a pipe, and what it shows on stderr, a terminal."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-W", "error", "-m", "mi_async", *arguments]
    variables = {**os.environ, "TERM": "xterm-256color", **(env or {})}
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, env=variables) as running:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # a terminal whose other end was closed
            while more := os.read(ours, 65536):
                shown += more
        assert running.stdout is not None
        out = running.stdout.read()
    os.close(ours)
    return out.decode(), shown.decode()
