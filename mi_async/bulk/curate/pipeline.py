"""The pipeline of a curation: look at a person, name it, merge others into it, with a journal write after each.

Invariant: no merge is sent before the journal says so on the disk, and none is sent again before a look has shown that
its persons are still there: a merge cannot be undone, and what a second one does is not documented.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from attrs import define, evolve, field

from mi_async._core.concurrency import each
from mi_async._core.names import clean_name
from mi_async.api.persons import Person
from mi_async.bulk.curate.looks import looked_at
from mi_async.bulk.curate.work import LEFT, CurationWork
from mi_async.bulk.engine.circuit_breaker import CircuitBreaker
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.pipeline import Pipeline, PipelineStage
from mi_async.bulk.engine.work_item import END, Movable, Moves
from mi_async.bulk.journal.actions import ActionRecord, ActionState
from mi_async.bulk.journal.journal import Journal
from mi_async.errors import APIError, ConflictError, MIError
from mi_async.workflows.absence import person_of
from mi_async.workflows.attach import may_be_sent_again
from mi_async.workflows.context import Context

MOST_MERGED = 10
"""Persons in one merge. Source: mi-merge-persons."""
LOOKS = 4
"""Persons that one merge looks at, at once."""


class CurationRoute(StrEnum):
    """Stages of the pipeline."""

    LOOK = "look"
    NAME = "name"
    MERGE = "merge"


@define(eq=False)
class CurationPipeline(Pipeline[CurationWork]):
    """The pipeline of a curation.

    Attributes:
        context: the workspace.
        journal: the journal.
    """

    context: Context
    journal: Journal
    stages: Sequence[PipelineStage[CurationWork]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the stages."""
        self.stages = (
            PipelineStage(CurationRoute.LOOK, 8, 32, self._look),
            PipelineStage(CurationRoute.NAME, 8, 0, self._name),
            PipelineStage(CurationRoute.MERGE, 4, 0, self._merge),
        )

    def begin(self, work: CurationWork, /) -> Moves[CurationWork]:
        """Return the first move: a look at the person."""
        return ((CurationRoute.LOOK, work),)

    async def _look(self, thing: Movable[CurationWork], _breaker: CircuitBreaker) -> Moves[CurationWork]:
        """Look whether the person is as the plan has it."""
        work = thing.work
        # an earlier run may have found that already, and was stopped before it said so
        if work.own.state != ActionState.REFUSED.value:
            await self._take(work, [await self._looked_at(work.own)])
        if work.own.state == ActionState.REFUSED.value:
            return ((END, work),)
        return ((CurationRoute.NAME, work),) if work.to_name else _after_name(work)

    async def _name(self, thing: Movable[CurationWork], _breaker: CircuitBreaker) -> Moves[CurationWork]:
        """Give the person its name."""
        work = thing.work
        number, name = work.own.person_id, work.own.name
        try:
            await self.context.groups.persons.update(number, name=name)
        except ConflictError:  # an earlier attempt, whose answer was lost, may have given it the name
            person = await person_of(self.context, number)
            if person is None or person.name is None or clean_name(person.name) != name:
                raise
        await self._take(work, [evolve(work.own, state=ActionState.DONE.value)])
        return _after_name(work)

    async def _merge(self, thing: Movable[CurationWork], _breaker: CircuitBreaker) -> Moves[CurationWork]:
        """Merge a few persons into this one, after a look at all of them."""
        work = thing.work
        batch = work.to_merge[:MOST_MERGED]
        # the target last: what is sent next must find it as it was seen
        looked = await each(self._looked_at, batch, LOOKS)
        target = await self._looked_at(work.own)
        await self._take(work, [*looked, target])
        if target.state == ActionState.REFUSED.value:
            return ((END, work),)
        ready = [evolve(one, state=ActionState.SENDING.value) for one in looked if one.state in LEFT]
        if ready:
            await self._take(work, ready)
            await self._send(work, {one.person_id: one for one in ready})
        return _after_name(work)

    async def _send(self, work: CurationWork, left: dict[int, ActionRecord]) -> None:
        """Send a merge of persons whom the journal has as being sent; what was merged is on the disk at the end."""

        async def send() -> bool:
            await self.context.groups.persons.merge(work.own.person_id, person_ids=sorted(left))
            return True

        async def look() -> bool | None:
            await self._settle(work, left)
            return None if left else True

        try:
            await self.context.retries.look_first(
                send, look, name="persons.merge", again=may_be_sent_again, least=self.context.polling.first
            )
        except MIError as error:
            if error.ambiguous:
                raise
            await self._refused(work, left, error)
        else:
            await self._take(work, [evolve(one, state=ActionState.DONE.value) for one in left.values()])

    async def _settle(self, work: CurationWork, left: dict[int, ActionRecord]) -> None:
        """Look at persons whose merge may have happened; those that are still there stay in ``left``."""
        looked = await each(self._looked_at, left.values(), LOOKS)
        for one in looked:
            if one.state not in LEFT:
                del left[one.person_id]
        await self._take(work, looked)

    async def _refused(self, work: CurationWork, left: Mapping[int, ActionRecord], error: MIError) -> None:
        """Record that a merge was refused, so that a person who is gone later was not merged by us.

        A refusal because a person is gone, or was renamed, since the look of a moment ago is no end: the others are
        merged without it.

        Raises:
            MIError: it was refused for another reason.
        """
        unsent = [evolve(one, state=ActionState.PLANNED.value) for one in left.values()]
        await self._take(work, unsent)
        if not isinstance(error, APIError):
            raise error
        before = len(work.problems)
        await self._take(work, await each(self._looked_at, unsent, LOOKS))
        if len(work.problems) == before:
            raise error

    async def _looked_at(self, action: ActionRecord) -> ActionRecord:
        person: Person | None = await person_of(self.context, action.person_id)
        return looked_at(action, person)

    async def _take(self, work: CurationWork, actions: Iterable[ActionRecord]) -> None:
        """Take actions; they are durable before anything else happens to the person."""
        if changed := work.take(actions):
            await self.journal.write(*changed)

    async def give_up(self, thing: Movable[CurationWork], error: MIError, /, *, transient: bool) -> Moves[CurationWork]:
        """Record a failure of a person: for good, or with ``transient`` for this run."""
        thing.work.add_problem("", error, transient=transient)
        return ((END, thing.work),)

    async def end(self, work: CurationWork, /) -> BulkOutcome:
        """Record the end of a person."""
        work.record = work.ended()
        await self.journal.write(work.record)
        return work.outcome()

    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""
        return await self.context.answers()


def _after_name(work: CurationWork) -> Moves[CurationWork]:
    return ((CurationRoute.MERGE, work),) if work.to_merge else ((END, work),)
