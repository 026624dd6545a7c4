"""What tests of the command line share: an emulator for another event loop, the environment, real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path

from attrs import define

from mi_async.emulator import Latency, RunningEmulator, Server, Settings
from mi_async.emulator.environment import environment as told_variables
from tests.support.newsroom import served_elsewhere
from tests.support.signals import signals

PICTURES = Path(str(resources.files("mi_async.cli") / "pictures"))
JPG, PNG, WEBP = (str(PICTURES / name) for name in ("hong-gildong-1.jpg", "yi-sunsin.png", "ama-mensah.webp"))
COMMAND = (sys.executable, "-W", "error", "-m", "mi_async")
CONTROLLED = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
"""Makes the terminal on stdin the one that sends SIGHUP when it is closed."""
QUICK = Settings(latency=Latency.none())


def environment(server: Server | RunningEmulator) -> dict[str, str]:
    """What a shell exports to reach the emulator."""
    return told_variables(server.url, server.credentials, ["newsroom"])


@contextmanager
def served(settings: Settings = QUICK) -> Iterator[Server]:
    """An emulator in a thread: a command brings an event loop of its own."""
    with served_elsewhere(settings, speed=1.0) as server:
        yield server


@contextmanager
def process(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    redirected: str = "",
    ignored: Collection[signal.Signals] = (),
) -> Iterator[subprocess.Popen[str]]:
    """``mi-async`` as a process of its own, killed at the end if it is still there.

    Args:
        arguments: of the command.
        env: what a shell exported.
        redirected: where its streams go, as a shell is told; by default they are pipes to us.
        ignored: stop signals that it finds ignored, as under nohup.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NCLOUD_", "MI_ASYNC_"))}
    with signals(ignored):
        running = subprocess.Popen(
            ["/bin/sh", "-c", f'exec "$@" {redirected}', "sh", *COMMAND, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**variables, "PYTHONUTF8": "1", **(env or {})},
        )
    with running as started:
        try:
            yield started
        finally:
            started.kill()


def on_terminal(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[str, str]:
    """What ``mi-async`` writes to stdout, a pipe, and what it shows on stderr, a terminal."""
    with terminal(*arguments, env=env) as (running, screen):
        shown = screen.read()
        assert running.stdout is not None
        return running.stdout.read().decode(), shown


@define
class Screen:
    """The side of a terminal where a person sits."""

    number: int
    shown: bytes = b""

    def read(self, until: str | None = None) -> str:
        """What is shown until there is a text in it, or until nobody writes any more."""
        with suppress(OSError):  # the other end was closed
            while until is None or until.encode() not in self.shown:
                self.shown += os.read(self.number, 65536)
        return self.shown.decode()

    def close(self) -> None:
        """Close the window."""
        if self.number >= 0:
            os.close(self.number)
            self.number = -1


@contextmanager
def terminal(
    *arguments: str, env: Mapping[str, str] | None = None
) -> Iterator[tuple["subprocess.Popen[bytes]", Screen]]:
    """``mi-async`` on a terminal of its own, which hangs up when its screen is closed; its stdout is a pipe."""
    ours, theirs = os.openpty()
    variables = {**os.environ, "TERM": "xterm-256color", **(env or {})}
    screen = Screen(ours)
    with signals():
        running = subprocess.Popen(
            [sys.executable, "-c", CONTROLLED, *COMMAND, *arguments],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=variables,
            start_new_session=True,
        )
    os.close(theirs)
    with running:
        try:
            yield running, screen
        finally:
            running.kill()
            screen.close()
