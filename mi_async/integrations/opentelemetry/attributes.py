"""Attributes from what hooks are told.

Invariant: pure. Everything comes from tables, numbers and IDs: no name of a person or a file, no query of a URL, no key
of an object and no text of the service, which may name a person, is among them.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from yarl import URL

from mi_async._core.hooks import Attempt, CallEnd, Outcome, ServiceCall, Workflow, WorkflowEnd
from mi_async.errors import APIError

OPERATION: Final = "mi_async.operation"
WORKFLOW: Final = "mi_async.workflow"
JOB_KIND: Final = "mi_async.job.kind"
JOB_PHASE: Final = "mi_async.job.phase"
OUTCOME: Final = "mi_async.outcome"
ITEM_STATUS: Final = "mi_async.bulk.status"
ERROR_TYPE: Final = "error.type"
STATUS: Final = "http.response.status_code"
METHOD: Final = "http.request.method"
RESENDS: Final = "http.request.resend_count"
REQUEST_ID: Final = "mi_async.request_id"
QUOTA_WAIT: Final = "mi_async.quota.wait"
AMBIGUOUS: Final = "mi_async.ambiguous"
MAY_HAVE_ACTED: Final = ("ambiguous", "possibly_created", "possibly_deleted")
"""Attributes of errors by which a failed call may have had its effect."""

JOB: Final = "job"
"""Kind of the workflow that waits for a job."""
CODE: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
"""A code or an ID of the service; any other text of it is left out."""
GIVEN: Final[Mapping[str, str]] = {
    "person_id": "mi_async.person_id",
    "job": "mi_async.job.id",
    "kind": JOB_KIND,
}
"""Attributes of what a workflow was given, by its name in ``Workflow.subject``; the others may hold names."""
FOUND: Final[Mapping[str, str]] = {
    "person_id": "mi_async.person_id",
    "asset_id": "mi_async.asset_id",
    "search_id": "mi_async.search_id",
    "total_count": "mi_async.total_count",
    "phase": JOB_PHASE,
    "ending": "mi_async.bulk.ending",
}
"""The same for ``WorkflowEnd.result``."""

Attributes = dict[str, str | int | float]


def of_call(call: ServiceCall) -> Attributes:
    """Return what is known of a call when it begins, for samplers too."""
    address, port = server_of(call.server)
    found: Attributes = {OPERATION: call.operation, METHOD: call.method, "server.address": address, "server.port": port}
    if call.template is not None:
        found["url.template"] = call.template
    return found


def url_of(attempt: Attempt) -> str | None:
    """Return the URL of a request to the API without its query; None for others, whose path is the key of an object."""
    if attempt.call.service != "api":
        return None
    return attempt.call.server + attempt.request.target.partition("?")[0]


def of_call_end(end: CallEnd) -> Attributes:
    """Return what is known of a call when it has ended."""
    found = {} if end.outcome is None else of_answer(end.outcome)
    found |= of_error(end.error)
    if any(getattr(end.error, name, False) is True for name in MAY_HAVE_ACTED):
        found[AMBIGUOUS] = True
    if end.attempts > 1:
        found[RESENDS] = end.attempts - 1
    if end.waited > 0:
        found[QUOTA_WAIT] = end.waited
    return found


def of_answer(outcome: Outcome) -> Attributes:
    """Return status and request ID of an answer."""
    found: Attributes = {} if outcome.response is None else {STATUS: outcome.response.status}
    if outcome.request_id is not None and CODE.fullmatch(outcome.request_id):
        found[REQUEST_ID] = outcome.request_id
    return found


def of_error(error: BaseException | None) -> Attributes:
    """Return class and code of a failure."""
    if error is None:
        return {}
    found: Attributes = {ERROR_TYPE: type(error).__qualname__}
    if isinstance(error, APIError) and CODE.fullmatch(error.code):
        found["mi_async.error.code"] = error.code
    return found


def of_workflow(workflow: Workflow) -> Attributes:
    """Return what is known of a workflow when it begins."""
    return {
        WORKFLOW: workflow.kind,
        "mi_async.workspace": workflow.workspace,
        **_exported(GIVEN, workflow.subject),
    }


def of_workflow_end(end: WorkflowEnd) -> Attributes:
    """Return what is known of a workflow when it has ended."""
    counts = {f"mi_async.bulk.{status}": count for status, count in items_of(end)}
    told = getattr(end.error, "created", None)  # what exists by the time of a failure; an error of others may have one
    created = told if isinstance(told, Mapping) else {}
    return {**_exported(FOUND, created), **_exported(FOUND, end.result), **counts, **of_error(end.error)}


def _exported(names: Mapping[str, str], given: Mapping[str, Any]) -> Attributes:
    return {
        name: value if isinstance(value, int) else str(value)
        for key, name in names.items()
        if (value := given.get(key)) is not None
    }


def items_of(end: WorkflowEnd) -> Iterator[tuple[str, int]]:
    """Yield statuses and numbers of the items of a bulk run."""
    for status, count in end.result.get("statuses", {}).items():
        yield str(getattr(status, "value", status)), count


def outcome_word(error: BaseException | None) -> str:
    """Return ``ok``, ``cancelled`` or ``error``."""
    if error is None:
        return "ok"
    return "cancelled" if isinstance(error, asyncio.CancelledError | GeneratorExit) else "error"


@lru_cache(256)
def server_of(server: str) -> tuple[str, int]:
    """Return host and port of ``https://host:port``."""
    url = URL(server)
    return url.host or "", url.port or 0
