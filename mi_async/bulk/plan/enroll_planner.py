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

from attrs import define, field, frozen

from mi_async.bulk.engine.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import code_of
from mi_async.bulk.enroll.decisions import (
    WORK,
    Decision,
    PersonHistory,
    decide,
    decide_row,
    ending,
    is_done,
    missing_tags,
    promotes,
    refuse,
    refuse_duplicate,
    rejected,
    unknown_person,
)
from mi_async.bulk.images.inspect import ImageInspection, digest, inspect_image
from mi_async.bulk.images.loading import distinct, fingerprint
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import BadInput, FaceItem, PersonInput
from mi_async.bulk.journal.records import ImageRecord, pair_of
from mi_async.bulk.plan.dedup import Find, FirstSeen
from mi_async.bulk.plan.dry_run import PlanCounts
from mi_async.errors import ResourceError
from mi_async.media.image_source import Source, name_of
from mi_async.workflows.enroll import MAX_PER_CREATE
from mi_async.workflows.enroll_decisions import ImageDecision

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


@frozen
class ExaminedImage:
    """One image of an item.

    Attributes:
        name: used for it in messages.
        header: result of its inspection.
        row: of the same content in the journal, if that is finished.
        sha256: of its content in hex, where that was worth the reading.
    """

    name: str
    header: ImageInspection
    row: ImageRecord | None = None
    sha256: str = ""

    @property
    def is_new(self) -> bool:
        """Return True if it would be uploaded."""
        return self.row is None and self.header.problem is None

    @property
    def is_refused(self) -> bool:
        """Return True if the service has refused it in an earlier run."""
        return self.row is not None and decide_row(self.row) is ImageDecision.RECALL

    @property
    def problem(self) -> Problem | None:
        """Return what is wrong with it, now or as the journal has it."""
        if self.row is not None:
            return Problem(self.name, self.row.code, self.row.message) if self.is_refused else None
        error = self.header.problem
        return None if error is None else Problem(self.name, code_of(error), str(error))


def examine(source: Source, history: PersonHistory, *, fit: bool) -> ExaminedImage:
    """Look at an image, as closely as is needed to know it again."""
    name = name_of(source)
    row = history.by_file.get((name, *fingerprint(source))) if history.images else None
    if row is not None:
        return ExaminedImage(name, ImageInspection(row.size), row)
    shown = inspect_image(source, fit)
    if shown.problem is not None or not history.images or shown.size not in history.sizes:
        return ExaminedImage(name, shown)
    sha256 = digest(source)
    return ExaminedImage(name, shown, history.by_content.get(sha256), sha256)


@define(eq=False)
class Candidate:
    """An item that is not rejected.

    Attributes:
        item: as it was given.
        history: what the journal knows about the person.
        decision: about it, once its files were looked at.
        seen: its images, where something is left to do.
    """

    item: FaceItem
    history: PersonHistory
    decision: Decision = field(init=False, default=WORK)
    seen: Sequence[ExaminedImage] = field(init=False, default=())

    def examine(self, *, fit: bool) -> None:
        """Decide about the item and look at its images."""
        prints = {}
        if self.history.images and self.history.by_file:
            prints = {name_of(source): fingerprint(source) for source in self.item.thumbnails}
        self.decision = decide(self.item, self.history, prints)
        if self.decision is WORK:
            self.seen = [examine(source, self.history, fit=fit) for source in distinct(self.item.thumbnails)]

    @property
    def exists(self) -> bool:
        """Return True if the person is there already."""
        return not isinstance(self.item, PersonInput) or self.history.person.person_id is not None

    @property
    def promotes(self) -> bool:
        """Return True if an image that the person has becomes the primary one."""
        return self.item.promotes and any(promotes(self.item, seen.row) for seen in self.seen)

    @property
    def waits(self) -> bool:
        """Return True if an image cannot be read now: the run would park the item."""
        return any(isinstance(seen.header.problem, ResourceError) for seen in self.seen)

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the images; of one content under two names once."""
        found: dict[str, Problem] = {}
        for number, seen in enumerate(self.seen):
            if (problem := seen.problem) is not None:
                found.setdefault(seen.row.sha256 if seen.row is not None else str(number), problem)
        return tuple(found.values())

    def new(self) -> list[ImageInspection]:
        """Return the images that would be uploaded, each content once as far as it is known."""
        found = {seen.sha256 or str(number): seen.header for number, seen in enumerate(self.seen) if seen.is_new}
        return list(found.values())


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
        only(self.kind, chunk)
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
