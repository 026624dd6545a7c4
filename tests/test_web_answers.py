"""What a web service answers after an error: every class of errors, and what differs within a class."""

import asyncio
import builtins
import math
import re
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async import errors
from mi_async.errors import (
    APIError,
    AuthenticationError,
    CapacityError,
    ConflictError,
    ConnectError,
    ImageRejectedError,
    JobStateError,
    JobTimeoutError,
    MediaRejectedError,
    MIError,
    NotFoundError,
    QuotaError,
    QuotaStoreError,
    QuotaWaitError,
    ResponseError,
    ServerError,
    SessionError,
    UploadFailedError,
)
from mi_async.errors.web_answers import LONGEST, MOMENT

EXPECTED = {
    "APIError": 502,
    "AlreadyExistsError": 409,
    "AnalysisFailedError": 502,
    "AuthenticationError": 500,
    "BulkError": 500,
    "CapacityError": 507,
    "ConfigError": 500,
    "ConflictError": 409,
    "ConnectError": 502,
    "CredentialsError": 500,
    "DeadlineExceededError": 503,
    "DisconnectedError": 502,
    "ImageRejectedError": 422,
    "ImportFailedError": 502,
    "InvalidArgumentError": 422,
    "InvalidRequestError": 422,
    "JobError": 502,
    "JobStateError": 404,
    "JobTimeoutError": 504,
    "JournalError": 500,
    "MIError": 500,
    "MediaRejectedError": 422,
    "NotFoundError": 404,
    "PermissionDeniedError": 500,
    "PersonKnownError": 409,
    "PlanNotConfirmedError": 409,
    "QuotaError": 503,
    "QuotaStoreError": 503,
    "QuotaWaitError": 503,
    "ResourceError": 503,
    "ResponseError": 502,
    "SearchFailedError": 502,
    "ServerError": 502,
    "SessionError": 503,
    "TimeoutError": 504,
    "TransportError": 502,
    "UploadFailedError": 502,
}


class Foreign(builtins.TimeoutError):
    """Somebody else's, with a method of that name."""

    def wait(self) -> None: ...


def made(kind: type[MIError]) -> MIError:
    """An error of a class, whatever its signature."""
    if issubclass(kind, APIError):
        return kind(401, "200", "no")
    keywords: dict[str, dict[str, Any]] = {
        "AlreadyExistsError": {"existing": (1,)},
        "PersonKnownError": {"name": "Hong", "matches": ()},
        "ImageRejectedError": {"source": "a.jpg", "reason": "resolution"},
        "MediaRejectedError": {"source": "a.mp4", "reason": "duration"},
        "QuotaWaitError": {"operation": "persons.get", "wait": 0.0},
        "ResourceError": {"source": "a.jpg"},
        "UploadFailedError": {"reason": "HTTP_403"},
    }
    return kind("no", **keywords.get(kind.__name__, {}))


def classes() -> list[type[MIError]]:
    """Every class of errors."""
    public = [getattr(errors, name) for name in errors.__all__]
    return [each for each in public if isinstance(each, type)]


def test_every_class_of_errors_has_its_status() -> None:
    assert {kind.__name__: mi_async.http_status(made(kind)) for kind in classes()} == EXPECTED


def test_no_answer_blames_the_client_for_our_keys() -> None:
    assert not {401, 403, 407} & set(EXPECTED.values())


@pytest.mark.parametrize(
    ("error", "status", "seconds"),
    [
        (ImageRejectedError("no", source="a", reason="format"), 415, None),
        (ImageRejectedError("no", source="a", reason="size"), 413, None),
        (MediaRejectedError("no", source="a", reason="format"), 415, None),
        (UploadFailedError("no", reason="OVER_SIZE_LIMIT"), 413, None),
        (UploadFailedError("no", reason="RESOLUTION_NOT_SUPPORT"), 422, None),
        (UploadFailedError("no", reason="HTTP_429"), 503, MOMENT),
        (QuotaStoreError("no", permanent=True), 500, None),
        (QuotaStoreError("no"), 503, MOMENT),
        (QuotaWaitError("no", operation="x", wait=1.2), 503, 2),
        (QuotaWaitError("no", operation="x", wait=0.001), 503, 1),
        (QuotaWaitError("no", operation="x", wait=math.inf), 503, LONGEST),
        (QuotaError(429, "", "no", retry_after=30.0), 503, 30),
        (QuotaError(429, "", "no", retry_after=1e12), 503, LONGEST),
        (CapacityError(409, "10045", "no", retry_after=30.0), 507, None),
        (ServerError(503, "", "no", retry_after=7.5), 502, 8),
        (ServerError(500, "", "no"), 502, None),
        (AuthenticationError(401, "200", "no", retry_after=9.0), 500, None),
        (JobTimeoutError("no"), 504, None),
        (builtins.TimeoutError(), 504, None),
        (Foreign(), 504, None),
        (KeyError("x"), 500, None),
        (asyncio.CancelledError(), 500, None),
        (ExceptionGroup("one", [made(NotFoundError)]), 404, None),
        (ExceptionGroup("nested", [ExceptionGroup("same", [made(NotFoundError)]), made(JobStateError)]), 404, None),
        (ExceptionGroup("two", [made(NotFoundError), made(ConflictError)]), 500, None),
        (ExceptionGroup("foreign", [made(NotFoundError), KeyError("x")]), 500, None),
        (ExceptionGroup("busy", [QuotaError(429, "", "no", retry_after=30.0), made(SessionError)]), 503, 30),
        (ExceptionGroup("away", [ServerError(500, "", "no"), made(ConnectError)]), 502, None),
        (BaseExceptionGroup("stopped", [asyncio.CancelledError()]), 500, None),
    ],
)
def test_what_an_error_knows_decides(error: BaseException, status: int, seconds: int | None) -> None:
    assert (mi_async.http_status(error), mi_async.retry_after(error)) == (status, seconds)


@pytest.mark.parametrize("kind", [ConnectError, ResponseError])
def test_what_fails_until_a_setting_is_changed_is_our_own_fault(kind: type[ConnectError | ResponseError]) -> None:
    error = kind("the certificate is not trusted")
    assert mi_async.http_status(error) == 502
    error.permanent = True
    assert (mi_async.http_status(error), mi_async.retry_after(error)) == (500, None)


def test_only_what_may_pass_says_when_to_come_again() -> None:
    told = {kind.__name__ for kind in classes() if mi_async.retry_after(made(kind)) is not None}
    assert told == {name for name, status in EXPECTED.items() if status == 503}


def test_the_page_has_the_same_table() -> None:
    page = (Path(__file__).parents[1] / "docs" / "web-service.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:\d{3}(?:, )?)+) \| (.+?) \|", page.partition("## What to answer")[2], re.MULTILINE)
    told = {
        status: {name for known, names in rows if status in known for name in re.findall(r"`(\w+Error)`", names)}
        for status in {status for known, _ in rows for status in known.split(", ")}
    }
    by_reason = {"UploadFailedError", "ImageRejectedError", "MediaRejectedError"}
    for status, names in told.items():
        assert {EXPECTED[name] for name in names - by_reason} <= {int(status)}
    assert set(map(str, EXPECTED.values())) | {"413", "415"} == set(told)
