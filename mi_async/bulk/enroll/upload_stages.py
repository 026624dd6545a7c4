"""The stages that a picture passes, as functions: read, resume, presign, put, check.

Law: each takes a picture one step on with the steps of ``workflows``, writes that down, and says what is next; what a
crash may have left is found out before anything is repeated.
"""

from functools import partial

from attrs import evolve, frozen

from mi_async.bulk.engine.circuit_breaker import CircuitBreaker
from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.bulk.engine.stats import RunStats
from mi_async.bulk.enroll.adaptive_limit import AdaptiveLimit
from mi_async.bulk.enroll.decisions import ImageDecision, decide_image
from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.bulk.enroll.tag_ids import TagIds
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload, Moves, recorded
from mi_async.bulk.images.loading import Load, without_content
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import FAILED, MENDED, UNREADABLE, AbandonedRecord, PictureRecord, Record
from mi_async.errors import MIError
from mi_async.media.image_check import Image
from mi_async.workflows import upload as uploads
from mi_async.workflows.attach import shows
from mi_async.workflows.context import Context, known
from mi_async.workflows.enroll import find_ours
from mi_async.workflows.upload import State, Upload

UNSURE = "its upload failed, and may have arrived all the same"

KEY_LIFE = 23 * 3600.0
"""Seconds from its upload for which a key is trusted: the service keeps it for 24 hours, and things take time."""


@frozen
class EnrollContext:
    """What the stages work with.

    Attributes:
        context: the workspace.
        journal: what is written down.
        pool: the gate around uploads.
        schedule: when completion is checked.
        turns: what is under way.
        tally: what is counted.
        load: how pictures are read.
        tag_ids: numbers of the tags.
    """

    context: Context
    journal: Journal
    pool: AdaptiveLimit
    schedule: Schedule
    turns: PersonOrder
    tally: RunStats
    load: Load
    tag_ids: TagIds


async def read(means: EnrollContext, picture: ImageUpload) -> Moves:
    """Read an image, once it has a slot and room in memory; a known one goes on from where it was."""
    work = picture.work
    if not picture.in_pool:  # else this is another try, after the machine was out of a resource
        await means.pool.enter()
        picture.in_pool = True
    if not picture.in_memory:
        await means.context.held.acquire()
        picture.in_memory = True
    loaded = await means.load(picture.source)
    name = loaded.image.name
    if (first := means.turns.claim(picture, loaded.sha256)) is not picture:
        work.notes.append(f"{name}: the same image as {first.name}")
        return _leave_to(means, picture, first)
    await _know(means, work, loaded.sha256, name)
    before = work.rows.get(loaded.sha256, PictureRecord(work.item.key, loaded.sha256, name))
    row = evolve(before, source=name, size=loaded.size, mtime_ns=loaded.mtime_ns, note=loaded.note)
    picture.record, picture.upload = row, _resumed(row, loaded.image, picture.primary)
    if loaded.note:
        work.notes.append(f"{name}: {loaded.note}")
    match decide_image(row):
        case ImageDecision.UPLOAD:
            return (("presign", picture),)
        case ImageDecision.RESUME:
            return (("resume", picture),)
        case ImageDecision.RECALL:
            work.recall(row)
        case ImageDecision.KEEP if row != before:  # the file was touched or moved: the next run need not read it again
            await means.journal.write(row)
    return close(means, picture)


def _leave_to(means: EnrollContext, picture: ImageUpload, first: ImageUpload) -> Moves:
    """Leave an image to another upload of the same content for the same person."""
    if first.work is picture.work:
        first.primary = first.primary or picture.primary
    else:
        picture.same = first
    return close(means, picture)


async def _know(means: EnrollContext, work: EnrollWork, sha256: str, name: str) -> None:
    """Have the picture's rows at hand, and let go of what is out of date."""
    if not work.enrolls:  # a person may have any number of pictures by now: only this one's rows are looked at
        keys = [(work.item.key, sha256), (work.item.key, UNREADABLE + name)]
        work.rows |= {row.sha256: row for row in await means.journal.find_pictures(keys)}
    stale = work.rows.get(UNREADABLE + name)
    if stale is not None and stale.state == FAILED:
        work.rows[stale.sha256] = mended = evolve(stale, state=MENDED, code="", message="")
        await means.journal.write(mended)


def _resumed(row: PictureRecord, image: Image, primary: bool) -> Upload:
    """An upload as the journal has it."""
    state = State(row.state) if row.state != FAILED else State.NEW
    return Upload(image, primary=primary, state=state, key=row.thumbnail_key)


async def resume(means: EnrollContext, picture: ImageUpload) -> Moves:
    """Find out how far a picture got before the run that began it ended; start over what cannot be carried on."""
    work, row = picture.work, known(picture.record)
    if row.state == State.CONFIRMED.value:
        if not work.enrolls:  # for a person to enroll, the stage "look" has done it
            await look(means, work, [row])
        row = work.rows[row.sha256]
        if row.state == State.ATTACHED.value:
            await take(means, picture, evolve(known(picture.upload), state=State.ATTACHED))
            return close(means, picture)
        return close(means, picture) if _good(means, row) else await _start_over(means, picture, "its key has lapsed")
    upload = evolve(known(picture.upload), state=State.STORED)
    upload = await uploads.check(means.context, upload)
    means.tally.check(done=upload.state is State.CONFIRMED)
    if upload.state is State.CONFIRMED:
        # nobody knows when one of which only the key was known was stored: it counts as the oldest that can be there
        oldest = means.context.clock.wall() - means.context.clock.real(KEY_LIFE)
        picture.record = evolve(row, stored_at=row.stored_at or oldest)
        await take(means, picture, upload)
        return close(means, picture)
    young = means.context.clock.wall() - row.stored_at < means.context.clock.real(means.schedule.timeout)
    if row.state == State.STORED.value and young:
        picture.stored = means.context.clock.monotonic()
        let_go(means, picture)
        return (("confirm", picture),)
    return await _start_over(means, picture, "the run ended while it was under way")


def _good(means: EnrollContext, row: PictureRecord) -> bool:
    return means.context.clock.wall() - row.stored_at < means.context.clock.real(KEY_LIFE)


async def _start_over(means: EnrollContext, picture: ImageUpload, reason: str) -> Moves:
    await take(means, picture, evolve(known(picture.upload), state=State.NEW, key=None, url=None), reason)
    return (("presign", picture),)


async def look(means: EnrollContext, work: EnrollWork, rows: list[PictureRecord]) -> None:
    """Find out whether pictures that were confirmed have been given to the person before the last run ended."""
    context, keys = means.context, [known(row.thumbnail_key) for row in rows]
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
    await means.journal.write(work.person, *attached)


async def presign(means: EnrollContext, picture: ImageUpload) -> Moves:
    """Get a URL, just before it is needed; its key is written down before anything is sent to it."""
    await uploads.presign(means.context, known(picture.upload), partial(take, means, picture))
    return (("put", picture),)


async def put(means: EnrollContext, picture: ImageUpload) -> Moves:
    """Store a picture, with a fresh URL where the first was used up, and let its content go."""
    upload = known(picture.upload)
    took = partial(take, means, picture, reason=UNSURE)
    if upload.tries:  # the stage was tried before: what its URLs brought about is not known
        upload = await took(evolve(upload, state=State.NEW, key=None, url=None, tries=0))
    if upload.state is State.NEW:
        upload = await uploads.presign(means.context, upload, took)
    picture.upload = evolve(upload, tries=1)  # as the next try of the stage is to find it
    upload = await uploads.put(means.context, upload, took)
    picture.stored = means.context.clock.monotonic()
    if upload.state is State.CONFIRMED:  # its answer was lost, and a check has found it there
        means.tally.check(done=True)
    let_go(means, picture)
    return (("confirm", picture),) if upload.state is State.STORED else close(means, picture)


async def confirm(means: EnrollContext, picture: ImageUpload, outage: CircuitBreaker) -> Moves:
    """Check once whether the service has taken a picture over; if it has not yet, it waits for its next check."""
    first = picture.checks == 0
    picture.checks += 1
    try:
        upload = await uploads.check(means.context, known(picture.upload))
    except MIError as error:
        if kind(error) is not FailureKind.TRANSIENT:
            raise
        if not outage.failure(error) and _waited(means, picture, outage) >= means.schedule.timeout:
            raise
        return (("confirm", picture),)
    outage.success()
    done = upload.state is State.CONFIRMED
    means.tally.check(done=done)
    if first:
        means.pool.saw_first(done=done)
    if done:
        await take(means, picture, upload)
        return close(means, picture)
    if _waited(means, picture, outage) >= means.schedule.timeout:
        raise uploads.late(upload, means.schedule.timeout)
    return (("confirm", picture),)


def _waited(means: EnrollContext, picture: ImageUpload, outage: CircuitBreaker) -> float:
    """Seconds for which the service could have told that a picture is there: an outage is not held against it."""
    return means.context.clock.monotonic() - max(picture.stored, outage.back)


async def take(means: EnrollContext, picture: ImageUpload, upload: Upload, reason: str = "") -> Upload:
    """Take a picture to its next state: durable before anything else happens to it."""
    before = known(picture.record).thumbnail_key
    picture.upload = upload
    picture.record = recorded(picture, means.context.clock.wall())
    picture.work.rows[picture.record.sha256] = picture.record
    rows: list[Record] = [picture.record]
    if before is not None and upload.key != before:
        means.tally.abandoned += 1
        rows.append(AbandonedRecord(before, picture.work.item.key, picture.record.source, reason))
    await means.journal.write(*rows)
    return upload


def close(means: EnrollContext, picture: ImageUpload) -> Moves:
    """A picture is as far as it gets by itself; the last one of a work takes that on."""
    work = picture.work
    let_go(means, picture)
    if picture.in_pool:
        picture.in_pool = False
        means.pool.leave()
    work.open -= 1
    return (("settle", work),) if work.open == 0 else ()


def let_go(means: EnrollContext, picture: ImageUpload) -> None:
    """The content of a picture is not needed any more: it is read only once, and has no place in a work that waits."""
    if picture.in_memory:
        picture.in_memory = False
        means.context.held.release()
        picture.source = without_content(picture.source)
        if picture.upload is not None:
            picture.upload = evolve(picture.upload, image=picture.upload.image.let_go())
