"""The stages that an item passes as a whole: look, settle, tag; and how it ends.

Law: effects on one person happen one after the other, in the order of the input; each is written down before the next.
"""

from collections.abc import Sequence

from attrs import evolve

from mi_async.api.persons import ThumbnailInput
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.work_item import END, Movable, code_of
from mi_async.bulk.enroll.decisions import promotes
from mi_async.bulk.enroll.upload_stages import EnrollContext, close, let_go, look
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload, Moves, given_up
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.records import UNREADABLE, AbandonedRecord, PictureRecord, Record
from mi_async.errors import APIError, ConflictError, MIError, UploadFailedError
from mi_async.media.image_source import name_of
from mi_async.workflows.attach import add_thumbnails, refuses_image, shows
from mi_async.workflows.context import known
from mi_async.workflows.enroll import MAX_PER_CREATE, create_person, find_person
from mi_async.workflows.upload import State

NAME_TAKEN = "50005"
"""The service's code for a name that somebody has already."""
NOT_THERE = "NOT_THERE"
"""Our code for a picture that the person was given and has no longer."""
REPLACED = "the picture is another one now, or not in the input any more"


async def look_first(means: EnrollContext, work: EnrollWork) -> Moves:
    """Find out what became of a person whose pictures were all there when a run ended; then read the pictures.

    Once a name has been refused as taken, others are likely to be: they are looked up before anything is uploaded.

    Raises:
        ConflictError: somebody else has the name.
    """
    confirmed = [row for row in work.rows.values() if row.state == State.CONFIRMED.value]
    await look(means, work, confirmed)
    if work.person.person_id is None and await find_person(means.context, work.item.key) is not None:
        raise ConflictError(409, NAME_TAKEN, "the name is in use", operation="persons.create")
    return tuple(("read", picture) for picture in work.pictures)


async def settle(means: EnrollContext, work: EnrollWork) -> Moves:
    """Give the pictures that are ready to the person, who is created if need be."""
    if not means.turns.may_go(work):
        return ()
    for first in (picture.same for picture in work.pictures):
        if first is not None and means.turns.has(first.work):  # it comes later in the input, but was read before
            following = means.turns.go_behind(work, first.work)
            return () if following is None else (("settle", following),)
    if not _take_over(work):
        work.dropped = True  # the run stops, and the first was left as the journal has it
        return ((END, work),)
    ready = work.with_state(State.CONFIRMED)
    for start in range(0, len(ready), MAX_PER_CREATE):
        await _give(means, work, ready[start : start + MAX_PER_CREATE])
    for picture in work.pictures:
        if promotes(work.item, picture.record):
            await _make_main(means, work, picture)
    work.look = False
    if work.enrolls and work.person.person_id is not None and work.missing_tags():
        return (("tag", work),)
    return ((END, work),)


async def _give(means: EnrollContext, work: EnrollWork, pictures: Sequence[ImageUpload]) -> None:
    """Give pictures to the person; the service does not say which image it refuses, so then each goes alone."""
    try:
        await _send(means, work, pictures)
    except APIError as error:
        if not refuses_image(error):
            raise
        if len(pictures) == 1:
            await _refuse(means, work, pictures[0], error)
            return
        for picture in sorted(pictures, key=lambda each: not each.primary):  # the main one creates the person
            await _give(means, work, [picture])


async def _send(means: EnrollContext, work: EnrollWork, pictures: Sequence[ImageUpload]) -> None:
    if work.person.person_id is None:
        await _create(means, work, pictures)
    else:
        await _attach(means, work, pictures)


async def _refuse(means: EnrollContext, work: EnrollWork, picture: ImageUpload, error: APIError) -> None:
    """Note that the service refuses an image; the person can do without it."""
    problem = work.add_problem(name_of(picture.source), error, transient=False)
    picture.record = given_up(known(picture.record), problem, transient=False)
    work.rows[picture.record.sha256] = picture.record
    await means.journal.write(picture.record)


async def _create(means: EnrollContext, work: EnrollWork, ready: Sequence[ImageUpload]) -> None:
    """Create the person with its first pictures, the first of which is the main one."""
    first = next((picture for picture in ready if picture.primary), ready[0])
    inputs = [ThumbnailInput(_key(picture), picture is first) for picture in ready]
    item = work.item
    description = item.description if isinstance(item, PersonInput) else None
    number = await create_person(means.context, item.key, description, inputs, look=work.look)
    work.person = evolve(work.person, person_id=number)
    await _attached(means, work, ready)


async def _attach(means: EnrollContext, work: EnrollWork, ready: Sequence[ImageUpload]) -> None:
    inputs = [ThumbnailInput(_key(picture), picture.primary) for picture in ready]
    await add_thumbnails(means.context, known(work.person.person_id), inputs, look=work.look)
    await _attached(means, work, ready)


async def _attached(means: EnrollContext, work: EnrollWork, pictures: Sequence[ImageUpload]) -> None:
    rows: list[PictureRecord] = []
    for picture in pictures:
        picture.upload = evolve(known(picture.upload), state=State.ATTACHED)
        picture.record = evolve(known(picture.record), state=State.ATTACHED.value, primary=picture.primary)
        work.rows[picture.record.sha256] = picture.record
        rows.append(picture.record)
    work.attached += len(rows)
    await means.journal.write(work.person, *rows)


def _take_over(work: EnrollWork) -> bool:
    """Pictures that another item has uploaded in the place of the work's end as they did there; whether they have."""
    for picture in work.pictures:
        first, picture.same = picture.same, None
        if first is None:
            continue
        if first.record is not None and first.record.state == State.ATTACHED.value:
            picture.record = first.record
        elif first.work.problems:
            work.take_over(picture, first)
        else:
            return False
    return True


async def _make_main(means: EnrollContext, work: EnrollWork, picture: ImageUpload) -> None:
    """Make a picture that the person has the main one.

    Raises:
        UploadFailedError: the person has it no longer.
    """
    persons, number = means.context.groups.persons, known(work.person.person_id)
    row = known(picture.record)
    key = known(row.thumbnail_key)
    found = [each.id for each in (await persons.get(number)).thumbnails if shows(each, key)]
    if not found:
        message = f"{picture.name}: cannot become the main picture, because the person has it no longer"
        raise UploadFailedError(message, reason=NOT_THERE, key=key)
    await persons.update(number, primary_thumbnail_id=found[0])
    picture.record = evolve(row, primary=True)
    work.rows[row.sha256] = picture.record
    work.promoted = True
    work.notes.append(f"{picture.name}: was there already, and is the main picture now")
    await means.journal.write(picture.record)


def _key(picture: ImageUpload) -> str:
    return known(known(picture.upload).key)


async def tag(means: EnrollContext, work: EnrollWork) -> Moves:
    """Give a person the tags that it has not got; to add one twice changes nothing."""
    names = work.missing_tags()
    numbers = await means.tag_ids.of(names)
    await means.context.groups.persons.add_tags(known(work.person.person_id), tag_ids=numbers)
    work.person = evolve(work.person, tags=(*work.person.tags, *names))
    work.tagged = True
    return ((END, work),)


async def end(means: EnrollContext, work: EnrollWork) -> BulkOutcome:
    """Write down how an item ended."""
    status = work.status()
    work.person = work.ended(status)
    await means.journal.write(work.person, *await _strays(means, work))
    return work.outcome(status)


async def _strays(means: EnrollContext, work: EnrollWork) -> list[Record]:
    """Let go of uploads whose pictures are not in the input any more, and tell of their keys."""
    key = work.item.key
    asked = [(key, row.sha256) for row in work.unclaimed() if not means.turns.claimed(key, row.sha256)]
    # what the work knows of them is as old as its admission, and others of the person may have ended since
    rows = [row for row in await means.journal.find_pictures(asked) if row.under_way] if asked else []
    left = [evolve(row, state=State.NEW.value, thumbnail_key=None, stored_at=0.0, code="", message="") for row in rows]
    work.rows |= {row.sha256: row for row in left}
    means.tally.abandoned += len(rows)
    return [*left, *[AbandonedRecord(known(row.thumbnail_key), key, row.source, REPLACED) for row in rows]]


async def give_up(means: EnrollContext, thing: Movable[EnrollWork], error: MIError, *, transient: bool) -> Moves:
    """A picture or an item has failed: for good, or for this run."""
    work = thing.work
    if not isinstance(thing, ImageUpload):
        await _give_up_work(means, work, error, transient=transient)
        return ((END, work),)
    let_go(means, thing)
    problem = work.add_problem(name_of(thing.source), error, transient=transient)
    row = thing.record or PictureRecord(work.item.key, UNREADABLE + problem.source, problem.source)
    row = given_up(row, problem, transient=transient)
    work.rows[row.sha256] = row
    await means.journal.write(row)
    return close(means, thing)


async def _give_up_work(means: EnrollContext, work: EnrollWork, error: MIError, *, transient: bool) -> None:
    problem = work.add_problem(work.item.origin, error, transient=transient)
    work.problems.insert(0, work.problems.pop())  # what stopped the person goes before what is wrong with a picture
    means.tally.taken = means.tally.taken or code_of(error) == NAME_TAKEN
    if transient or work.person.person_id is None:
        return  # the pictures are as they were, and wait for the person
    rows = [given_up(known(picture.record), problem, transient=False) for picture in work.with_state(State.CONFIRMED)]
    await means.journal.write(*rows)
