"""Repeats: how often, when, with what; on virtual time over a scripted network."""

import asyncio
import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_async._core.failed_attempt import retryable
from mi_async._core.http_messages import Response
from mi_async._core.operation import Repeat
from mi_async._core.retry import RetryBudget
from mi_async._core.signing import SIGNATURE, TIMESTAMP
from mi_async.errors import (
    ConflictError,
    ConnectError,
    DeadlineExceededError,
    DisconnectedError,
    MIError,
    NotFoundError,
    ResponseError,
    ServerError,
    TimeoutError,  # noqa: A004  ours
)
from tests.support.scripted import EPOCH, Step, answer, policy, refusal, stage
from tests.support.virtual import run

METHODS = {"tag": Repeat.SAFE, "create": Repeat.CONFLICTS, "register": Repeat.DUPLICATES, "check": Repeat.SAFE}

FAILURES: dict[str, Callable[[], Step]] = {
    "refused connection": lambda: ConnectError("no connection"),
    "throttled": lambda: refusal(429),
    "dropped connection": lambda: DisconnectedError("gone"),
    "no answer in time": lambda: TimeoutError("late"),
    "truncated": lambda: ResponseError("torn"),
    "500": lambda: refusal(500),
    "502 from a proxy": lambda: Response(502, {"Content-Type": "text/html"}, b"<html>"),
    "code 99999": lambda: refusal(400, "99999"),
    "misfit": lambda: answer(["not", "a", "string"]),
    "400": lambda: refusal(400, "10001"),
    "signature": lambda: refusal(401, "200"),
    "permission": lambda: refusal(401, "210"),
    "permission of the service": lambda: refusal(401, "10003"),
    "403": lambda: refusal(403),
    "404": lambda: refusal(404),
    "409": lambda: refusal(409, "10010"),
    "422": lambda: refusal(422),
}
UNSENT = {"refused connection", "throttled"}
AMBIGUOUS = {"dropped connection", "no answer in time", "truncated", "500", "502 from a proxy", "code 99999"}


def repeats(failure: str, repeat: Repeat) -> bool:
    """The table of the documentation, written down a second time."""
    return failure in UNSENT or (failure in AMBIGUOUS and repeat is not Repeat.DUPLICATES)


def expected_sends(failures: list[str], repeat: Repeat, max_attempts: int, *, paced: bool) -> int:
    counted = 0
    for sends, failure in enumerate(failures, start=1):
        counted += not (paced and failure == "throttled")
        if max_attempts == 1 or counted >= max_attempts or not repeats(failure, repeat):
            return sends
    return len(failures) + 1


# ---- how often, and what is sent


@given(
    st.sampled_from(sorted(METHODS)),
    st.lists(st.sampled_from(sorted(UNSENT | AMBIGUOUS)), max_size=7)
    | st.lists(st.sampled_from(sorted(FAILURES)), max_size=3),
    st.integers(1, 6),
    st.text(max_size=5),
)
def test_sends_are_exactly_what_the_table_says(method: str, failures: list[str], max_attempts: int, name: str) -> None:
    async def main() -> None:
        steps = [FAILURES[failure]() for failure in failures]
        async with stage(steps, retry=policy(max_attempts=max_attempts)) as play:
            expected = expected_sends(failures, METHODS[method], max_attempts, paced=method == "check")
            call = getattr(play.things, method)(name)
            if expected > len(failures):
                assert await call == "done"
            else:
                with pytest.raises(MIError):
                    await call
            sent = play.script.sent
            assert len(sent) == expected
            assert {one.request.body for one in sent} == {sent[0].request.body}
            assert json.loads(sent[0].request.body or b"") == {"name": name}
            for earlier, later in pairwise(sent):
                assert later.headers[TIMESTAMP] >= earlier.headers[TIMESTAMP]
                if later.at - earlier.at >= 0.001:
                    assert later.headers[TIMESTAMP] > earlier.headers[TIMESTAMP]
                    assert later.headers[SIGNATURE] != earlier.headers[SIGNATURE]

    run(main())


@pytest.mark.parametrize("failure", sorted(FAILURES))
@pytest.mark.parametrize("method", sorted(METHODS))
def test_one_attempt_means_one(method: str, failure: str) -> None:
    async def main() -> None:
        async with stage([FAILURES[failure]()], retry=policy(max_attempts=1)) as play:
            with pytest.raises(MIError):
                await getattr(play.things, method)("x")
            assert len(play.script.sent) == 1

    run(main())


def test_every_attempt_is_signed_after_its_wait() -> None:
    async def main() -> None:
        async with stage([refusal(500, Retry_After="7"), refusal(500, Retry_After="9")]) as play:
            await play.things.tag("x")
            sent = play.script.sent
            assert [int(one.headers[TIMESTAMP]) for one in sent] == [int((EPOCH + one.at) * 1000) for one in sent]
            assert [round(one.at) for one in sent] == [0, 7, 16]
            assert len({one.headers[SIGNATURE] for one in sent}) == 3

    run(main())


def test_the_last_error_is_raised_as_it_is_and_nothing_of_tenacity() -> None:
    async def main() -> None:
        async with stage([refusal(500), refusal(503)], retry=policy(max_attempts=2)) as play:
            with pytest.raises(ServerError) as caught:
                await play.things.tag("x")
            assert caught.value.status == 503
            seen: BaseException | None = caught.value
            while seen is not None:
                assert not type(seen).__module__.startswith("tenacity")
                seen = seen.__cause__ or seen.__context__

    run(main())


def test_an_error_that_is_not_ours_passes() -> None:
    assert not retryable(KeyError("x"), Repeat.SAFE)
    assert not retryable(DeadlineExceededError("late"), Repeat.SAFE)


# ---- budget


def test_the_budget_stops_a_storm_and_is_earned_back() -> None:
    async def main() -> None:
        async with stage(retry=policy(max_attempts=3, base=0)) as play:
            budget, storm = play.calls.retries.budget, 60
            assert budget.tokens == 500
            play.script.steps = [refusal(500)] * 10_000
            await asyncio.gather(*(play.things.tag("x") for _ in range(storm)), return_exceptions=True)
            assert len(play.script.sent) == storm + 100  # 500 tokens at 5 a repeat, instead of 120 repeats
            assert budget.tokens == 0
            play.script.steps = []
            await asyncio.gather(*(play.things.tag("x") for _ in range(5)))
            assert budget.tokens == 5
            play.script.steps = [refusal(500)]
            assert await play.things.tag("x") == "done"
            assert budget.tokens == 5  # what a repeat costs comes back when it succeeds

    run(main())


def test_a_budget_never_overflows_nor_goes_below_nothing() -> None:
    budget = RetryBudget(capacity=6, cost=5)
    budget.earn()
    assert budget.tokens == 6
    assert budget.spend()
    assert not budget.spend()
    assert budget.tokens == 1


# ---- what an ambiguous failure leaves behind


@pytest.mark.parametrize(
    ("before", "possibly"),
    [("500", True), ("dropped connection", True), ("throttled", False), ("refused connection", False)],
)
def test_a_conflict_after_an_ambiguous_failure_is_possibly_ours(before: str, possibly: bool) -> None:
    async def main(step: Response) -> MIError:
        async with stage([FAILURES[before](), FAILURES["throttled"](), step]) as play:
            with pytest.raises((ConflictError, NotFoundError)) as caught:
                await play.things.create("x")
            return caught.value

    conflict, missing = run(main(refusal(409))), run(main(refusal(404)))
    assert isinstance(conflict, ConflictError)
    assert conflict.possibly_created is possibly
    assert isinstance(missing, NotFoundError)
    assert missing.possibly_deleted is possibly


def test_a_conflict_at_once_is_not_ours() -> None:
    async def main() -> None:
        async with stage([refusal(409)]) as play:
            with pytest.raises(ConflictError) as caught:
                await play.things.create("x")
            assert not caught.value.possibly_created

    run(main())
