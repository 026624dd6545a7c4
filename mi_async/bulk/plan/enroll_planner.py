"""Goes through an input as a run would, and counts what the run would do.

Law: makes no request; reads headers, and what may be a picture that the journal knows under another name, in threads, a
few hundred items ahead; counts in the order of the input.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from attrs import define, field, frozen

from mi_async.bulk.engine.outcome import DUPLICATE, INPUT, BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import code_of
from mi_async.bulk.images.inspect import ImageInspection, digest, look
from mi_async.bulk.images.loading import fingerprint
from mi_async.bulk.inputs.models import BadInput, FaceItem, PersonInput
from mi_async.bulk.journal.records import (
    FAILED,
    FINAL,
    UNREADABLE,
    PersonRecord,
    PictureRecord,
    failed_by_picture,
    pair_of,
)
from mi_async.bulk.plan.dedup import Find, FirstSeen
from mi_async.bulk.plan.dry_run import PlanCounts
from mi_async.errors import InvalidArgumentError, ResourceError
from mi_async.media.image_source import Source, name_of
from mi_async.workflows.enroll import MAX_PER_CREATE

CHUNK = 256
"""Items that are looked at in one go."""
THREADS = 4
"""Which wait for disks; a processor is not what they are short of."""
AHEAD = 2 * THREADS
"""Chunks under way: what the threads have to do, and what has been done."""


@frozen
class ExaminedImage:
    """One picture of an item.

    Attributes:
        look: what a look at it has shown.
        row: of the same content in the journal, if that is finished.
        sha256: of its content in hex, where that was worth the reading.
    """

    look: ImageInspection
    row: PictureRecord | None = None
    sha256: str = ""

    @property
    def is_new(self) -> bool:
        """Whether it would be uploaded."""
        return self.row is None and self.look.problem is None

    @property
    def has_failed(self) -> bool:
        """Whether the service has refused it before."""
        return self.row is not None and self.row.state == FAILED


@frozen
class EnrollHistory:
    """What the journal knows about a person.

    Attributes:
        person: the row, or one that says nothing.
        files: finished pictures by name, size and time of the last change.
        contents: finished pictures by content.
        sizes: bytes of these: a picture of another size is another one, and need not be read to know that.
    """

    person: PersonRecord
    files: Mapping[tuple[str, int, int], PictureRecord]
    contents: Mapping[str, PictureRecord]
    sizes: frozenset[int]

    @classmethod
    def of(cls, person: PersonRecord, pictures: Iterable[PictureRecord] = ()) -> "EnrollHistory":
        """Rows of a journal."""
        final = [row for row in pictures if row.state in FINAL]
        contents = {row.sha256: row for row in final if not row.sha256.startswith(UNREADABLE)}
        return cls(
            person,
            {(row.source, row.size, row.mtime_ns): row for row in final if row.mtime_ns},
            contents,
            frozenset(row.size for row in contents.values()),
        )

    @property
    def failed(self) -> bool:
        """Whether the service refused the person."""
        return self.person.status == Status.FAILED.value

    @property
    def failed_by_picture(self) -> bool:
        """Whether it did because of a picture, so that another one may do."""
        return self.failed and failed_by_picture(self.person, (*self.files.values(), *self.contents.values()))

    def see(self, source: Source, fit: bool) -> ExaminedImage:
        """Look at a picture, as closely as is needed to know it again."""
        row = self.files.get((name_of(source), *fingerprint(source))) if self.files else None
        if row is not None:
            return ExaminedImage(ImageInspection(row.size), row)
        shown = look(source, fit)
        if shown.problem is not None or shown.size not in self.sizes:
            return ExaminedImage(shown)
        sha256 = digest(source)
        return ExaminedImage(shown, self.contents.get(sha256), sha256)


@define(eq=False)
class Candidate:
    """An item that nothing speaks against so far.

    Attributes:
        item: as it was given.
        past: what the journal knows about the person.
        seen: its pictures by name.
    """

    item: FaceItem
    past: EnrollHistory
    seen: dict[str, ExaminedImage] = field(init=False, factory=dict)

    @property
    def waits(self) -> bool:
        """Return True if an image cannot be read now: the run would park the item."""
        return any(isinstance(seen.look.problem, ResourceError) for seen in self.seen.values())


@define(eq=False)
class EnrollPlanner:
    """Counts.

    Attributes:
        kind: class of the items.
        find: what the journal knows.
        fit: whether pictures of too many bytes are made to fit.
        counts: items, pictures, bytes and requests; takes what would not go well.
        firsts: what the input had before.
        validate: whether names, descriptions and tags are held against their bounds.
    """

    kind: type[FaceItem]
    find: Find
    fit: bool
    counts: PlanCounts
    firsts: FirstSeen
    validate: bool = True

    def go_through(self, items: Iterable[FaceItem | BadInput]) -> None:
        """Count all of them."""
        source = iter(items)
        with ThreadPoolExecutor(THREADS, "plan") as threads:
            under_way: deque[Future[list[BulkOutcome | Candidate]]] = deque()
            try:
                while chunk := list(islice(source, CHUNK)):
                    under_way.append(threads.submit(self._look, self._sift(chunk)))
                    if len(under_way) == AHEAD:
                        self._count(under_way.popleft().result())
                while under_way:
                    self._count(under_way.popleft().result())
            finally:
                threads.shutdown(wait=True, cancel_futures=True)

    def _sift(self, chunk: Sequence[FaceItem | BadInput]) -> list[BulkOutcome | Candidate]:
        """Refuse what can be refused without a look at a picture."""
        good = [item for item in chunk if not isinstance(item, BadInput)]
        for item in good:
            if not isinstance(item, self.kind):
                message = f"this is about {self.kind.__name__}, not {type(item).__name__}"
                raise InvalidArgumentError(message)
        faults = {id(item): fault for item in good if (fault := item.fault(validate=self.validate)) is not None}
        self.firsts.note(item.key for item in good if id(item) in faults and isinstance(item.key, str))
        good = [item for item in good if id(item) not in faults]
        if self.kind is not PersonInput:
            self.firsts.note(pair_of(item.key, name_of(source)) for item in good for source in item.thumbnails)
        before: dict[int, str | None] = {}
        if self.kind is PersonInput:
            earlier = self.firsts.before([(item.key, item.origin) for item in good])
            before = {id(item): first for item, first in zip(good, earlier, strict=True)}
        found = self.find(list({item.key for item in good}))
        known = {key: EnrollHistory.of(*rows) for key, rows in found.items()}
        return [self._sifted(item, faults, before, known) for item in chunk]

    def _sifted(
        self,
        item: FaceItem | BadInput,
        faults: Mapping[int, str],
        before: Mapping[int, str | None],
        known: Mapping[str, EnrollHistory],
    ) -> BulkOutcome | Candidate:
        if isinstance(item, BadInput):
            return _rejected(f"[{item.origin}]", item.origin, INPUT, item.message)
        if (fault := faults.get(id(item))) is not None:
            return _rejected(str(item.key), item.origin, INPUT, fault)
        if (first := before.get(id(item))) is not None:
            message = f"the name came before in this input{first and ', at '}{first}"
            return _rejected(str(item.key), item.origin, DUPLICATE, message)
        past = known.get(item.key) or EnrollHistory.of(PersonRecord(item.key))
        if isinstance(item, PersonInput) and past.failed and not past.failed_by_picture:
            return _failed(item, past.person)
        return Candidate(item, past)

    def _look(self, sifted: list[BulkOutcome | Candidate]) -> list[BulkOutcome | Candidate]:
        """Look at the pictures; this is what the threads do."""
        for candidate in sifted:
            if isinstance(candidate, Candidate):
                for source in candidate.item.thumbnails:
                    name = name_of(source)
                    # Bytes have no name of their own: each is another picture.
                    key = name if name not in candidate.seen or name[:1] != "<" else f"{name}{len(candidate.seen)}"
                    if key not in candidate.seen:
                        candidate.seen[key] = candidate.past.see(source, self.fit)
        return sifted

    def _count(self, looked: Iterable[BulkOutcome | Candidate]) -> None:
        for one in looked:
            self.counts.add("items")
            if isinstance(one, Candidate):  # the same content may have another name now
                rows = [seen.row for seen in one.seen.values() if seen.row is not None]
                self.firsts.note(pair_of(row.person, row.source) for row in rows)
            outcome = self._judge(one) if isinstance(one, Candidate) else one
            if outcome is not None:
                self.counts.problem(outcome)

    def _judge(self, one: Candidate) -> BulkOutcome | None:
        """Count what would be done for an item; its outcome, where that is already known not to be good."""
        item, person = one.item, one.past.person
        if isinstance(item, PersonInput) and one.past.failed and all(seen.row for seen in one.seen.values()):
            return _failed(item, person)
        problems = _problems(one.seen)
        new = list({seen.sha256 or name: seen.look for name, seen in one.seen.items() if seen.is_new}.values())
        missing = [tag for tag in item.tags if tag not in person.tags] if isinstance(item, PersonInput) else []
        exists = not isinstance(item, PersonInput) or person.person_id is not None
        promoted = item.promotes and any(seen.row and seen.row.can_become_primary for seen in one.seen.values())
        if new or promoted or (exists and missing):
            self._work(new, missing, exists=exists, promoted=promoted)
        elif not problems:
            # A person whose earlier run ended badly is done now: the image that had failed is not wanted any more.
            mended = isinstance(item, PersonInput) and exists and person.status != Status.DONE.value
            self.counts.add("attach" if mended else "skipped")
            return None
        if not problems:
            return None
        number = item.person_id if not isinstance(item, PersonInput) else person.person_id
        there = bool(new) or (isinstance(item, PersonInput) and exists)
        refused = Status.FAILED if any(seen.has_failed for seen in one.seen.values()) else Status.REJECTED
        status = Status.PARKED if one.waits else Status.PARTIAL if there else refused
        return BulkOutcome(item.key, status, number, origin=item.origin, problems=tuple(problems))

    def _work(self, new: Sequence[ImageInspection], missing: Sequence[str], *, exists: bool, promoted: bool) -> None:
        """Count what new images and tags of one person cost, and another primary image."""
        self.counts.add("attach" if exists else "create")
        self.counts.add("pictures", len(new))
        self.counts.add("bytes", sum(seen.size for seen in new))
        self.counts.add("to_fit", sum(not seen.fits for seen in new))
        self.counts.add("persons.create", not exists)
        added = len(new) if exists else len(new) - MAX_PER_CREATE
        self.counts.add("persons.set_thumbnails", max(0, -(-added // MAX_PER_CREATE)))
        self.counts.add("persons.add_tags", bool(missing))
        self.counts.add("persons.get", promoted)
        self.counts.add("persons.update", promoted)
        self.firsts.tags(missing)


def _rejected(key: str, origin: str, code: str, message: str) -> BulkOutcome:
    return BulkOutcome(key, Status.REJECTED, origin=origin, problems=(Problem(origin or key, code, message),))


def _failed(item: PersonInput, person: PersonRecord) -> BulkOutcome:
    """What the service refused before."""
    problem = Problem(item.origin or item.key, person.code, person.message)
    return BulkOutcome(item.key, Status.FAILED, person.person_id, origin=item.origin, problems=(problem,))


def _problems(seen: Mapping[str, ExaminedImage]) -> list[Problem]:
    """What is wrong with the pictures, now or as the journal has it; of one content under two names once."""
    found: dict[str, Problem] = {}
    for name, one in seen.items():
        if one.look.problem is not None:
            found[name] = Problem(name, code_of(one.look.problem), str(one.look.problem))
        elif one.row is not None and one.row.state == FAILED:
            found.setdefault(one.row.sha256, Problem(name, one.row.code, one.row.message))
    return list(found.values())
