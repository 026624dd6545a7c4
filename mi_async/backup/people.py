"""Persons of a workspace into a backup, with their images.

Invariant: persons are read by ID, in which order new ones come last, and a page is done with before the next one but
one is asked for: its URLs are good for minutes. A person is in the backup as its page had it.
"""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import aclosing
from functools import partial

from attrs import define

from mi_async.api.person_models import Person, SortColumn, SortType
from mi_async.backup.batches import batches
from mi_async.backup.catalog import ImageFile
from mi_async.backup.downloads import ImageDownloads
from mi_async.backup.format import PERSONS, BackupPerson, BackupProblem, BackupThumbnail
from mi_async.backup.service_members import kept
from mi_async.backup.work import BackupWork
from mi_async.workflows.absence import person_of
from mi_async.workflows.thumbnail_urls import ThumbnailURLs

PAGE = 50
"""Persons of a page: the most that a search gives, and little enough that no URL expires meanwhile."""


async def back_up_persons(work: BackupWork, *, images: bool, chosen: Collection[int] | None) -> None:
    """Back up the persons of a workspace, or chosen ones.

    Args:
        work: the backup.
        images: True to download their images.
        chosen: IDs; None for all.
    """
    people = _People(work, ImageDownloads(work.context, work.pace), images)
    # One after the other: what the list adds is judged by what the search has found and was noted.
    for begin in (people.searched, people.listed) if chosen is None else (partial(people.chosen, chosen),):
        async with aclosing(begin()) as found, aclosing(batches(found, PAGE)) as pages:
            async for persons in pages:
                await people.back_up(persons)


@define(eq=False)
class _People:
    work: BackupWork
    downloads: ImageDownloads
    images: bool

    async def searched(self) -> AsyncGenerator[Person]:
        """Yield the persons that a search finds, by ID."""
        persons = self.work.context.groups.persons
        self.work.progress.expected = (await persons.list(page_size=1)).total_count
        self.work.tell()
        found = persons.search_all(page_size=PAGE, sort_column=SortColumn.PERSON_ID, sort_type=SortType.ASC)
        async with aclosing(found):
            async for person in found:
                yield person

    async def listed(self) -> AsyncGenerator[Person]:
        """Yield the persons that only the list has.

        The documents do not say that a search without a filter finds persons without a name; the list has them.
        """
        persons = self.work.context.groups.persons
        if self.work.progress.persons >= (await persons.list(page_size=1)).total_count:
            return
        async with aclosing(persons.all(page_size=PAGE)) as found, aclosing(batches(found, PAGE)) as pages:
            async for page in pages:
                new = await self.work.disk(self.work.writer.not_noted, PERSONS, [person.id for person in page])
                for person in page:
                    if person.id in new:
                        yield person

    async def chosen(self, numbers: Collection[int]) -> AsyncGenerator[Person]:
        """Yield chosen persons; one that is not there is a problem, unless the backup has it."""
        wanted = sorted(set(numbers))
        self.work.progress.expected = len(wanted)
        for number in wanted:
            person = await person_of(self.work.context, number)
            if person is None:
                await self.work.gone("person", number, PERSONS)
            else:
                yield person

    async def back_up(self, persons: Sequence[Person]) -> None:
        """Back up some persons."""
        thumbnails = [thumbnail.id for person in persons for thumbnail in person.thumbnails]
        images = await self.work.disk(self.work.writer.known_images, thumbnails)
        self.work.progress.known += len(images)
        lost: dict[int, BackupProblem] = {}
        latest = {person.id: person for person in persons}

        async def download(place: tuple[int, ThumbnailURLs]) -> None:
            number, urls = place
            content = await self.downloads.image(number, urls)
            latest[urls.person.id] = urls.person
            if isinstance(content, BackupProblem):
                lost[number] = content
                return
            images[number] = await self.work.disk(self.work.writer.put_image, number, content)
            self.work.progress.downloaded += 1
            self.work.progress.bytes += len(content)
            self.work.tell()

        if self.images:
            await self.work.pace.each(download, self._missing(persons, images))
        lines = [(person.id, _line(person, images)) for person in latest.values()]
        await self.work.disk(self.work.writer.put_lines, PERSONS, lines)
        await self.work.lost(*lost.values())
        self.work.progress.persons += len(persons)
        self.work.tell()

    def _missing(
        self, persons: Sequence[Person], images: Mapping[int, ImageFile]
    ) -> Sequence[tuple[int, ThumbnailURLs]]:
        urls = {person.id: self.downloads.urls(person) for person in persons}
        return [
            (thumbnail.id, urls[person.id])
            for person in persons
            for thumbnail in person.thumbnails
            if thumbnail.id not in images
        ]


def _line(person: Person, images: Mapping[int, ImageFile]) -> BackupPerson:
    thumbnails = list[BackupThumbnail]()
    for each in person.thumbnails:
        image = images.get(each.id)
        found = (None, None, None) if image is None else (image.file, image.sha256, image.size)
        thumbnails.append(BackupThumbnail(each.id, each.is_primary_thumbnail, *found, extra=kept(each.extra)))
    return BackupPerson(
        person.id,
        person.name,
        person.description,
        tuple(tag.name for tag in person.tags),
        tuple(thumbnails),
        extra=kept(person.extra),
    )
