# Public names: type checkers read them here, and __init__.py loads each from here when it is first asked for.

from . import api, emulator, errors, notebook
from ._core.clock import Clock
from ._core.declare import raw
from ._core.hooks import Attempt, Hooks, Outcome
from ._core.limits import QuotaState
from ._core.operation import Operation, Quota, Repeat
from ._core.retry import RetryPolicy
from ._core.transport import Timeout
from ._core.wire import Raw
from .api.assets import Asset, AssetImport, AssetMetaData, AssetRegistration, FileFormat, ImportStatus
from .api.indexes import (
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
from .api.person_models import (
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
from .api.person_tags import PersonTag
from .api.projects import Project, ProjectList
from .api.query_assets import QueryAssetCheck, QueryAssetType, QueryAssetUrl
from .api.scene_summaries import SceneSummary, SceneSummaryInfo, SceneSummaryStatus, SummaryStatus
from .api.search import (
    DialogQuery,
    PersonQuery,
    QueryOption,
    RequestedSearch,
    SearchFilter,
    SearchQuery,
    SearchResults,
    SearchStatus,
)
from .api.thumbnails import PresignedUrl, UploadCheck, UploadMessage, UploadStatus
from .api.workspaces import WorkspaceInfo
from .bulk.display import show
from .bulk.items import AssetInput, BadInput, PersonInput, ThumbnailUpload
from .bulk.outcome import AssetOutcome, BulkOutcome, Problem, Status
from .bulk.progress import BulkProgress
from .bulk.report import BulkReport
from .bulk.run import BulkRun
from .credentials import Credentials, CredentialsProvider
from .errors import (
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
    ResourceError,
    ResponseError,
    SearchFailedError,
    ServerError,
    SessionError,
    TimeoutError,  # noqa: A004  the field's name
    TransportError,
    UploadFailedError,
)
from .models import OpenEnum, Page
from .session import Session, connect
from .storage.place import Storage, StoredObject
from .workflows.completion import as_completed
from .workflows.context import Polling
from .workflows.ingestion import IngestedAsset, Ingestion, Stage
from .workflows.jobs import Job
from .workflows.kinds import JobPhase
from .workflows.search import SceneHit
from .workflows.source import Source
from .workflows.starting import AnalysisOptions
from .workflows.upload import State, Upload
from .workspace import Workspace

__version__: str

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
    "ResourceError",
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
    "api",
    "as_completed",
    "connect",
    "emulator",
    "errors",
    "notebook",
    "raw",
    "show",
]
