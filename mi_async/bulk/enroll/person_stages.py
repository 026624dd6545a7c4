"""Stages that an item passes as a whole: look up, settle, tag; and its end.

Invariant: effects on one person happen one after the other, in the order of the input; the journal has each before the
next one begins.
"""

from collections.abc import Sequence

from mi_async._core.drafts import evolve
from mi_async.api.persons import ThumbnailInput
from mi_async.bulk.engine.outcome import BulkOutcome, Status
from mi_async.bulk.engine.work_item import END, Movable, code_of
from mi_async.bulk.enroll.comparison import name_existing
from mi_async.bulk.enroll.decisions import promotes
from mi_async.bulk.enroll.upload_stages import EnrollContext, close, find_attached, release
from mi_async.bulk.enroll.work import EnrollRoute, EnrollWork, ImageUpload, Moves, given_up
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.records import AbandonedRecord, ImageRecord, Record, unread_key
from mi_async.errors import APIError, MIError, UploadFailedError
from mi_async.media.image_source import name_of
from mi_async.workflows.attach import add_thumbnails, refuses_image
from mi_async.workflows.context import known
from mi_async.workflows.enroll import MAX_PER_CREATE
from mi_async.workflows.enroll_decisions import PersonDecision, decide_person
from mi_async.workflows.named_person import NAME_TAKEN, create_person, find_person, name_taken
from mi_async.workflows.thumbnail_names import shows
from mi_async.workflows.upload import State

NOT_THERE = "NOT_THERE"
"""Our code for a thumbnail that the person was given and no longer has."""
REPLACED = "the image was replaced, or is no longer in the input"


async def look_up(run: EnrollContext, work: EnrollWork) -> Moves:
    """Find out what became of a person whose images were confirmed when a run ended; then read the images.

    Once a name was refused as taken, others are likely to be: they are looked up before anything is uploaded.

    Raises:
        ConflictError: somebody else has the name.
    """
    await find_attached(run, work, work.confirmed_rows)
    if work.person.person_id is None:
        found = await find_person(run.context, work.item.key)
        if found is not None and decide_person(exists=True) is PersonDecision.REFUSE:
            raise name_taken(found)
    return tuple((EnrollRoute.READ, image) for image in work.images)


async def settle(run: EnrollContext, work: EnrollWork) -> Moves:
    """Give the confirmed images to the person, who is created if need be."""
    if not run.order.may_go(work):
        return ()
    if (first := _unended(run, work)) is not None:  # it comes later in the input, but was read before
        return _settle_next(run.order.go_behind(work, first))
    if not _take_over(work):
        work.dropped = True  # the run stops, and the first was left as the journal has it
        return ((END, work),)
    ready = work.with_state(State.CONFIRMED)
    for start in range(0, len(ready), MAX_PER_CREATE):
        await _give(run, work, ready[start : start + MAX_PER_CREATE])
    for image in [each for each in work.images if promotes(work.item, each.record)]:
        await _make_primary(run, work, image)
    return await _after_images(run, work)


async def _after_images(run: EnrollContext, work: EnrollWork) -> Moves:
    """Name a person who was there, and go on to its tags."""
    if work.existing is not None:
        await _write_attached(run, work)
        await name_existing(run, work, work.existing)
    work.look = False
    if work.enrolls and work.person.person_id is not None and work.missing_tags():
        await _write_attached(run, work)
        return ((EnrollRoute.TAG, work),)
    return ((END, work),)


def _settle_next(work: EnrollWork | None) -> Moves:
    return () if work is None else ((EnrollRoute.SETTLE, work),)


def _unended(run: EnrollContext, work: EnrollWork) -> EnrollWork | None:
    """Return the item in flight that uploads an image in the place of this one."""
    firsts = (image.duplicate_of.work for image in work.images if image.duplicate_of is not None)
    return next(filter(run.order.has, firsts), None)


async def _give(run: EnrollContext, work: EnrollWork, images: Sequence[ImageUpload]) -> None:
    """Give images to the person; a refusal does not say which image it is about, so after one each goes alone."""
    try:
        await _send(run, work, images)
    except APIError as error:
        if not refuses_image(error):
            raise
        if len(images) == 1:
            await _refuse(run, work, images[0], error)
            return
        for image in sorted(images, key=lambda each: not each.primary):  # the primary one creates the person
            await _give(run, work, [image])


async def _send(run: EnrollContext, work: EnrollWork, images: Sequence[ImageUpload]) -> None:
    await _write_attached(run, work)
    if work.person.person_id is None:
        await _create(run, work, images)
    else:
        await _attach(run, work, images)


async def _refuse(run: EnrollContext, work: EnrollWork, image: ImageUpload, error: APIError) -> None:
    """Note that the service refuses an image; the person can do without it."""
    problem = work.add_problem(name_of(image.source), error, transient=False)
    image.record = given_up(known(image.record), problem, transient=False)
    work.rows[image.record.sha256] = image.record
    await run.journal.write(image.record)


async def _create(run: EnrollContext, work: EnrollWork, ready: Sequence[ImageUpload]) -> None:
    """Create the person with its first images, the first of which is the primary one."""
    first = work.first_of(ready)
    inputs = [ThumbnailInput(_key(image), image is first) for image in ready]
    item = work.item
    description = item.description if isinstance(item, PersonInput) else None
    number = await create_person(run.context, item.key, description, inputs, look=work.look)
    work.person = evolve(work.person, person_id=number)
    _attached(work, ready)


async def _attach(run: EnrollContext, work: EnrollWork, ready: Sequence[ImageUpload]) -> None:
    inputs = [ThumbnailInput(_key(image), image.primary) for image in ready]
    await add_thumbnails(run.context, known(work.person.person_id), inputs, look=work.look)
    _attached(work, ready)


def _attached(work: EnrollWork, images: Sequence[ImageUpload]) -> None:
    """Note that the person has these images; the next write has it, and nothing is sent before that."""
    for image in images:
        image.upload = evolve(known(image.upload), state=State.ATTACHED)
        image.record = evolve(known(image.record), state=State.ATTACHED.value, primary=image.primary)
        work.rows[image.record.sha256] = image.record
        work.unwritten.append(image.record)
    work.attached += len(images)


async def _write_attached(run: EnrollContext, work: EnrollWork) -> None:
    """Write down what was given to the person, before anything else is asked for; the end of an item writes it, too."""
    rows, work.unwritten = work.unwritten, []
    if rows:
        await run.journal.write(work.person, *rows)


def _take_over(work: EnrollWork) -> bool:
    """End images that another item has uploaded as they ended there; return False if it was dropped."""
    for image in work.images:
        first, image.duplicate_of = image.duplicate_of, None
        if first is None:
            continue
        if first.record is not None and first.record.state == State.ATTACHED.value:
            image.record = first.record
        elif first.work.problems:
            work.take_over(image, first)
        else:
            return False
    return True


async def _make_primary(run: EnrollContext, work: EnrollWork, image: ImageUpload) -> None:
    """Make an image that the person has the primary one.

    Raises:
        UploadFailedError: the person has it no longer.
    """
    await _write_attached(run, work)
    persons, number = run.context.groups.persons, known(work.person.person_id)
    row = known(image.record)
    key = known(row.thumbnail_key)
    found = [each.id for each in (await persons.get(number)).thumbnails if shows(each, key)]
    if not found:
        message = f"{image.name}: cannot become the primary image, because the person has it no longer"
        raise UploadFailedError(message, reason=NOT_THERE, key=key)
    await persons.update(number, primary_thumbnail_id=found[0])
    image.record = evolve(row, primary=True)
    work.rows[row.sha256] = image.record
    work.promoted = True
    work.notes.append(f"{image.name}: was there already, and is the primary image now")
    await run.journal.write(image.record)


def _key(image: ImageUpload) -> str:
    return known(known(image.upload).key)


async def tag(run: EnrollContext, work: EnrollWork) -> Moves:
    """Give a person the tags that it has not got; to add one twice changes nothing."""
    names = work.missing_tags()
    numbers = await run.tag_ids.of(names)
    await run.context.groups.persons.add_tags(known(work.person.person_id), tag_ids=numbers)
    work.person = evolve(work.person, tags=(*work.person.tags, *names))
    work.tagged = True
    return ((END, work),)


async def end(run: EnrollContext, work: EnrollWork) -> BulkOutcome:
    """Record the end of an item; one that was only compared stays open."""
    if run.found is not None:
        return work.outcome(work.status() if work.problems else Status.SKIPPED)
    left = await _abandon(run, work)
    status = work.status()
    work.person = work.ended(status)
    rows, work.unwritten = work.unwritten, []
    await run.journal.write(work.person, *rows, *left)
    return work.outcome(status)


async def _abandon(run: EnrollContext, work: EnrollWork) -> list[Record]:
    """Return rows that abandon uploads whose images are no longer in the input, and list their keys."""
    key = work.item.key
    asked = [(key, row.sha256) for row in work.unclaimed() if not run.order.claimed(key, row.sha256)]
    if not asked:
        return []
    await _write_attached(run, work)
    # what the work knows of them is as old as its admission, and others of the person may have ended since
    rows = [row for row in await run.journal.find_images(asked) if row.in_flight]
    left = [evolve(row, state=State.NEW.value, thumbnail_key=None, stored_at=0.0, code="", message="") for row in rows]
    work.rows |= {row.sha256: row for row in left}
    run.stats.abandoned += len(rows)
    return [*left, *[AbandonedRecord(known(row.thumbnail_key), key, row.source, REPLACED) for row in rows]]


async def give_up(run: EnrollContext, thing: Movable[EnrollWork], error: MIError, *, transient: bool) -> Moves:
    """Record the failure of an image or an item: for good, or with ``transient`` for this run."""
    work = thing.work
    if not isinstance(thing, ImageUpload):
        await _give_up_work(run, work, error, transient=transient)
        return ((END, work),)
    release(run, thing)
    problem = work.add_problem(name_of(thing.source), error, transient=transient)
    row = thing.record or ImageRecord(work.item.key, unread_key(problem.source), problem.source)
    row = given_up(row, problem, transient=transient)
    work.rows[row.sha256] = row
    await run.journal.write(row)
    return close(run, thing)


async def _give_up_work(run: EnrollContext, work: EnrollWork, error: MIError, *, transient: bool) -> None:
    problem = work.add_problem(work.item.origin, error, transient=transient)
    work.problems.insert(0, work.problems.pop())  # what stopped the person goes before what is wrong with an image
    run.stats.taken = run.stats.taken or code_of(error) == NAME_TAKEN
    if transient or work.person.person_id is None:
        return  # the images are as they were, and wait for the person
    rows = [given_up(known(image.record), problem, transient=False) for image in work.with_state(State.CONFIRMED)]
    await run.journal.write(*rows)
