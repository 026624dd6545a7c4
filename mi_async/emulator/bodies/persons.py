"""Bodies of the person operations.

Invariant: a request is checked whole before anything changes. The emulator is adversarial where the service is silent:
a thumbnail key given twice makes two thumbnails, so a client must look before it repeats.
"""

import logging
from collections.abc import Collection, Iterable, Sequence

from mi_async.api.person_models import (
    CreatedPerson,
    MergedPersons,
    NameType,
    Person,
    PersonThumbnail,
    SimilarPerson,
    SimilarPersons,
    SortColumn,
    SortType,
    TagList,
    ThumbnailInput,
    ThumbnailList,
)
from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import Persons
from mi_async.emulator import faces, person_list, rules, state, workspace
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.faces import FaceImage
from mi_async.emulator.rules import Refused, require
from mi_async.models import JsonObject, Page

_log = logging.getLogger(__name__)


class EmulatedPersons(Persons):
    """Persons of an emulated workspace."""

    def __init__(self, world: state.EmulatorState, **scope: str) -> None:
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
        person = workspace.EmulatedPerson(self._state.new_id(), name, description)
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
        require(len(tag_ids or ()) <= rules.MOST_TAGS_IN_FILTER, f"more than {rules.MOST_TAGS_IN_FILTER} tag ids")
        found = person_list.matching(self._room, name, tag_ids)
        return self._page(rules.PERSON_PAGES.page(found, page_num, page_size))

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
            person.name, person.source = name, None  # who has a name is recognised everywhere
        if description is not None:
            person.description = description
        return self._shown(person)

    async def delete(self, person_id: int) -> Person:
        """Delete a person with its thumbnails; in scenes it is nobody from then on."""
        person = self._find(person_id)
        person_list.remove(self._room, person, None)
        return self._shown(person)

    async def set_thumbnails(self, person_id: int, *, thumbnails: Sequence[ThumbnailInput]) -> ThumbnailList:
        """Add thumbnails; a new main one takes the place of the old."""
        person = self._find(person_id)
        self._check_thumbnails(thumbnails)
        most, count = self._state.settings.thumbnails_per_person, len(person.thumbnails) + len(thumbnails)
        require(
            count <= most, f"person {person_id} would have {count} thumbnails, not up to {most}", rules.TOO_MANY_ITEMS
        )
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

    async def remove_thumbnails_with_delete(self, person_id: int, *, thumbnail_ids: Sequence[int]) -> ThumbnailList:
        """Remove thumbnails, but not all."""
        return await self.remove_thumbnails(person_id, thumbnail_ids=thumbnail_ids)

    async def remove_tags_with_delete(self, person_id: int, *, tag_ids: Sequence[int]) -> TagList:
        """Remove tags."""
        return await self.remove_tags(person_id, tag_ids=tag_ids)

    async def search(
        self,
        *,
        page_num: int = 1,
        page_size: int | None = None,
        name: str | None = None,
        person_ids: Sequence[int] | None = None,
        tag_ids: Sequence[int] | None = None,
        name_type: NameType | None = None,
        sort_column: SortColumn | None = None,
        sort_type: SortType | None = None,
    ) -> Page[Person]:
        """Search one page; all filters must fit, and an empty list of ids or tags fits nobody."""
        for what, word in (("nameType", name_type), ("sortColumn", sort_column), ("sortType", sort_type)):
            rules.check_known(what, word)
        found = person_list.matching(self._room, name, tag_ids, person_ids, name_type)
        ordered = person_list.ordered(self._room, found, sort_column, sort_type, self._state.now())
        return self._page(rules.PERSON_SEARCH_PAGES.page(ordered, page_num, page_size))

    async def merge(self, person_id: int, *, person_ids: Sequence[int]) -> MergedPersons:
        """Merge persons into one, tags included; the codes for ids that do not fit are not documented."""
        person = self._find(person_id)
        given = list(dict.fromkeys(person_ids))
        require(1 <= len(given) <= rules.MOST_PERSONS_PER_MERGE, f"{len(given)} persons to merge")
        unfit = [number for number in given if number == person_id or number not in self._room.persons]
        require(not unfit, f"persons {unfit} cannot be merged into {person_id}")
        moved = [person_list.merge(self._room, person, self._room.persons[number]) for number in given]
        assets, thumbnails = (sum(counts) for counts in zip(*moved, strict=True))
        return MergedPersons(person_id, assets, thumbnails, self._state.time())

    async def similar(
        self, person_id: int, *, person_count: int | None = None, score_threshold: int | None = None
    ) -> SimilarPersons:
        """List who looks like a person; of one without a face, 10075 is the code that comes closest."""
        person = self._find(person_id)
        images = self._images(person)
        require(images, f"person {person_id} has no thumbnails", rules.NO_REPRESENTATIVE)
        found = self._alike(images, person_count, score_threshold, but=person_id)
        return SimilarPersons(
            person_id, tuple(SimilarPerson(one, extra={"score": score, **rules.EMULATED}) for one, score in found)
        )

    async def recommend_by_thumbnail(
        self, thumbnail_key: str, *, person_count: int | None = None, score_threshold: int | None = None
    ) -> JsonObject:
        """List who looks like an image; the form of the answer is not documented, and ours alone."""
        self._check_face(thumbnail_key)
        found = self._alike([self._image(thumbnail_key)], person_count, score_threshold)
        recommended = [{"personId": person, "score": score} for person, score in found]
        return {"recommendedPersons": recommended, **rules.EMULATED}

    def _alike(
        self, images: Collection[FaceImage], count: int | None, threshold: int | None, but: int | None = None
    ) -> Iterable[tuple[int, int]]:
        rules.PERSON_COUNT.check("personCount", count)
        rules.SCORE.check("scoreThreshold", threshold)
        others = {person.id: self._images(person) for person in self._room.persons.values() if person.id != but}
        most = rules.PERSON_COUNT_DEFAULT if count is None else count
        return faces.ranked(images, others, most=most, least=rules.SCORE.least if threshold is None else threshold)

    def _images(self, person: workspace.EmulatedPerson) -> Collection[FaceImage]:
        return list(map(self._image, person.thumbnails.values()))

    def _image(self, key: str) -> FaceImage:
        upload = self._state.uploads[key]
        return FaceImage(upload.md5, upload.face)

    def _page(self, page: Page[workspace.EmulatedPerson]) -> Page[Person]:
        shown = tuple(map(self._shown, page.content))
        return Page(shown, page.total_count, page.total_page, page.page_no, page.page_size)

    def _find(self, person_id: int) -> workspace.EmulatedPerson:
        require(person_id in self._room.persons, f"person {person_id}", rules.NOT_FOUND)
        return self._room.persons[person_id]

    def _check_texts(self, name: str | None, description: str | None) -> None:
        rules.PERSON_NAME.check("name", name)
        rules.DESCRIPTION.check("description", description)

    def _check_free(self, name: str | None) -> None:
        require(name is None or name not in self._room.names, f"name {name!r}", rules.NAME_TAKEN)

    def _check_thumbnails(self, thumbnails: Sequence[ThumbnailInput]) -> None:
        """Refuse more than one main image, and keys that are unknown, not completed or too old."""
        primaries = sum(given.is_primary_thumbnail for given in thumbnails)
        require(primaries <= 1, f"{primaries} primary thumbnails", rules.TWO_PRIMARIES)
        for given in thumbnails:
            self._check_face(given.thumbnail_key)

    def _check_face(self, key: str) -> None:
        """Refuse a key that is not usable, or whose image shows nobody; the service does not say which of several."""
        require(self._usable(key), f"thumbnailKey {key!r} is not usable")
        if self._state.uploads[key].faceless:
            # Such images are made for tests, whose authors wonder: the service gives no reason that would help them.
            _log.warning(
                "no face in %s: the image shows next to nothing; see example_image(), Settings.detect_faces", key
            )
            raise Refused(rules.NO_FACE, f"no face in {key!r}")

    def _usable(self, key: str) -> bool:
        upload, now = self._state.uploads.get(key), self._state.now()
        if upload is None or upload.workspace != self._name or upload.stored is None:
            return False
        return upload.outcome(now) is None and now < upload.stored + self._state.settings.key_lifetime

    def _add(self, person: workspace.EmulatedPerson, thumbnails: Sequence[ThumbnailInput]) -> None:
        for given in thumbnails:
            number = self._state.new_id()
            person.thumbnails[number] = given.thumbnail_key
            if given.is_primary_thumbnail or person.primary is None:
                person.primary = number

    def _shown(self, person: workspace.EmulatedPerson) -> Person:
        return Person(
            id=person.id,
            name=person.name,
            description=person.description,
            tags=self._tags(person),
            thumbnails=self._thumbnails(person).thumbnail_list,
        )

    def _tags(self, person: workspace.EmulatedPerson) -> tuple[PersonTag, ...]:
        return tuple(PersonTag(tag, self._room.tags[tag].name) for tag in person.tag_ids)

    def _thumbnails(self, person: workspace.EmulatedPerson) -> ThumbnailList:
        links, wall, lifetime = self._state.links, self._state.wall(), self._state.settings.url_lifetime
        shown = tuple(
            PersonThumbnail(number, links.issue("GET", key, wall, lifetime), number == person.primary)
            for number, key in person.thumbnails.items()
        )
        return ThumbnailList(shown, person.id)
