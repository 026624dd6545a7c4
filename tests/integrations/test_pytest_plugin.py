"""The pytest plugin, in real runs of pytest."""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import mi_async.emulator
import mi_async.integrations.pytest_emulator  # noqa: F401  a run in this process forgets what it imported itself
from mi_async.session_opening import connect
from mi_async.settings import BASE_URL

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
"""Real seconds for a run of pytest in a process of its own, on a busy machine."""
Suite = Callable[[str], pytest.Pytester]
WITHOUT_ASYNCIO = (
    "-p",
    "no:asyncio",
    "-W",
    "ignore::pytest.PytestConfigWarning",
)  # whose option is in the configuration

ANY_KIND = """
import asyncio, os, unittest
import mi_async, pytest, pytest_asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI
from fastapi.testclient import TestClient

@asynccontextmanager
async def connected(app):
    async with mi_async.connect() as app.session:
        yield

app = FastAPI(lifespan=connected)

@app.post("/")
async def create() -> int:
    return (await app.session.workspace("newsroom").persons.create("Gildong", thumbnails=[])).id

def names(server):
    return [person.name for person in server.state.persons()]

async def created():
    async with mi_async.connect() as session:
        return (await session.workspace(os.environ["MI_ASYNC_WORKSPACE"]).persons.create("Gildong", thumbnails=[])).id

def test_synchronous(mi_emulator):
    assert (asyncio.run(created()), names(mi_emulator)) == (1001, ["Gildong"])

def test_diagnosis(mi_emulator):
    assert asyncio.run(mi_async.diagnose(workspace="newsroom"))["workspace"].status is mi_async.CheckStatus.OK
    assert mi_emulator.log.count("workspaces.get") == 1

def test_client_of_starlette(mi_emulator):
    with TestClient(app) as client:
        assert client.post("/").json() == 1001
    assert names(mi_emulator) == ["Gildong"]

@pytest_asyncio.fixture
async def gildong(mi_workspace):
    return (await mi_workspace.persons.create("Gildong", thumbnails=[])).id

@pytest.mark.asyncio
async def test_asynchronous(mi_session, mi_workspace, gildong, mi_emulator):
    assert await mi_session.workspace("newsroom").persons.get(gildong) == await mi_workspace.persons.get(gildong)
    assert names(mi_emulator) == ["Gildong"]

@pytest.mark.asyncio(loop_scope="class")
class TestOneLoop:
    async def test_first(self, mi_workspace):
        assert (await mi_workspace.persons.list(page_num=1)).total_count == 0

    async def test_second(self, mi_workspace):
        assert (await mi_workspace.persons.list(page_num=1)).total_count == 0

@pytest.mark.usefixtures("mi_emulator")
class People(unittest.TestCase):
    def test_synchronous(self):
        self.assertEqual(asyncio.run(created()), 1001)

@pytest.mark.usefixtures("mi_emulator")
class Later(unittest.IsolatedAsyncioTestCase):
    async def test_asynchronous(self):
        self.assertEqual(await created(), 1001)

@pytest.mark.mi_fault("persons.create", 99999, times=2)
@pytest.mark.mi_fault("persons.create", "drop-before")
def test_faults(mi_emulator):
    asyncio.run(created())
    happened = [getattr(fault, "code", None) or fault.name for fault in mi_emulator.faults.injected]
    assert happened == ["99999", "DROP_BEFORE"]
    assert mi_emulator.log.count("persons.create") == 4

def test_nothing_stays():
    assert "MI_ASYNC_BASE_URL" not in os.environ
"""

ANYIO = """
import pytest

pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.fixture
async def gildong(mi_workspace):
    return await mi_workspace.persons.create("Gildong", thumbnails=[])

async def test_it(gildong, mi_workspace, mi_emulator):
    assert (await mi_workspace.persons.get(gildong.id)).name == "Gildong"
"""

TIME = """
import pytest
from mi_async.emulator import Latency, Settings

@pytest.mark.mi_emulator(settings=Settings(latency=Latency.constant(150), workspaces=("archive",)), speed=500)
async def test_no_wait(mi_workspace, mi_emulator, image):
    begun = mi_emulator.clock.steady()
    await mi_workspace.enroll_person("Gildong", [image])
    assert mi_emulator.clock.steady() - begun < 60
    assert list(mi_emulator.state.workspaces) == ["archive"]

@pytest.mark.mi_emulator(speed=1)
def test_real_time(mi_emulator):
    assert mi_emulator.clock.speed == 1

def test_as_configured(mi_emulator):
    assert mi_emulator.clock.speed == 50
"""

MISTAKES = """
import pytest

@pytest.mark.mi_fault("persons.create", 99999)
def test_no_emulator():
    pass

@pytest.mark.mi_fault("persons.craete", 99999)
def test_mistyped(mi_emulator):
    pass

@pytest.mark.mi_emulator(sped=1)
def test_unknown(mi_emulator):
    pass

@pytest.mark.mi_emulator(speed="fast")
def test_no_speed(mi_emulator):
    pass

def test_no_loop(mi_session):
    pass

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_no_asyncio(mi_session, anyio_backend):
    pass
"""

SAID = (
    "@pytest.mark.mi_fault needs the fixture mi_emulator, mi_session or mi_workspace",
    "@pytest.mark.mi_fault: no operation 'persons.craete', did you mean persons.create",
    "@pytest.mark.mi_emulator takes settings= and speed=",
    "mi_emulator_speed must be > 0, got 'fast'",
    "mi_session needs an async test; a synchronous one takes mi_emulator",
    "mi_session needs asyncio, and anyio_backend is 'trio'",
)

LOADED = """
import sys

def pytest_unconfigure():
    print("loaded:", *sorted(name for name in sys.modules if name.partition(".")[0] == "mi_async"))
"""


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    """Make a suite of tests beside a package whose entry points are those of pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    entries = "\n".join(f"{name} = {module}" for name, module in project["entry-points"]["pytest11"].items())
    info = pytester.mkdir("site") / "mi_async_as_declared-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mi-async-as-declared\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[pytest11]\n{entries}\n")
    monkeypatch.syspath_prepend(str(info.parent))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(info.parent), str(ROOT)]))
    for name in ("MI_ASYNC_BASE_URL", "PYTEST_ADDOPTS"):
        monkeypatch.delenv(name, raising=False)

    def made(source: str) -> pytest.Pytester:
        pytester.makepyfile(source)
        ini = "asyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
        pytester.makeini(f"[pytest]\naddopts = -p no:cacheprovider\n{ini}")
        return pytester

    return made


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_every_kind_of_test(suite: Suite, mode: str) -> None:
    before = dict(connect.__kwdefaults__ or {})
    suite(ANY_KIND).runpytest_inprocess("-o", f"asyncio_mode={mode}").assert_outcomes(passed=10)
    assert before["base_url"] == BASE_URL
    assert connect.__kwdefaults__ == before


def test_anyio(suite: Suite) -> None:
    suite(ANYIO).runpytest_inprocess().assert_outcomes(passed=1)


def test_time_is_fast_unless_it_is_real(suite: Suite) -> None:
    pytester = suite(TIME)
    pytester.makeconftest(
        "import pytest\nfrom tests.support.pictures import picture\n\n"
        "@pytest.fixture\ndef image():\n    return picture()\n"
    )
    pytester.runpytest_inprocess("-o", "asyncio_mode=auto", "-o", "mi_emulator_speed=50").assert_outcomes(passed=3)


def test_mistakes_are_named(suite: Suite) -> None:
    done = suite(MISTAKES).runpytest_inprocess()
    assert [said for said in SAID if said not in done.stdout.str()] == []
    done.assert_outcomes(errors=len(SAID))


def test_an_asynchronous_test_that_nobody_runs(suite: Suite) -> None:
    done = suite("async def test_it(mi_session):\n    pass\n").runpytest_inprocess(*WITHOUT_ASYNCIO)
    done.stdout.fnmatch_lines(["*mi_session needs pytest-asyncio 0.26 or later, or anyio with @pytest.mark.anyio*"])


OLDER = """
from types import ModuleType

def pytest_addoption(parser, pluginmanager):  # pytest-asyncio before 0.26 has another option
    parser.addini("asyncio_mode", "strict or auto", default="strict")
    pluginmanager.register(ModuleType("older_asyncio"), "asyncio")
"""


def test_a_suite_with_an_older_pytest_asyncio_runs(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester = suite("def test_other():\n    pass\n\nasync def test_it(mi_session):\n    pass\n")
    pytester.makepyfile(older=OLDER)
    pytester.syspathinsert()
    pytester.makeini("[pytest]\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    plugins = ("-p", "older", "-p", "mi_async.integrations.pytest_plugin", "-p", "no:cacheprovider")
    done = pytester.runpytest_inprocess(*plugins)
    done.assert_outcomes(passed=1, errors=1)
    done.stdout.fnmatch_lines(["*mi_session needs pytest-asyncio 0.26 or later*"])


def test_pytest_lists_it(suite: Suite) -> None:
    pytester = suite("")
    done = pytester.runpytest_inprocess("--fixtures")
    done.stdout.fnmatch_lines(["mi_emulator -- *", "    Serve an emulator *", "mi_session -- *", "mi_workspace -- *"])
    done = pytester.runpytest_inprocess("--markers")
    done.stdout.fnmatch_lines(["@pytest.mark.mi_fault(place, fault, times=1): *", "@pytest.mark.mi_emulator(*"])


@pytest.mark.slow
def test_a_suite_that_does_not_use_it_loads_next_to_nothing(suite: Suite) -> None:
    pytester = suite("def test_other():\n    pass\n")
    pytester.makeconftest(LOADED)
    loaded = "mi_async mi_async.integrations mi_async.integrations.pytest_plugin mi_async.version"
    done = pytester.runpytest_subprocess(*WITHOUT_ASYNCIO, timeout=PATIENCE)
    done.stdout.fnmatch_lines([f"loaded: {loaded}"])
    done.assert_outcomes(passed=1)


@pytest.mark.slow
def test_it_is_switched_off(suite: Suite) -> None:
    pytester = suite("def test_it(mi_emulator):\n    pass\n")
    done = pytester.runpytest_subprocess("-p", "no:mi_async", timeout=PATIENCE)
    done.stdout.fnmatch_lines(["*fixture 'mi_emulator' not found"])


@pytest.mark.slow
def test_several_processes(suite: Suite) -> None:
    # what is installed beside ours, and takes a second to load in each of the three
    parallel = ("-n", "2", "-o", "asyncio_mode=auto", "-p", "no:schemathesis", "-p", "no:hypothesispytest")
    suite(ANY_KIND).runpytest_subprocess(*parallel, timeout=PATIENCE).assert_outcomes(passed=10)
