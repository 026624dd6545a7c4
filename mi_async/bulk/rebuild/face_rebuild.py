"""Rebuild of the journal of an enrolling run: chunk after chunk of the input, with what the service has of it.

Invariant: asks and never changes; the journal has the rows of a chunk before the next one is asked about.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias, cast

from attrs import define, evolve, field, frozen

from mi_async._core.concurrency import each
from mi_async._core.names import clean_name
from mi_async.api.persons import Person
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.enroll.decisions import PersonHistory, decide, refuse, unknown_person
from mi_async.bulk.enroll.histories import find_histories, fingerprints
from mi_async.bulk.images.loading import distinct
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import BadInput, FaceItem, Item, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import OPEN, ImageRecord, PersonRecord, Record, worst
from mi_async.bulk.plan.dedup import FirstSeen
from mi_async.bulk.rebuild.content import ReadContent
from mi_async.bulk.rebuild.decisions import (
    Finding,
    ItemFinding,
    ItemImages,
    assume,
    find_enrolled,
    find_renamed,
    find_uploaded,
    unknown_thumbnails,
)
from mi_async.bulk.rebuild.listed_persons import ListedPersons, Suspect
from mi_async.bulk.rebuild.person_lookup import PersonLookup
from mi_async.bulk.rebuild.result import RebuildCounts

FaceKind: TypeAlias = type[PersonInput] | type[ThumbnailUpload]
AT_ONCE = 8
"""Items that are asked about at once."""
REJECTED = ItemFinding(Finding.REJECTED)


@frozen
class _Candidate:
    """An item that may be at the service.

    Attributes:
        item: with its place in the input.
        history: rows that an earlier, unfinished rebuild has left.
    """

    item: FaceItem
    history: PersonHistory


@define(eq=False)
class FaceRebuild:
    """Rebuild for persons to enroll, or for single images.

    Attributes:
        journal: the new one.
        kind: class of the items.
        lookup: finds persons.
        told: what the service has told.
        firsts: names that came before in the input.
        read: reads the content of an image.
        validate: items are held against the documented bounds.
        assume_counts: numbers of thumbnails speak for images of unknown content.
        counts: findings so far.
    """

    journal: Journal
    kind: FaceKind
    lookup: PersonLookup
    told: ListedPersons
    firsts: FirstSeen
    read: ReadContent
    validate: bool
    assume_counts: bool
    counts: RebuildCounts = field(factory=RebuildCounts)

    async def take(self, chunk: Sequence[Item | BadInput]) -> None:
        """Find out about a chunk, and write its rows."""
        candidates = await self._candidates(chunk)
        if self.kind is ThumbnailUpload:  # each person once, however many images of the chunk it is to have
            await each(self.lookup.by_id, dict.fromkeys(int(one.item.key) for one in candidates), AT_ONCE)
        found = await each(self._found, candidates, AT_ONCE)
        rows: list[Record] = []
        for candidate, finding in zip(candidates, found, strict=True):
            if not self._is_put_off(candidate.item, finding):
                self.counts.add(finding)
            rows += self._rows(candidate, finding)
        await self.journal.write(*await self._merged(rows))

    def _is_put_off(self, item: FaceItem, finding: ItemFinding) -> bool:
        """Return True for a single image about which only the counts of the whole input can speak, and keep it."""
        if isinstance(item, PersonInput) or not self.assume_counts or finding.finding is not Finding.UNCLEAR:
            return False
        self.told.keep_unclear(item.person_id, finding.images[0])
        return True

    def _rows(self, candidate: _Candidate, finding: ItemFinding) -> list[Record]:
        """Return the rows of an item; those of an earlier rebuild that no longer hold are new again."""
        key, history = candidate.item.key, candidate.history
        found = {row.sha256 for row in finding.images}
        stale = [row for row in history.images if row.sha256 not in found]
        rows: list[Record] = [*finding.images, *(ImageRecord(key, row.sha256, row.source) for row in stale)]
        person = finding.person
        if person is None and history.person.run:
            person = PersonRecord(key, OPEN, origin=candidate.item.origin)
        return rows if person is None else [evolve(person, run=self.journal.run), *rows]

    async def _merged(self, rows: Sequence[Record]) -> list[Record]:
        """Return the rows with one for each person: single images of one are items of their own."""
        persons = {row.person: row for row in rows if isinstance(row, PersonRecord)}
        if self.kind is ThumbnailUpload:
            before = await self.journal.find_persons(list(persons))
            persons = {row.person: row for row in before if row.run == self.journal.run}
            for row in rows:
                if isinstance(row, PersonRecord):
                    earlier = persons.get(row.person)
                    persons[row.person] = row if earlier is None else worst(earlier, row)
        return [*persons.values(), *(row for row in rows if not isinstance(row, PersonRecord))]

    async def _candidates(self, chunk: Sequence[Item | BadInput]) -> list[_Candidate]:
        """Return the items that nothing speaks against and that no earlier rebuild has found complete."""
        sound = self._sound(chunk)
        histories: dict[str, PersonHistory] = {}
        if self.journal.run > 1:
            histories = await find_histories(self.journal, self.kind, sound)
        prints = fingerprints(sound) if histories else {}
        left: list[_Candidate] = []
        for item in sound:
            history = histories.get(item.key) or unknown_person(item.key)
            if decide(item, history, prints).status is Status.SKIPPED:
                self.counts.add(ItemFinding(Finding.COMPLETE, attached=len(distinct(item.thumbnails))))
            else:
                left.append(_Candidate(item, history))
        return left

    def _sound(self, chunk: Sequence[Item | BadInput]) -> list[FaceItem]:
        """Return the items that a run would take, each with its place in the input."""
        only(self.kind, chunk, self.counts.items)
        sound: list[FaceItem] = []
        for item in cast("Sequence[FaceItem | BadInput]", chunk):
            self.counts.items += 1
            origin = item.origin or f"item {self.counts.items:,}"
            refused = refuse(item, origin, validate=self.validate) is not None
            if isinstance(item, BadInput) or refused or self._is_second(item, origin):
                self.counts.add(REJECTED)
            else:
                sound.append(evolve(item, origin=origin))
        return sound

    def _is_second(self, item: FaceItem, origin: str) -> bool:
        return isinstance(item, PersonInput) and self.firsts.before([(item.key, origin)])[0] is not None

    async def _found(self, candidate: _Candidate) -> ItemFinding:
        item = candidate.item
        if isinstance(item, PersonInput):
            return await self._found_enrolled(item)
        there = await self.lookup.by_id(item.person_id)
        images = ItemImages(()) if there is None else await self._images(item)
        return await self._settled(partial(find_uploaded, item, images), there)

    async def _found_enrolled(self, item: PersonInput) -> ItemFinding:
        there = await self.lookup.by_name(item.key)
        if there is None and not self.lookup.tells_renamed:
            return ItemFinding(Finding.ABSENT)
        images = await self._images(item)
        if there is None:
            self.told.suspect(item.key, item.origin, images.contents)
        return await self._settled(partial(find_enrolled, item, images, assume_counts=self.assume_counts), there)

    async def _images(self, item: FaceItem) -> ItemImages:
        read = [await self.read(source) for source in distinct(item.thumbnails)]
        contents = [content for content in read if content is not None]
        return ItemImages(contents, len(read) - len(contents))

    async def _settled(
        self, find: Callable[[Person | None], ItemFinding], there: tuple[Person, bool] | None
    ) -> ItemFinding:
        """Return the finding about an item; what a listing does not prove is looked up at the person itself."""
        if there is None:
            return find(None)
        person, whole = there
        finding = find(person)
        if whole or finding.finding is Finding.COMPLETE:
            return finding
        return find(await self.lookup.details(person.id))

    async def finish(self) -> None:
        """Decide what only the whole input could: images that counts speak for, and who was renamed."""
        for there, images in self.told.unclear():
            assumed = unknown_thumbnails(there) >= len(images)
            rows: list[Record] = []
            for row, times in images:
                finding = assume(row) if assumed else ItemFinding(Finding.UNCLEAR, images=(row,), unclear=1)
                for _ in range(times):
                    self.counts.add(finding)
                rows += finding.images
            if assumed:
                person = PersonRecord(str(there.id), Status.DONE.value, there.id, run=self.journal.run)
                await self.journal.write(person, *rows)
        found = ""
        for suspect in self.told.suspects():
            if suspect.name == found or await self._shared(suspect):
                continue
            found = suspect.name
            finding = find_renamed(suspect.name, suspect.origin, suspect.holder)
            self.counts.replace(Finding.ABSENT, finding)
            await self.journal.write(*[evolve(row, run=self.journal.run) for row in (finding.person,) if row])

    async def _shared(self, suspect: Suspect) -> bool:
        """Return True if two persons of the input have the image: that one has it at the service says nothing.

        That the other person is in the input is not enough: the item may have been merged into it.
        """
        name = suspect.holder.name
        return name is not None and bool(await self.journal.find_images([(clean_name(name), suspect.sha256)]))
