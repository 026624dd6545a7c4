"""pytest plugin: fixtures with an emulator for each test that asks for one, and markers for what goes wrong there.

Invariant: a suite that uses none of it pays for this module alone, since pytest imports it before coverage starts;
what a test used is undone at its end. ``-p no:mi_async`` switches it off.
"""

import inspect
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from mi_async import Session, Workspace
    from mi_async.emulator import RunningEmulator

MARKERS = {
    "mi_fault": (
        "mi_fault(place, fault, times=1): let the next requests of an operation, of storage.put or of * go wrong at "
        "mi_emulator; the fault is a documented code such as 99999, or a kind such as 'DROP_AFTER'"
    ),
    "mi_emulator": (
        "mi_emulator(settings=None, speed=None): behaviour of mi_emulator, as mi_async.emulator.Settings, and seconds "
        "of its clock that pass in a real second; speed=1 is real time"
    ),
}
LOOP_SCOPE = "asyncio_default_test_loop_scope"
"""Option of pytest-asyncio since 0.26, the first version that runs a fixture in the event loop of any test."""
ASYNCIO = "mi_async.asyncio"
"""Name of the fixtures that pytest-asyncio runs."""
SPEED = "20"
"""Above some hundreds, the milliseconds of a machine weigh more than what they measure; at 20 a time limit of ten
seconds that the code under test sets leaves a busy machine half a second."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the configuration file."""
    parser.addini("mi_emulator_speed", "seconds of mi_emulator's clock that pass in a real second", default=SPEED)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and the fixtures that pytest-asyncio runs."""
    for marker in MARKERS.values():
        config.addinivalue_line("markers", marker)
    if config.pluginmanager.hasplugin("asyncio") and _has_option(config, LOOP_SCOPE):
        from mi_async.integrations import pytest_asyncio_session  # noqa: PLC0415  pytest-asyncio is optional

        config.pluginmanager.register(pytest_asyncio_session, ASYNCIO)


def _has_option(config: pytest.Config, name: str) -> bool:
    """Return True if a plugin has added an option; a suite with an older plugin must run all the same."""
    try:
        config.getini(name)
    except ValueError:
        return False
    return True


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a marker that would do nothing."""
    for name in MARKERS:
        if item.get_closest_marker(name) is not None and "mi_emulator" not in getattr(item, "fixturenames", ()):
            pytest.fail(f"@pytest.mark.{name} needs the fixture mi_emulator, mi_session or mi_workspace", pytrace=False)


@pytest.fixture
def mi_emulator(request: pytest.FixtureRequest) -> "Generator[RunningEmulator]":
    """Serve an emulator of Media Intelligence for this test, in a thread of its own: for synchronous tests, too.

    Until the end of the test `mi_async.connect()` opens sessions with it, and the environment names it. Its `url` and
    `credentials` are for connect(), `faults` says what goes wrong, `log` what was asked, `state` what exists. Nothing
    there takes time, and its clock is fast: @pytest.mark.mi_emulator changes that.
    """
    from mi_async.integrations.pytest_emulator import emulator_of  # noqa: PLC0415  for tests that ask

    with emulator_of(request.node) as server:
        yield server


@pytest.fixture
def mi_session(request: pytest.FixtureRequest, mi_emulator: "RunningEmulator") -> "Session":  # noqa: ARG001  for markers
    """Open a session with `mi_emulator` in the event loop of the test: with pytest-asyncio in any mode, or anyio."""
    session: Session = request.getfixturevalue(_session_fixture(request))
    return session


@pytest.fixture
def mi_workspace(mi_session: "Session", mi_emulator: "RunningEmulator") -> "Workspace":
    """Return the first workspace of `mi_emulator`, `newsroom` unless its settings name another, in `mi_session`."""
    return mi_session.workspace(mi_emulator.settings.workspaces[0])


@pytest.fixture
async def _mi_session_anyio(mi_emulator: "RunningEmulator") -> "AsyncGenerator[Session]":
    from mi_async.integrations.pytest_emulator import session_with  # noqa: PLC0415  for tests that ask

    async with session_with(mi_emulator) as session:
        yield session


def _session_fixture(request: pytest.FixtureRequest) -> str:
    """Return the name of the fixture that opens a session in the event loop of the test."""
    if "anyio_backend" in request.fixturenames:
        backend = request.getfixturevalue("anyio_backend")
        name = backend if isinstance(backend, str) else backend[0]
        if name != "asyncio":
            pytest.fail(f"mi_session needs asyncio, and anyio_backend is {name!r}", pytrace=False)
        return "_mi_session_anyio"
    test = getattr(request.node, "obj", None)
    if not inspect.iscoroutinefunction(getattr(getattr(test, "hypothesis", None), "inner_test", test)):
        pytest.fail("mi_session needs an async test; a synchronous one takes mi_emulator", pytrace=False)
    if not request.config.pluginmanager.hasplugin(ASYNCIO):
        pytest.fail("mi_session needs pytest-asyncio 0.26 or later, or anyio with @pytest.mark.anyio", pytrace=False)
    marker = request.node.get_closest_marker("asyncio")
    told = {} if marker is None else marker.kwargs
    scope = told.get("loop_scope") or told.get("scope") or request.config.getini(LOOP_SCOPE)
    return f"_mi_session_{scope or 'function'}"
