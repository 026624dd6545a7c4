"""Admission of items to an enrolling run, in chunks, so that the journal is asked about many at once.

Invariant: what needs no request ends here: what is finished, what is a duplicate, and what breaks a rule.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from attrs import define, field

from mi_async._core.drafts import evolve
from mi_async.bulk.engine.outcome import KNOWN, BulkOutcome, Problem, Status
from mi_async.bulk.enroll.decisions import (
    Decision,
    Fingerprint,
    PersonHistory,
    decide,
    refuse,
    refuse_duplicate,
    rejected,
    unknown_person,
)
from mi_async.bulk.enroll.histories import find_histories, fingerprints
from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload
from mi_async.bulk.images.loading import distinct, is_file, without_content
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import BadInput, FaceItem, Item, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import AGAIN, OPEN, PersonRecord, rejected_key, worst


@define(eq=False)
class _Chunk:
    """Facts about the items of a chunk.

    Attributes:
        histories: by person; of thumbnails without the person's own row, which belongs to other items too.
        fingerprints: of files, by name.
        met: codes with which an earlier run has ended persons that are tried again, by person.
        seen: rows of persons as they are to be written.
    """

    histories: Mapping[str, PersonHistory]
    fingerprints: Mapping[str, Fingerprint]
    met: Mapping[str, str]
    seen: dict[str, PersonRecord] = field(init=False, factory=dict)


@define(eq=False)
class EnrollAdmission:
    """Executes the decisions about items.

    Attributes:
        journal: what is known.
        order: the items in flight.
        kind: the class of the items.
        validate: items are held against the documented bounds.
        recalled: items that it has rejected as an earlier run has.
    """

    journal: Journal
    order: PersonOrder
    kind: type[PersonInput] | type[ThumbnailUpload]
    validate: bool

    recalled: int = field(init=False, default=0)
    _ordinal: int = field(init=False, default=0)

    async def decide(self, chunk: Sequence[Item | BadInput]) -> list[BulkOutcome | EnrollWork]:
        """Return for each item how it has ended or its work; by then all of them are in the journal."""
        facts = await self._facts(only(self.kind, chunk, self._ordinal))
        decided = [self._admit(cast("FaceItem | BadInput", item), facts) for item in chunk]
        await self._recall([key for key, row in facts.seen.items() if row.status == Status.REJECTED.value])
        if self.kind is ThumbnailUpload:
            await self._join(facts.seen)
        await self.journal.write(*facts.seen.values())
        return decided

    async def _recall(self, labels: list[str]) -> None:
        """Count those of the rejected items that an earlier run has rejected, too."""
        rows = await self.journal.find_persons(labels) if labels else []
        self.recalled += sum(row.run < self.journal.run and row.status == Status.REJECTED.value for row in rows)

    async def _join(self, seen: dict[str, PersonRecord]) -> None:
        """Merge each person's row with the outcomes of its other items in this run, those before this chunk too.

        Asked after the works of the chunk have joined the order: what ends from now on is passed along there.
        """
        for row in await self.journal.find_persons(list(seen)):
            if row.run != self.journal.run or row.status == OPEN:
                continue
            if (in_flight := self.order.last(row.person)) is not None:
                in_flight.joined(row)
            else:
                seen[row.person] = worst(row, seen[row.person])

    async def _facts(self, items: Sequence[FaceItem]) -> _Chunk:
        """Ask the journal and the file system about the items of a chunk."""
        histories = await find_histories(self.journal, self.kind, items)
        if self.kind is PersonInput:
            persons = [history.person for history in histories.values()]
        else:
            persons = list(await self.journal.find_persons(list({item.key for item in items})))
        prints = await asyncio.to_thread(fingerprints, items) if histories else {}
        earlier = [row for row in persons if row.run < self.journal.run]
        met = {row.person: row.code for row in earlier if row.status in AGAIN or row.code == KNOWN}
        return _Chunk(histories, prints, met)

    def _admit(self, item: FaceItem | BadInput, chunk: _Chunk) -> BulkOutcome | EnrollWork:
        self._ordinal += 1
        origin = item.origin or f"item {self._ordinal:,}"
        if (problem := refuse(item, origin, validate=self.validate)) is not None:
            return self._reject(item, origin, problem, chunk)
        item = cast("FaceItem", item)
        history = chunk.histories.get(item.key) or unknown_person(item.key)
        earlier = chunk.seen.get(item.key)
        first = earlier or history.person
        if isinstance(item, PersonInput) and first.run == self.journal.run:
            return self._reject(item, origin, refuse_duplicate(origin, first.origin), chunk)
        work = self._work(item, origin, history, chunk)
        decision = decide(item, history, chunk.fingerprints)
        if earlier is not None and earlier.status != OPEN:  # another thumbnail of the person, which has ended
            work.joined(earlier)
        if decision.status is None:
            return self._begin(work)
        return self._end(work, decision, decision.status, chunk)

    def _work(self, item: FaceItem, origin: str, history: PersonHistory, chunk: _Chunk) -> EnrollWork:
        person = evolve(history.person, run=self.journal.run, origin=origin)
        if person.code == KNOWN:
            person = evolve(person, status=OPEN, code="", message="")
        if isinstance(item, ThumbnailUpload):
            person = evolve(person, person_id=item.person_id)
        chunk.seen[item.key] = person
        rows = {row.sha256: row for row in history.images}
        return EnrollWork(item, person, rows, met=chunk.met.get(item.key, ""))

    def _end(self, work: EnrollWork, decision: Decision, status: Status, chunk: _Chunk) -> BulkOutcome:
        """End an item as an earlier run has ended it."""
        work.problems += decision.problems
        if not work.enrolls:  # others of the person are in the same chunk
            work.rows = {row.sha256: row for row in decision.images}
        key, row = work.item.key, work.ended(status)
        if (in_flight := self.order.last(key)) is None:
            chunk.seen[key] = row
        else:
            in_flight.joined(row)
        return work.outcome(status)

    def _reject(self, item: FaceItem | BadInput, origin: str, problem: Problem, chunk: _Chunk) -> BulkOutcome:
        """Refuse an item before anything was sent; the journal has it under a name that nobody has."""
        label = rejected_key("", item.origin) if isinstance(item, BadInput) else rejected_key(str(item.key), origin)
        row = PersonRecord(label, Status.REJECTED.value, code=problem.code, message=problem.message)
        chunk.seen[label] = evolve(row, origin=item.origin, run=self.journal.run)
        return rejected(item, problem)

    def _begin(self, work: EnrollWork) -> EnrollWork:
        item = work.item
        main = 0 if isinstance(item, PersonInput) or item.primary else None
        work.images = [
            ImageUpload(work, source, primary=n == main) for n, source in enumerate(distinct(item.thumbnails))
        ]
        work.open = len(work.images)
        work.item = _without_content(item)
        self.order.join(work)
        return work


def _without_content(item: FaceItem) -> FaceItem:
    """Return an item that may wait for its turn: the content of its images would fill the memory."""
    if all(map(is_file, item.thumbnails)):
        return item
    names = [without_content(source) for source in item.thumbnails]
    return evolve(item, thumbnails=names) if isinstance(item, PersonInput) else evolve(item, source=names[0])
