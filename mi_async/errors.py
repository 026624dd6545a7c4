"""Every error that this package raises on its own account, and the table from the service's codes to classes.

Invariant: imports nothing of ours but how text is made safe, and carries no secret, no signature and no query of a
presigned URL. Every message is one line without control characters: file names and services end up in logs and
terminals.

    MIError
      CredentialsError        no usable credentials; lists where we looked
      ConfigError             a setting that cannot work
      InvalidArgumentError    an argument that cannot be sent (a ValueError too)
      ImageRejectedError      a picture that breaks a documented rule, found before any request
      MediaRejectedError      a film or picture file that breaks one, cannot be read or changes under the upload
      ResourceError           a local file cannot be read now, for want of descriptors or memory or for a disk's fault
      AlreadyExistsError      what was to be made is there already, and nothing was made
      SessionError            a session that is closed, or used from another event loop
      TransportError          the network, between us and the service
        ConnectError          nothing was sent: DNS, connect, TLS, proxy
        DisconnectedError     the connection broke with the answer outstanding
        TimeoutError          no answer in time (and a builtin one)
        ResponseError         an answer that is truncated, too large or not what is documented
      APIError                the service said no
        AuthenticationError PermissionDeniedError NotFoundError ConflictError InvalidRequestError ServerError
        QuotaError            a rate or an amount is used up
          CapacityError       a fixed allowance is full: waiting does not help
      QuotaWaitError          the wait for a quota would be longer than the caller allows
      DeadlineExceededError   the whole call took longer than allowed (and a builtin time-out)
      UploadFailedError       an upload that the storage or the service refused
      JobError                a job at the service of which there is no result (yet)
        ImportFailedError AnalysisFailedError SearchFailedError
        JobStateError         a job that nobody asked for
        JobTimeoutError       the wait took longer than allowed (and a builtin time-out); the job goes on
      JournalError  BulkError

Source of the tables: the service's common response codes and the API gateway's error handling page.
"""

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from mi_async.text import escaped

LONGEST = 4000
"""Characters of the longest message; a list of ours may be long, text from outside is cut before."""
KEPT = 4000
"""Characters of the service's text that ``APIError.message`` keeps."""
SHOWN = 3
"""Names that a message lists."""


class MIError(Exception):
    """Base of every error that the package raises on its own account.

    Attributes:
        ambiguous: True when the service may have acted although we saw a failure.
        created: what a workflow had already created at the service when it failed, by kind:
            ``{"person_id": 1001, "tag_ids": {"Anchor": 7}, "thumbnail_keys": [...]}``; empty otherwise.
    """

    ambiguous: bool = False
    created: Mapping[str, Any]

    def __init__(self, message: str) -> None:
        super().__init__(escaped(message, LONGEST))
        self.created = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by state, so that a subclass may have any signature."""
        return _restore, (type(self), self.args), self.__dict__


def _restore(cls: type[MIError], args: tuple[Any, ...]) -> MIError:
    error = cls.__new__(cls)
    error.args = args
    return error


class CredentialsError(MIError):
    """No usable credentials; the message lists every place that was looked at."""


class ConfigError(MIError):
    """A setting that cannot work, named in the message."""


class InvalidArgumentError(MIError, ValueError):
    """An argument that cannot be sent, found before any request."""


class ImageRejectedError(MIError):
    """A picture that breaks a documented rule, found before any request.

    Attributes:
        source: what the caller named (a path, or ``<bytes>``).
        reason: ``format``, ``size``, ``resolution`` or ``unreadable``.
    """

    def __init__(self, message: str, *, source: str, reason: str) -> None:
        super().__init__(message)
        self.source = source
        self.reason = reason


class MediaRejectedError(MIError):
    """A media file that breaks a documented rule, cannot be read, or was changed while it was uploaded.

    Attributes:
        source: what the caller named.
        reason: ``format``, ``size``, ``resolution``, ``duration``, ``incomplete`` (cut off or still being written),
            ``no_video`` (no picture track), ``unreadable`` or ``changed``.
    """

    def __init__(self, message: str, *, source: str, reason: str) -> None:
        super().__init__(message)
        self.source = source
        self.reason = reason


class ResourceError(MIError):
    """A local file cannot be read now, for a reason of the machine or its disk: trying again later may succeed.

    Out of file descriptors or memory, an input/output error, a network disk that was remounted. It says nothing about
    the file.

    Attributes:
        source: what the caller named.
    """

    def __init__(self, message: str, *, source: str) -> None:
        super().__init__(message)
        self.source = source


class AlreadyExistsError(MIError):
    """What was to be made is there already; found by looking, and nothing was made.

    Attributes:
        existing: numbers of the assets, or the name of the object, that are there.
    """

    def __init__(self, message: str, *, existing: tuple[int | str, ...]) -> None:
        super().__init__(message)
        self.existing = existing


class SessionError(MIError):
    """A session that is closed, or that is used from an event loop other than its own."""


class TransportError(MIError):
    """The network failed between this process and the service.

    Attributes:
        permanent: True when the same request can only fail again until a setting is changed: a certificate that is not
            trusted, a proxy that wants a password, a redirect, an answer that is too large. It is not retried.
    """

    permanent: bool = False


class ConnectError(TransportError):
    """Nothing was sent: name resolution, connect, TLS or proxy failed, or no connection came free."""


class DisconnectedError(TransportError):
    """The connection broke while the answer was outstanding: the service may have acted."""

    ambiguous = True


class TimeoutError(TransportError, builtins.TimeoutError):  # noqa: A001  the field's name
    """No answer in time: the service may have acted."""

    ambiguous = True


class ResponseError(TransportError):
    """An answer that is truncated, too large or not the documented JSON; the service may have acted.

    Attributes:
        reason: what is wrong, without the path.
        status: HTTP status of the answer, None when it was not seen.
        path: JSON path of the offending member (``$.result.content[3].id``), None when it is not about one.
    """

    ambiguous = True

    def __init__(self, reason: str, *, status: int | None = None, path: str | None = None) -> None:
        super().__init__(reason if path is None else f"{reason} at {escaped(path)}")
        self.reason = reason
        self.status = status
        self.path = path


class APIError(MIError):
    """The service or its gateway answered with an error.

    Attributes:
        status: HTTP status.
        code: the service's or gateway's code as a string, '' when the answer had none.
        message: the service's text as it came, at most 4,000 characters; it varies between editions, so never match
            on it, and escape it before it is shown. ``str(error)`` holds its beginning, escaped.
        request_id: the gateway's request id where it sent one.
        operation: id of the operation, for example ``persons.get``.
        retry_after: seconds that the answer asked to wait, None when it did not.
        details: what the gateway says beside its message, '' when it says nothing.
        images: names of the images that were refused, where a workflow knows which: paths, and ``image 2`` for the
            second of several sources where that has no name.
    """

    images: tuple[str, ...] = ()

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        request_id: str | None = None,
        operation: str | None = None,
        retry_after: float | None = None,
        details: str = "",
    ) -> None:
        self.status = status
        self.code = code[:KEPT]
        self.message = message[:KEPT]
        self.request_id = request_id
        self.operation = operation
        self.retry_after = retry_after
        self.details = details[:KEPT]
        named = f"{operation}: " if operation else ""
        traced = f" [request {escaped(request_id, 100)}]" if request_id else ""
        coded = f", code {escaped(code, 50)}" if code else ""
        repeated = not details or details in message
        said = (
            ": ".join([escaped(text, 500) for text in (message, "" if repeated else details) if text]) or "no message"
        )
        super().__init__(f"{named}{said} (HTTP {status}{coded}){traced}")

    def name_images(self, names: Sequence[str]) -> None:
        """Say in the message which images were refused."""
        self.images = tuple(names)
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        shown = ", ".join(map(escaped, names[:SHOWN])) + more
        self.args = (f"{shown}: {self.args[0]}",)


class AuthenticationError(APIError):
    """The gateway did not accept the access key, the signature or the timestamp.

    Attributes:
        clock_offset: seconds by which the service's clock was ahead of ours when that is the likely cause, else None.
        clock_corrected: True when the session learnt the offset from this very answer.
    """

    clock_offset: float | None = None
    clock_corrected: bool = False

    def name_offset(self, offset: float) -> None:
        """Say in the message by how much the clocks differ."""
        self.clock_offset = offset
        side = "behind" if offset > 0 else "ahead of"
        self.args = (f"{self.args[0]}; this machine's clock is {abs(offset):.0f} s {side} the service's",)


class PermissionDeniedError(APIError):
    """The key is known but may not do this (gateway 210, service 10003; Object Storage AccessDenied).

    Attributes:
        stored_object: the one object of Object Storage that this is about, as ``s3://bucket/key``; None where it is
            about more than that.
    """

    stored_object: str | None = None


class NotFoundError(APIError):
    """The named thing does not exist.

    Attributes:
        possibly_deleted: True when an earlier attempt of the same call failed ambiguously, so that the
            thing may be gone because of that attempt.
    """

    possibly_deleted: bool = False


class ConflictError(APIError):
    """The state forbids it: a name in use, a job that is running.

    Attributes:
        possibly_created: True when an earlier attempt of the same call failed ambiguously, so that the
            thing in the way may be the one which that attempt made.
    """

    possibly_created: bool = False


class InvalidRequestError(APIError):
    """The service refused the content of the request."""


class QuotaError(APIError):
    """A rate or an amount is used up."""


class CapacityError(QuotaError):
    """A fixed allowance is full (items per workspace, registrations): waiting does not help."""


class ServerError(APIError):
    """The service failed (5xx or code 99999): it may have acted."""

    ambiguous = True


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


class DeadlineExceededError(MIError, builtins.TimeoutError):
    """The whole call, its waits and repeats included, would take longer than allowed; may have acted."""

    ambiguous = True


class UploadFailedError(MIError):
    """An upload that the storage or the service refused.

    Attributes:
        reason: the service's word (``OVER_SIZE_LIMIT``, ``RESOLUTION_NOT_SUPPORT``, ...) or ours: ``TIMED_OUT`` when
            the service had not taken the picture over in time (and still may), ``ETAG_MISMATCH``, ``HTTP_403``, ...
        key: the thumbnail key, None when none was issued.
        retry_after: seconds that the storage asked to wait, None when it did not.
    """

    retry_after: float | None = None

    def __init__(self, message: str, *, reason: str, key: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.key = key


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
    """A job that nobody has asked for."""


class JobTimeoutError(JobError, builtins.TimeoutError):
    """The wait for a job took longer than allowed; the job goes on at the service.

    Attributes:
        brief: the message without how to find the job again from Python.
    """

    def __init__(
        self, message: str, *, job: str | None = None, state: str | None = None, brief: str | None = None
    ) -> None:
        super().__init__(message, job=job, state=state)
        self.brief = message if brief is None else brief


class JournalError(MIError):
    """A bulk journal that cannot be used for this run."""


class BulkError(MIError):
    """A bulk run that had to stop; running it again with the same journal takes it up.

    Attributes:
        report: what the run had done, a :class:`mi_async.BulkReport`; None when it had not begun.
    """

    report: Any = None


_BY_CODE: dict[tuple[int, str], type[APIError]] = {
    (400, "10048"): NotFoundError,
    (400, "50003"): NotFoundError,
    (401, "200"): AuthenticationError,
    (401, "210"): PermissionDeniedError,
    (401, "10003"): PermissionDeniedError,
    (404, "10038"): ConflictError,
    (409, "10045"): CapacityError,
    (409, "10049"): InvalidRequestError,
    (409, "10068"): CapacityError,
    (409, "10076"): InvalidRequestError,
    (422, "10017"): ConflictError,
}

_BY_STATUS: dict[int, type[APIError]] = {
    400: InvalidRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    413: InvalidRequestError,
    422: InvalidRequestError,
    429: QuotaError,
}

UNEXPECTED = "99999"  # the service's one code for "an error has occurred", whatever the status


def error_class(status: int, code: str) -> type[APIError]:
    """Class for an HTTP status and a service or gateway code: both together first, then the status alone."""
    if status >= 500 or code == UNEXPECTED:  # noqa: PLR2004  the HTTP class of server errors
        return ServerError
    return _BY_CODE.get((status, code)) or _BY_STATUS.get(status, APIError)
