"""The emulator of a test: as its markers say, and found by ``connect()`` until the test ends.

Invariant: imported only by a test that asks for it; what it changes in the process is undone at the end of the test.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from mi_async._core.clock import Clock
from mi_async._core.transport import Timeout
from mi_async.emulator import Latency, RunningEmulator, Settings, running
from mi_async.emulator.faults import read_fault
from mi_async.errors import MIError
from mi_async.session_opening import Connecting, connect

NONE = Latency.none()
INSTANT = Settings(
    latency=NONE, importing=NONE, queueing=NONE, analysing=NONE, summarizing=NONE, searching=NONE, slow_body=0.2
)
"""Settings of an emulator where nothing takes time."""
ELSEWHERE = ("MI_ASYNC_QUOTA_STORE", "MI_ASYNC_STORAGE_URL", "NCLOUD_OBS_ENDPOINT")
"""Variables that would lead the command line to something of the developer's own."""


@contextmanager
def emulator_of(item: pytest.Item) -> Generator[RunningEmulator]:
    """Serve for one test, with the faults of its markers."""
    settings, speed = _told(item)
    with running(settings=settings, clock=Clock(speed)) as server:
        for marker in reversed(list(item.iter_markers("mi_fault"))):  # as they are read, from the top
            _script(server, *marker.args, **marker.kwargs)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in server.environment.items():
                patch.setenv(name, value)
            for name in ELSEWHERE:
                patch.delenv(name, raising=False)
            # In place of a variable that connect() would read: none may lead the keys of a production away.
            defaults: dict[str, Any] = connect.__kwdefaults__ or {}
            for name, default in connecting(server).items():
                patch.setitem(defaults, name, default)
            yield server


def session_with(server: RunningEmulator) -> Connecting:
    """Return a session with an emulator, to be opened in the event loop of the test."""
    return connect(server.credentials, **connecting(server))


def connecting(server: RunningEmulator) -> dict[str, Any]:
    """Return the arguments of ``connect()`` for an emulator: its address, its time, and limits that stay real."""
    default = Timeout()
    total = None if default.total is None else default.total * server.clock.speed
    return {"base_url": server.url, "clock": server.clock, "timeout": Timeout(default.connect, default.read, total)}


def _told(item: pytest.Item) -> tuple[Settings, float]:
    marker = item.get_closest_marker("mi_emulator")
    told: dict[str, Any] = {} if marker is None else dict(marker.kwargs)
    settings, speed = told.pop("settings", None), told.pop("speed", None)
    if told or (marker is not None and marker.args):
        pytest.fail("@pytest.mark.mi_emulator takes settings= and speed=", pytrace=False)
    named = item.config.getini("mi_emulator_speed") if speed is None else speed
    try:
        speed = float(named)
    except (TypeError, ValueError):
        speed = 0.0
    if not 0 < speed < float("inf"):
        pytest.fail(f"mi_emulator_speed must be > 0, got {named!r}", pytrace=False)
    return settings or INSTANT, speed


def _script(server: RunningEmulator, place: str, fault: Any, times: int = 1) -> None:
    refused = ""
    try:
        server.faults.next(place, read_fault(fault), times=times)
    except MIError as error:
        refused = str(error)
    if refused:  # outside of the handler: pytest would show the error itself as well, with its traceback
        pytest.fail(f"@pytest.mark.mi_fault: {refused}", pytrace=False)
