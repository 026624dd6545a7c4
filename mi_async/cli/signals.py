"""Stop signals: Ctrl-C, SIGTERM and SIGHUP in one table, and what each does to a command at the moment it arrives.

Invariant: imports nothing heavy, so that the handlers are there before the rest of the program is loaded; a signal
that the parent ignores (``nohup``, ``&``) stays ignored.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

ECHO = 1.0
"""Seconds in which another SIGTERM or SIGHUP is the same request: GNU ``timeout`` signals a process and then its group,
a terminal that closes sends one SIGHUP and its shell another."""

INSIST = 3
"""The signal with which a command that does not end is left alone."""


class TerminatedError(KeyboardInterrupt):
    """SIGTERM asked the command to end: ``docker stop``, Kubernetes, systemd, ``timeout``, ``kill``."""


class HangUpError(KeyboardInterrupt):
    """SIGHUP asked the command to end: its terminal was closed."""


SIGNALS: dict[str, tuple[type[KeyboardInterrupt], str]] = {
    "SIGINT": (KeyboardInterrupt, "interrupted"),
    "SIGTERM": (TerminatedError, "stopped by SIGTERM"),
    "SIGHUP": (HangUpError, "stopped by SIGHUP"),
}
"""By name, since Windows has no SIGHUP: what a command ends with, and what it says."""


class StopSignals:
    """The stop signals that a command has received.

    Attributes:
        first: the one that asked first, None as long as there was none; the exit code follows from it.
        count: how many there were, echoes left out.
        listeners: are told in the event loop after each cancellation by a signal: how many there were, and the name
            of the first.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.first: signal.Signals | None = None
        self.count: int = 0
        self.listeners: list[Callable[[int, str], None]] = []
        self._now = now
        self._last = 0.0
        self._deliver = self._end_process

    @property
    def name(self) -> str:
        """Name of the first signal; ``SIGINT`` if there was none."""
        return "SIGINT" if self.first is None else self.first.name

    def error(self) -> KeyboardInterrupt:
        """Return what a command that was stopped by the first signal ends with."""
        kind, said = SIGNALS[self.name]
        return kind(said)

    def receive(self, number: int, _: FrameType | None = None) -> None:
        """Take a signal: count it and deliver it."""
        now = self._now()
        if self.count and number != signal.SIGINT and now - self._last < ECHO:
            return
        self._last = now
        self.count += 1
        if self.first is None:
            self.first = signal.Signals(number)
        self._deliver()

    @contextmanager
    def delivered(self, deliver: Callable[[], None]) -> Generator[None]:
        """Have signals delivered in another way until the block ends."""
        before, self._deliver = self._deliver, deliver
        try:
            yield
        finally:
            self._deliver = before

    @contextmanager
    def told_to(self, listener: Callable[[int, str], None]) -> Generator[None]:
        """Have another listener until the block ends."""
        self.listeners.append(listener)
        try:
            yield
        finally:
            self.listeners.remove(listener)

    def throw(self) -> None:
        """Deliver a signal to a command outside of its event loop.

        Raises:
            KeyboardInterrupt: always, or the class in the table.
        """
        raise self.error()

    def _end_process(self) -> None:
        # While the program is loaded: an exception out of the middle of an import may come out as another one, or
        # not at all.
        _, said = SIGNALS[self.name]
        try:
            os.write(2, f"{said}\n".encode())
        finally:
            os._exit(128 + getattr(signal, self.name))


_current: ContextVar[StopSignals | None] = ContextVar("stop_signals", default=None)


@contextmanager
def handled() -> Generator[StopSignals]:
    """Handle the stop signals of this process until the block ends; a block inside another shares what it received.

    In another thread than the main one, which signals do not reach, nothing is received.
    """
    if (outer := _current.get()) is not None:
        yield outer
        return
    received = StopSignals()
    before = _install(received) if threading.current_thread() is threading.main_thread() else {}
    token = _current.set(received)
    try:
        yield received
    finally:
        _current.reset(token)
        for number, handler in before.items():
            signal.signal(number, handler)


def _install(received: StopSignals) -> dict[int, signal.Handlers | Callable[..., object]]:
    """Return the handlers that were there, by signal."""
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    found = {number: signal.getsignal(number) for number in numbers}
    # Ignored is ignored on purpose by whoever started us; None is a handler that Python cannot put back.
    ours = {number: before for number, before in found.items() if before not in {signal.SIG_IGN, None}}
    for number in ours:
        signal.signal(number, received.receive)
    return ours  # type: ignore[return-value]  # None is left out
