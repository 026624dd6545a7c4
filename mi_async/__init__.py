"""asyncio SDK for NAVER Cloud Media Intelligence."""

from mi_async import api, errors, notebook
from mi_async._core.clock import Clock
from mi_async._core.declare import raw
from mi_async._core.hooks import Attempt, Hooks, Outcome
from mi_async._core.limits import QuotaState
from mi_async._core.operation import Operation, Quota, Repeat
from mi_async._core.retry import RetryPolicy
from mi_async._core.transport import Timeout
from mi_async._core.wire import Raw
from mi_async.api.assets import Asset, AssetImport, AssetMetaData, AssetRegistration, FileFormat, ImportStatus
from mi_async.api.indexes import (
    AnalysisSetting,
    AnalysisStatus,
    AssetType,
    ConfidenceLevel,
    Index,
    IndexList,
    IndexStatus,
    IndexSummary,
    RequestedAnalysis,
    SceneRange,
    SourceLanguage,
)
from mi_async.api.person_models import (
    CreatedPerson,
    MergedPersons,
    NameType,
    Person,
    PersonThumbnail,
    SimilarPerson,
    SimilarPersons,
    SortColumn,
    SortType,
    TagList,
    ThumbnailInput,
    ThumbnailList,
)
from mi_async.api.person_tags import PersonTag
from mi_async.api.projects import Project, ProjectList
from mi_async.api.query_assets import QueryAssetCheck, QueryAssetType, QueryAssetUrl
from mi_async.api.scene_summaries import SceneSummary, SceneSummaryInfo, SceneSummaryStatus, SummaryStatus
from mi_async.api.search import (
    DialogQuery,
    PersonQuery,
    QueryOption,
    RequestedSearch,
    SearchFilter,
    SearchQuery,
    SearchResults,
    SearchStatus,
)
from mi_async.api.thumbnails import PresignedUrl, UploadCheck, UploadMessage, UploadStatus
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.bulk.display import show
from mi_async.bulk.items import AssetInput, BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.outcome import AssetOutcome, BulkOutcome, Problem, Status
from mi_async.bulk.progress import BulkProgress
from mi_async.bulk.report import BulkReport
from mi_async.bulk.run import BulkRun
from mi_async.credentials import Credentials, CredentialsProvider
from mi_async.errors import (
    AlreadyExistsError,
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
    ImportFailedError,
    InvalidArgumentError,
    InvalidRequestError,
    JobError,
    JobStateError,
    JobTimeoutError,
    JournalError,
    MediaRejectedError,
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
from mi_async.storage.place import Storage, StoredObject
from mi_async.version import VERSION as __version__  # noqa: N811  the name that Python has for it
from mi_async.workflows.completion import as_completed
from mi_async.workflows.context import Polling
from mi_async.workflows.ingestion import IngestedAsset, Ingestion, Stage
from mi_async.workflows.jobs import Job
from mi_async.workflows.kinds import JobPhase
from mi_async.workflows.search import SceneHit
from mi_async.workflows.source import Source
from mi_async.workflows.starting import AnalysisOptions
from mi_async.workflows.upload import State, Upload
from mi_async.workspace import Workspace

__all__ = [
    "APIError",
    "AlreadyExistsError",
    "AnalysisFailedError",
    "AnalysisOptions",
    "AnalysisSetting",
    "AnalysisStatus",
    "Asset",
    "AssetImport",
    "AssetInput",
    "AssetMetaData",
    "AssetOutcome",
    "AssetRegistration",
    "AssetType",
    "Attempt",
    "AuthenticationError",
    "BadInput",
    "BulkError",
    "BulkOutcome",
    "BulkProgress",
    "BulkReport",
    "BulkRun",
    "CapacityError",
    "Clock",
    "ConfidenceLevel",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "CreatedPerson",
    "Credentials",
    "CredentialsError",
    "CredentialsProvider",
    "DeadlineExceededError",
    "DialogQuery",
    "DisconnectedError",
    "FileFormat",
    "Hooks",
    "ImageRejectedError",
    "ImportFailedError",
    "ImportStatus",
    "Index",
    "IndexList",
    "IndexStatus",
    "IndexSummary",
    "IngestedAsset",
    "Ingestion",
    "InvalidArgumentError",
    "InvalidRequestError",
    "Job",
    "JobError",
    "JobPhase",
    "JobStateError",
    "JobTimeoutError",
    "JournalError",
    "MIError",
    "MediaRejectedError",
    "MergedPersons",
    "NameType",
    "NotFoundError",
    "OpenEnum",
    "Operation",
    "Outcome",
    "Page",
    "PermissionDeniedError",
    "Person",
    "PersonInput",
    "PersonQuery",
    "PersonTag",
    "PersonThumbnail",
    "Polling",
    "PresignedUrl",
    "Problem",
    "Project",
    "ProjectList",
    "QueryAssetCheck",
    "QueryAssetType",
    "QueryAssetUrl",
    "QueryOption",
    "Quota",
    "QuotaError",
    "QuotaState",
    "QuotaWaitError",
    "Raw",
    "Repeat",
    "RequestedAnalysis",
    "RequestedSearch",
    "ResponseError",
    "RetryPolicy",
    "SceneHit",
    "SceneRange",
    "SceneSummary",
    "SceneSummaryInfo",
    "SceneSummaryStatus",
    "SearchFailedError",
    "SearchFilter",
    "SearchQuery",
    "SearchResults",
    "SearchStatus",
    "ServerError",
    "Session",
    "SessionError",
    "SimilarPerson",
    "SimilarPersons",
    "SortColumn",
    "SortType",
    "Source",
    "SourceLanguage",
    "Stage",
    "State",
    "Status",
    "Storage",
    "StoredObject",
    "SummaryStatus",
    "TagList",
    "ThumbnailInput",
    "ThumbnailList",
    "ThumbnailUpload",
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
    "as_completed",
    "connect",
    "errors",
    "notebook",
    "raw",
    "show",
]
