"""Steps that look before another attempt: how often they act, look and wait; on virtual time."""

from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, field

from mi_async._core.retry import Retries, RetryBudget
from mi_async.errors import (
    ConnectError,
    DisconnectedError,
    InvalidRequestError,
    MIError,
    NotFoundError,
    ServerError,
    UploadFailedError,
)
from tests.support.scripted import RunningClock, now, policy
from tests.support.virtual import run

LOST = DisconnectedError("gone")
UNSENT = ConnectError("no connection")
REFUSED = InvalidRequestError(400, "10069", "No face.")
LEAST = 0.3


@define
class Step:
    """A step that plays failures and then succeeds; a look finds what is scripted, and nothing after that."""

    failures: list[MIError]
    seen: list[Any] = field(factory=list)
    told: list[tuple[str, float]] = field(factory=list)

    def note(self, what: str) -> None:
        self.told.append((what, round(now(), 3)))

    async def act(self) -> str:
        self.note("act")
        if self.failures:
            raise self.failures.pop(0)
        return "done"

    async def look(self) -> str | None:
        self.note("look")
        found = self.seen.pop(0) if self.seen else None
        if isinstance(found, MIError):
            raise found
        return found

    async def renew(self, failure: MIError) -> None:
        self.note(f"renew after {type(failure).__name__}")

    async def taken(
        self, *, attempts: int = 3, budget: RetryBudget | None = None, again: Callable[[MIError], bool] = lambda _: True
    ) -> str:
        steady = policy(max_attempts=attempts, base=1.0, random=lambda: 1.0)
        retries = Retries(steady, RunningClock(), budget or RetryBudget())
        return await retries.look_first(self.act, self.look, name="step", again=again, renew=self.renew, least=LEAST)


def is_ambiguous(error: MIError) -> bool:
    return error.ambiguous


def failing(step: Step, **options: Any) -> MIError:
    async def main() -> MIError:
        with pytest.raises(MIError) as caught:
            await step.taken(**options)
        return caught.value

    return run(main())


def test_what_works_at_once_costs_nothing_more() -> None:
    step = Step([])
    assert run(step.taken()) == "done"
    assert step.told == [("act", 0)]


def test_an_effect_that_is_seen_is_not_had_again() -> None:
    step = Step([LOST], ["found"])
    assert run(step.taken()) == "found"
    assert step.told == [("act", 0), ("look", 1)]


def test_without_an_effect_it_is_renewed_and_tried_again() -> None:
    step = Step([LOST, LOST])
    assert run(step.taken()) == "done"
    again = "renew after DisconnectedError"
    assert step.told == [("act", 0), ("look", 1), (again, 1), ("act", 1), ("look", 3), (again, 3), ("act", 3)]


def test_what_was_not_sent_is_not_looked_for() -> None:
    step = Step([UNSENT])
    assert run(step.taken()) == "done"
    assert step.told == [("act", 0), ("renew after ConnectError", 1), ("act", 1)]


def test_a_refusal_ends_the_step_at_once() -> None:
    step = Step([REFUSED])
    assert failing(step, again=is_ambiguous) is REFUSED
    assert step.told == [("act", 0)]


def test_the_last_ambiguous_failure_is_looked_into_too() -> None:
    step = Step([LOST, LOST], [None, "found"])
    assert run(step.taken(attempts=2)) == "found"
    assert [what for what, _ in step.told if what != "renew after DisconnectedError"] == ["act", "look", "act", "look"]
    lost = DisconnectedError("gone again")
    step = Step([LOST, lost])
    assert failing(step, attempts=2) is lost
    assert step.told[-1] == ("look", 3)


def test_one_attempt_means_one_and_a_look() -> None:
    step = Step([LOST, LOST])
    assert failing(step, attempts=1) is LOST
    assert [what for what, _ in step.told] == ["act", "look"]


def test_no_look_is_earlier_than_an_effect_may_show() -> None:
    async def main() -> str:
        retries = Retries(policy(base=0.0), RunningClock())
        return await retries.look_first(step.act, step.look, name="step", again=lambda _: True, least=LEAST)

    step = Step([LOST], ["found"])
    assert run(main()) == "found"
    assert step.told == [("act", 0), ("look", LEAST)]


@pytest.mark.parametrize("failure", [NotFoundError(404, "", "No such person."), ServerError(503, "", "Busy.")])
def test_a_look_that_fails_ends_the_step(failure: MIError) -> None:
    step = Step([LOST], [failure])
    assert failing(step) is failure
    assert step.told == [("act", 0), ("look", 1)]


def test_what_a_look_does_not_find_was_not_deleted_by_the_step() -> None:
    gone = NotFoundError(404, "", "No such person.")
    assert failing(Step([LOST], [gone])) is gone
    assert not gone.possibly_deleted


def test_a_step_that_needs_no_renewal_is_tried_again_as_it_is() -> None:
    async def main() -> str:
        retries = Retries(policy(base=0.0), RunningClock())
        return await retries.look_first(step.act, step.look, name="step", again=lambda _: True)

    step = Step([LOST])
    assert run(main()) == "done"
    assert [what for what, _ in step.told] == ["act", "look", "act"]


def test_an_answer_that_asks_for_no_wait_leaves_an_effect_its_time_to_show() -> None:
    lost = UploadFailedError("HTTP 503", reason="HTTP_503")
    lost.retry_after, lost.ambiguous = 0.0, True
    step = Step([lost], ["found"])

    async def main() -> str:
        retries = Retries(policy(base=0.0), RunningClock())
        return await retries.look_first(step.act, step.look, name="step", again=lambda _: True, least=LEAST)

    assert run(main()) == "found"
    assert step.told == [("act", 0), ("look", LEAST)]


@pytest.mark.parametrize(("asked", "attempts"), [(7.0, 2), (121.0, 1)])
def test_a_storage_is_given_the_time_that_it_asks_for_up_to_the_ceiling(asked: float, attempts: int) -> None:
    busy = UploadFailedError("HTTP 503", reason="HTTP_503")
    busy.retry_after = asked
    step = Step([busy])
    if attempts == 1:
        assert failing(step) is busy
    else:
        assert run(step.taken()) == "done"
        assert step.told[-1] == ("act", asked)


def test_a_step_spends_from_the_budget_of_the_session_and_gives_back() -> None:
    budget = RetryBudget(capacity=5, cost=5)
    assert run(Step([LOST]).taken(budget=budget)) == "done"
    assert budget.tokens == 5
    step = Step([LOST, LOST])
    assert failing(step, budget=budget) is LOST
    assert [what for what, _ in step.told].count("act") == 2
    assert budget.tokens == 0
    assert run(Step([LOST], ["found"]).taken(budget=budget)) == "found", "a look costs no retry"
