"""Failures as an agent gets them: the sentence of the error, what exists all the same, and what to do.

Invariant: pure; no traceback leaves the process.
"""

from collections.abc import Iterator
from typing import Any

from mi_async.errors import (
    AuthenticationError,
    CredentialsError,
    JobTimeoutError,
    MIError,
    PermissionDeniedError,
    TransportError,
)
from mi_async.errors.web_answers import retry_after
from mi_async.integrations.mcp.tool_results import as_text, presented

KEYS = (AuthenticationError, PermissionDeniedError, CredentialsError)
"""Errors that only a person can do something about."""


def told_failure(error: MIError, *, adds: bool) -> tuple[str, dict[str, Any]]:
    """Return an error as sentences, and as data.

    Args:
        error: that ended a tool.
        adds: True for a tool with an effect, which may have had it.
    """
    sentences = [str(error), *getattr(error, "__notes__", ()), *_advice(error, adds=adds)]
    told: dict[str, Any] = {"error": type(error).__name__, "message": str(error)}
    known = {name: getattr(error, name, None) for name in ("code", "status", "reason", "existing")}
    told |= {name: value for name, value in known.items() if value}
    told |= {"retry_after": seconds} if (seconds := retry_after(error)) is not None else {}
    told |= {"exists_already": error.created} if error.created else {}
    return "\n".join(sentences), presented(told)


def _advice(error: MIError, *, adds: bool) -> Iterator[str]:
    if isinstance(error, JobTimeoutError):
        yield "the job goes on at the service; wait_for_job waits for it again"
    elif isinstance(error, KEYS):
        yield "calling again does not help: a person has to look at the keys and their rights"
    elif error.created:
        yield f"exists already: {as_text(presented(error.created))}"
    elif adds and error.ambiguous:
        yield "the service may have acted all the same: look before calling again"
    elif (seconds := retry_after(error)) is not None:
        yield f"try again after {seconds} s"
    elif isinstance(error, TransportError):
        yield "the service did not answer; try again later"
