"""Hooks: once an attempt, on virtual time over a scripted network."""

import asyncio

import pytest
from attrs import define, field

from mi_async._core.hooks import Attempt, Hooks, Outcome
from mi_async._core.signing import SIGNATURE
from mi_async.errors import (
    ConnectError,
    DeadlineExceededError,
    ServerError,
)
from tests.support.scripted import FOREVER, Step, answer, refusal, stage
from tests.support.virtual import run

# ---- hooks


@define
class Watching:
    """Hooks that write down what they see."""

    seen: list[tuple[object, ...]] = field(factory=list)

    async def before(self, attempt: Attempt) -> None:
        self.seen.append(("before", attempt.operation, attempt.number))
        attempt.headers["traceparent"] = f"00-{attempt.number}"
        attempt.headers[SIGNATURE] = "forged"

    async def after(self, attempt: Attempt, outcome: Outcome) -> None:
        status = outcome.response and outcome.response.status
        self.seen.append(("after", attempt.number, status, type(outcome.error), round(outcome.seconds, 3)))

    @property
    def hooks(self) -> Hooks:
        return Hooks(before=[self.before], after=[self.after])


def test_hooks_run_once_an_attempt_and_see_failures() -> None:
    async def main() -> None:
        watching = Watching()
        steps: list[Step] = [0.25, refusal(500), ConnectError("nobody"), 0.5, answer()]
        async with stage(steps, hooks=watching.hooks) as play:
            await play.things.tag("x")
            assert watching.seen == [
                ("before", "things.tag", 1),
                ("after", 1, 500, ServerError, 0.25),
                ("before", "things.tag", 2),
                ("after", 2, None, ConnectError, 0.0),
                ("before", "things.tag", 3),
                ("after", 3, 200, type(None), 0.5),
            ]
            assert [one.headers["traceparent"] for one in play.script.sent] == ["00-1", "00-2", "00-3"]
            assert "forged" not in {one.headers[SIGNATURE] for one in play.script.sent}

    run(main())


def test_hooks_see_the_deadline_pass() -> None:
    async def main() -> None:
        watching = Watching()
        async with stage([FOREVER], hooks=watching.hooks, total=3) as play:
            with pytest.raises(DeadlineExceededError):
                await play.things.tag("x")
        assert watching.seen[-1] == ("after", 1, None, DeadlineExceededError, 3.0)

    run(main())


def test_hooks_see_a_cancellation_as_no_failure_of_ours() -> None:
    async def main() -> None:
        watching = Watching()
        async with stage([FOREVER], hooks=watching.hooks) as play:
            call = asyncio.create_task(play.things.tag("x"))
            await asyncio.sleep(1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert watching.seen[-1] == ("after", 1, None, type(None), 1.0)

    run(main())


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_hook_that_raises_ends_the_call(where: str) -> None:
    async def broken(*_seen: object) -> None:
        raise LookupError(where)

    async def main() -> None:
        async with stage(hooks=Hooks(**{where: [broken]})) as play:
            with pytest.raises(LookupError, match=where):
                await play.things.check("x")
            assert len(play.script.sent) == (where == "after")

    run(main())


def test_a_hook_sees_how_long_each_attempt_waited_for_its_quota() -> None:
    async def main() -> None:
        waited = list[float]()

        async def look(attempt: Attempt, _outcome: Outcome) -> None:
            waited.append(attempt.waited)

        async with stage([refusal(503), answer("x"), answer("x")], hooks=Hooks(after=[look])) as play:
            play.calls.limiters["things.check"].pause(2.0)
            await play.things.check("x")
            await play.things.check("x")
        assert waited == pytest.approx([2.0, 0.0, 0.0], abs=0.01)

    run(main())


def test_no_hooks_are_no_hooks() -> None:
    assert not Hooks()
    assert Watching().hooks
