"""Goes through an input as a run would, and counts what the run would do.

Law: makes no request; reads headers in threads, a few hundred items ahead, and counts in the order of the input.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from attrs import define, field

from mi_async.bulk.headers import Look, look
from mi_async.bulk.items import BadInput, FaceItem, PersonInput
from mi_async.bulk.outcome import BulkOutcome, Problem, Status
from mi_async.bulk.past import Find, Firsts, Known
from mi_async.bulk.records import FAILED, PersonRecord
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.enroll import MAX_PER_CREATE
from mi_async.workflows.source import name_of
from mi_async.workflows.upload import State

CHUNK = 256
"""Items that are looked at in one go."""
THREADS = 4
"""Which wait for disks; a processor is not what they are short of."""
AHEAD = 2 * THREADS
"""Chunks under way: what the threads have to do, and what has been done."""
DUPLICATE, INPUT = "DUPLICATE", "INPUT"
"""Codes of what is refused without a look at a picture."""
FINAL = frozenset({State.ATTACHED.value, FAILED})

Tell = Callable[[BulkOutcome], None]
"""Takes what would not go well."""


@define(eq=False)
class Candidate:
    """An item that nothing speaks against so far.

    Attributes:
        item: as it was given.
        person: its row in the journal, or one that says nothing.
        states: state and fault of the pictures that the journal knows as finished, by name.
        prints: size and time of the last change of those files.
        looks: what their pictures have shown, by name.
    """

    item: FaceItem
    person: PersonRecord
    states: Mapping[str, tuple[str, Problem]]
    prints: Mapping[str, tuple[int, int]]
    looks: dict[str, Look] = field(init=False, factory=dict)

    @classmethod
    def of(cls, item: FaceItem, known: Known | None) -> "Candidate":
        """The item, with what the journal knows of it."""
        person, pictures = known or (PersonRecord(item.key), ())
        final = [row for row in pictures if row.state in FINAL and row.mtime_ns]
        return cls(
            item,
            person,
            {row.source: (row.state, Problem(row.source, row.code, row.message)) for row in final},
            {row.source: (row.size, row.mtime_ns) for row in final},
        )


@define(eq=False)
class Planner:
    """Counts.

    Attributes:
        kind: class of the items.
        find: what the journal knows.
        fit: whether pictures of too many bytes are made to fit.
        tell: takes what would not go well.
        counts: items, pictures, bytes and requests, by name.
        reasons: what would be refused, by code.
    """

    kind: type[FaceItem]
    find: Find
    fit: bool
    tell: Tell
    firsts: Firsts
    counts: dict[str, int] = field(init=False, factory=dict)
    reasons: dict[str, int] = field(init=False, factory=dict)

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
        faults = {id(item): fault for item in good if (fault := item.fault()) is not None}
        good = [item for item in good if id(item) not in faults]
        before: dict[int, str | None] = {}
        if self.kind is PersonInput:
            earlier = self.firsts.before([(item.key, item.origin) for item in good])
            before = {id(item): first for item, first in zip(good, earlier, strict=True)}
        known = self.find(list({item.key for item in good}))
        return [self._sifted(item, faults, before, known) for item in chunk]

    def _sifted(
        self,
        item: FaceItem | BadInput,
        faults: Mapping[int, str],
        before: Mapping[int, str | None],
        known: Mapping[str, Known],
    ) -> BulkOutcome | Candidate:
        if isinstance(item, BadInput):
            return _rejected(f"[{item.origin}]", item.origin, INPUT, item.message)
        if (fault := faults.get(id(item))) is not None:
            return _rejected(str(item.key), item.origin, INPUT, fault)
        if (first := before.get(id(item))) is not None:
            message = f"the name came before in this input{first and ', at '}{first}"
            return _rejected(str(item.key), item.origin, DUPLICATE, message)
        candidate = Candidate.of(item, known.get(item.key))
        if isinstance(item, PersonInput) and candidate.person.status == Status.FAILED.value:
            person = candidate.person
            problem = Problem(item.origin or item.key, person.code, person.message)
            return BulkOutcome(item.key, Status.FAILED, person.person_id, origin=item.origin, problems=(problem,))
        return candidate

    def _look(self, sifted: list[BulkOutcome | Candidate]) -> list[BulkOutcome | Candidate]:
        """Look at the pictures; this is what the threads do."""
        for candidate in sifted:
            if isinstance(candidate, Candidate):
                for source in candidate.item.thumbnails:
                    name = name_of(source)
                    # Bytes have no name of their own: each is another picture.
                    key = name if name not in candidate.looks or name[:1] != "<" else f"{name}{len(candidate.looks)}"
                    if key not in candidate.looks:
                        candidate.looks[key] = look(source, self.fit, candidate.prints.get(name))
        return sifted

    def _count(self, looked: Iterable[BulkOutcome | Candidate]) -> None:
        for one in looked:
            self._add("items")
            outcome = self._judge(one) if isinstance(one, Candidate) else one
            if outcome is None:
                continue
            self._add(outcome.status.value)
            for problem in outcome.problems:
                self.reasons[problem.code] = self.reasons.get(problem.code, 0) + 1
            self.tell(outcome)

    def _judge(self, one: Candidate) -> BulkOutcome | None:
        """Count what would be done for an item; its outcome, where that is already known not to be good."""
        item, person = one.item, one.person
        problems = [*_problems(one)]
        new = [
            seen for name, seen in one.looks.items() if seen.problem is None and not (seen.same and name in one.states)
        ]
        missing = [tag for tag in item.tags if tag not in person.tags] if isinstance(item, PersonInput) else []
        exists = not isinstance(item, PersonInput) or person.person_id is not None
        if new or (exists and missing):
            self._work(new, missing, exists=exists)
        elif not problems:
            self._add("skipped")
            return None
        if not problems:
            return None
        number = item.person_id if not isinstance(item, PersonInput) else person.person_id
        there = bool(new) or (isinstance(item, PersonInput) and exists)
        status = Status.PARTIAL if there else Status.REJECTED
        return BulkOutcome(item.key, status, number, origin=item.origin, problems=tuple(problems))

    def _work(self, new: Sequence[Look], missing: Sequence[str], *, exists: bool) -> None:
        """Count what new pictures and tags of one person cost."""
        self._add("attach" if exists else "create")
        self._add("pictures", len(new))
        self._add("bytes", sum(seen.size for seen in new))
        self._add("to_fit", sum(not seen.fits for seen in new))
        self._add("persons.create", not exists)
        added = len(new) if exists else len(new) - MAX_PER_CREATE
        self._add("persons.set_thumbnails", max(0, -(-added // MAX_PER_CREATE)))
        self._add("persons.add_tags", bool(missing))
        self.firsts.tags(missing)

    def _add(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number


def _rejected(key: str, origin: str, code: str, message: str) -> BulkOutcome:
    return BulkOutcome(key, Status.REJECTED, origin=origin, problems=(Problem(origin or key, code, message),))


def _problems(one: Candidate) -> Iterator[Problem]:
    """What is wrong with the pictures, now or as the journal has it."""
    for name, seen in one.looks.items():
        if seen.problem is not None:
            yield Problem(name, seen.problem.reason, str(seen.problem))
        elif seen.same and one.states[name][0] == FAILED:
            yield one.states[name][1]
