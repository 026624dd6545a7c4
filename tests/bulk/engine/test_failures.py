"""What failures mean for a run, and how an outage is waited out; on virtual time."""

import asyncio
import logging

import pytest

from mi_async import Clock
from mi_async.api import operations
from mi_async.bulk.engine.circuit_breaker import ALONE, LONGEST, MANY, SURE, CircuitBreaker, was_refused
from mi_async.bulk.engine.failures import CODES, EXCEPTIONS, FailureKind, kind
from mi_async.bulk.engine.shared_refusals import SharedRefusals
from mi_async.bulk.engine.work_item import text_of
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
    QuotaStoreError,
    QuotaWaitError,
    ResourceError,
    ResponseError,
    ServerError,
    SessionError,
    TimeoutError,  # noqa: A004  the field's name
    TransportError,
    UploadFailedError,
    error_class,
)
from mi_async.workflows.attach import IMAGE_CODES
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
        (CredentialsError("no"), FailureKind.SYSTEMIC),
        (ConfigError("no"), FailureKind.SYSTEMIC),
        (SessionError("no"), FailureKind.SYSTEMIC),
        (JournalError("no"), FailureKind.SYSTEMIC),
        (BulkError("no"), FailureKind.SYSTEMIC),
        (AuthenticationError(401, "200", "no"), FailureKind.SYSTEMIC),
        (PermissionDeniedError(401, "210", "no"), FailureKind.SYSTEMIC),
        (CapacityError(409, "10068", "no"), FailureKind.SHARED),
        (CapacityError(409, "19999", "a code that nobody knows"), FailureKind.SHARED),
        (NotFoundError(404, "", "a page of a proxy"), FailureKind.SHARED),
        (NotFoundError(404, "", "no such object", operation="storage"), FailureKind.PERMANENT),
        (NotFoundError(404, "NoSuchBucket", "no", operation="storage"), FailureKind.SYSTEMIC),
        (PermissionDeniedError(403, "AccessDenied", "no", operation="storage"), FailureKind.SHARED),
        (AuthenticationError(403, "SignatureDoesNotMatch", "no", operation="storage"), FailureKind.SHARED),
        (ResourceError("no", source="a.jpg"), FailureKind.TRANSIENT),
        (NotFoundError(404, "10030", "no workspace"), FailureKind.SYSTEMIC),
        (NotFoundError(404, "10001", "no person"), FailureKind.PERMANENT),
        (ConflictError(409, "50005", "name in use"), FailureKind.PERMANENT),
        (InvalidRequestError(400, "10001", "no"), FailureKind.PERMANENT),
        (ImageRejectedError("no", source="a.jpg", reason="size"), FailureKind.PERMANENT),
        (InvalidArgumentError("no"), FailureKind.PERMANENT),
        (upload("RESOLUTION_NOT_SUPPORT"), FailureKind.PERMANENT),
        (upload("HTTP_400"), FailureKind.PERMANENT),
        (upload("TIMED_OUT", ambiguous=True), FailureKind.TRANSIENT),
        (upload("HTTP_500", ambiguous=True), FailureKind.TRANSIENT),
        (upload("HTTP_408"), FailureKind.TRANSIENT),
        (upload("HTTP_429"), FailureKind.TRANSIENT),
        (upload("ETAG_MISMATCH"), FailureKind.TRANSIENT),
        (QuotaError(429, "410", "no"), FailureKind.TRANSIENT),
        (QuotaWaitError("no", operation="x", wait=1.0), FailureKind.TRANSIENT),
        (QuotaStoreError("away"), FailureKind.TRANSIENT),
        (QuotaStoreError("wrong password", permanent=True), FailureKind.SYSTEMIC),
        (ServerError(503, "500", "no"), FailureKind.TRANSIENT),
        (permanent(ConnectError("not trusted"), ambiguous=False), FailureKind.SYSTEMIC),
        (permanent(ResponseError("a redirect"), ambiguous=False), FailureKind.SYSTEMIC),
        (permanent(ResponseError("too large"), ambiguous=True), FailureKind.PERMANENT),
        (ConnectError("no"), FailureKind.TRANSIENT),
        (DisconnectedError("no"), FailureKind.TRANSIENT),
        (TimeoutError("no"), FailureKind.TRANSIENT),
        (ResponseError("no"), FailureKind.TRANSIENT),
        (DeadlineExceededError("no"), FailureKind.TRANSIENT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, MIError) else "",
)
def test_what_a_failure_means(error: MIError, meaning: FailureKind) -> None:
    assert kind(error) is meaning


SHARED_CODES = {"10016", "10025", "10041", "10045", "10046", "10068", "300"}
SYSTEMIC_CODES = {"10030", "10003", "200", "210"}
DOCUMENTED = [
    *(
        (400, code)
        for code in (
            "10001",
            "10014",
            "10016",
            "10023",
            "10027",
            "10033",
            "10041",
            "10046",
            "10048",
            "10069",
            "10072",
            "10073",
            "10074",
        )
    ),
    *((400, code) for code in ("10075", "10077", "50003", "50010", "50011", "50012", "50013", "100")),
    *((401, code) for code in ("10003", "200", "210")),
    *((404, code) for code in ("10010", "10025", "10030", "10038", "40002", "300")),
    *((409, code) for code in ("10026", "10045", "10049", "10062", "10068", "10076", "20012", "50005")),
    *((422, code) for code in ("10017", "10072")),
    *((413, "430"), (429, "400"), (429, "410"), (429, "420")),
    *((500, "99999"), (500, "900"), (503, "500"), (504, "510")),
]
"""Every documented error of the service and its gateway."""
OPERATIONS = (
    "projects.list",
    "persons.list",
    "persons.get",
    "persons.create",
    "persons.update",
    "persons.set_thumbnails",
    "persons.add_tags",
    "person_tags.list",
    "person_tags.create",
    "thumbnails.presign",
    "thumbnails.complete",
    "assets.list",
    "assets.get",
    "assets.register",
    "assets.import_status",
    "indexes.request",
    "indexes.status",
    "indexes.get",
    "scene_summaries.request",
    "scene_summaries.status",
    "scene_summaries.get",
)
"""Every operation that a bulk run calls."""


def expected(status: int, code: str, operation: str) -> FailureKind:
    if status in {429, 500, 503, 504}:
        return FailureKind.TRANSIENT
    if code in SYSTEMIC_CODES:
        return FailureKind.SYSTEMIC
    of_a_person = operation in {"persons.update", "persons.set_thumbnails", "persons.add_tags"}
    if code in SHARED_CODES and not (code == "10068" and of_a_person):
        return FailureKind.SHARED
    return FailureKind.PERMANENT


@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_each_documented_code_means_for_each_operation(operation: str) -> None:
    found = {
        (status, code): kind(error_class(status, code)(status, code, "no", operation=operation))
        for status, code in DOCUMENTED
    }
    assert found == {(status, code): expected(status, code, operation) for status, code in DOCUMENTED}


def test_every_documented_code_has_a_row() -> None:
    assert {code for _, code in DOCUMENTED} == set(CODES) - {"NoSuchBucket"}
    assert {name for name, _ in EXCEPTIONS} <= set(OPERATIONS)
    assert set(OPERATIONS) <= {each.id for each in operations()}


def test_a_refusal_concerns_all_once_several_different_items_in_a_row_have_met_it() -> None:
    met, full = SharedRefusals(), CapacityError(409, "10068", "full", operation="persons.create")
    assert [met.concerns_all("settle", full, "Kim") for _ in range(5)] == [False] * 5  # one item, again and again
    other = PermissionDeniedError(401, "10003", "no", operation="persons.create")
    assert [met.concerns_all("settle", other, name) for name in ("Lee", "Park")] == [False, False]
    assert [met.concerns_all("settle", full, name) for name in ("Lee", "Park", "Choi")] == [False, True, True]
    met.success("tag")
    assert met.concerns_all("settle", full, "Jung")
    met.success("settle")
    assert [met.concerns_all("settle", full, name) for name in ("Kim", "Lee", "Park")] == [False, False, True]


AWAY = ServerError(503, "500", "Endpoint Error")


def test_a_few_failures_are_bad_luck_and_a_success_forgets_them() -> None:
    async def main() -> None:
        outage = CircuitBreaker(Clock(), patience=100.0)
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
        outage, loop, tries = CircuitBreaker(Clock(), patience=1000.0), asyncio.get_running_loop(), list[float]()
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
        outage = CircuitBreaker(Clock(), patience=1000.0)
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
        outage = CircuitBreaker(Clock(), patience=10.0)
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
        outage = CircuitBreaker(Clock(), patience=0.0)
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

        outage, loop = CircuitBreaker(Clock(), 10_000.0, answers), asyncio.get_running_loop()
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


def test_a_refused_image_is_the_images_own_failure_for_the_single_call_and_the_run() -> None:
    assert {CODES[code] for code in IMAGE_CODES} == {FailureKind.PERMANENT}
