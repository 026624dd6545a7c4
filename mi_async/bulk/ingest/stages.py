"""The stages that a media file passes, as functions: check, send, register, ask for the next job, wait for it.

Law: each takes a film one step on with the steps of ``workflows`` and ``storage``, writes that down, and says what is
next; what a crash may have left is found out before anything is repeated.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.engine.stats import RunStats
from mi_async.bulk.engine.work_item import END, Moves
from mi_async.bulk.ingest.work import AssetWork
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import Reached
from mi_async.errors import JobTimeoutError, MediaRejectedError, MIError, NotFoundError
from mi_async.media.limits import check_name, check_not_empty, inspect_media
from mi_async.storage.local_file import open_file
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.part_layout import PartLayout
from mi_async.storage.upload import SendProgress, send
from mi_async.workflows.context import Context, known
from mi_async.workflows.ingest.asset_index import AssetIndex, find_assets
from mi_async.workflows.ingest.object_marker import mark, older_than
from mi_async.workflows.ingest.register import register_once, reusable, still_there
from mi_async.workflows.ingest.resolve import ask_for_index, ask_for_summary
from mi_async.workflows.ingest.workflow import IngestOptions, already_there
from mi_async.workflows.jobs.job import import_job

NEXT = {
    Reached.NEW: "check",
    Reached.STORED: "register",
    Reached.REGISTERING: "register",
    Reached.REGISTERED: "import",
    Reached.IMPORTED: "analyse",
    Reached.INDEXED: "summarise",
}
"""The stage in which a film goes on; what has reached its goal goes nowhere."""


@define(eq=False)
class StageContext:
    """What the stages work with.

    Attributes:
        context: the workspace.
        store: Object Storage.
        journal: what is written down.
        tally: what is counted.
        wish: what is wanted of each.
        goal: how far each is to get.
        project_id: number of the project.
        shelf: what the project had before.
        folder: where records of unfinished uploads are kept.
        waiting: films that the service works at.
    """

    context: Context
    store: ObjectStore
    journal: Journal
    tally: RunStats
    wish: IngestOptions
    goal: Reached
    project_id: int
    asset_index: AssetIndex
    folder: Path
    waiting: int = field(init=False, default=0)


def goal_of(wish: IngestOptions) -> Reached:
    """How far each is to get."""
    if wish.summarize:
        return Reached.SUMMARIZED
    return Reached.INDEXED if wish.analyze else Reached.IMPORTED


def onward(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Where a film goes from where it is; one whose file is another by now begins with that."""
    if not film.is_same:
        return (("check", film),)
    if film.record.reached.includes(studio.goal):
        return ((END, film),)
    return ((NEXT[film.record.reached], film),)


async def take(studio: StageContext, film: AssetWork, reached: Reached, **changes: Any) -> Moves[AssetWork]:
    """Take a film to its next state: durable before anything else happens to it."""
    film.record = evolve(film.record, state=reached.value, **changes)
    await studio.journal.write(film.record)
    return onward(studio, film)


async def check(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Refuse what the service would refuse, as far as a header or the name of an object tells."""
    if film.is_stored:
        return await _check_object(studio, film)
    async with open_file(str(film.item.source)) as file:
        film.print = (file.size, file.fingerprint.modified)
        check_not_empty(file.size, file.name)
        if studio.context.validate:
            await asyncio.to_thread(inspect_media, file.read, file.size, file.name)
            check_name(film.place.key, film.print[0])
    return (("put" if PartLayout(file.size).is_single else "send", film),)


async def _check_object(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Find out about an object that is said to be there, unless a listing has told of it."""
    if film.print[0] == 0:
        head = await studio.store.head(film.place)
        if head is None:
            raise NotFoundError(404, "", f"{film.place}: there is no such object", operation="storage")
        film.print = (head.size, film.print[1])
    if studio.context.validate:
        check_name(film.place.key, film.print[0])
    row, (size, mtime_ns) = film.record, film.print
    rewritten = row.size != size or 0 not in {mtime_ns, row.mtime_ns, mtime_ns - row.mtime_ns}
    earlier = await studio.asset_index.find(film.place.key) if rewritten and row.reached is not Reached.NEW else None
    return await _stored(studio, film, earlier)


async def send_file(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Bring a file into the bucket, unless it is there; parts of an earlier run are not sent again."""
    before = 0

    def landed(sending: SendProgress) -> None:
        nonlocal before
        film.stored += sending.sent - before
        studio.tally.landed(sending.sent - before)
        before = sending.sent

    async with open_file(str(film.item.source)) as file:
        if film.print != (file.size, file.fingerprint.modified):
            message = f"{file.name}: changed since it was looked at"
            raise MediaRejectedError(message, source=file.name, reason="changed")
        async with studio.context.object_locks.turn(film.place):
            earlier = await studio.asset_index.find(film.place.key)
            beside = mark(studio.context, studio.project_id, earlier)
            sending = await send(studio.store, file, film.place, folder=studio.folder, sent=landed, metadata=beside)
    return await _stored(studio, film, None if sending.was_there else earlier)


async def _stored(studio: StageContext, film: AssetWork, earlier: Sequence[int] | None) -> Moves[AssetWork]:
    """The object is there.

    Args:
        studio: what the stages work with.
        film: whose it is.
        earlier: assets of its key that are older than the object; None if it was there, and what is known still holds.
    """
    row, (size, mtime_ns) = film.record, film.print
    if earlier is not None:
        anew: dict[str, Any] = {"asset_id": None, "earlier": tuple(earlier), "fresh": True}
        return await take(studio, film, Reached.STORED, size=size, mtime_ns=mtime_ns, **anew)
    if row.reached.includes(Reached.STORED):
        return await take(studio, film, row.reached, size=size, mtime_ns=mtime_ns)
    return await take(studio, film, Reached.STORED, size=size, mtime_ns=mtime_ns, asset_id=None)


async def register(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Take the asset that there is, or register the object: once, whatever became of an earlier try."""
    async with studio.context.object_locks.turn(film.place):
        number = await _registered(studio, film)
    return await take(studio, film, Reached.REGISTERED, asset_id=number)


async def _registered(studio: StageContext, film: AssetWork) -> int:
    context, project, row, key = studio.context, studio.project_id, film.record, film.place.key
    if row.reached is Reached.REGISTERING:  # nobody wrote down what came of it
        made = [number for number in await find_assets(context, project, key) if number not in row.earlier]
        if made:
            return made[0]
        earlier = row.earlier
    else:
        earlier = tuple(await studio.asset_index.find(key))
        if studio.wish.if_exists == "error" and (there := await still_there(context, project, earlier)):
            raise already_there(film.place, there)
        if studio.wish.if_exists == "reuse" and (number := await _reusable(studio, film, earlier)) is not None:
            film.reused = film.look = True
            return number
        await take(studio, film, Reached.REGISTERING, earlier=earlier)
    film.look = False
    return await register_once(context, project, film.place, earlier)


async def _reusable(studio: StageContext, film: AssetWork, found: Sequence[int]) -> int | None:
    """An asset that was made of this very object, and not of one that had its name before."""
    context, project, row = studio.context, studio.project_id, film.record
    if found and not row.fresh:
        older = older_than(context, project, await studio.store.head(film.place), found)
    else:
        older = frozenset(row.earlier)
    return await reusable(context, project, [number for number in found if number not in older], row.size)


async def wait_for_import(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Wait until the service has taken the object over."""
    film.job = import_job(studio.context, studio.project_id, known(film.record.asset_id), fresh=not film.look)
    return await _waited(studio, film, Reached.IMPORTED)


async def analyse(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Request the analysis, unless one is there or on its way."""
    number, options = known(film.record.asset_id), studio.wish.analysis or {}
    film.job = await ask_for_index(studio.context, studio.project_id, number, options, look=film.look)
    return (("index", film),)


async def wait_for_index(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Wait for the end of the analysis."""
    return await _waited(studio, film, Reached.INDEXED)


async def summarise(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Request texts for the scenes, unless they are there or on their way."""
    number, locale = known(film.record.asset_id), studio.wish.locale
    film.job = await ask_for_summary(studio.context, studio.project_id, number, locale, look=film.look)
    return (("summary", film),)


async def wait_for_summary(studio: StageContext, film: AssetWork) -> Moves[AssetWork]:
    """Wait for the texts."""
    return await _waited(studio, film, Reached.SUMMARIZED)


async def _waited(studio: StageContext, film: AssetWork, reached: Reached) -> Moves[AssetWork]:
    """Wait for the job; one that takes too long goes on, and the next run finds it."""
    studio.waiting += 1
    try:
        await known(film.job).wait()
    except JobTimeoutError as error:
        return given_up(film, error, transient=True)
    finally:
        studio.waiting -= 1
        film.job = None  # an index is large
    return await take(studio, film, reached)


def given_up(film: AssetWork, error: MIError, *, transient: bool) -> Moves[AssetWork]:
    """A film has failed: for good, or for this run."""
    film.add_problem("" if film.is_stored else str(film.item.source), error, transient=transient)
    return ((END, film),)


async def end(studio: StageContext, film: AssetWork) -> BulkOutcome:
    """Write down how it ended."""
    film.record = film.ended()
    await studio.journal.write(film.record)
    return film.outcome(Status(film.record.status))
