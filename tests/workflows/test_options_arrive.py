"""Options of workflows: each value that is given arrives in the options of the engine, whichever method takes it.

The run, or the workflow at its first wait for the network, is real; its options are looked for among all that it holds.
"""

import asyncio
import gc
import inspect
from collections import deque
from collections.abc import AsyncGenerator, Collection
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import attrs
import pytest

import mi_async
from mi_async import Storage, SyncPlan, emulator
from mi_async.backup.run import BackupParts
from mi_async.bulk.options import BulkOptions
from mi_async.emulator import Latency, Server, Settings
from mi_async.restore.options import RestoreOptions
from mi_async.sync.planner import SyncOptions
from mi_async.sync.watch import WatchRules
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.known_person import Likeness


def nothing(*_: object) -> None:
    """Do nothing."""


VALUES: dict[str, Any] = {
    "analysis": {"analysis_person_count": 7},
    "analyze": False,
    "bucket": "archive",
    "claim_life": 77.0,
    "delete": True,
    "delete_all": True,
    "delete_objects": True,
    "fit": True,
    "give_up": True,
    "grace": 7.0,
    "if_exists": "error",
    "images": False,
    "indexes": False,
    "interval": 17.0,
    "key": "other.mp4",
    "known": "ask",
    "locale": "ko",
    "mapping": "ids.jsonl",
    "max_delete": 7,
    "max_failures": 17,
    "passes": 3,
    "patience": 27.0,
    "progress": nothing,
    "project": 5,
    "replace": True,
    "score": 93,
    "settle": 0.5,
    "shards": 5,
    "state_folder": "records",
    "summaries": False,
    "summarize": True,
    "timeout": 57.0,
    "total": 37,
    "unnamed": True,
}
"""A value for each option that is the default of none."""
OTHERS: dict[tuple[str, Any], Any] = {("if_exists", "error"): "reuse"}
"""Values where that one is the default."""
TOGETHER: dict[str, dict[str, Any]] = {
    "delete_all": {"delete": True},
    "delete_objects": {"delete": True},
    "max_delete": {"delete": True},
    "locale": {"summarize": True},
}
"""Options that go together with another one."""
ENGINES: dict[str, tuple[type, ...]] = {
    "enroll_many": (BulkOptions, Likeness),
    "upload_thumbnails": (BulkOptions,),
    "compare_many": (BulkOptions, Likeness),
    "ingest_many": (BulkOptions, IngestOptions),
    "sync": (BulkOptions, IngestOptions),
    "watch": (BulkOptions, IngestOptions, WatchRules),
    "plan_sync": (SyncOptions,),
    "curate": (BulkOptions,),
    "ingest_asset": (IngestOptions,),
    "restore": (RestoreOptions,),
    "plan_restore": (RestoreOptions,),
    "back_up": (BackupParts,),
}
"""Options of the engine of each method, by its name."""


def options_of(name: str) -> dict[str, type]:
    """Return the options that a method takes and hands on, with the class that they arrive in."""
    taken = inspect.signature(getattr(mi_async.Workspace, name)).parameters
    return {
        field: kind for kind in ENGINES[name] for field in attrs.fields_dict(kind) if field in taken and field in VALUES
    }


def value_of(option: str, kind: type) -> Any:
    """Return a value of an option that is not the default of it in this class."""
    default = attrs.fields_dict(kind)[option].default
    return not default if isinstance(default, bool) else OTHERS.get((option, default), VALUES[option])


def referents(each: object) -> list[object]:
    """Return what an object holds; of a function not its module, of an object not its class."""
    if isinstance(each, FunctionType):
        return [cell.cell_contents for cell in each.__closure__ or ()]
    return [more for more in gc.get_referents(each) if not isinstance(more, type | ModuleType)]


def held(root: object, kind: type, besides: Collection[object] = ()) -> Any:
    """Return the object of a class that something holds, itself or by what it holds; None if there is none."""
    waiting, seen = deque([root]), {id(root), *map(id, besides)}
    while waiting:
        each = waiting.popleft()
        if isinstance(each, kind):
            return each
        for more in referents(each):
            if id(more) not in seen:
                seen.add(id(more))
                waiting.append(more)
    return None


async def arrived(begun: Any, kind: type) -> Any:
    """Return the options that a run holds, or a workflow while it works."""
    if not inspect.iscoroutine(begun):
        return held(begun, kind)
    # the event loop of some versions of Python still holds what the workflow before had
    before = [each for each in gc.get_objects() if type(each) is kind]
    task = asyncio.create_task(begun)
    try:
        async with asyncio.timeout(30):
            while (found := held(task, kind, before)) is None and not task.done():  # noqa: ASYNC110  nothing tells of it
                await asyncio.sleep(0.001)
        return found
    finally:
        task.cancel()
        await asyncio.wait([task])


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    async with emulator.serve(settings=Settings(latency=Latency.none())) as running:
        yield running


@pytest.fixture
async def workspace(server: Server) -> AsyncGenerator[mi_async.Workspace]:
    async with mi_async.connect(server.credentials, base_url=server.url, storage=Storage("http://127.0.0.1:9")) as one:
        yield one.workspace("newsroom")


def required(name: str, folder: Path, url: str) -> dict[str, Any]:
    """Return sound values of the arguments that a method needs."""
    folder.mkdir()
    plan = SyncPlan(endpoint=url, workspace="newsroom", project_id=5, source=str(folder), journal=folder / "j")
    given: dict[str, Any] = {"journal": folder / "j", "people": [], "items": [], "assets": [], "found": nothing}
    given |= {"source": folder, "folder": folder, "plan": plan if name == "sync" else None}
    taken = inspect.signature(getattr(mi_async.Workspace, name)).parameters
    return {each: value for each, value in given.items() if each in taken}


def test_no_option_is_left_out() -> None:
    told = {"source", "folder", "plan", "people", "items", "assets", "found", "journal", "confirm", "backup", "persons"}
    told |= {"self", "verify", "report", "force", "watch"}
    for name in ENGINES:
        taken = inspect.signature(getattr(mi_async.Workspace, name)).parameters
        assert set(taken) - told - set(options_of(name)) <= {"progress", "project"}, name


@pytest.mark.parametrize("name", ENGINES)
async def test_each_value_arrives(name: str, server: Server, workspace: mi_async.Workspace, tmp_path: Path) -> None:
    kinds = options_of(name)
    values = {option: value_of(option, kind) for option, kind in kinds.items()}
    flags = [{option: value} for option, value in values.items() if isinstance(value, bool)]
    others = {option: value for option, value in values.items() if not isinstance(value, bool)}
    for number, given in enumerate([others, *flags]):  # each flag alone: of two that are mixed up both are True
        more = {key: value for option in given for key, value in TOGETHER.get(option, {}).items()}
        sound = {**required(name, tmp_path / str(number), server.url), **more, **given}
        for option, value in given.items():
            options = await arrived(getattr(workspace, name)(**sound), kinds[option])
            assert options is not None
            assert (option, str(getattr(options, option))) == (option, str(value))


def test_no_value_is_the_default() -> None:
    for name in ENGINES:
        for option, kind in options_of(name).items():
            assert attrs.fields_dict(kind)[option].default != value_of(option, kind), (name, option)
