"""Persons of the workspace who are given what the backup has and they lack.

Invariant: repeating it adds nothing; a person is completed by the same call as ``enroll_person(if_exists="complete")``.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from attrs import define, field, frozen

from mi_async._core.concurrency import run_concurrently
from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.bulk.engine.outcome import INPUT, MOST_PROBLEMS, WELL, BulkOutcome, Problem, Status
from mi_async.bulk.engine.work_item import code_of, text_of
from mi_async.bulk.inputs.models import BadInput, PersonInput
from mi_async.errors import MIError
from mi_async.models import Serializable
from mi_async.workflows.context import Context
from mi_async.workflows.enroll import enroll_person

PARALLEL = 8
"""Persons that are completed at once."""
AT_ONCE = 32
"""Persons that are read at once."""
ENDS: Mapping[FailureKind, Status] = {FailureKind.TRANSIENT: Status.PARKED, FailureKind.PERMANENT: Status.FAILED}
"""End of a person by what its failure means; anything else stops the restore."""


@frozen
class Completed(Serializable):
    """Counts of persons that were completed.

    Attributes:
        counts: by how they ended, ``done`` also where nothing was missing.
        problems: the first that did not go well, at most 20.
    """

    counts: Mapping[Status, int] = field(factory=dict)
    problems: tuple[BulkOutcome, ...] = ()

    @property
    def troubled(self) -> int:
        """Number of those that did not go well."""
        return sum(number for status, number in self.counts.items() if status not in WELL)


@define(eq=False)
class Completion:
    """Completes persons.

    Attributes:
        context: the workspace.
        write: takes the outcome of each as a row.
    """

    context: Context
    write: Callable[[dict[str, Any]], None]
    _counts: Counter[Status] = field(init=False, factory=Counter)
    _problems: list[BulkOutcome] = field(init=False, factory=list)

    async def run(self, people: Iterable[PersonInput | BadInput]) -> Completed:
        """Complete all of them, a few at a time.

        Raises:
            MIError: a failure that no person can get past.
        """
        coming = iter(people)  # in a thread: it reads and checks the images of each, and passes over all others
        while some := await asyncio.to_thread(lambda: list(islice(coming, AT_ONCE))):
            await run_concurrently(self._one, some, lambda: PARALLEL)
        return Completed(dict(self._counts), tuple(self._problems))

    async def _one(self, item: PersonInput | BadInput) -> None:
        if isinstance(item, BadInput):
            problem = Problem(item.origin, INPUT, item.message)
            self._end(BulkOutcome(f"[{item.origin}]", Status.REJECTED, origin=item.origin, problems=(problem,)))
            return
        try:
            with self.context.workflow("enroll_person", name=item.name) as result:
                person = await enroll_person(
                    self.context,
                    item.name,
                    item.thumbnails,
                    description=item.description,
                    tags=item.tags,
                    if_exists="complete",
                )
                result["person_id"] = person.id
        except MIError as error:
            if (status := ENDS.get(kind(error))) is None:
                raise
            problem = Problem(item.origin, code_of(error), text_of(error))
            self._end(BulkOutcome(item.name, status, origin=item.origin, problems=(problem,)))
        else:
            self._end(BulkOutcome(item.name, Status.DONE, person.id, origin=item.origin))

    def _end(self, outcome: BulkOutcome) -> None:
        self._counts[outcome.status] += 1
        if outcome.problems and len(self._problems) < MOST_PROBLEMS:
            self._problems.append(outcome)
        self.write(outcome.as_row())
