"""Comparison of a person with those who are there, between the upload of its images and its creation.

Invariant: the journal has whose images they are before that person is changed; a run that is killed in between goes on
with the same person. Nobody comes here in a run that compares nobody.
"""

from collections.abc import Callable

from mi_async._core.drafts import evolve
from mi_async.api.persons import Person
from mi_async.bulk.engine.work_item import END
from mi_async.bulk.enroll.decisions import FOUND
from mi_async.bulk.enroll.upload_stages import EnrollContext, advance
from mi_async.bulk.enroll.work import EnrollRoute, EnrollWork, ImageUpload, Moves, given_up
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.journal.records import OPEN
from mi_async.bulk.journal.salvage import UNCLEAR
from mi_async.errors import UploadFailedError
from mi_async.media.image_source import name_of
from mi_async.workflows.context import known
from mi_async.workflows.enroll_decisions import ImageDecision, LikenessDecision, decide_images
from mi_async.workflows.known_person import KnownPerson, alike, find_matches, person_known
from mi_async.workflows.upload import State

THERE = "the person has the image already"


async def compare(run: EnrollContext, work: EnrollWork) -> Moves:
    """Find out who looks like a person, before it is created; one whom it is gets the images.

    Raises:
        PersonKnownError: somebody does, and the caller is to say if it is the same person.
    """
    if run.found is not None:
        await _list(run, work, run.found)
        return ((END, work),)
    if work.person.person_id is None:
        await _find(run, work)
    if work.person.person_id is not None:
        await _complete(run, work, work.person.person_id)
    return ((EnrollRoute.SETTLE, work),)


async def _list(run: EnrollContext, work: EnrollWork, found: Callable[[KnownPerson], None]) -> None:
    """Say who looks like a person, and decide nothing."""
    ready = work.with_state(State.CONFIRMED)
    if work.person.person_id is not None or not ready:
        return
    matches = await find_matches(run.context, _key(work.first_of(ready)), run.likeness.score)
    if matches:
        found(KnownPerson(work.item.key, work.item.origin, matches))
    work.notes.append(f"compared only: {alike(matches)}" if matches else "compared only: nobody looks like it")


async def _find(run: EnrollContext, work: EnrollWork) -> None:
    ready = work.with_state(State.CONFIRMED)
    if not ready:
        return  # there is nothing to create the person with
    matches = await find_matches(run.context, _key(work.first_of(ready)), run.likeness.score)
    match run.likeness.decide(len(matches)):
        case LikenessDecision.ATTACH:
            work.person = evolve(work.person, person_id=matches[0].id, status=OPEN, code="", message=FOUND)
            await run.journal.write(work.person)
        case LikenessDecision.REFUSE:
            raise person_known(work.item.key, matches)
        case LikenessDecision.CREATE:
            pass


async def _complete(run: EnrollContext, work: EnrollWork, person_id: int) -> None:
    """Leave out images that the person has or may have."""
    work.existing = person = await run.context.groups.persons.get(person_id)
    ready = work.with_state(State.CONFIRMED)
    digests = [known(image.upload).image.digest for image in ready]
    plan = decide_images(digests, {}, person.thumbnails, from_media=person.name is None)
    for planned in plan:
        await _sort(run, ready[planned.number], planned.decision)
    if person.thumbnails:  # whose primary image stays the primary one
        for image in ready:
            image.primary = False


async def _sort(run: EnrollContext, image: ImageUpload, decision: ImageDecision) -> None:
    """Take an image out that is not given to the person."""
    match decision:
        case ImageDecision.KEEP:
            await advance(run, image, evolve(known(image.upload), state=State.ATTACHED, key=None), THERE)
        case ImageDecision.LEAVE:
            name = name_of(image.source)
            message = f"{name}: left out, the person may have it as a thumbnail of other software"
            error = UploadFailedError(message, reason=UNCLEAR, key=_key(image))
            problem = image.work.add_problem(name, error, transient=False)
            image.record = given_up(known(image.record), problem, transient=False)
            image.work.rows[image.record.sha256] = image.record
            await run.journal.write(image.record)
        case _:
            pass


async def name_existing(run: EnrollContext, work: EnrollWork, person: Person) -> None:
    """Give a name and a description to the person whom an item was found to be, where it has none.

    The images come before: a run that is killed in between finds a person without a name once more, whose thumbnails of
    unknown content keep no image back.
    """
    item, context = work.item, run.context
    wanted = item.description if isinstance(item, PersonInput) else None
    if person.name is not None and (wanted is None or person.description is not None):
        return
    # Of two items that meet an unnamed person, the second one finds it with the name of the first.
    async with context.image_locks.lock((context.groups.name, person.id, "")):
        person = await context.groups.persons.get(person.id)
        name = item.key if person.name is None else None
        description = wanted if person.description is None else None
        if name is not None or description is not None:
            await context.groups.persons.update(person.id, name=name, description=description)


def _key(image: ImageUpload) -> str:
    return known(known(image.upload).key)
