"""Single steps of an ingestion, where what they refuse comes between two of them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import define, evolve, field

from mi_async import Ingestion, InvalidArgumentError, MediaRejectedError, Storage, StoredObject
from mi_async.workflows.ingest.asset_index import AssetIndex
from mi_async.workflows.ingest.models import IngestState
from mi_async.workflows.ingest.object_locks import ObjectLocks
from mi_async.workflows.ingest.object_marker import mark, older_than
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.ingest.steps import STEPS, IngestContext
from tests.support.films import film
from tests.support.newsroom import Newsroom, context_of, newsroom
from tests.support.storage import BUCKET, Bucket

PLACE = StoredObject(BUCKET, "clip.mp4")


@define(eq=False)
class Observed:
    """An observer that keeps the states of what it is told."""

    states: list[IngestState] = field(factory=list)

    def changed(self, now: Ingestion) -> None:
        self.states.append(now.reached)

    async def registering(self, now: Ingestion) -> None:
        self.states.append(now.reached)


@asynccontextmanager
async def ingesting(s3: Bucket) -> AsyncGenerator[tuple[Newsroom, IngestContext]]:
    async with newsroom(storage=Storage(s3.url)) as room:
        project = (await room.workspace.projects.list()).projects[0].project_id
        context = context_of(room)
        yield room, IngestContext(context, IngestOptions(analyze=False), project, AssetIndex(context, project))


async def test_a_file_that_changes_after_the_check_is_not_sent(s3: Bucket, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(film(size=50_000))
    async with ingesting(s3) as (_, ingest):
        checked = await STEPS[IngestState.NEW](ingest, Ingestion(str(path), place=PLACE), Observed())
        assert (checked.reached, checked.size) == (IngestState.CHECKED, 50_000)
        path.write_bytes(film(size=60_000))
        with pytest.raises(MediaRejectedError, match="changed since it was checked"):
            await STEPS[checked.reached](ingest, checked, Observed())
    assert s3.get(PLACE.key) is None


async def test_a_registration_is_recorded_before_it_is_sent(s3: Bucket) -> None:
    s3.put(PLACE.key, film(size=50_000))
    async with ingesting(s3) as (room, ingest):

        class BeforeIt(Observed):
            async def registering(self, now: Ingestion) -> None:
                assert room.server.log.count("assets.register") == 0
                self.changed(now)

        there = Ingestion(str(PLACE), place=PLACE, is_object=True, reached=IngestState.STORED)
        observer = BeforeIt()
        done = await STEPS[there.reached](ingest, there, observer)
        assert (done.reached, observer.states) == (IngestState.REGISTERED, [IngestState.REGISTERING])
        assert done.created == {"object": str(PLACE), "asset_id": done.asset_id}


async def test_a_marker_is_about_one_project(s3: Bucket) -> None:
    async with ingesting(s3) as (_, ingest):
        context, store = ingest.context, ingest.context.store
        assert older_than(context, 1, None, [3, 4]) == {3, 4}  # there is no object that could be newer
        assert mark(context, 1, []) == {}
        s3.put(PLACE.key, b"x")
        head = await store.head(PLACE)
        assert head is not None
        marked = evolve(head, metadata=mark(context, 1, [3, 5]))
        assert older_than(context, 1, marked, [3, 5, 6]) == {3, 5}
        assert older_than(context, 2, marked, [3, 5, 6]) == frozenset()
        assert older_than(context, 1, head, [3]) == frozenset()


async def test_a_source_is_a_path_or_an_object() -> None:
    async with newsroom(storage=Storage("http://127.0.0.1:9")) as room:
        with pytest.raises(InvalidArgumentError, match="a stored object or a readable object, got int"):
            await room.workspace.ingest_asset(7)  # type: ignore[arg-type]  # what a caller without types may do


async def test_a_lock_goes_with_the_last_who_needs_it() -> None:
    locks = ObjectLocks()
    async with locks.lock(PLACE):
        waiting = asyncio.create_task(locks.lock(PLACE).acquire())
        await asyncio.sleep(0)
        assert locks.in_use == 1
        assert not waiting.done()
    assert await waiting
    del waiting
    assert locks.in_use == 0


def test_states_that_no_journal_holds() -> None:
    assert [state for state in IngestState if state.journalled is not state] == [
        IngestState.CHECKED,
        IngestState.INDEXING,
        IngestState.SUMMARIZING,
    ]
    assert set(STEPS) == set(IngestState) - {IngestState.SUMMARIZED}
    assert IngestState.INDEXING.includes(IngestState.IMPORTED)
    assert not IngestState.STORED.includes(IngestState.REGISTERING)
