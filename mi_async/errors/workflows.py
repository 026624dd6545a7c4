"""Errors of a call or a workflow as a whole: waits, uploads, jobs and bulk runs."""

import builtins
from typing import Any, NamedTuple

from mi_async.errors.mi_error import MIError
from mi_async.text import escaped


class QuotaWaitError(MIError):
    """The wait for a quota would be longer than ``max_wait``; nothing was sent.

    Attributes:
        operation: id of the operation.
        wait: expected wait in seconds.
    """

    def __init__(self, message: str, *, operation: str, wait: float) -> None:
        super().__init__(message)
        self.operation = operation
        self.wait = wait


class QuotaStoreError(MIError):
    """The store that keeps the quota of many processes does not answer; nothing was sent to the service.

    Attributes:
        permanent: True when it can only fail again until a setting is changed: a wrong password, no right to run the
            script, a server that is no such store.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


class DeadlineExceededError(MIError, builtins.TimeoutError):
    """The whole call, its waits and retries included, would take longer than allowed; may have acted.

    Attributes:
        retry_after: seconds until another call has a chance, where the service asked to wait or the quota is full;
            None where nobody knows.
    """

    ambiguous = True
    retry_after: float | None = None


OF_THE_MOMENT = frozenset({"ETAG_MISMATCH", "HTTP_408", "HTTP_429"})
"""Reasons for which an image or file surely is not stored, and may be by another attempt."""


class UploadFailedError(MIError):
    """An upload that the storage or the service refused.

    Attributes:
        reason: the service's word (``OVER_SIZE_LIMIT``, ``RESOLUTION_NOT_SUPPORT``, ...) or ours: ``TIMED_OUT`` when
            the service had not taken the image over in time (and still may), ``ETAG_MISMATCH``, ``HTTP_403``, ...
        key: the thumbnail key, None when none was issued.
        retry_after: seconds that the storage asked to wait, None when it did not.
    """

    retry_after: float | None = None

    def __init__(self, message: str, *, reason: str, key: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.key = key

    @property
    def transient(self) -> bool:
        """True if another attempt may succeed, or the upload may be there all the same."""
        return self.ambiguous or self.reason in OF_THE_MOMENT


class PersonMatch(NamedTuple):  # no attrs, which errors do not load
    """A person who looks like an image.

    Attributes:
        id: ID of the person.
        name: None for a person without a name, and where the service does not tell.
        score: likeness as the service tells it, None where it tells none; at least the score that was asked for.
    """

    id: int
    name: str | None = None
    score: float | None = None

    def __str__(self) -> str:
        """Show the match in a few words: ``1001 'Gildong Hong' (score 93)``."""
        name = "without a name" if self.name is None else f"'{escaped(self.name)}'"
        return f"{self.id} {name}" if self.score is None else f"{self.id} {name} (score {self.score:g})"


class PersonKnownError(MIError):
    """A person was not created, because somebody who is there looks like it; no error of the service.

    Attributes:
        name: of the person that was to be created.
        matches: the persons who look like it, the most alike first.
    """

    def __init__(self, message: str, *, name: str, matches: tuple[PersonMatch, ...]) -> None:
        super().__init__(message)
        self.name = name
        self.matches = matches


class JobError(MIError):
    """A job at the service of which there is no result, or not yet.

    Attributes:
        job: the job as a string, for ``session.job(...)``; None where none is known.
        state: the service's word for how the job is, None where that was not seen.
    """

    def __init__(self, message: str, *, job: str | None = None, state: str | None = None) -> None:
        super().__init__(message)
        self.job = job
        self.state = state


class ImportFailedError(JobError):
    """The import of an asset that ended in failure."""


class AnalysisFailedError(JobError):
    """An analysis or a scene summary that ended in failure, or was cancelled."""


class SearchFailedError(JobError):
    """An asset search that ended in failure."""


class JobStateError(JobError):
    """A job that was never requested."""


class JobTimeoutError(JobError, builtins.TimeoutError):
    """The wait for a job took longer than allowed; the job goes on at the service.

    Attributes:
        brief: the message without how to find the job again from Python.
    """

    def __init__(
        self, message: str, *, job: str | None = None, state: str | None = None, brief: str | None = None
    ) -> None:
        super().__init__(message, job=job, state=state)
        self.brief: str = message if brief is None else brief


class JournalError(MIError):
    """A bulk journal that cannot be used for this run."""


class BulkError(MIError):
    """A bulk run that had to stop; running it again with the same journal resumes it.

    Attributes:
        report: what the run had done, a :class:`mi_async.BulkReport`; None when it had not begun.
    """

    report: Any = None
