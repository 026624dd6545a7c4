"""Enroll a person: images uploaded, tags ensured, the person created with all of it, once.

Invariant: everything that can be refused without a request is refused before the first one, and a name that is in use
before anything is uploaded; an ambiguous create is settled by looking the name up; an error says what exists already.
"""

import logging
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from attrs import define, evolve, field

from mi_async._core.concurrency import each
from mi_async._core.names import clean_name
from mi_async.api.persons import Person, PersonThumbnail, ThumbnailInput
from mi_async.argument_types import IfPersonExists, Progress
from mi_async.errors import APIError, ConflictError, InvalidArgumentError, MIError
from mi_async.media.image_source import CheckedSource, Source, check_image, load_image, loading_as
from mi_async.text import escaped
from mi_async.workflows.attach import add_one_by_one, add_thumbnails, refuses_image
from mi_async.workflows.context import Context, known, refuse_async
from mi_async.workflows.effects import Effects, Resumed, effects_of
from mi_async.workflows.enroll_decisions import (
    ImageDecision,
    PersonDecision,
    PlannedImage,
    check_if_exists,
    decide_images,
    decide_person,
    doubled,
    unassigned_tags,
)
from mi_async.workflows.named_person import NAME_TAKEN, create_person, find_person, is_filter, name_taken
from mi_async.workflows.tags import ensure_tags
from mi_async.workflows.thumbnail_names import shown_digest, shows
from mi_async.workflows.upload import State, Upload
from mi_async.workflows.upload_thumbnail import ImageLoader, bring
from mi_async.workflows.wanted_person import WantedPerson, wanted_person

_log = logging.getLogger(__name__)

MAX_PER_CREATE = 100


async def enroll_person(
    context: Context,
    name: str,
    sources: Iterable[Source],
    *,
    description: str | None = None,
    tags: Iterable[str] = (),
    if_exists: IfPersonExists = "error",
    resume: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    load: ImageLoader = load_image,
    one_by_one: bool = False,
) -> Person:
    """Create a person with images, the first being the primary one, and tags; see ``Workspace.enroll_person``."""
    wanted = wanted_person(name, description, tags, sources, validate=context.validate)
    check_if_exists(if_exists)
    refuse_async(progress)
    begun = Resumed.of(resume)
    loads = [loading_as(load, number, wanted.sources) for number in range(len(wanted.sources))]
    images = await _check_all(context, wanted.sources, loads)
    # Of two calls for one name the second one looks when the first has ended, and finds what that has made.
    async with context.person_locks.lock((context.groups.name, wanted.name)):
        with effects_of("enroll_person", wanted.name) as effects:
            size = 1 if one_by_one else MAX_PER_CREATE
            follow = _Follower(progress, effects)
            return await _Enrollment(context, wanted, images, loads, if_exists, begun, size, follow, effects).run()


async def _check_all(context: Context, listed: Sequence[Source], loads: Sequence[ImageLoader]) -> list[CheckedSource]:
    """Refuse bad images before any request; return those that can be read only once with their content."""

    async def check(number: int) -> CheckedSource:
        async with context.held:
            return await check_image(listed[number], loads[number])

    return await each(check, range(len(listed)), context.parallel)


@define(eq=False)
class _Follower:
    """Hands progress on, and notes the keys of what is stored."""

    progress: Progress | None
    effects: Effects

    def __call__(self, upload: Upload) -> None:
        if upload.state.reached(State.STORED):
            keys: list[str] = self.effects.created.setdefault("thumbnail_keys", [])
            if upload.key is not None and upload.key not in keys:
                keys.append(upload.key)
        if self.progress is not None:
            self.progress(upload)

    def attached(self, uploads: Iterable[Upload], person: Person) -> None:
        for upload in uploads:
            self(evolve(upload, state=State.ATTACHED, person_id=person.id, thumbnails=person.thumbnails))


@define(eq=False)
class _Enrollment:
    """One call: looks, decides, and does what was decided."""

    context: Context
    wanted: WantedPerson
    images: Sequence[CheckedSource]
    loads: Sequence[ImageLoader]
    if_exists: IfPersonExists
    begun: Resumed
    size: int
    follow: _Follower
    effects: Effects
    uploads: list[Upload] = field(init=False, factory=list)

    async def run(self) -> Person:
        person, ours = await self._look()
        if person is None:
            try:
                return await self._create()
            except ConflictError as error:
                person, ours = await self._namesake(error), False
        match decide_person(exists=True, ours=ours, if_exists=self.if_exists):
            case PersonDecision.REUSE:
                return person
            case PersonDecision.COMPLETE:
                return await self._complete(person)
            case _:
                raise name_taken(person)

    async def _look(self) -> tuple[Person | None, bool]:
        """Return the person who has the name, and True if the call that is resumed has created it."""
        name, persons = self.wanted.name, self.context.groups.persons
        if self.begun.person_id is not None:
            person = await persons.get(self.begun.person_id)
            if person.name is None or clean_name(person.name) != name:
                message = f"resume names person {person.id}, who is called {person.name!r} and not {name!r}"
                raise InvalidArgumentError(message)
            return person, True
        may_be_ours = bool(self.begun.keys)
        # To find a name that is no filter, all persons are gone through: left to the create, where that will tell.
        if self.if_exists == "error" and not may_be_ours and not is_filter(name):
            return None, False
        found = await find_person(self.context, name)
        if found is None or (self.if_exists == "error" and not may_be_ours):
            return found, False
        person = await persons.get(found.id)
        return person, any(shows(thumbnail, key) for thumbnail in person.thumbnails for key in self.begun.keys)

    async def _namesake(self, error: ConflictError) -> Person:
        """Return the person who has got the name while we uploaded; our uploads are what is begun."""
        if self.if_exists == "error" or error.code != NAME_TAKEN:
            raise error
        self.effects.in_doubt = None  # the create was settled: nobody was created
        found = await find_person(self.context, self.wanted.name)
        if found is None:
            raise error
        self.begun = Resumed(keys=tuple(known(upload.key) for upload in self.uploads))
        return await self.context.groups.persons.get(found.id)

    async def _create(self) -> Person:
        wanted = self.wanted
        plan = self._plan()
        tag_ids = await self._tag_ids(wanted.tags)
        uploads = await self._upload(_sent(plan), primary=0)
        with _naming(uploads[: self.size]), self.effects.doubting("the person may have been created"):
            inputs = _inputs(uploads[: self.size])
            person_id = await create_person(self.context, wanted.name, wanted.description, inputs)
        self.effects.created["person_id"] = person_id
        refused = await _add(self.context, person_id, uploads[self.size :], self.size)
        return await self._end(person_id, tag_ids, uploads, refused)

    async def _complete(self, person: Person) -> Person:
        """Add what the person does not have: images, tags, and a description where there is none."""
        wanted, persons = self.wanted, self.context.groups.persons
        plan = self._plan(person.thumbnails)
        self._report_unclear(plan, person)
        tags = unassigned_tags(wanted.tags, [clean_name(tag.name) for tag in person.tags])
        sent = _sent(plan)
        described = wanted.description is not None and person.description is None
        if not (sent or tags or described):
            return person
        tag_ids = await self._tag_ids(tags)
        uploads = await self._upload(sent, primary=None if person.thumbnails else sent[0].number if sent else None)
        with self.effects.doubting(f"person {person.id} may have been given a part of it"):
            refused = await _add(self.context, person.id, uploads, self.size)
            if described:
                await persons.update(person.id, description=wanted.description)
            person = await self._end(person.id, tag_ids, uploads, refused)
        # Two processes may have found the same image missing: no request can say "unless it is there".
        twice = doubled([known(upload.key) for upload in uploads], person.thumbnails)
        if twice:
            left = await persons.remove_thumbnails(person.id, thumbnail_ids=twice)
            person = evolve(person, thumbnails=left.thumbnail_list)
        return person

    def _plan(self, thumbnails: Sequence[PersonThumbnail] = ()) -> list[PlannedImage]:
        """Decide about the images, and log those whose content the call has already."""
        plan = decide_images([checked.image.digest for checked in self.images], self.begun.by_digest, thumbnails)
        for planned in plan:
            if planned.same_as is not None:
                names = (escaped(self.images[number].image.name) for number in (planned.number, planned.same_as))
                _log.warning("%s has the same content as %s; it was left out", *names)
        return plan

    async def _tag_ids(self, names: Sequence[str]) -> list[int]:
        found = await ensure_tags(self.context, names, partial(self.effects.had, "tag_ids"))
        if found:
            self.effects.created["tag_ids"] = found
        return list(found.values())

    async def _upload(self, plan: Sequence[PlannedImage], *, primary: int | None) -> list[Upload]:
        """Bring images as far as they get without a person; an image of an earlier call is not sent again."""

        async def upload(planned: PlannedImage) -> Upload:
            number = planned.number
            return await bring(
                self.context,
                self.images[number].source,
                State.CONFIRMED,
                primary=number == primary,
                progress=self.follow,
                load=self.loads[number],
                key=planned.key,
            )

        self.uploads = await each(upload, plan, self.context.parallel)
        return self.uploads

    def _report_unclear(self, plan: Sequence[PlannedImage], person: Person) -> None:
        """Log images that were left out, because the person may have them."""
        left = [planned.number for planned in plan if planned.decision is ImageDecision.LEAVE]
        if left:
            unknown = sum(shown_digest(thumbnail) is None for thumbnail in person.thumbnails)
            _log.warning(
                "person %d has %d thumbnails whose content cannot be told, since other software uploaded them; left "
                "out are images that may be among them: %s; upload_thumbnail adds one all the same",
                person.id,
                unknown,
                ", ".join(escaped(self.images[number].image.name) for number in left),
            )

    async def _end(
        self, person_id: int, tag_ids: Sequence[int], uploads: Sequence[Upload], refused: Mapping[str, APIError]
    ) -> Person:
        """Tag the person and return it, or raise the refusal of single images."""
        persons = self.context.groups.persons
        if tag_ids:
            await persons.add_tags(person_id, tag_ids=tag_ids)
        person = await persons.get(person_id)
        self.follow.attached([upload for upload in uploads if upload.key not in refused], person)
        if refused:
            raise _named(refused, uploads)
        return person


def _sent(plan: Iterable[PlannedImage]) -> list[PlannedImage]:
    return [planned for planned in plan if planned.is_sent]


async def _add(context: Context, person_id: int, uploads: Sequence[Upload], size: int) -> dict[str, APIError]:
    """Add images to a person in requests of so many; of single ones return the refusals by thumbnail key."""
    inputs = _inputs(uploads)
    if size == 1:
        return await add_one_by_one(context, person_id, inputs)
    for start in range(0, len(inputs), size):
        with _naming(uploads[start : start + size]):
            await add_thumbnails(context, person_id, inputs[start : start + size])
    return {}


def _inputs(uploads: Iterable[Upload]) -> list[ThumbnailInput]:
    return [ThumbnailInput(known(upload.key), upload.primary) for upload in uploads]


@contextmanager
def _naming(uploads: Sequence[Upload]) -> Generator[None]:
    """Say of a refusal which image it is about, or how to learn it where it is about one of several."""
    try:
        yield
    except MIError as error:
        if refuses_image(error) and len(uploads) == 1:
            error.name_images([uploads[0].image.name])
        elif refuses_image(error):
            which = f"it may be about one or several of {len(uploads)} images; one_by_one=True says which"
            error.args = (f"{error.args[0]}; {which}",)
        raise


def _named(refused: Mapping[str, APIError], uploads: Iterable[Upload]) -> APIError:
    """Return the first refusal, with the names of all refused images; the person has the others."""
    error = next(iter(refused.values()))
    error.name_images([upload.image.name for upload in uploads if upload.key in refused])
    return error
