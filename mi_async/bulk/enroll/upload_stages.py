"""Stages that an image passes, as functions: read, resume, presign, put, confirm.

Invariant: each takes one step of ``workflows`` and returns where the image goes next. The journal has a step before the
next one begins: a run that is killed in between looks at the service before it repeats anything.
"""

from collections.abc import Callable
from functools import partial

from attrs import frozen

from mi_async._core.drafts import evolve
from mi_async.bulk.engine.circuit_breaker import CircuitBreaker
from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.bulk.engine.stats import RunStats
from mi_async.bulk.enroll.adaptive_limit import AdaptiveLimit
from mi_async.bulk.enroll.decisions import decide_row
from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.bulk.enroll.tag_ids import TagIds
from mi_async.bulk.enroll.work import EnrollRoute, EnrollWork, ImageUpload, Moves, recorded
from mi_async.bulk.images.loading import Load, without_content
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import FAILED, MENDED, AbandonedRecord, ImageRecord, Record, unread_key
from mi_async.errors import MIError
from mi_async.media.image_check import Image
from mi_async.workflows import upload as uploads
from mi_async.workflows.context import Context, known
from mi_async.workflows.enroll_decisions import ImageDecision
from mi_async.workflows.known_person import KnownPerson, Likeness
from mi_async.workflows.named_person import find_ours
from mi_async.workflows.thumbnail_names import shows
from mi_async.workflows.upload import State, Upload

AMBIGUOUS = "its upload failed, and may have arrived all the same"

KEY_LIFE = 23 * 3600.0
"""Seconds from its upload for which a key is trusted.

The service drops a key 24 hours after its upload, and a person is created with up to 100 of them in one request: the
last of them must still be there when that is sent, after a queue of any length.
"""


@frozen
class EnrollContext:
    """Dependencies of the stages.

    Attributes:
        context: the workspace.
        journal: has each step before the next one begins.
        limit: on uploads in flight.
        schedule: of completion checks.
        order: the items in flight, by person.
        stats: counts of the run.
        load: reads an image.
        tag_ids: IDs of tags by name.
        likeness: comparison of persons before they are created.
        found: is called with each person whom somebody looks like, in a run that only compares; None in any other.
    """

    context: Context
    journal: Journal
    limit: AdaptiveLimit
    schedule: Schedule
    order: PersonOrder
    stats: RunStats
    load: Load
    tag_ids: TagIds
    likeness: Likeness
    found: Callable[[KnownPerson], None] | None = None


async def read(run: EnrollContext, image: ImageUpload) -> Moves:
    """Read an image, once it has a slot and room in memory; a known one resumes at its recorded state."""
    work = image.work
    if not image.has_slot:  # else this is another try, after the machine was out of a resource
        await run.limit.acquire()
        image.has_slot = True
    if not image.is_held:
        await run.context.held.acquire()
        image.is_held = True
    loaded = await run.load(image.source)
    name = loaded.image.name
    if (first := run.order.claim(image, loaded.sha256)) is not image:
        work.notes.append(f"{name}: the same image as {first.name}")
        return _leave_to(run, image, first)
    await _know(run, work, loaded.sha256, name)
    before = work.rows.get(loaded.sha256, ImageRecord(work.item.key, loaded.sha256, name))
    row = evolve(before, source=name, size=loaded.size, mtime_ns=loaded.mtime_ns, note=loaded.note)
    image.record, image.upload = row, _resumed(row, loaded.image, image.primary)
    if loaded.note:
        work.notes.append(f"{name}: {loaded.note}")
    match decide_row(row):
        case ImageDecision.UPLOAD:
            return ((EnrollRoute.PRESIGN, image),)
        case ImageDecision.RESUME:
            return ((EnrollRoute.RESUME, image),)
        case ImageDecision.RECALL:
            work.recall(row)
        case ImageDecision.KEEP | ImageDecision.LEAVE:
            if row != before:  # the file was touched or moved: the next run need not read it again
                await run.journal.write(row)
    return close(run, image)


def _leave_to(run: EnrollContext, image: ImageUpload, first: ImageUpload) -> Moves:
    """Leave an image to another upload of the same content for the same person."""
    if first.work is image.work:
        first.primary = first.primary or image.primary
    else:
        image.duplicate_of = first
    return close(run, image)


async def _know(run: EnrollContext, work: EnrollWork, sha256: str, name: str) -> None:
    """Fetch the rows of an image, and mend that of a source which could not be read once."""
    if not work.enrolls:  # a person may have any number of images: only this one's rows are asked for
        keys = [(work.item.key, sha256), (work.item.key, unread_key(name))]
        work.rows |= {row.sha256: row for row in await run.journal.find_images(keys)}
    stale = work.rows.get(unread_key(name))
    if stale is not None and stale.state != MENDED:
        work.rows[stale.sha256] = mended = evolve(stale, state=MENDED, code="", message="")
        await run.journal.write(mended)


def _resumed(row: ImageRecord, image: Image, primary: bool) -> Upload:
    """Return an upload as the journal has it."""
    state = State(row.state) if row.state != FAILED else State.NEW
    return Upload(image, primary=primary, state=state, key=row.thumbnail_key)


async def resume(run: EnrollContext, image: ImageUpload) -> Moves:
    """Find out how far an image got before the run that began it ended; start over what cannot be resumed."""
    work, row = image.work, known(image.record)
    if row.state == State.CONFIRMED.value:
        if not work.enrolls:  # for a person to enroll, the stage "look" has done it
            await find_attached(run, work, [row])
        row = work.rows[row.sha256]
        if row.state == State.ATTACHED.value:
            await advance(run, image, evolve(known(image.upload), state=State.ATTACHED))
            return close(run, image)
        return close(run, image) if _good(run, row) else await _start_over(run, image, "its key has expired")
    upload = evolve(known(image.upload), state=State.STORED)
    upload = await uploads.check(run.context, upload)
    run.stats.check(done=upload.state is State.CONFIRMED)
    if upload.state is State.CONFIRMED:
        # Earlier versions left no time of an upload that was killed between its PUT and its record. Its key counts as
        # the oldest that the service can still have: it is used now or started over, and never after it has expired.
        oldest = run.context.clock.wall() - run.context.clock.real(KEY_LIFE)
        image.record = evolve(row, stored_at=row.stored_at or oldest)
        await advance(run, image, upload)
        return close(run, image)
    young = run.context.clock.wall() - row.stored_at < run.context.clock.real(run.schedule.timeout)
    if row.state == State.STORED.value and young:
        image.stored = run.context.clock.monotonic()
        release(run, image)
        return ((EnrollRoute.CONFIRM, image),)
    return await _start_over(run, image, "the run ended while it was in flight")


def _good(run: EnrollContext, row: ImageRecord) -> bool:
    return run.context.clock.wall() - row.stored_at < run.context.clock.real(KEY_LIFE)


async def _start_over(run: EnrollContext, image: ImageUpload, reason: str) -> Moves:
    await advance(run, image, evolve(known(image.upload), state=State.NEW, key=None, url=None), reason)
    return ((EnrollRoute.PRESIGN, image),)


async def find_attached(run: EnrollContext, work: EnrollWork, rows: list[ImageRecord]) -> None:
    """Mark confirmed images as attached if the person has them.

    A run that is killed between the answer to an attach and its record leaves them confirmed; to attach one again would
    double it. The file name in the thumbnail's URL is unique, so the person tells.
    """
    context, keys = run.context, [known(row.thumbnail_key) for row in rows]
    if not keys:
        return
    if work.person.person_id is None:
        person = await find_ours(context, work.item.key, keys)
    else:
        person = await context.groups.persons.get(work.person.person_id)
    if person is None:
        return
    work.person = evolve(work.person, person_id=person.id)
    found = [row for row, key in zip(rows, keys, strict=True) if any(shows(t, key) for t in person.thumbnails)]
    attached = [evolve(row, state=State.ATTACHED.value) for row in found]
    work.rows |= {row.sha256: row for row in attached}
    await run.journal.write(work.person, *attached)


async def presign(run: EnrollContext, image: ImageUpload) -> Moves:
    """Get a URL, just before it is needed; the journal has its key before anything is sent to it."""
    await uploads.presign(run.context, known(image.upload), partial(advance, run, image))
    return ((EnrollRoute.PUT, image),)


async def put(run: EnrollContext, image: ImageUpload) -> Moves:
    """Store an image and free its bytes; a used URL is replaced by a fresh one."""
    upload = known(image.upload)
    took = partial(advance, run, image, reason=AMBIGUOUS)
    # A presigned URL is good for one PUT. If the stage is tried again, nobody knows what became of its URL: the key is
    # reported as abandoned and the image goes up under a fresh one, so that no thumbnail is attached that is not ours.
    if upload.tries:
        upload = await took(evolve(upload, state=State.NEW, key=None, url=None, tries=0))
    if upload.state is State.NEW:
        upload = await uploads.presign(run.context, upload, took)
    image.upload = evolve(upload, tries=1)  # the next try of the stage finds it used
    upload = await uploads.put(run.context, upload, took)
    image.stored = run.context.clock.monotonic()
    if upload.state is State.CONFIRMED:  # its answer was lost, and a check has found it there
        run.stats.check(done=True)
    release(run, image)
    return ((EnrollRoute.CONFIRM, image),) if upload.state is State.STORED else close(run, image)


async def confirm(run: EnrollContext, image: ImageUpload, breaker: CircuitBreaker) -> Moves:
    """Check once if the service has processed an image; if not, it waits for its next check."""
    first = image.checks == 0
    image.checks += 1
    try:
        upload = await uploads.check(run.context, known(image.upload))
    except MIError as error:
        if kind(error) is not FailureKind.TRANSIENT:
            raise
        if not breaker.failure(error) and _waited(run, image, breaker) >= run.schedule.timeout:
            raise
        return ((EnrollRoute.CONFIRM, image),)
    breaker.success()
    done = upload.state is State.CONFIRMED
    run.stats.check(done=done)
    if first:
        run.limit.first_check(done=done)
    if done:
        await advance(run, image, upload)
        return close(run, image)
    if _waited(run, image, breaker) >= run.schedule.timeout:
        raise uploads.late(upload, run.schedule.timeout)
    return ((EnrollRoute.CONFIRM, image),)


def _waited(run: EnrollContext, image: ImageUpload, breaker: CircuitBreaker) -> float:
    """Return the seconds for which the service could have said that an image is there; an outage does not count."""
    return run.context.clock.monotonic() - max(image.stored, breaker.back)


async def advance(run: EnrollContext, image: ImageUpload, upload: Upload, reason: str = "") -> Upload:
    """Write the next state of an image down before anything else happens to it.

    The old key of an upload that is started over goes into the same transaction: killed at any instant, a run has
    either the old row with its key or the new one with the key listed as abandoned.
    """
    before = known(image.record).thumbnail_key
    image.upload = upload
    image.record = recorded(image, run.context.clock.wall())
    image.work.rows[image.record.sha256] = image.record
    rows: list[Record] = [image.record]
    if before is not None and upload.key != before:
        run.stats.abandoned += 1
        rows.append(AbandonedRecord(before, image.work.item.key, image.record.source, reason))
    await run.journal.write(*rows)
    return upload


def close(run: EnrollContext, image: ImageUpload) -> Moves:
    """End the way of an image by itself and give back its slot; after the last one the item is compared or settled."""
    work = image.work
    release(run, image)
    if image.has_slot:
        image.has_slot = False
        run.limit.release()
    work.open -= 1
    if work.open:
        return ()
    return ((EnrollRoute.COMPARE if work.compares else EnrollRoute.SETTLE, work),)


def release(run: EnrollContext, image: ImageUpload) -> None:
    """Free the image bytes; a queued item must not hold them."""
    if image.is_held:
        image.is_held = False
        run.context.held.release()
        image.source = without_content(image.source)
        if image.upload is not None and image.upload.image.content:
            image.upload = evolve(image.upload, image=image.upload.image.let_go())
