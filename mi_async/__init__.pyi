# Public names for type checkers and editors: jedi takes only `X as X` for public. __init__.py has the same names.

from . import api as api, backup as backup, emulator as emulator, errors as errors, fleet as fleet, notebook as notebook
from ._core.call_settings import CallOptions as CallOptions
from ._core.clock import Clock as Clock
from ._core.declare import raw as raw
from ._core.hooks import (
    Attempt as Attempt,
    CallEnd as CallEnd,
    Hooks as Hooks,
    Outcome as Outcome,
    ServiceCall as ServiceCall,
    Workflow as Workflow,
    WorkflowEnd as WorkflowEnd,
)
from ._core.limits import QuotaState as QuotaState
from ._core.quota_store import QuotaStore as QuotaStore
from ._core.operation import Operation as Operation, Quota as Quota, Repeat as Repeat
from ._core.polling import Polling as Polling
from ._core.proxies import environment_proxies as environment_proxies
from ._core.retry import RetryPolicy as RetryPolicy
from ._core.transport import Timeout as Timeout
from ._core.http_messages import Raw as Raw
from .api.assets import (
    Asset as Asset,
    AssetImport as AssetImport,
    AssetMetaData as AssetMetaData,
    AssetRegistration as AssetRegistration,
    FileFormat as FileFormat,
    ImportStatus as ImportStatus,
)
from .api.indexes import (
    AnalysisSetting as AnalysisSetting,
    AnalysisStatus as AnalysisStatus,
    AssetType as AssetType,
    ConfidenceLevel as ConfidenceLevel,
    Index as Index,
    IndexList as IndexList,
    IndexStatus as IndexStatus,
    IndexSummary as IndexSummary,
    RequestedAnalysis as RequestedAnalysis,
    SceneRange as SceneRange,
    SourceLanguage as SourceLanguage,
)
from .api.person_models import (
    CreatedPerson as CreatedPerson,
    MergedPersons as MergedPersons,
    NameType as NameType,
    Person as Person,
    PersonThumbnail as PersonThumbnail,
    SimilarPerson as SimilarPerson,
    SimilarPersons as SimilarPersons,
    SortColumn as SortColumn,
    SortType as SortType,
    TagList as TagList,
    ThumbnailInput as ThumbnailInput,
    ThumbnailList as ThumbnailList,
)
from .api.person_tags import PersonTag as PersonTag
from .api.projects import Project as Project, ProjectList as ProjectList
from .api.query_assets import (
    QueryAssetCheck as QueryAssetCheck,
    QueryAssetType as QueryAssetType,
    QueryAssetUrl as QueryAssetUrl,
)
from .api.scene_summaries import (
    SceneSummary as SceneSummary,
    SceneSummaryInfo as SceneSummaryInfo,
    SceneSummaryStatus as SceneSummaryStatus,
    SummaryStatus as SummaryStatus,
)
from .api.search import (
    DialogQuery as DialogQuery,
    PersonQuery as PersonQuery,
    QueryOption as QueryOption,
    RequestedSearch as RequestedSearch,
    SearchFilter as SearchFilter,
    SearchQuery as SearchQuery,
    SearchResults as SearchResults,
    SearchStatus as SearchStatus,
)
from .api.thumbnails import (
    PresignedUrl as PresignedUrl,
    UploadCheck as UploadCheck,
    UploadMessage as UploadMessage,
    UploadStatus as UploadStatus,
)
from .api.workspaces import WorkspaceInfo as WorkspaceInfo
from .display.bulk import show as show
from .doctor import (
    CheckResult as CheckResult,
    CheckStatus as CheckStatus,
    Diagnosis as Diagnosis,
    diagnose as diagnose,
)
from .backup.report import BackupProgress as BackupProgress, BackupReport as BackupReport
from .bulk.curate.decisions import CurationConflict as CurationConflict
from .bulk.curate.plan import CurationPlan as CurationPlan
from .bulk.inputs.person_change import PersonChange as PersonChange
from .bulk.inputs.person_change import PersonMerge as PersonMerge
from .workflows.curation.table import CurationRow as CurationRow
from .bulk.inputs.models import (
    AssetInput as AssetInput,
    BadInput as BadInput,
    PersonInput as PersonInput,
    ThumbnailUpload as ThumbnailUpload,
)
from .bulk.engine.outcome import (
    AssetOutcome as AssetOutcome,
    BulkOutcome as BulkOutcome,
    Problem as Problem,
    Status as Status,
)
from .bulk.engine.progress import BulkProgress as BulkProgress
from .bulk.rebuild.result import JournalRebuild as JournalRebuild
from .bulk.report.report import BulkReport as BulkReport
from .bulk.run import BulkRun as BulkRun
from .credentials import Credentials as Credentials, CredentialsProvider as CredentialsProvider
from .errors import (
    AlreadyExistsError as AlreadyExistsError,
    AnalysisFailedError as AnalysisFailedError,
    APIError as APIError,
    AuthenticationError as AuthenticationError,
    BulkError as BulkError,
    CapacityError as CapacityError,
    ConfigError as ConfigError,
    ConflictError as ConflictError,
    ConnectError as ConnectError,
    CredentialsError as CredentialsError,
    DeadlineExceededError as DeadlineExceededError,
    DisconnectedError as DisconnectedError,
    ImageRejectedError as ImageRejectedError,
    ImportFailedError as ImportFailedError,
    InvalidArgumentError as InvalidArgumentError,
    InvalidRequestError as InvalidRequestError,
    JobError as JobError,
    JobStateError as JobStateError,
    JobTimeoutError as JobTimeoutError,
    JournalError as JournalError,
    MediaRejectedError as MediaRejectedError,
    MIError as MIError,
    NotFoundError as NotFoundError,
    PermissionDeniedError as PermissionDeniedError,
    PersonKnownError as PersonKnownError,
    PlanNotConfirmedError as PlanNotConfirmedError,
    QuotaError as QuotaError,
    QuotaStoreError as QuotaStoreError,
    QuotaWaitError as QuotaWaitError,
    ResourceError as ResourceError,
    ResponseError as ResponseError,
    SearchFailedError as SearchFailedError,
    ServerError as ServerError,
    SessionError as SessionError,
    TimeoutError as TimeoutError,  # noqa: A004  the field's name
    TransportError as TransportError,
    UploadFailedError as UploadFailedError,
)
from .errors.workflows import PersonMatch as PersonMatch
from .models import Model as Model, OpenEnum as OpenEnum, Page as Page, Serializable as Serializable
from .errors.web_answers import http_status as http_status, retry_after as retry_after
from .ping import Ping as Ping
from .restore.not_carried import NotCarried as NotCarried
from .restore.plan import RestorePlan as RestorePlan
from .restore.report import RestoreReport as RestoreReport
from .session import Session as Session
from .session_opening import connect as connect
from .storage.models import Storage as Storage, StoredObject as StoredObject
from .sync.decisions import SyncState as SyncState
from .sync.item import SyncItem as SyncItem
from .sync.plan import SyncPlan as SyncPlan
from .sync.removal import RemovalStatus as RemovalStatus, SyncRemoval as SyncRemoval
from .sync.watch import WatchPass as WatchPass
from .sync.workflow import SyncRun as SyncRun
from .workflows.curation.duplicates import DuplicateGroup as DuplicateGroup, DuplicateMember as DuplicateMember
from .workflows.curation.resemblances import DuplicatePair as DuplicatePair
from .workflows.curation.unnamed import SuggestedPerson as SuggestedPerson, UnnamedPerson as UnnamedPerson
from .workflows.jobs.as_completed import as_completed as as_completed
from .workflows.ingest.models import IngestedAsset as IngestedAsset, Ingestion as Ingestion, Stage as Stage
from .workflows.jobs.job import Job as Job
from .workflows.jobs.kinds import JobPhase as JobPhase
from .workflows.search.hits import SceneHit as SceneHit
from .integrations.redis_quotas import RedisQuotas as RedisQuotas
from .media.image_source import Source as Source
from .media.readable_source import ReadableSource as ReadableSource
from .workflows.jobs.start import AnalysisOptions as AnalysisOptions
from .workflows.upload import State as State, Upload as Upload
from .workflows.usage.models import (
    ProjectUsage as ProjectUsage,
    UsageCounts as UsageCounts,
    UsageDay as UsageDay,
    UsageProgress as UsageProgress,
    UsageReport as UsageReport,
    WorkspaceUsage as WorkspaceUsage,
)
from .workflows.known_person import KnownPerson as KnownPerson
from .workflows.usage.prices import PriceList as PriceList, UsageCost as UsageCost
from .workspace import Workspace as Workspace

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
    "BackupProgress",
    "BackupReport",
    "BadInput",
    "BulkError",
    "BulkOutcome",
    "BulkProgress",
    "BulkReport",
    "BulkRun",
    "CallEnd",
    "CallOptions",
    "CapacityError",
    "CheckResult",
    "CheckStatus",
    "Clock",
    "ConfidenceLevel",
    "ConfigError",
    "ConflictError",
    "ConnectError",
    "CreatedPerson",
    "Credentials",
    "CredentialsError",
    "CredentialsProvider",
    "CurationConflict",
    "CurationPlan",
    "CurationRow",
    "DeadlineExceededError",
    "Diagnosis",
    "DialogQuery",
    "DisconnectedError",
    "DuplicateGroup",
    "DuplicateMember",
    "DuplicatePair",
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
    "JournalRebuild",
    "KnownPerson",
    "MIError",
    "MediaRejectedError",
    "MergedPersons",
    "Model",
    "NameType",
    "NotCarried",
    "NotFoundError",
    "OpenEnum",
    "Operation",
    "Outcome",
    "Page",
    "PermissionDeniedError",
    "Person",
    "PersonChange",
    "PersonInput",
    "PersonKnownError",
    "PersonMatch",
    "PersonMerge",
    "PersonQuery",
    "PersonTag",
    "PersonThumbnail",
    "Ping",
    "PlanNotConfirmedError",
    "Polling",
    "PresignedUrl",
    "PriceList",
    "Problem",
    "Project",
    "ProjectList",
    "ProjectUsage",
    "QueryAssetCheck",
    "QueryAssetType",
    "QueryAssetUrl",
    "QueryOption",
    "Quota",
    "QuotaError",
    "QuotaState",
    "QuotaStore",
    "QuotaStoreError",
    "QuotaWaitError",
    "Raw",
    "ReadableSource",
    "RedisQuotas",
    "RemovalStatus",
    "Repeat",
    "RequestedAnalysis",
    "RequestedSearch",
    "ResourceError",
    "ResponseError",
    "RestorePlan",
    "RestoreReport",
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
    "Serializable",
    "ServerError",
    "ServiceCall",
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
    "SuggestedPerson",
    "SummaryStatus",
    "SyncItem",
    "SyncPlan",
    "SyncRemoval",
    "SyncRun",
    "SyncState",
    "TagList",
    "ThumbnailInput",
    "ThumbnailList",
    "ThumbnailUpload",
    "Timeout",
    "TimeoutError",
    "TransportError",
    "UnnamedPerson",
    "Upload",
    "UploadCheck",
    "UploadFailedError",
    "UploadMessage",
    "UploadStatus",
    "UsageCost",
    "UsageCounts",
    "UsageDay",
    "UsageProgress",
    "UsageReport",
    "WatchPass",
    "Workflow",
    "WorkflowEnd",
    "Workspace",
    "WorkspaceInfo",
    "WorkspaceUsage",
    "api",
    "as_completed",
    "backup",
    "connect",
    "diagnose",
    "emulator",
    "environment_proxies",
    "errors",
    "fleet",
    "http_status",
    "notebook",
    "raw",
    "retry_after",
    "show",
]
