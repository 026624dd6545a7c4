"""asyncio SDK for NAVER Cloud Media Intelligence."""

from mi_async import api, errors
from mi_async._core.clock import Clock
from mi_async._core.hooks import Attempt, Hooks, Outcome
from mi_async._core.limits import QuotaState
from mi_async._core.operation import Operation, Quota, Repeat
from mi_async._core.retry import RetryPolicy
from mi_async._core.transport import Timeout
from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import CreatedPerson, Person, PersonThumbnail, TagList, ThumbnailInput, ThumbnailList
from mi_async.api.thumbnails import PresignedUrl, UploadCheck, UploadMessage, UploadStatus
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.credentials import Credentials, CredentialsProvider
from mi_async.errors import (
    AnalysisFailedError,
    APIError,
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
    JournalError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    QuotaWaitError,
    ResponseError,
    SearchFailedError,
    ServerError,
    SessionError,
    TimeoutError,  # noqa: A004  the field's name
    TransportError,
    UploadFailedError,
)
from mi_async.models import OpenEnum, Page
from mi_async.session import Session, connect
from mi_async.version import VERSION as __version__  # noqa: N811  the name that Python has for it
from mi_async.workflows.context import Polling
from mi_async.workflows.source import Source
from mi_async.workflows.upload import State, Upload
from mi_async.workspace import Workspace

__all__ = [
    "APIError",
    "AnalysisFailedError",
    "Attempt",
    "AuthenticationError",
    "BulkError",
    "CapacityError",
    "Clock",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "CreatedPerson",
    "Credentials",
    "CredentialsError",
    "CredentialsProvider",
    "DeadlineExceededError",
    "DisconnectedError",
    "Hooks",
    "ImageRejectedError",
    "InvalidArgumentError",
    "InvalidRequestError",
    "JournalError",
    "MIError",
    "NotFoundError",
    "OpenEnum",
    "Operation",
    "Outcome",
    "Page",
    "PermissionDeniedError",
    "Person",
    "PersonTag",
    "PersonThumbnail",
    "Polling",
    "PresignedUrl",
    "Quota",
    "QuotaError",
    "QuotaState",
    "QuotaWaitError",
    "Repeat",
    "ResponseError",
    "RetryPolicy",
    "SearchFailedError",
    "ServerError",
    "Session",
    "SessionError",
    "Source",
    "State",
    "TagList",
    "ThumbnailInput",
    "ThumbnailList",
    "Timeout",
    "TimeoutError",
    "TransportError",
    "Upload",
    "UploadCheck",
    "UploadFailedError",
    "UploadMessage",
    "UploadStatus",
    "Workspace",
    "WorkspaceInfo",
    "__version__",
    "api",
    "connect",
    "errors",
]
