"""Enroll a person: images uploaded, tags ensured, the person created with all of it, once.

Invariant: everything that can be refused without a request is refused before the first one, and a name that is in use
before anything is uploaded; an ambiguous create is settled by looking the name up; an error says what exists already.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from attrs import define, evolve, field

from mi_async._core.concurrency import each
from mi_async._core.names import clean_name
from mi_async.api.persons import Person, PersonThumbnail
from mi_async.argument_types import IfPersonExists, Progress
from mi_async.errors import APIError, ConflictError, InvalidArgumentError
from mi_async.errors.workflows import PersonMatch
from mi_async.media.image_source import CheckedSource, Source, check_image, load_image, loading_as
from mi_async.text import escaped
from mi_async.workflows.context import Context, known
from mi_async.workflows.effects import Effects, Resumed, effects_of
from mi_async.workflows.enroll_decisions import (
    ImageDecision,
    LikenessDecision,
    PersonDecision,
    PlannedImage,
    decide_images,
    decide_person,
    doubled,
    unassigned_tags,
)
from mi_async.workflows.enroll_images import (
    UploadFollower,
    add_images,
    naming_images,
    refusal_of,
    sent_images,
    thumbnail_inputs,
)
from mi_async.workflows.known_person import UNCOMPARED, Likeness, find_matches, person_known
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
    likeness: Likeness = UNCOMPARED,
) -> Person:
    """Create a person with images, the first being the primary one, and tags; see ``Workspace.enroll_person``."""
    wanted = wanted_person(name, description, tags, sources, validate=context.validate)
    begun = Resumed.of(resume)
    loads = [loading_as(load, number, wanted.sources) for number in range(len(wanted.sources))]
    images = await _check_all(context, wanted.sources, loads)
    # Of two calls for one name the second one looks when the first has ended, and finds what that has made.
    async with context.person_locks.lock((context.groups.name, wanted.name)):
        with effects_of("enroll_person", wanted.name) as effects:
            size = 1 if one_by_one else MAX_PER_CREATE
            follow = UploadFollower(progress, effects)
            call = _Enrollment(context, wanted, images, loads, if_exists, likeness, begun, size, follow, effects)
            return await call.run()


async def _check_all(context: Context, listed: Sequence[Source], loads: Sequence[ImageLoader]) -> list[CheckedSource]:
    """Refuse bad images before any request; return those that can be read only once with their content."""

    async def check(number: int) -> CheckedSource:
        async with context.held:
            return await check_image(listed[number], loads[number])

    return await each(check, range(len(listed)), context.parallel)


@define(eq=False)
class _Enrollment:
    """One call: looks, decides, and does what was decided."""

    context: Context
    wanted: WantedPerson
    images: Sequence[CheckedSource]
    loads: Sequence[ImageLoader]
    if_exists: IfPersonExists
    likeness: Likeness
    begun: Resumed
    size: int
    follow: UploadFollower
    effects: Effects
    uploads: list[Upload] = field(init=False, factory=list)
    compared: Upload | None = field(init=False, default=None)  # the first image, once it is there

    async def run(self) -> Person:
        person, ours = await self._look()
        if person is None:
            if self.likeness.asks and (match := await self._compare()) is not None:
                return await self._attach(match)
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
            return await self._created(self.begun.person_id), True
        refuses = self.if_exists == "error" and not self.begun.keys  # with keys, the person may be ours
        # To find a name that is no filter, all persons are gone through: left to the create, where that will tell. A
        # comparison comes before it, and would give the images to a namesake whom they show.
        if refuses and not self.likeness.asks and not is_filter(name):
            return None, False
        found = await find_person(self.context, name)
        if found is None or refuses:
            return found, False
        person = await persons.get(found.id)
        return person, any(shows(thumbnail, key) for thumbnail in person.thumbnails for key in self.begun.keys)

    async def _created(self, person_id: int) -> Person:
        """Return the person that the call that is resumed has created."""
        person = await self.context.groups.persons.get(person_id)
        if person.name is None or clean_name(person.name) != self.wanted.name:
            message = f"resume names person {person.id}, who is called {person.name!r} and not {self.wanted.name!r}"
            raise InvalidArgumentError(message)
        return person

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

    async def _compare(self) -> PersonMatch | None:
        """Return the person whom the first image shows already; it alone is uploaded for that.

        Raises:
            PersonKnownError: somebody looks like it, and the caller is to say if it is the same person.
        """
        first = decide_images([self.images[0].image.digest], self.begun.by_digest)
        (self.compared,) = await self._upload(first, primary=0)
        matches = await find_matches(self.context, known(self.compared.key), self.likeness.score)
        match self.likeness.decide(len(matches)):
            case LikenessDecision.CREATE:
                return None
            case LikenessDecision.ATTACH:
                return matches[0]
            case LikenessDecision.REFUSE:
                raise person_known(self.wanted.name, matches)

    async def _attach(self, match: PersonMatch) -> Person:
        """Complete the person who looks like the one that was to be created."""
        # Of two calls with two names that meet an unnamed person, the second one finds it with the name of the first.
        async with self.context.image_locks.lock((self.context.groups.name, match.id, "")):
            return await self._complete(await self.context.groups.persons.get(match.id))

    async def _create(self) -> Person:
        wanted = self.wanted
        plan = self._plan()
        tag_ids = await self._tag_ids(wanted.tags)
        uploads = await self._upload(sent_images(plan), primary=0)
        with naming_images(uploads[: self.size]), self.effects.doubting("the person may have been created"):
            inputs = thumbnail_inputs(uploads[: self.size])
            person_id = await create_person(self.context, wanted.name, wanted.description, inputs)
        self.effects.created["person_id"] = person_id
        refused = await add_images(self.context, person_id, uploads[self.size :], self.size)
        return await self._end(person_id, tag_ids, uploads, refused)

    async def _complete(self, person: Person) -> Person:
        """Add what the person does not have: images, tags, a name, and a description where there is none."""
        name = self.wanted.name if person.name is None else None
        description = self.wanted.description if person.description is None else None
        plan = self._plan(person.thumbnails, from_media=name is not None)
        self._report_unclear(plan, person)
        tags = self._missing_tags(person)
        sent = sent_images(plan)
        if not (sent or tags or description or name):
            return person
        tag_ids = await self._tag_ids(tags)
        uploads = await self._upload(sent, primary=None if person.thumbnails or not sent else sent[0].number)
        with self.effects.doubting(f"person {person.id} may have been given a part of it"):
            refused = await add_images(self.context, person.id, uploads, self.size)
            await self._describe(person.id, name, description)
            person = await self._end(person.id, tag_ids, uploads, refused)
        return await self._without_doubled(person, uploads)

    def _missing_tags(self, person: Person) -> list[str]:
        return unassigned_tags(self.wanted.tags, [clean_name(tag.name) for tag in person.tags])

    async def _describe(self, person_id: int, name: str | None, description: str | None) -> None:
        """Give the person what it has not; after the images, by which a repeated call knows whom it has named."""
        if name or description:
            await self.context.groups.persons.update(person_id, name=name, description=description)

    async def _without_doubled(self, person: Person, uploads: Sequence[Upload]) -> Person:
        """Take back images that the person has got from another process meanwhile."""
        # Two processes may have found the same image missing: no request can say "unless it is there".
        twice = doubled([known(upload.key) for upload in uploads], person.thumbnails)
        if twice:
            left = await self.context.groups.persons.remove_thumbnails(person.id, thumbnail_ids=twice)
            person = evolve(person, thumbnails=left.thumbnail_list)
        return person

    def _plan(self, thumbnails: Sequence[PersonThumbnail] = (), *, from_media: bool = False) -> list[PlannedImage]:
        """Decide about the images, and log those whose content the call has already."""
        digests = [checked.image.digest for checked in self.images]
        plan = decide_images(digests, self.begun.by_digest, thumbnails, from_media=from_media)
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
            if number == 0 and self.compared is not None:
                return evolve(self.compared, primary=primary == 0)
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
            raise refusal_of(refused, uploads)
        return person
