"""Log of calls: a line for each retry, one for a pause and for a clock, none for what the caller gets as an error."""

import asyncio
import logging
from email.utils import formatdate

import pytest

from mi_async._core.failed_attempt import retry_line
from mi_async._core.limits import QuotaState
from mi_async.errors import (
    ConnectError,
    InvalidRequestError,
    ServerError,
    UploadFailedError,
)
from tests.support.scripted import EPOCH, Step, policy, refusal, stage
from tests.support.virtual import run

ID = {"x_ncp_request_id": "r-1"}


def lines(caplog: pytest.LogCaptureFixture, least: int = logging.INFO) -> list[str]:
    """What the package has logged, with the level."""
    records = [record for record in caplog.records if record.levelno >= least and record.name.startswith("mi_async.")]
    return [f"{record.levelname} {record.name.rpartition('.')[2]}: {record.getMessage()}" for record in records]


def test_each_retry_is_one_line_and_the_last_failure_none(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        steps: list[Step] = [refusal(503, **ID), ConnectError("nobody"), refusal(500, Retry_After="3"), refusal(500)]
        async with stage(steps, retry=policy(max_attempts=4, random=lambda: 1.0)) as play:
            with pytest.raises(ServerError):
                await play.things.tag("x")

    run(main())
    assert lines(caplog) == [
        "INFO retry: things.tag: attempt 1 of 4 failed (503), again in 0.2 s, request ID r-1",
        "INFO retry: things.tag: attempt 2 of 4 failed (ConnectError), again in 0.5 s",
        "INFO retry: things.tag: attempt 3 of 4 failed (500), again in 3.0 s",
    ]


def test_a_failure_that_is_not_retried_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with stage([refusal(400)]) as play:
            with pytest.raises(InvalidRequestError):
                await play.things.tag("x")

    run(main())
    assert lines(caplog) == []


def test_a_429_is_a_line_of_the_pause_and_one_of_the_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def main() -> None:
        async with stage([refusal(429, Retry_After="2", **ID), refusal(429, Retry_After="2")]) as play:
            await play.things.check("x")

    run(main())
    assert lines(caplog) == [
        "WARNING limits: things.check: refused with 429, pausing 2.0 s",
        "INFO retry: things.check: attempt 1 failed (429), again when its quota allows, request ID r-1",
        "INFO limits: things.check: refused with 429, pausing 2.0 s",
        "INFO retry: things.check: attempt 2 failed (429), again when its quota allows",
    ]


@pytest.mark.parametrize(("ahead", "side"), [(300, "behind"), (-7200, "ahead of")])
def test_a_clock_that_is_corrected_is_one_line_for_all_calls(
    ahead: int, side: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    shown = formatdate(EPOCH + ahead, usegmt=True)

    async def main() -> None:
        async with stage([0.1, 0.1, 0.1, *[refusal(401, "200", Date=shown)] * 3]) as play:
            await asyncio.gather(*(play.things.tag("x") for _ in range(3)))

    run(main())
    (line,) = lines(caplog)
    assert line == (
        f"WARNING session_keys: this machine's clock is {abs(ahead)} s {side} the service's; "
        "requests are signed by the service's"
    )


def test_a_call_that_waited_says_why(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with stage() as play:
            play.calls.limiters["things.check"].pause(2.0)
            await asyncio.gather(*(play.things.check("x") for _ in range(2)))
            await asyncio.gather(*(play.things.check("x") for _ in range(60)))

    run(main())
    waits = [line for line in lines(caplog, logging.DEBUG)[1:] if " for its quota: " in line]
    paused, behind, *more = [line.partition(" for its quota: ") for line in waits]
    assert (paused[0], paused[2]) == (
        "DEBUG call: things.check: waited 2.0 s",
        "a 429 pauses everybody for 2.0 s",
    )
    assert behind[2] == "a 429 pauses everybody for 2.0 s"
    assert "10 callers are ahead, at 50 calls per 1 s" in {why for *_, why in more}


@pytest.mark.parametrize(
    ("steps", "took"),
    [
        ([0.9], ""),
        ([3.0], "took 3.0 s: quota 0.0, back-off 0.0, service 3.0; 1 attempt"),
        ([0.5, refusal(503), 1.0, refusal(503)], "took 4.5 s: quota 0.0, back-off 3.0, service 1.5; 3 attempts"),
        ([0.5, refusal(429, Retry_After="2")], "took 2.5 s: quota 2.0, back-off 0.0, service 0.5; 2 attempts"),
    ],
)
def test_a_slow_call_says_what_took_its_time(steps: list[Step], took: str, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with stage(steps, retry=policy(base=1.0, random=lambda: 1.0)) as play:
            await play.things.check("x")

    caplog.set_level(logging.DEBUG)
    run(main())
    slow = [line for line in lines(caplog, logging.DEBUG) if " running_call: " in line]
    assert slow == ([f"DEBUG running_call: things.check: {took}"] if took else [])


def test_a_slow_call_is_not_logged_without_debug(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with stage([3.0]) as play:
            await play.things.tag("x")

    caplog.set_level(logging.INFO)
    run(main())
    assert lines(caplog, logging.DEBUG) == []


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({}, ""),
        ({"next_free": 0.1}, "50 calls per 1 s are spread over the period"),
        ({"used": 50, "next_free": 0.4}, "all of 50 calls per 1 s are used"),
        ({"used": 50, "waiting": 1}, "1 caller is ahead, at 50 calls per 1 s"),
        ({"used": 50, "waiting": 7}, "7 callers are ahead, at 50 calls per 1 s"),
        ({"waiting": 1, "paused": 2.04}, "a 429 pauses everybody for 2.0 s"),
        (
            {"paused": 0.2, "next_free": 1.0},
            "a 429 pauses everybody for 0.2 s, the next slot is 1.0 s away",
        ),
        ({"paused": 2.0, "away": True}, "the quota store does not answer"),
        ({"used": 50, "away": True, "alone": True}, "all of 50 calls per 1 s are used"),
    ],
)
def test_a_quota_says_why_a_newcomer_would_wait(state: dict[str, float], reason: str) -> None:
    assert QuotaState(**{**vars_of_a_free_quota(), **state}).reason == reason  # type: ignore[arg-type]


def vars_of_a_free_quota() -> dict[str, float | str]:
    """A quota that nobody uses."""
    return {
        "operation": "things.check",
        "calls": 50,
        "period": 1.0,
        "used": 0,
        "waiting": 0,
        "paused": 0.0,
        "next_free": 0.0,
        "refused": 0,
    }


def test_the_line_of_a_retry_is_one_line_whatever_came_from_outside() -> None:
    late = UploadFailedError("x", reason="a\nb")
    assert retry_line("PUT of a.jpg", 6, 5, late, 0.04) == r"PUT of a.jpg: attempt 6 failed (a\nb), again in 0.0 s"
    odd = ServerError(503, "", "x", request_id="r\n" + "1" * 500)
    line = retry_line("persons.get", 1, 5, odd, 1)
    assert "\n" not in line
    assert len(line) < 200
