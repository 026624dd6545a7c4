"""Bodies of the person operations.

Law: a request is checked whole before anything changes. The emulator is adversarial where the service is silent: a
thumbnail key given twice makes two thumbnails, so a client must look before it repeats.
"""

from collections.abc import Sequence

from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import CreatedPerson, Person, Persons, PersonThumbnail, TagList, ThumbnailInput, ThumbnailList
from mi_async.emulator import rules, state
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.rules import require
from mi_async.models import Page


class EmulatedPersons(Persons):
    """Persons of an emulated workspace."""

    def __init__(self, world: state.State, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = world
        self._name = scope["workspace_name"]
        self._room = world.workspace(self._name)

    async def create(
        self, name: str | None = None, *, thumbnails: Sequence[ThumbnailInput], description: str | None = None
    ) -> CreatedPerson:
        """Create a person; whether it needs a thumbnail is not documented, and here it does not."""
        most = rules.MOST_THUMBNAILS_PER_CREATE
        self._check_texts(name, description)
        self._check_free(name)
        require(len(thumbnails) <= most, f"{len(thumbnails)} thumbnails, not up to {most}")
        self._check_thumbnails(thumbnails)
        person = state.Person(self._state.new_id(), name, description)
        self._room.persons[person.id] = person
        if name is not None:
            self._room.names[name] = person.id
        self._add(person, thumbnails)
        return CreatedPerson(person.id)

    async def get(self, person_id: int) -> Person:
        """Get one person."""
        return self._shown(self._find(person_id))

    async def list(
        self,
        *,
        page_num: int = 1,
        page_size: int | None = None,
        name: str | None = None,
        tag_ids: Sequence[int] | None = None,
    ) -> Page[Person]:
        """List one page, oldest first.

        Neither how a name matches nor how several tags combine is documented; here a part of the name will do, and
        any one of the tags.
        """
        rules.PERSON_NAME_FILTER.check("name", name)
        require(rules.FORBIDDEN_IN_FILTERS.isdisjoint(name or ""), "name has one of ; | `")
        wanted = set(tag_ids or ())
        require(len(tag_ids or ()) <= rules.MOST_TAGS_IN_FILTER, f"more than {rules.MOST_TAGS_IN_FILTER} tag ids")
        found = [
            person
            for person in self._room.persons.values()
            if (name is None or name in (person.name or "")) and (tag_ids is None or wanted & person.tag_ids.keys())
        ]
        page = rules.PERSON_PAGES.page(found, page_num, page_size)
        shown = tuple(map(self._shown, page.content))
        return Page(shown, page.total_count, page.total_page, page.page_no, page.page_size)

    async def update(
        self,
        person_id: int,
        *,
        name: str | None = None,
        description: str | None = None,
        primary_thumbnail_id: int | None = None,
    ) -> Person:
        """Change what is given; a name may be given to an anonymous person too."""
        person = self._find(person_id)
        self._check_texts(name, description)
        if name != person.name:
            self._check_free(name)
        if primary_thumbnail_id is not None:
            known = primary_thumbnail_id in person.thumbnails
            require(known, f"thumbnail {primary_thumbnail_id}", rules.NO_REPRESENTATIVE)
            person.primary = primary_thumbnail_id
        if name is not None:
            self._room.names.pop(person.name or "", None)
            self._room.names[name] = person.id
            person.name = name
        if description is not None:
            person.description = description
        return self._shown(person)

    async def delete(self, person_id: int) -> Person:
        """Delete a person with its thumbnails."""
        person = self._find(person_id)
        del self._room.persons[person_id]
        self._room.names.pop(person.name or "", None)
        return self._shown(person)

    async def set_thumbnails(self, person_id: int, *, thumbnails: Sequence[ThumbnailInput]) -> ThumbnailList:
        """Add thumbnails; a new main one takes the place of the old."""
        person = self._find(person_id)
        self._check_thumbnails(thumbnails)
        self._add(person, thumbnails)
        return self._thumbnails(person)

    async def remove_thumbnails(self, person_id: int, *, thumbnail_ids: Sequence[int]) -> ThumbnailList:
        """Remove thumbnails, but not all; ids that the person does not have are ignored."""
        person = self._find(person_id)
        left = [number for number in person.thumbnails if number not in set(thumbnail_ids)]
        require(left or not person.thumbnails, f"all of {sorted(person.thumbnails)}", rules.LAST_THUMBNAIL)
        person.thumbnails = {number: person.thumbnails[number] for number in left}
        if person.primary not in person.thumbnails:
            person.primary = next(iter(left), None)
        return self._thumbnails(person)

    async def add_tags(self, person_id: int, *, tag_ids: Sequence[int]) -> TagList:
        """Add tags; those that the person has are ignored."""
        person = self._find(person_id)
        unknown = [tag for tag in tag_ids if tag not in self._room.tags]
        require(not unknown, f"no tags {unknown}")
        person.tag_ids |= dict.fromkeys(tag_ids)
        return TagList(self._tags(person), person.id)

    async def remove_tags(self, person_id: int, *, tag_ids: Sequence[int]) -> TagList:
        """Remove tags; those that the person does not have are ignored."""
        person = self._find(person_id)
        for tag in tag_ids:
            person.tag_ids.pop(tag, None)
        return TagList(self._tags(person), person.id)

    def _find(self, person_id: int) -> state.Person:
        require(person_id in self._room.persons, f"person {person_id}", rules.NOT_FOUND)
        return self._room.persons[person_id]

    def _check_texts(self, name: str | None, description: str | None) -> None:
        rules.PERSON_NAME.check("name", name)
        rules.DESCRIPTION.check("description", description)

    def _check_free(self, name: str | None) -> None:
        require(name is None or name not in self._room.names, f"name {name!r}", rules.NAME_TAKEN)

    def _check_thumbnails(self, thumbnails: Sequence[ThumbnailInput]) -> None:
        """Refuse more than one main picture, and keys that are unknown, not completed or too old."""
        primaries = sum(given.is_primary_thumbnail for given in thumbnails)
        require(primaries <= 1, f"{primaries} primary thumbnails", rules.TWO_PRIMARIES)
        for given in thumbnails:
            require(self._usable(given.thumbnail_key), f"thumbnailKey {given.thumbnail_key!r} is not usable")

    def _usable(self, key: str) -> bool:
        upload, now = self._state.uploads.get(key), self._state.now()
        if upload is None or upload.workspace != self._name or upload.stored is None:
            return False
        return upload.outcome(now) is None and now < upload.stored + self._state.settings.key_lifetime

    def _add(self, person: state.Person, thumbnails: Sequence[ThumbnailInput]) -> None:
        for given in thumbnails:
            number = self._state.new_id()
            person.thumbnails[number] = given.thumbnail_key
            if given.is_primary_thumbnail or person.primary is None:
                person.primary = number

    def _shown(self, person: state.Person) -> Person:
        return Person(
            id=person.id,
            name=person.name,
            description=person.description,
            tags=self._tags(person),
            thumbnails=self._thumbnails(person).thumbnail_list,
        )

    def _tags(self, person: state.Person) -> tuple[PersonTag, ...]:
        return tuple(PersonTag(tag, self._room.tags[tag].name) for tag in person.tag_ids)

    def _thumbnails(self, person: state.Person) -> ThumbnailList:
        links, wall, lifetime = self._state.links, self._state.wall(), self._state.settings.url_lifetime
        shown = tuple(
            PersonThumbnail(number, links.issue("GET", key, wall, lifetime), number == person.primary)
            for number, key in person.thumbnails.items()
        )
        return ThumbnailList(shown, person.id)
