"""Count what a run over people or thumbnails would do.

Invariant: makes no request. Headers are read here while the disk is quick, and else in threads, a few hundred items
ahead; whole files only where the journal may know the content under another name. Items are counted in the order of the
input.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from time import perf_counter, thread_time
from typing import cast

from attrs import define, field

from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.enroll.decisions import (
    PersonHistory,
    ending,
    is_done,
    missing_tags,
    refuse,
    refuse_duplicate,
    rejected,
    unknown_person,
)
from mi_async.bulk.images.inspect import ImageInspection
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import BadInput, FaceItem, PersonInput
from mi_async.bulk.journal.records import pair_of
from mi_async.bulk.plan.dedup import Find, FirstSeen
from mi_async.bulk.plan.dry_run import PlanCounts
from mi_async.bulk.plan.enroll_candidate import Candidate
from mi_async.media.image_source import name_of
from mi_async.workflows.enroll import MAX_PER_CREATE

CHUNK = 256
"""Items that are looked at in one go."""
FIRST = 16
"""The same before it is known how quick the disk is."""
WAIT = 0.001
"""Seconds of waiting for an item's files from which on threads read them. A disk cache answers in microseconds, and
then threads that take turns at the interpreter cost as much again as the reading."""
THREADS = 4
"""They wait for disks; a processor is not what they are short of."""
AHEAD = 2 * THREADS
"""Chunks in flight: those that the threads have to look at, and those that wait to be counted."""


@define(eq=False)
class EnrollPlanner:
    """Counts decisions.

    Attributes:
        kind: class of the items.
        find: asks the journal.
        fit: images of too many bytes are made to fit.
        counts: items, images, bytes and requests; takes what would not go well.
        firsts: names that the input had before.
        validate: names, descriptions and tags are held against their bounds.
        wait: seconds of waiting for an item's files from which on threads read them.
    """

    kind: type[FaceItem]
    find: Find
    fit: bool
    counts: PlanCounts
    firsts: FirstSeen
    validate: bool = True
    wait: float = WAIT
    _ordinal: int = field(init=False, default=0)

    def count(self, items: Iterable[FaceItem | BadInput]) -> None:
        """Count all items."""
        source, waits, size = iter(items), False, FIRST
        with ThreadPoolExecutor(THREADS, "plan") as threads:
            in_flight: deque[Future[list[BulkOutcome | Candidate]]] = deque()
            try:
                while chunk := list(islice(source, size)):
                    sifted, size = self._sift(chunk), CHUNK
                    if waits:
                        in_flight.append(threads.submit(self._examine, sifted))
                    else:
                        before = perf_counter() - thread_time()
                        self._count(self._examine(sifted))
                        waits = perf_counter() - thread_time() - before > self.wait * len(chunk)
                    if len(in_flight) == AHEAD:
                        self._count(in_flight.popleft().result())
                while in_flight:
                    self._count(in_flight.popleft().result())
            finally:
                threads.shutdown(wait=True, cancel_futures=True)

    def _sift(self, chunk: Sequence[FaceItem | BadInput]) -> list[BulkOutcome | Candidate]:
        """Reject what can be rejected without a look at an image."""
        only(self.kind, chunk, self._ordinal)
        problems: dict[int, Problem] = {}
        good: dict[int, tuple[FaceItem, str]] = {}
        for number, item in enumerate(chunk):
            self._ordinal += 1
            origin = item.origin or f"item {self._ordinal:,}"
            if (problem := refuse(item, origin, validate=self.validate)) is not None:
                problems[number] = problem
            else:
                good[number] = (cast("FaceItem", item), origin)
        self._note(chunk[number] for number in problems)
        problems |= self._duplicates(good)
        found = self.find(list({item.key for item, _ in good.values()}))
        known = {key: PersonHistory(*rows) for key, rows in found.items()}
        return [
            rejected(item, problems[number]) if number in problems else _candidate(cast("FaceItem", item), known)
            for number, item in enumerate(chunk)
        ]

    def _note(self, refused: Iterable[FaceItem | BadInput]) -> None:
        """Keep the names of refused items: they are not gone from the input."""
        good = (item for item in refused if not isinstance(item, BadInput))
        self.firsts.note(item.key for item in good if isinstance(item.key, str))

    def _duplicates(self, good: Mapping[int, tuple[FaceItem, str]]) -> dict[int, Problem]:
        """Return the problems of persons whose name the input had before."""
        if self.kind is not PersonInput:
            pairs = (pair_of(item.key, name_of(source)) for item, _ in good.values() for source in item.thumbnails)
            self.firsts.note(pairs)
            return {}
        firsts = self.firsts.before([(item.key, origin) for item, origin in good.values()])
        placed = zip(good.items(), firsts, strict=True)
        return {number: refuse_duplicate(origin, first) for (number, (_, origin)), first in placed if first is not None}

    def _examine(self, sifted: list[BulkOutcome | Candidate]) -> list[BulkOutcome | Candidate]:
        """Look at the images."""
        for candidate in sifted:
            if isinstance(candidate, Candidate):
                candidate.examine(fit=self.fit)
        return sifted

    def _count(self, examined: Iterable[BulkOutcome | Candidate]) -> None:
        for one in examined:
            self.counts.add("items")
            if isinstance(one, Candidate):
                self._count_candidate(one)
            else:
                self.counts.problem(one)

    def _count_candidate(self, one: Candidate) -> None:
        """Count how the run would end an item, and what it would do before."""
        status, problems, works = one.decision.status, one.decision.problems, False
        if status is None:
            new = one.new()
            problems, works = one.problems(), self._count_work(one, new)
            status = self._ending(one, new, problems=bool(problems), works=works)
        if status is Status.DONE:
            self.counts.add("attach", not works)
        elif status is Status.SKIPPED:
            self.counts.add("skipped")
        else:
            item = one.item
            number = one.history.person.person_id if isinstance(item, PersonInput) else item.person_id
            self.counts.problem(BulkOutcome(item.key, status, number, origin=item.origin, problems=problems))

    def _ending(self, one: Candidate, new: Sequence[ImageInspection], *, problems: bool, works: bool) -> Status:
        """Return how an item that has something left to do would end."""
        item, person = one.item, one.history.person
        # the same content may have another name now: its row is not gone from the input
        if rows := [seen.row for seen in one.seen if seen.row is not None]:
            self.firsts.note(pair_of(row.person, row.source) for row in rows)
        return ending(
            problems=problems,
            transient=one.waits,
            sent=bool(rows) and any(seen.is_refused for seen in one.seen),
            exists=bool(new) or (isinstance(item, PersonInput) and person.person_id is not None),
            changed=works or not is_done(item, person),
        )

    def _count_work(self, one: Candidate, new: Sequence[ImageInspection]) -> bool:
        """Count what new images and tags of one person cost, and another primary image; return True if anything."""
        missing, exists = missing_tags(one.item, one.history.person), one.exists
        promoted, tagged = one.promotes, bool(missing) and (exists or bool(new))
        if not (new or promoted or tagged):
            return False
        added = len(new) if exists else len(new) - MAX_PER_CREATE
        counts = self.counts.counts
        counts["attach" if exists else "create"] += 1
        counts["pictures"] += len(new)
        for image in new:
            counts["bytes"] += image.size
            counts["to_fit"] += not image.fits
        counts["persons.create"] += not exists
        counts["persons.set_thumbnails"] += max(0, -(-added // MAX_PER_CREATE))
        counts["persons.add_tags"] += tagged
        if promoted:
            counts["persons.get"] += 1
            counts["persons.update"] += 1
        self.firsts.tags(missing)
        return True


def _candidate(item: FaceItem, known: Mapping[str, PersonHistory]) -> Candidate:
    return Candidate(item, known.get(item.key) or unknown_person(item.key))
