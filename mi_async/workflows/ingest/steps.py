"""The steps of an ingestion: a value walking a table, one for the single call and the bulk run.

Invariant: each step returns the next value; resuming is walking on from where the value is. What is there already is
looked for before anything is made, and nothing is made twice: a registration that may have had its effect is looked
for before it is repeated.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias

from attrs import evolve, frozen

from mi_async.errors import AlreadyExistsError, ImportFailedError, MediaRejectedError, NotFoundError
from mi_async.media.header import Header
from mi_async.media.limits import check_name, check_not_empty, inspect_media
from mi_async.storage.checkpoint import Checkpoints
from mi_async.storage.local_file import LocalFile, open_file
from mi_async.storage.upload import SendProgress, send
from mi_async.workflows.context import Context, known
from mi_async.workflows.ingest.asset_index import AssetIndex, find_assets
from mi_async.workflows.ingest.models import Ingestion, IngestState, Stage
from mi_async.workflows.ingest.object_marker import mark, older_than
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.ingest.register import register_once, reusable, still_there
from mi_async.workflows.ingest.resolve import requested
from mi_async.workflows.jobs.handles import import_job, index_job, summary_job
from mi_async.workflows.jobs.job import Job
from mi_async.workflows.jobs.start import start_index, start_summary


@frozen
class IngestContext:
    """Dependencies of the steps: those of a workspace, and the project that assets go to.

    Attributes:
        context: the workspace.
        options: the options of the call or run.
        project_id: ID of the project.
        assets: the assets that the project has, by key.
        checkpoints: keep the records of unfinished uploads; files by default.
    """

    context: Context
    options: IngestOptions
    project_id: int
    assets: AssetIndex
    checkpoints: Checkpoints | None = None


class IngestObserver(Protocol):
    """Observer of one ingestion: is told within steps, too."""

    def changed(self, now: Ingestion, /) -> None:
        """Take note of progress."""
        ...

    async def registering(self, now: Ingestion, /) -> None:
        """Record that a registration is about to be sent; what was recorded outlives a crash when this returns."""
        ...


IngestStep: TypeAlias = Callable[[IngestContext, Ingestion, IngestObserver], Awaitable[Ingestion]]


async def check(ingest: IngestContext, ingestion: Ingestion, _observer: IngestObserver) -> Ingestion:
    """Go from NEW to CHECKED, or with an object to STORED or to where the journal has it."""
    ingestion = await checked(ingest.context, ingestion)
    if ingestion.replaced:
        return _stored(ingestion, await ingest.assets.find(known(ingestion.place).key))
    return ingestion


async def checked(context: Context, ingestion: Ingestion) -> Ingestion:
    """Refuse what the service would refuse, as far as a header or the name of an object tells.

    Of a file this costs no request; of an object one, unless a listing has told its size.

    Raises:
        MediaRejectedError: the service would refuse it, or it cannot be read.
        NotFoundError: there is no such object.
    """
    place = known(ingestion.place)
    if not ingestion.is_object:
        async with open_file(ingestion.source) as file:
            await asyncio.to_thread(check_file, file, place.key, validate=context.validate)
            modified = file.fingerprint.modified
        return evolve(ingestion, reached=IngestState.CHECKED, size=file.size, modified=modified)
    if ingestion.size == 0:
        head = await context.store.head(place)
        if head is None:
            raise NotFoundError(404, "", f"{place}: there is no such object", operation="storage")
        ingestion = evolve(ingestion, size=head.size)
    if context.validate:
        check_name(place.key, ingestion.size)
    return evolve(_stored(ingestion, None), found=ingestion.size)


def check_file(file: LocalFile, key: str, *, validate: bool) -> Header | None:
    """Check a file by its header; return it, None without validation. Blocks.

    Raises:
        MediaRejectedError: the service would refuse it.
    """
    check_not_empty(file.size, file.name)
    if not validate:
        return None
    header = inspect_media(file.read, file.size, file.name)
    check_name(key, file.size)
    return header


async def send_file(ingest: IngestContext, ingestion: Ingestion, observer: IngestObserver) -> Ingestion:
    """Go from CHECKED to STORED, or to where the journal has it if the bucket has the object; parts are not sent twice.

    Raises:
        AlreadyExistsError: another object has this name, or with ``if_exists="error"`` there is an asset.
        MediaRejectedError: the file has changed since it was checked.
    """
    context, place, latest = ingest.context, known(ingestion.place), ingestion

    def progress(sending: SendProgress) -> None:
        nonlocal latest
        stage = ingestion.stage if sending.was_there else Stage.UPLOAD
        reached = IngestState.STORED if sending.etag is not None else ingestion.reached
        latest = evolve(ingestion, stage=stage, found=sending.found, sent=sending.sent, reached=reached)
        observer.changed(latest)

    async with open_file(ingestion.source) as file:
        if (file.size, file.fingerprint.modified) != (ingestion.size, ingestion.modified):
            message = f"{file.name}: changed since it was checked"
            raise MediaRejectedError(message, source=file.name, reason="changed")
        async with context.object_locks.lock(place):
            earlier = await ingest.assets.find(place.key)
            if not ingestion.resumes_at.includes(IngestState.REGISTERING):  # else one of them may be of this very item
                await _refuse_existing(ingest, ingestion, earlier)
            # The marker is stored with the object in one step: a crash after it cannot lose which assets are older.
            marker = mark(context, ingest.project_id, earlier)
            sending = await send(
                context.store,
                file,
                place,
                folder=ingest.options.folder,
                checkpoints=ingest.checkpoints,
                sent=progress,
                metadata=marker,
            )
    return _stored(latest, None if sending.was_there else earlier)


def _stored(ingestion: Ingestion, earlier: Sequence[int] | None) -> Ingestion:
    """Return the value for an object that is in the bucket.

    Args:
        ingestion: the value so far.
        earlier: assets of its key that are older than the object; None if it was there, so that the journal holds.
    """
    if earlier is not None:
        return evolve(ingestion, reached=IngestState.STORED, asset_id=None, earlier=tuple(earlier), fresh=True)
    if ingestion.resumes_at.includes(IngestState.STORED):
        return evolve(ingestion, reached=ingestion.resumes_at)
    return evolve(ingestion, reached=IngestState.STORED, asset_id=None)


async def _refuse_existing(ingest: IngestContext, ingestion: Ingestion, found: Sequence[int]) -> None:
    """Raise AlreadyExistsError for assets of the key, if ``if_exists`` says so."""
    if ingest.options.if_exists != "error":
        return
    if existing := await still_there(ingest.context, ingest.project_id, found):
        key, ids = known(ingestion.place).key, ", ".join(map(str, existing))
        message = f"the project has assets of {key!r} already: {ids}"
        raise AlreadyExistsError(message, existing=tuple(existing))


async def register(ingest: IngestContext, ingestion: Ingestion, observer: IngestObserver) -> Ingestion:
    """Go from STORED or REGISTERING to REGISTERED: take the asset that there is, or register the object once.

    The lock of the object is held from the look to the registration: of two ingestions of a session that look at the
    same time, each would find nothing and register it.
    """
    async with ingest.context.object_locks.lock(known(ingestion.place)):
        if ingestion.reached is IngestState.REGISTERING:
            return await _register_again(ingest, ingestion)
        found = tuple(await ingest.assets.find(known(ingestion.place).key))
        await _refuse_existing(ingest, ingestion, found)
        if ingest.options.if_exists == "reuse" and (asset := await _reusable(ingest, ingestion, found)) is not None:
            # Among the earlier ones, so that a journal tells it from an asset that one of its runs has registered.
            return evolve(
                ingestion, reached=IngestState.REGISTERED, asset_id=asset, earlier=found, reused=True, look=True
            )
        ingestion = evolve(ingestion, reached=IngestState.REGISTERING, earlier=found)
        # Every registration makes an asset. If a crash hides its answer, the record says which assets were there before
        # it, and so which one came of it.
        await observer.registering(ingestion)
        return await _register(ingest, ingestion)


async def _register_again(ingest: IngestContext, ingestion: Ingestion) -> Ingestion:
    """Take the asset that came of a registration whose answer is lost, or register the object if there is none."""
    found = await find_assets(ingest.context, ingest.project_id, known(ingestion.place).key)
    made = [asset for asset in found if asset not in ingestion.earlier]
    if made:
        return evolve(ingestion, reached=IngestState.REGISTERED, asset_id=made[0])
    return await _register(ingest, ingestion)


async def _register(ingest: IngestContext, ingestion: Ingestion) -> Ingestion:
    asset = await register_once(ingest.context, ingest.project_id, known(ingestion.place), ingestion.earlier)
    return evolve(ingestion, reached=IngestState.REGISTERED, asset_id=asset, look=False)


async def _reusable(ingest: IngestContext, ingestion: Ingestion, found: Sequence[int]) -> int | None:
    """Return an asset that was made of this very object, and not of one that had its name before."""
    context, project = ingest.context, ingest.project_id
    if found and not ingestion.fresh:
        older = older_than(context, project, await context.store.head(known(ingestion.place)), found)
    else:
        older = frozenset(ingestion.earlier)
    return await reusable(context, project, [asset for asset in found if asset not in older], ingestion.size)


async def wait_for_import(ingest: IngestContext, ingestion: Ingestion, observer: IngestObserver) -> Ingestion:
    """Go from REGISTERED to IMPORTED; back to STORED if the import fails of an asset that others have registered."""
    job = import_job(
        ingest.context, ingest.project_id, known(ingestion.asset_id), fresh=not ingestion.look, size=ingestion.size
    )
    try:
        ingestion, asset = await _waited(ingest, ingestion, observer, Stage.IMPORT, job)
    except ImportFailedError:
        if not ingestion.reused:
            raise
        return evolve(ingestion, reached=IngestState.STORED, asset_id=None, reused=False, look=False)
    return evolve(ingestion, reached=IngestState.IMPORTED, asset=asset)


async def request_index(ingest: IngestContext, ingestion: Ingestion, _observer: IngestObserver) -> Ingestion:
    """Go from IMPORTED to INDEXING: request the analysis, unless it is there or in progress."""
    where, size = (ingest.context, ingest.project_id, known(ingestion.asset_id)), ingestion.size
    start = partial(start_index, *where, ingest.options.analysis or {}, size=size)
    job = await requested(index_job(*where, fresh=False, size=size), start, look=ingestion.look)
    return evolve(ingestion, reached=IngestState.INDEXING, pending=job)


async def wait_for_index(ingest: IngestContext, ingestion: Ingestion, observer: IngestObserver) -> Ingestion:
    """Go from INDEXING to INDEXED: wait for the end of the analysis."""
    ingestion, index = await _waited(ingest, ingestion, observer, Stage.ANALYSIS, known(ingestion.pending))
    return evolve(ingestion, reached=IngestState.INDEXED, index=index)


async def request_summary(ingest: IngestContext, ingestion: Ingestion, _observer: IngestObserver) -> Ingestion:
    """Go from INDEXED to SUMMARIZING: request texts for the scenes, unless they are there or in progress."""
    where, size = (ingest.context, ingest.project_id, known(ingestion.asset_id)), ingestion.size
    start = partial(start_summary, *where, locale=ingest.options.locale, size=size)
    job = await requested(summary_job(*where, fresh=False, size=size), start, look=ingestion.look)
    return evolve(ingestion, reached=IngestState.SUMMARIZING, pending=job)


async def wait_for_summary(ingest: IngestContext, ingestion: Ingestion, observer: IngestObserver) -> Ingestion:
    """Go from SUMMARIZING to SUMMARIZED: wait for the texts."""
    ingestion, summary = await _waited(ingest, ingestion, observer, Stage.SUMMARY, known(ingestion.pending))
    return evolve(ingestion, reached=IngestState.SUMMARIZED, summary=summary)


async def _waited(
    ingest: IngestContext, ingestion: Ingestion, observer: IngestObserver, stage: Stage, job: Job[Any]
) -> tuple[Ingestion, Any]:
    """Wait for the end of a job; return the value after it, and the result."""
    latest = evolve(ingestion, stage=stage, state=None, job=job.id)

    def progress(job: Job[Any]) -> None:
        nonlocal latest
        latest = evolve(latest, state=str(job.state))
        observer.changed(latest)

    observer.changed(latest)
    result = await job.wait(timeout=ingest.options.timeout, progress=progress)
    return evolve(latest, job=None, pending=None), result


STEPS: Mapping[IngestState, IngestStep] = {
    IngestState.NEW: check,
    IngestState.CHECKED: send_file,
    IngestState.STORED: register,
    IngestState.REGISTERING: register,
    IngestState.REGISTERED: wait_for_import,
    IngestState.IMPORTED: request_index,
    IngestState.INDEXING: wait_for_index,
    IngestState.INDEXED: request_summary,
    IngestState.SUMMARIZING: wait_for_summary,
}


async def walk(ingest: IngestContext, ingestion: Ingestion, observer: IngestObserver) -> Ingestion:
    """Take the steps that lead to the goal of the options."""
    while not ingestion.reached.includes(ingest.options.goal):
        ingestion = await STEPS[ingestion.reached](ingest, ingestion, observer)
        observer.changed(ingestion)
    return ingestion
