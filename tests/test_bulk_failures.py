"""What failures mean for a run, and how an outage is waited out; on virtual time."""

import asyncio
import logging

import pytest

from mi_async import Clock
from mi_async.bulk.errand import text_of
from mi_async.bulk.failures import ALONE, LONGEST, MANY, SURE, Kind, Outage, kind, was_refused
from mi_async.errors import (
    AuthenticationError,
    BulkError,
    CapacityError,
    ConfigError,
    ConflictError,
    ConnectError,
    CredentialsError,
    DeadlineExceededError,
    DisconnectedError,
    ImageRejectedError,
    InvalidArgumentError,
    InvalidRequestError,
    JobTimeoutError,
    JournalError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    QuotaWaitError,
    ResponseError,
    ServerError,
    SessionError,
    TimeoutError,  # noqa: A004  the field's name
    TransportError,
    UploadFailedError,
)
from tests.support import virtual


def upload(reason: str, *, ambiguous: bool = False) -> UploadFailedError:
    failed = UploadFailedError("no", reason=reason)
    failed.ambiguous = ambiguous
    return failed


def permanent(error: TransportError, *, ambiguous: bool) -> TransportError:
    error.permanent, error.ambiguous = True, ambiguous
    return error


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (CredentialsError("no"), Kind.SYSTEMIC),
        (ConfigError("no"), Kind.SYSTEMIC),
        (SessionError("no"), Kind.SYSTEMIC),
        (JournalError("no"), Kind.SYSTEMIC),
        (BulkError("no"), Kind.SYSTEMIC),
        (AuthenticationError(401, "200", "no"), Kind.SYSTEMIC),
        (PermissionDeniedError(401, "210", "no"), Kind.SYSTEMIC),
        (CapacityError(409, "10068", "no"), Kind.SYSTEMIC),
        (NotFoundError(404, "10030", "no workspace"), Kind.SYSTEMIC),
        (NotFoundError(404, "10001", "no person"), Kind.PERMANENT),
        (ConflictError(409, "50005", "name in use"), Kind.PERMANENT),
        (InvalidRequestError(400, "10001", "no"), Kind.PERMANENT),
        (ImageRejectedError("no", source="a.jpg", reason="size"), Kind.PERMANENT),
        (InvalidArgumentError("no"), Kind.PERMANENT),
        (upload("RESOLUTION_NOT_SUPPORT"), Kind.PERMANENT),
        (upload("HTTP_400"), Kind.PERMANENT),
        (upload("TIMED_OUT", ambiguous=True), Kind.TRANSIENT),
        (upload("HTTP_500", ambiguous=True), Kind.TRANSIENT),
        (upload("HTTP_408"), Kind.TRANSIENT),
        (upload("HTTP_429"), Kind.TRANSIENT),
        (upload("ETAG_MISMATCH"), Kind.TRANSIENT),
        (QuotaError(429, "410", "no"), Kind.TRANSIENT),
        (QuotaWaitError("no", operation="x", wait=1.0), Kind.TRANSIENT),
        (ServerError(503, "500", "no"), Kind.TRANSIENT),
        (permanent(ConnectError("not trusted"), ambiguous=False), Kind.SYSTEMIC),
        (permanent(ResponseError("a redirect"), ambiguous=False), Kind.SYSTEMIC),
        (permanent(ResponseError("too large"), ambiguous=True), Kind.PERMANENT),
        (ConnectError("no"), Kind.TRANSIENT),
        (DisconnectedError("no"), Kind.TRANSIENT),
        (TimeoutError("no"), Kind.TRANSIENT),
        (ResponseError("no"), Kind.TRANSIENT),
        (DeadlineExceededError("no"), Kind.TRANSIENT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, MIError) else "",
)
def test_what_a_failure_means(error: MIError, meaning: Kind) -> None:
    assert kind(error) is meaning


AWAY = ServerError(503, "500", "Endpoint Error")


def test_a_few_failures_are_bad_luck_and_a_success_forgets_them() -> None:
    async def main() -> None:
        outage = Outage(Clock(), patience=100.0)
        for _ in range(3):
            seen = {outage.failure(AWAY) for _ in range(MANY - 1)}
            assert seen == {False}
            await outage.pass_by()
            outage.success()
        assert (outage.on, outage.seconds) == (False, 0.0)
        assert asyncio.get_running_loop().time() < 0.1

    virtual.run(main())


def test_an_outage_is_tried_ever_more_rarely_and_its_end_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)

    async def main() -> None:
        outage, loop, tries = Outage(Clock(), patience=1000.0), asyncio.get_running_loop(), list[float]()
        for _ in range(MANY):
            outage.failure(AWAY)
        for _ in range(9):
            await outage.pass_by()
            tries.append(round(loop.time(), 1))
            assert outage.failure(AWAY)
        assert tries == [1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 123.0, 183.0, 243.0]
        assert outage.seconds == pytest.approx(243.0, abs=0.1)
        assert outage.back < 0.0
        outage.success()
        assert (outage.on, outage.back) == (False, loop.time())
        await outage.pass_by()
        assert loop.time() == pytest.approx(243.0, abs=0.1)

    virtual.run(main())
    assert "does not answer; trying again in 1 s" in caplog.text
    assert caplog.text.count("does not answer") == 1  # the display tells how long it lasts
    assert "the service answers again, after 243 s" in caplog.text


def test_many_who_wait_together_count_as_one_try() -> None:
    async def main() -> None:
        outage = Outage(Clock(), patience=1000.0)
        for _ in range(MANY):
            outage.failure(AWAY)

        async def one() -> None:
            await outage.pass_by()
            outage.failure(AWAY)

        for _ in range(4):
            await asyncio.gather(*[one() for _ in range(20)])
        assert asyncio.get_running_loop().time() == pytest.approx(1 + 2 + 4 + 8, abs=0.1)

    virtual.run(main())


def test_when_patience_is_over_the_last_failure_is_the_cause() -> None:
    async def main() -> None:
        outage = Outage(Clock(), patience=10.0)
        for _ in range(MANY):
            outage.failure(AWAY)
        for _ in range(3):
            await outage.pass_by()
            outage.failure(AWAY)
        await outage.pass_by()
        with pytest.raises(BulkError, match=r"has not answered for 15 s; the last failure: .*Endpoint Error") as caught:
            outage.failure(AWAY)
        assert caught.value.__cause__ is AWAY

    virtual.run(main())


def test_without_patience_the_first_outage_ends_it() -> None:
    async def main() -> None:
        outage = Outage(Clock(), patience=0.0)
        for _ in range(MANY - 1):
            outage.failure(AWAY)
        await asyncio.sleep(0.1)
        with pytest.raises(BulkError):
            outage.failure(AWAY)

    virtual.run(main())


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (AWAY, True),
        (UploadFailedError("no", reason="HTTP_403"), True),
        (UploadFailedError("no", reason="HTTP_503"), False),  # of the storage: it is away
        (ConnectError("nobody there"), False),
    ],
)
def test_what_is_an_answer(error: MIError, refused: bool) -> None:
    assert was_refused(error) is refused


def test_one_call_that_is_refused_while_others_are_answered_is_no_outage_after_a_while() -> None:
    async def main() -> None:
        answering, asked = False, 0

        async def answers() -> bool:
            nonlocal asked
            asked += 1
            return answering

        outage, loop = Outage(Clock(), 10_000.0, answers), asyncio.get_running_loop()
        assert [outage.failure(AWAY) for _ in range(MANY)] == [False] * (MANY - 1) + [True]
        while loop.time() < ALONE - LONGEST:
            await outage.pass_by()
            assert outage.failure(AWAY)
        assert asked == 0
        await outage.pass_by()
        assert (asked, outage.on) == (1, True)  # it does not answer others either
        answering = True
        for n in range(SURE):
            assert (asked, outage.failure(AWAY)) == (1 + n, True)
            await outage.pass_by()
            await outage.pass_by()  # another item; one question is enough
        assert (outage.on, outage.seconds, outage.failure(AWAY)) == (False, 0.0, False)
        assert outage.failure(ConnectError("nobody there"))  # and now it does not answer at all
        outage.success()
        assert not outage.failure(AWAY)

    virtual.run(main())


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ServerError(500, "1", "oops"), "oops (HTTP 500, code 1)"),
        (
            JobTimeoutError("index:n:1:2: RUNNING, and session.job(...) finds it", brief="index:n:1:2: RUNNING"),
            "index:n:1:2: RUNNING",
        ),
    ],
)
def test_a_failure_is_told_without_what_the_next_run_does_by_itself(error: MIError, text: str) -> None:
    assert text_of(error) == text
