"""Handles of an emulator that runs elsewhere: in another thread or in another process.

Invariant: the same attributes and methods as ``Server`` for faults, log, state and reset, for any thread. Log and state
are copies of the moment at which they are read: changing them changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from mi_async.credentials import Credentials
from mi_async.emulator.control import told_fault, told_log, told_state, written_fault
from mi_async.emulator.environment import environment
from mi_async.emulator.faults import Fault, read_fault
from mi_async.emulator.log import RequestLog
from mi_async.emulator.rules import Rejection
from mi_async.emulator.state import EmulatorState

Ask = Callable[[str, Mapping[str, Any]], Any]
"""Has a command performed, and returns its plain values."""


@frozen
class FaultsElsewhere:
    """The scripted faults of an emulator that runs elsewhere."""

    _ask: Ask

    def next(self, place: str, fault: Fault | Rejection | int | str, *, times: int = 1) -> None:
        """Make the next requests of a place fail, after those already asked for.

        Args:
            place: an operation ID, ``storage.put``, or ``*`` for whatever comes next.
            fault: the kind or its name, or a refusal or its documented code, such as 10069.
            times: how many requests.

        Raises:
            InvalidArgumentError: there is no such place or fault, or a refusal is none of an operation's.
        """
        self._ask("faults.next", {"place": place, "fault": written_fault(read_fault(fault)), "times": times})

    def clear(self) -> None:
        """Forget what was asked for and has not happened."""
        self._ask("faults.clear", {})

    @property
    def injected(self) -> Counter[Fault | Rejection]:
        """Return the number of times that each kind happened."""
        return Counter({told_fault(fault): count for fault, count in self._ask("faults", {})["injected"]})


class EmulatorHandle:
    """An emulator that runs elsewhere.

    Attributes:
        url: where it listens, for ``connect(base_url=...)``.
        credentials: the one key pair that it accepts.
        faults: what goes wrong: ``next()``, ``clear()`` and ``injected``.
    """

    def __init__(self, url: str, credentials: Credentials, ask: Ask) -> None:
        self.url = url
        self.credentials = credentials
        self.faults: FaultsElsewhere = FaultsElsewhere(ask)
        self._ask = ask

    @property
    def log(self) -> RequestLog:
        """Return the log until now; a copy."""
        return told_log(self._ask("log", {}))

    @property
    def state(self) -> EmulatorState:
        """Return the state at this moment, for assertions; a copy that stands still."""
        return told_state(self._ask("state", {}))

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables of the environment by which the command line and programs of yours find it."""
        return environment(self.url, self.credentials, self._ask("about", {})["workspaces"][:1])

    def reset(self) -> None:
        """Go back to the start: what exists, faults, log and quotas."""
        self._ask("reset", {})

    def __repr__(self) -> str:
        """Name the address."""
        return f"{type(self).__name__}({self.url!r})"
