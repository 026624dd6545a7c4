"""``ingest_asset`` does what ``ingest_many`` does with one item: the same requests, end and meaning of an error."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from mi_async import AssetInput, AssetOutcome, IngestedAsset, MIError, Storage, StoredObject
from mi_async.bulk.engine.work_item import code_of
from mi_async.emulator import Fault, Latency, Settings
from tests.support.cases import sampled
from tests.support.costs import spent
from tests.support.films import film
from tests.support.newsroom import Newsroom, newsroom
from tests.support.storage import BUCKET, Bucket

QUICK = Settings(
    latency=Latency.constant(0.1),
    importing=Latency.constant(20.0),  # long enough to be waited for
    queueing=Latency.constant(0.1),
    analysing=Latency.constant(0.5),
    summarizing=Latency.constant(0.5),
)
SLOW_IMPORT = Latency.constant(400.0)
"""An import that is still in progress when it is found, on a busy machine too."""
KEY = "a.mp4"
THERE = StoredObject(BUCKET, KEY)
COUNTED = ("assets.register", "indexes.request", "scene_summaries.request", "assets.get", "object PUT")
"""Requests whose number does not depend on how long something takes."""
FIRST = ("projects.list", "workspaces.get")
"""Requests about the target: a run makes them once, before the first item; a call makes those that it needs."""


@frozen
class Scene:
    """A service, a bucket and a file."""

    room: Newsroom
    s3: Bucket
    path: Path
    project: int
    before: Mapping[str, int] = {}

    async def register(self) -> None:
        """Register the object of the bucket as somebody else does."""
        await self.room.workspace.assets.register(self.project, key=KEY, bucket_name=BUCKET)

    def fault(self, operation: str, fault: Fault) -> None:
        self.room.server.faults.next(operation, fault)


Prepare = Callable[[Scene], Awaitable[None]]


async def nothing(_scene: Scene) -> None: ...


async def same_object(scene: Scene) -> None:
    scene.s3.put(KEY, scene.path.read_bytes())


async def other_object(scene: Scene) -> None:
    scene.s3.put(KEY, b"something else")


async def asset(scene: Scene) -> None:
    await scene.room.workspace.ingest_asset(scene.path, bucket=BUCKET, analyze=False)


async def indexed_asset(scene: Scene) -> None:
    await scene.room.workspace.ingest_asset(scene.path, bucket=BUCKET)


async def failed_import(scene: Scene) -> None:
    """Somebody else's import has failed, and is known to have."""
    await same_object(scene)
    scene.s3.poor.add(KEY)
    job = await scene.room.workspace.import_asset(scene.project, key=KEY, bucket_name=BUCKET)
    with pytest.raises(MIError):
        await job
    scene.s3.poor.clear()


async def failing_import(scene: Scene) -> None:
    """Somebody else's import is in progress, and fails while it is waited for."""
    await same_object(scene)
    scene.s3.poor.add(KEY)
    await scene.register()
    scene.s3.poor.clear()


async def poor_file(scene: Scene) -> None:
    scene.s3.poor.add(KEY)


async def replaced_object(scene: Scene) -> None:
    """The object that there is an asset of was deleted, and the file is another one."""
    await asset(scene)
    scene.s3.ask("DELETE", f"/{BUCKET}/{KEY}")
    scene.path.write_bytes(film(size=70_000))


async def bad_file(scene: Scene) -> None:
    scene.path.write_bytes(b"no film")


async def absent_file(scene: Scene) -> None:
    scene.path.unlink()


def lost(operation: str, fault: Fault) -> Prepare:
    """Let the next answer of an operation be lost, before or after its effect."""

    async def prepare(scene: Scene) -> None:
        scene.fault(operation, fault)

    return prepare


SCENES: dict[str, tuple[Prepare, dict[str, Any]]] = {
    "new file": (nothing, {"summarize": True}),
    "new file, not analysed": (nothing, {"analyze": False}),
    "object there": (same_object, {}),
    "object there, given as one": (same_object, {"source": THERE}),
    "object there, to be the only asset": (same_object, {"source": THERE, "if_exists": "error"}),
    "no such object": (nothing, {"source": THERE}),
    "another object there": (other_object, {}),
    "asset there": (asset, {}),
    "asset there, given as an object": (asset, {"source": THERE}),
    "index there": (indexed_asset, {"summarize": True}),
    "asset there, another wanted": (asset, {"if_exists": "duplicate"}),
    "asset there, none wanted": (asset, {"if_exists": "error"}),
    "asset there, none wanted, given as an object": (asset, {"source": THERE, "if_exists": "error"}),
    "asset of an earlier object, none wanted": (replaced_object, {"if_exists": "error"}),
    "asset of an earlier object": (replaced_object, {}),
    "another's failed import": (failed_import, {}),
    "another's failing import": (failing_import, {}),
    "another's failing import, given as an object": (failing_import, {"source": THERE}),
    "failing import": (poor_file, {}),
    "bad file": (bad_file, {}),
    "absent file": (absent_file, {}),
    **{
        f"{operation}, {fault.name}": (lost(operation, fault), {})
        for operation in ("assets.register", "indexes.request")
        for fault in (Fault.DROP_AFTER, Fault.ERROR_AFTER, Fault.ERROR_BEFORE)
    },
}


@asynccontextmanager
async def scene(s3: Bucket, folder: Path, prepare: Prepare) -> AsyncGenerator[Scene]:
    """A service and bucket in which something has happened; what is asked of them from then on is counted."""
    s3.empty()
    path = folder / KEY
    path.write_bytes(film(size=60_000))
    settings = evolve(QUICK, importing=SLOW_IMPORT) if prepare is failing_import else QUICK
    async with newsroom(evolve(settings, objects=s3.look), speed=200.0, storage=Storage(s3.url)) as room:
        base = (await room.workspace.projects.list()).projects[0].project_id
        begun = Scene(room, s3, path, base)
        await prepare(begun)
        s3.forget_counts()
        yield evolve(begun, before=spent(room.server))


def requests(scene: Scene, counted: Collection[str]) -> dict[str, int]:
    """Return the number of requests that are counted; of all others, whether there were any."""
    asked = spent(scene.room.server, scene.before)
    asked |= {kind: count for kind, count in scene.s3.asked.items() if kind.endswith("PUT")}
    return {name: count if name in counted else 1 for name, count in asked.items() if name not in FIRST}


async def at_the_end(scene: Scene) -> list[tuple[int, str | None, str]]:
    """Return the assets that the service has, and how the import of each has ended."""
    assets = scene.room.workspace.assets
    found = [asset async for asset in assets.all(scene.project)]
    return [
        (asset.asset_id, asset.key, str((await assets.import_status(scene.project, asset.asset_id)).upload_status))
        for asset in found
    ]


async def one(scene: Scene, source: Any, options: dict[str, Any]) -> tuple[Any, ...]:
    bucket = None if isinstance(source, StoredObject) else BUCKET
    try:
        done: IngestedAsset = await scene.room.workspace.ingest_asset(source, bucket=bucket, **options)
    except MIError as error:
        return (code_of(error), str(error).partition("(")[0])
    return (done.asset.asset_id, str(done.place), done.sent, done.reused)


async def many(scene: Scene, source: Any, options: dict[str, Any], journal: Path) -> tuple[Any, ...]:
    run = scene.room.workspace.ingest_many([AssetInput(source)], journal=journal, bucket=BUCKET, **options)
    (outcome,) = [outcome async for outcome in run]
    assert isinstance(outcome, AssetOutcome)
    if outcome.problems:
        return (outcome.problems[0].code, outcome.problems[0].message.partition("(")[0])
    return (outcome.asset_id, outcome.place, outcome.sent, outcome.reused)


@pytest.mark.parametrize("name", sampled(SCENES, 4))
async def test_one_is_many(s3: Bucket, tmp_path: Path, name: str) -> None:
    prepare, given = SCENES[name]
    options = {option: value for option, value in given.items() if option != "source"}
    # On a busy machine an import may have failed before it is found, and another look for the asset is then due.
    counted = set(COUNTED) - ({"assets.get"} if prepare is failing_import else set())
    async with scene(s3, tmp_path, prepare) as single:
        results = [await one(single, given.get("source", single.path), options)]
        ends, asked = [await at_the_end(single)], [requests(single, counted)]
    async with scene(s3, tmp_path, prepare) as bulk:
        results.append(await many(bulk, given.get("source", bulk.path), options, tmp_path / "j"))
        ends.append(await at_the_end(bulk))
        asked.append(requests(bulk, counted))
    assert results[0] == results[1]
    assert ends[0] == ends[1]
    assert asked[0] == asked[1]
