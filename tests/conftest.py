"""Fixtures that any test may ask for."""

import asyncio
import gc
import logging
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Generator, Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aioresponses import aioresponses
from hypothesis import settings

from tests.support.oddities import Oddities
from tests.support.sockets import open_transports, sockets_closed

if TYPE_CHECKING:
    from tests.support.postgres import PostgresServer
    from tests.support.storage import Bucket

pytest_plugins = ["pytester", "tests.support.leftovers"]

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Test modules are compiled once, not by every worker, and some hundred processes start from compiled modules.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A busy machine takes longer for one example than for another. Examples are the same each time, so that neither a
# failure nor a branch that is covered is a matter of luck; `nox -s soak` looks for new ones.
settings.register_profile("any machine", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("fewer", settings.get_profile("any machine"), max_examples=20)
settings.register_profile("new", settings.get_profile("any machine"), derandomize=False, max_examples=1000)
settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that leaves out cases of tests: what a second Python could do otherwise shows in a few of them."""
    parser.addoption("--cases", type=int, default=0, help="run so many cases of each test, spread evenly; 0: all")


def pytest_configure(config: pytest.Config) -> None:
    """Load our own plugin where the package was installed before it had one."""
    if not config.pluginmanager.hasplugin("mi_async"):
        config.pluginmanager.register(import_module("mi_async.integrations.pytest_plugin"), "mi_async")


@pytest.hookimpl(trylast=True)  # after -m, so that the cases which are left are of the tests that run
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Measure no coverage in slow tests: it costs half as much again, and their course is a matter of time.

    So a branch counts as covered if the quick tests take it.
    """
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker("no_cover")
    if most := config.getoption("--cases"):
        config.hook.pytest_deselected(items=_leave_out(items, most))


def _leave_out(items: list[pytest.Item], most: int) -> list[pytest.Item]:
    """Leave so many cases of each test in the list, the first and the last among them, and return the others."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    left = {each[(len(each) - 1) * number // max(most - 1, 1)] for each in cases.values() for number in range(most)}
    out = [item for item in items if item not in left]
    items[:] = [item for item in items if item in left]
    return out


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without garbage collection, and exempt them and their modules from it.

    Nearly all that is made by then stays: to look through it takes a fifth of the collection, and 0.15 s each time that
    a test asks for garbage collection, which many do.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.collect()
        gc.freeze()


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Undo what a command line that ran in this process does to the log of the package."""
    log = logging.getLogger("mi_async")
    level, handlers = log.level, log.handlers
    yield
    log.setLevel(level)
    log.handlers = handlers


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    """Assert that a test leaves the signals as they were: a process that ignores SIGTERM starts others that do."""
    before = [signal.getsignal(number) for number in STOPS]
    yield
    assert [signal.getsignal(number) for number in STOPS] == before


@pytest.fixture
async def leaves_nothing() -> AsyncIterator[None]:
    """Assert that the test leaves no task and no open connection in its event loop."""
    before = asyncio.all_tasks()
    async with sockets_closed():
        yield
    await asyncio.sleep(0.001)  # what is ending may end
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, left
    if open_transports():
        gc.collect()  # garbage of an aborted connection may be among them
    assert not (still_open := open_transports()), still_open


@pytest.fixture
def oddities() -> Iterator[Oddities]:
    """Canned answers to aiohttp's client, without a network."""
    with aioresponses() as mocked:
        yield Oddities(mocked)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator["PostgresServer"]:
    """A PostgreSQL server; each test takes a schema of its own."""
    from tests.support.postgres import postgres  # noqa: PLC0415  psycopg takes a while to load

    with postgres() as server:
        yield server


@pytest.fixture
def schema_url(postgres_server: "PostgresServer") -> str:
    """A journal in PostgreSQL that is not there yet, as a URL."""
    return postgres_server.url(f"test-{uuid.uuid4().hex}")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A journal that is not there yet, a file and a URL in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "뉴스.journal")
    url: str = request.getfixturevalue("schema_url")
    return url


@pytest.fixture(scope="session")
def storage() -> Iterator["Bucket"]:
    """A server of Object Storage with one bucket."""
    from tests.support.storage import bucket  # noqa: PLC0415  moto takes a second to load

    with bucket() as served:
        yield served


@pytest.fixture
def s3(storage: "Bucket") -> "Bucket":
    """The same, empty and obliging."""
    storage.empty()
    return storage
