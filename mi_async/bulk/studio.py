"""The stages that a media file passes, as functions: check, send, register, ask for the next job, wait for it.

Law: each takes a film one step on with the steps of ``workflows`` and ``storage``, writes that down, and says what is
next; what a crash may have left is found out before anything is repeated.
"""

import asyncio
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from mi_async.bulk.errand import END, Moves
from mi_async.bulk.film import Film
from mi_async.bulk.journal import Journal
from mi_async.bulk.outcome import BulkOutcome, Status
from mi_async.bulk.records import Reached
from mi_async.bulk.shelf import Shelf
from mi_async.bulk.tally import Tally
from mi_async.errors import AlreadyExistsError, JobTimeoutError, MediaRejectedError, MIError, NotFoundError
from mi_async.storage.cut import Cut
from mi_async.storage.file import LocalFile
from mi_async.storage.send import Sending, send
from mi_async.storage.store import Store
from mi_async.workflows.context import Context, known
from mi_async.workflows.ingest import Wish
from mi_async.workflows.jobs import import_job
from mi_async.workflows.kinds import JobPhase
from mi_async.workflows.media import check_media, check_name, read_header
from mi_async.workflows.onward import ask_for_index, ask_for_summary, candidates
from mi_async.workflows.register import find_assets, register_once

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
class Studio:
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
    store: Store
    journal: Journal
    tally: Tally
    wish: Wish
    goal: Reached
    project_id: int
    shelf: Shelf
    folder: Path
    waiting: int = field(init=False, default=0)


def goal_of(wish: Wish) -> Reached:
    """How far each is to get."""
    if wish.summarize:
        return Reached.SUMMARIZED
    return Reached.INDEXED if wish.analyze else Reached.IMPORTED


def onward(studio: Studio, film: Film) -> Moves:
    """Where a film goes from where it is; one whose file is another by now begins with that."""
    if not film.is_same:
        return (("check", film),)
    if film.record.reached.includes(studio.goal):
        return ((END, film),)
    return ((NEXT[film.record.reached], film),)


async def take(studio: Studio, film: Film, reached: Reached, **changes: Any) -> Moves:
    """Take a film to its next state: durable before anything else happens to it."""
    film.record = evolve(film.record, state=reached.value, **changes)
    await studio.journal.write(film.record)
    return onward(studio, film)


async def check(studio: Studio, film: Film) -> Moves:
    """Refuse what the service would refuse, as far as a header or the name of an object tells."""
    if film.is_stored:
        return await _check_object(studio, film)
    file = await asyncio.to_thread(LocalFile.open, str(film.item.source))
    with file:
        film.print = (file.size, file.fingerprint.modified)
        if studio.context.validate:
            check_media(await asyncio.to_thread(read_header, file.read, file.size), file.size, file.name)
    return (("put" if Cut(file.size).is_single else "send", film),)


async def _check_object(studio: Studio, film: Film) -> Moves:
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
    return await _stored(studio, film, was_there=row.reached is Reached.NEW or not rewritten)


async def send_file(studio: Studio, film: Film) -> Moves:
    """Bring a file into the bucket, unless it is there; parts of an earlier run are not sent again."""
    before = 0

    def landed(sending: Sending) -> None:
        nonlocal before
        film.stored += sending.sent - before
        studio.tally.landed(sending.sent - before)
        before = sending.sent

    file = await asyncio.to_thread(LocalFile.open, str(film.item.source))
    with file:
        if film.print != (file.size, file.fingerprint.modified):
            message = f"{file.name}: changed since it was looked at"
            raise MediaRejectedError(message, source=file.name, reason="changed")
        sending = await send(studio.store, file, film.place, folder=studio.folder, sent=landed)
    return await _stored(studio, film, was_there=sending.was_there)


async def _stored(studio: Studio, film: Film, *, was_there: bool) -> Moves:
    """The object is there. If it always was, then what is known of its asset still holds."""
    size, mtime_ns = film.print
    if was_there and film.record.reached.includes(Reached.STORED):
        return await take(studio, film, film.record.reached, size=size, mtime_ns=mtime_ns)
    fresh = not was_there or film.record.fresh
    anew: dict[str, Any] = {"asset_id": None, "earlier": (), "fresh": fresh}
    return await take(studio, film, Reached.STORED, size=size, mtime_ns=mtime_ns, **anew)


async def register(studio: Studio, film: Film) -> Moves:
    """Take the asset that there is, or register the object: once, whatever became of an earlier try."""
    context, row, key = studio.context, film.record, film.place.key
    if row.reached is Reached.REGISTERING:  # nobody wrote down what came of it
        made = [a for a in await find_assets(context, studio.project_id, key) if a.asset_id not in row.earlier]
        if made:
            return await take(studio, film, Reached.REGISTERED, asset_id=made[0].asset_id)
        earlier = row.earlier
    else:
        found = await studio.shelf.find(key)
        earlier = tuple([asset.asset_id for asset in found])
        if found and studio.wish.if_exists == "error":
            message = f"the project has assets of {key!r} already: {', '.join(map(str, earlier))}"
            raise AlreadyExistsError(message, existing=earlier)
        if studio.wish.if_exists == "reuse" and not row.fresh:
            for asset in candidates(found, row.size):
                job = import_job(context, studio.project_id, asset.asset_id, fresh=False)
                await job.refresh()
                if job.phase is not JobPhase.FAILED:
                    film.reused = film.look = True
                    return await take(studio, film, Reached.REGISTERED, asset_id=asset.asset_id)
        await take(studio, film, Reached.REGISTERING, earlier=earlier)
    number = await register_once(context, studio.project_id, film.place, earlier)
    film.look = False
    return await take(studio, film, Reached.REGISTERED, asset_id=number)


async def wait_for_import(studio: Studio, film: Film) -> Moves:
    """Wait until the service has taken the object over."""
    film.job = import_job(studio.context, studio.project_id, known(film.record.asset_id), fresh=not film.look)
    return await _waited(studio, film, Reached.IMPORTED)


async def analyse(studio: Studio, film: Film) -> Moves:
    """Request the analysis, unless one is there or on its way."""
    number, options = known(film.record.asset_id), studio.wish.analysis or {}
    film.job = await ask_for_index(studio.context, studio.project_id, number, options, look=film.look)
    return (("index", film),)


async def wait_for_index(studio: Studio, film: Film) -> Moves:
    """Wait for the end of the analysis."""
    return await _waited(studio, film, Reached.INDEXED)


async def summarise(studio: Studio, film: Film) -> Moves:
    """Request texts for the scenes, unless they are there or on their way."""
    number, locale = known(film.record.asset_id), studio.wish.locale
    film.job = await ask_for_summary(studio.context, studio.project_id, number, locale, look=film.look)
    return (("summary", film),)


async def wait_for_summary(studio: Studio, film: Film) -> Moves:
    """Wait for the texts."""
    return await _waited(studio, film, Reached.SUMMARIZED)


async def _waited(studio: Studio, film: Film, reached: Reached) -> Moves:
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


def given_up(film: Film, error: MIError, *, transient: bool) -> Moves:
    """A film has failed: for good, or for this run."""
    film.add_problem("" if film.is_stored else str(film.item.source), error, transient=transient)
    return ((END, film),)


async def end(studio: Studio, film: Film) -> BulkOutcome:
    """Write down how it ended."""
    film.record = film.ended()
    await studio.journal.write(film.record)
    return film.outcome(Status(film.record.status))
