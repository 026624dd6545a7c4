"""The way in: items of the input become works, in chunks, so that the journal is asked about many at once.

Law: what needs no request is decided here: what is finished, what came before in the input, and what breaks a rule.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import cast

from attrs import define, evolve, field, frozen

from mi_async.bulk.engine.outcome import DUPLICATE, INPUT, BulkOutcome, Problem, Status
from mi_async.bulk.enroll.ordering import PersonOrder
from mi_async.bulk.enroll.work import EnrollWork, ImageUpload
from mi_async.bulk.images.loading import distinct, fingerprint, is_file, without_content
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import BadInput, FaceItem, Item, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import (
    AGAIN,
    FAILED,
    FINAL,
    OPEN,
    Known,
    PersonRecord,
    PictureRecord,
    failed_by_picture,
    worst,
)
from mi_async.media.image_source import Source, name_of


@define(eq=False)
class EnrollAdmission:
    """Decides about items.

    Attributes:
        journal: what is known.
        turns: what is under way.
        kind: the class of the items.
        validate: whether items are held against the documented bounds.
        recalled: items that it has rejected as an earlier run has.
    """

    journal: Journal
    turns: PersonOrder
    kind: type[PersonInput] | type[ThumbnailUpload]
    validate: bool

    recalled: int = field(init=False, default=0)
    _ordinal: int = field(init=False, default=0)

    async def decide(self, chunk: Sequence[Item | BadInput]) -> list[BulkOutcome | EnrollWork]:
        """For each item what became of it already, or the work that it is; the journal has seen all of them then."""
        rows = await self._rows(only(self.kind, chunk))
        seen: dict[str, PersonRecord] = {}
        decided = [self._judge(cast("FaceItem | BadInput", item), rows, seen) for item in chunk]
        await self._recall([key for key, row in seen.items() if row.status == Status.REJECTED.value])
        if self.kind is ThumbnailUpload:
            await self._join(seen)
        await self.journal.write(*seen.values())
        return decided

    async def _recall(self, labels: list[str]) -> None:
        """Count those of the rejected items that an earlier run has rejected, too."""
        rows = await self.journal.find_persons(labels) if labels else []
        self.recalled += sum(row.run < self.journal.run and row.status == Status.REJECTED.value for row in rows)

    async def _join(self, seen: dict[str, PersonRecord]) -> None:
        """Let the rows of persons stand for all their items of this run: those that ended before this chunk too.

        Asked after the works of the chunk have joined their lines: what ends from now on is told along the line.
        """
        for row in await self.journal.find_persons(list(seen)):
            if row.run != self.journal.run or row.status == OPEN:
                continue
            if (under_way := self.turns.last(row.person)) is not None:
                under_way.joined(row)
            else:
                seen[row.person] = worst(row, seen[row.person])

    async def _rows(self, items: Sequence[FaceItem]) -> "_Rows":
        """What the journal and the file system say about the items of a chunk."""
        sources = {name_of(source): source for item in items for source in item.thumbnails if is_file(source)}
        if self.kind is PersonInput:
            found = await self.journal.find([item.key for item in items if isinstance(item.key, str)])
        else:
            files = [(item.key, name_of(source)) for item in items for source in item.thumbnails if is_file(source)]
            found = {}
            for row in await self.journal.find_files(files):
                person, others = found.get(row.person, (PersonRecord(row.person), ()))
                found[row.person] = (person, (*others, row))
        prints = await asyncio.to_thread(_prints, sources) if found else {}
        return _Rows(found, prints, await self._met(items, found))

    async def _met(self, items: Sequence[FaceItem], found: Mapping[str, Known]) -> dict[str, str]:
        """Codes with which an earlier run has ended persons that are to be tried again, by person."""
        if self.kind is PersonInput:
            rows = tuple(row for row, _ in found.values())
        else:
            rows = await self.journal.find_persons(list({item.key for item in items}))
        return {row.person: row.code for row in rows if row.status in AGAIN and row.run < self.journal.run}

    def _judge(
        self, item: FaceItem | BadInput, rows: "_Rows", seen: dict[str, PersonRecord]
    ) -> BulkOutcome | EnrollWork:
        self._ordinal += 1
        if isinstance(item, BadInput):
            return self._reject(item, f"[{item.origin}]", Problem(item.origin, INPUT, item.message), seen)
        origin = item.origin or f"item {self._ordinal:,}"
        label = f"{item.key} [{origin}]"
        if (fault := item.fault(validate=self.validate)) is not None:
            return self._reject(item, label, Problem(origin, INPUT, fault), seen)
        person, pictures = rows.found.get(item.key, (PersonRecord(item.key), ()))
        if isinstance(item, PersonInput):
            if (before := self._before(item, person, seen)) is not None:
                message = f"the name came before in this input, at {before}; nothing of this one was sent"
                return self._reject(item, label, Problem(origin, DUPLICATE, message), seen)
        else:
            person = evolve(person, person_id=item.person_id)
        earlier = seen.get(item.key)
        seen[item.key] = person = evolve(person, run=self.journal.run, origin=origin)
        work = EnrollWork(item, person, {row.sha256: row for row in pictures}, met=rows.met.get(item.key, ""))
        outcome = self._finished(work, rows)
        if earlier is not None and earlier.status != OPEN:  # another upload for the person, which is over
            work.joined(earlier)
        if outcome is None:
            return self._begin(work)
        if (under_way := self.turns.last(item.key)) is None:
            seen[item.key] = work.ended(outcome.status)
        else:
            under_way.joined(work.ended(outcome.status))
        return outcome

    def _before(self, item: PersonInput, person: PersonRecord, seen: dict[str, PersonRecord]) -> str | None:
        """Where the same name came before in this run's input; None where it did not."""
        earlier = seen.get(item.key, person)
        return earlier.origin if earlier.run == self.journal.run else None

    def _reject(
        self, item: FaceItem | BadInput, label: str, problem: Problem, seen: dict[str, PersonRecord]
    ) -> BulkOutcome:
        """Refuse an item before anything was sent; the journal has it under a name that nobody has."""
        seen[label] = PersonRecord(
            label,
            Status.REJECTED.value,
            code=problem.code,
            message=problem.message,
            origin=item.origin,
            run=self.journal.run,
        )
        key = label if isinstance(item, BadInput) else str(item.key)
        return BulkOutcome(key, Status.REJECTED, origin=item.origin, problems=(problem,))

    def _finished(self, work: EnrollWork, rows: "_Rows") -> BulkOutcome | None:
        """How an item ended in an earlier run, when there is nothing to do about it."""
        failed = work.enrolls and work.person.status == Status.FAILED.value
        if failed and not failed_by_picture(work.person, work.rows.values()):
            work.problems.append(Problem(work.item.origin or work.item.key, work.person.code, work.person.message))
            return work.outcome(Status.FAILED)
        if work.enrolls and not failed and _is_unfinished(work):
            return None
        names = list(map(name_of, work.item.thumbnails))
        if any(row.under_way and (work.enrolls or row.source in names) for row in work.rows.values()):
            return None  # even if it is not among the pictures any more: that is to be told
        final = [row for row in work.rows.values() if row.state in FINAL and row.mtime_ns]
        pictures = {(row.source, row.size, row.mtime_ns): row for row in final}
        own: list[PictureRecord] = []
        for name in names:
            row = pictures.get((name, *rows.prints.get(name, (0, 0))))
            if row is None or (work.item.promotes and row.can_become_primary):
                return None
            if row.state == FAILED:
                work.recall(row)
            own.append(row)
        if not work.enrolls:  # others of the person are in the same chunk
            work.rows = {row.sha256: row for row in own}
        return work.outcome(work.status())

    def _begin(self, work: EnrollWork) -> EnrollWork:
        item = work.item
        main = 0 if isinstance(item, PersonInput) or item.primary else None
        work.pictures = [
            ImageUpload(work, source, primary=n == main) for n, source in enumerate(distinct(item.thumbnails))
        ]
        work.open = len(work.pictures)
        work.item = _without_content(item)
        self.turns.join(work)
        return work


def _without_content(item: FaceItem) -> FaceItem:
    """An item that may wait for its turn: what its pictures hold would fill the memory."""
    if all(map(is_file, item.thumbnails)):
        return item
    names = [without_content(source) for source in item.thumbnails]
    return evolve(item, thumbnails=names) if isinstance(item, PersonInput) else evolve(item, source=names[0])


def _is_unfinished(work: EnrollWork) -> bool:
    """Whether the journal has more to do for a person than pictures."""
    return work.person.person_id is None or work.person.status == OPEN or bool(work.missing_tags())


@frozen
class _Rows:
    """Known facts about a chunk: rows by person, files by name, and codes that persons have met, by person."""

    found: Mapping[str, Known]
    prints: Mapping[str, tuple[int, int]]
    met: Mapping[str, str]


def _prints(sources: Mapping[str, Source]) -> dict[str, tuple[int, int]]:
    return {name: fingerprint(source) for name, source in sources.items()}
