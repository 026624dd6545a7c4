"""Every error that this package raises on its own account, and the table from the service's codes to classes.

Invariant: imports nothing of ours but how text is made safe, and carries no secret, no signature and no query of a
presigned URL. Every message is one line without control characters: file names and services end up in logs and
terminals.

    MIError
      CredentialsError        no usable credentials; lists where we looked
      ConfigError             a setting that cannot work
      InvalidArgumentError    an argument that cannot be sent (a ValueError too)
        PlanNotConfirmedError   something that cannot be undone was not confirmed by the code of the plan shown
      ImageRejectedError      an image that breaks a documented rule, found before any request
      MediaRejectedError      a media file that breaks one, cannot be read or changes during the upload
      ResourceError           a local file cannot be read now, for want of descriptors or memory or for a disk's fault
      AlreadyExistsError      what was to be made is there already, and nothing was made
      PersonKnownError        somebody looks like a person who was to be created; nobody was
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
      QuotaStoreError         the store of a shared quota does not answer; nothing was sent
      DeadlineExceededError   the whole call took longer than allowed (and a builtin time-out)
      UploadFailedError       an upload that the storage or the service refused
      JobError                a job at the service of which there is no result (yet)
        ImportFailedError AnalysisFailedError SearchFailedError
        JobStateError         a job that was never requested
        JobTimeoutError       the wait took longer than allowed (and a builtin time-out); the job goes on
      JournalError  BulkError
"""

from mi_async.errors.api import (
    APIError,
    AuthenticationError,
    CapacityError,
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    ServerError,
    error_class,
)
from mi_async.errors.local import (
    AlreadyExistsError,
    ConfigError,
    CredentialsError,
    ImageRejectedError,
    InvalidArgumentError,
    MediaRejectedError,
    PlanNotConfirmedError,
    ResourceError,
    SessionError,
)
from mi_async.errors.mi_error import (
    MIError,
)
from mi_async.errors.transport import (
    ConnectError,
    DisconnectedError,
    ResponseError,
    TimeoutError,  # noqa: A004  the field's name
    TransportError,
)
from mi_async.errors.workflows import (
    AnalysisFailedError,
    BulkError,
    DeadlineExceededError,
    ImportFailedError,
    JobError,
    JobStateError,
    JobTimeoutError,
    JournalError,
    PersonKnownError,
    QuotaStoreError,
    QuotaWaitError,
    SearchFailedError,
    UploadFailedError,
)

__all__ = [
    "APIError",
    "AlreadyExistsError",
    "AnalysisFailedError",
    "AuthenticationError",
    "BulkError",
    "CapacityError",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "CredentialsError",
    "DeadlineExceededError",
    "DisconnectedError",
    "ImageRejectedError",
    "ImportFailedError",
    "InvalidArgumentError",
    "InvalidRequestError",
    "JobError",
    "JobStateError",
    "JobTimeoutError",
    "JournalError",
    "MIError",
    "MediaRejectedError",
    "NotFoundError",
    "PermissionDeniedError",
    "PersonKnownError",
    "PlanNotConfirmedError",
    "QuotaError",
    "QuotaStoreError",
    "QuotaWaitError",
    "ResourceError",
    "ResponseError",
    "SearchFailedError",
    "ServerError",
    "SessionError",
    "TimeoutError",
    "TransportError",
    "UploadFailedError",
    "error_class",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # tracebacks, logs and pickles name the public module, as in trio
