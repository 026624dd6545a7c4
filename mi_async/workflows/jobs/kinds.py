"""The kinds of jobs, as a table: how to ask, what the states mean, how to cancel, how long to wait, what the result is.

Invariant: a kind is one row; nothing else in the package knows what a state means. The service lists assets and indexes
without their states, so each job is asked about by a call of its own.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from mi_async._core.polling import Polling
from mi_async.api import WorkspaceGroups
from mi_async.api.assets import Asset, AssetImport, ImportStatus
from mi_async.api.indexes import AnalysisStatus, Index, IndexStatus
from mi_async.api.scene_summaries import SceneSummary, SceneSummaryStatus, SummaryStatus
from mi_async.api.search import SearchResults, SearchStatus
from mi_async.errors import AnalysisFailedError, ImportFailedError, JobError, JobStateError, MIError, SearchFailedError
from mi_async.models import OpenEnum
from mi_async.workflows.jobs.polled_job import PollPace

T = TypeVar("T")

Ids: TypeAlias = tuple[int | str, ...]
"""IDs that name a job within its workspace."""

LONG = PollPace("long", 5.0)
"""For work of minutes and hours: at most 5 requests a second, 300 a minute, for all such jobs of a session."""
QUICK = PollPace("quick", 20.0)
"""For work that somebody sits and waits for: at most 20 requests a second, apart from the others."""

RESULTS = 100
"""Results of a search that come with its end: the most that a page holds."""


class JobPhase(StrEnum):
    """Phase of a job of any kind.

    ABSENT is one that nobody has asked for, UNKNOWN a state that this version does not know: it is believed to go on.
    """

    ABSENT = "absent"
    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_active(self) -> bool:
        """True if the job goes on by itself, or may: a new word of the service is no end."""
        return self in {JobPhase.WAITING, JobPhase.RUNNING, JobPhase.UNKNOWN}

    @property
    def is_before_run(self) -> bool:
        """True if the job has not begun to run, so that how long it runs counts from later."""
        return self in {JobPhase.WAITING, JobPhase.ABSENT}


@frozen
class JobStatus:
    """One look at a job.

    Attributes:
        state: in the service's word.
        phase: what that means.
        reason: the service's text about a failure, if it has one.
        answer: all that it said.
    """

    state: OpenEnum
    phase: JobPhase
    reason: str | None
    answer: Any = field(repr=False)


@frozen
class JobKind(Generic[T]):
    """One kind of job.

    Attributes:
        name: in tokens.
        noun: in messages.
        ids: types of the numbers that name a job.
        ask: one look.
        state: of the answer.
        reason: of the answer, for people.
        phases: what the documented states mean.
        result: the call that gets what came of it; None where the answer that told of the end has it.
        cancel: None where the service has no call for it.
        polling: when to look, and the seconds after which a wait ends by default.
        pace: how often to look, for all jobs together.
        failure: what a failure is raised as.
    """

    name: str
    noun: str
    ids: tuple[type[int | str], ...]
    ask: Callable[..., Awaitable[Any]]
    state: Callable[[Any], OpenEnum]
    reason: Callable[[Any], str | None]
    phases: Mapping[str, JobPhase]
    result: Callable[..., Awaitable[T]] | None
    cancel: Callable[..., Awaitable[None]] | None
    polling: Polling
    pace: PollPace
    failure: type[JobError]

    async def look(self, groups: WorkspaceGroups, ids: Ids) -> JobStatus:
        """Ask once."""
        answer = await self.ask(groups, *ids)
        state = self.state(answer)
        return JobStatus(state, self.phases.get(state, JobPhase.UNKNOWN), self.reason(answer), answer)

    def failed(self, job: str, end: JobStatus) -> MIError | None:
        """Return the error for the status that ended a job; None if it has a result."""
        state = str(end.state)
        said = f"{state}: {end.reason}" if end.reason else state
        match end.phase:
            case JobPhase.COMPLETED:
                return None
            case JobPhase.FAILED:
                return self.failure(f"{job}: the {self.noun} failed: {said}", job=job, state=state)
            case JobPhase.CANCELLED:
                return self.failure(f"{job}: the {self.noun} was cancelled: {said}", job=job, state=state)
            case _:
                return JobStateError(f"{job}: this {self.noun} was never requested: {said}", job=job, state=state)


def _no_reason(_answer: object) -> None:
    """Return None: some answers have no text."""


def _ask_import(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[AssetImport]:
    return groups.assets.import_status(project_id, asset_id)


def _imported(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[Asset]:
    return groups.assets.get(project_id, asset_id)


def _ask_index(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[IndexStatus]:
    return groups.indexes.status(project_id, asset_id)


def _indexed(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[Index]:
    return groups.indexes.get(project_id, asset_id)


def _cancel_index(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[None]:
    return groups.indexes.cancel(project_id, asset_id)


def _ask_summary(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[SceneSummaryStatus]:
    return groups.scene_summaries.status(project_id, asset_id)


def _summarized(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[SceneSummary]:
    return groups.scene_summaries.get(project_id, asset_id)


def _cancel_summary(groups: WorkspaceGroups, project_id: int, asset_id: int) -> Awaitable[None]:
    return groups.scene_summaries.cancel(project_id, asset_id)


def _ask_search(groups: WorkspaceGroups, search_id: str) -> Awaitable[SearchResults]:
    return groups.search.get(search_id, page_num=1, page_size=RESULTS)


IMPORT: JobKind[Asset] = JobKind(
    name="import",
    noun="import",
    ids=(int, int),
    ask=_ask_import,
    state=attrgetter("upload_status"),
    reason=attrgetter("upload_result"),
    phases={
        ImportStatus.IN_PROGRESS: JobPhase.RUNNING,
        ImportStatus.COMPLETED: JobPhase.COMPLETED,
        ImportStatus.FAILED: JobPhase.FAILED,
        ImportStatus.FILE_NOT_EXIST: JobPhase.FAILED,
        ImportStatus.INVALID_METADATA: JobPhase.FAILED,
    },
    result=_imported,
    cancel=None,
    polling=Polling(first=1.0, factor=1.2, longest=30.0, timeout=3_600.0),
    pace=LONG,
    failure=ImportFailedError,
)

INDEX: JobKind[Index] = JobKind(
    name="index",
    noun="analysis",
    ids=(int, int),
    ask=_ask_index,
    state=attrgetter("status"),
    reason=attrgetter("analyze_status_message"),
    phases={
        AnalysisStatus.BEFORE_ANALYZE: JobPhase.ABSENT,
        AnalysisStatus.WAIT_ANALYZE: JobPhase.WAITING,
        AnalysisStatus.ANALYZING: JobPhase.RUNNING,
        AnalysisStatus.ANALYZE_COMPLETED: JobPhase.COMPLETED,
        AnalysisStatus.ANALYZE_FAIL: JobPhase.FAILED,
        AnalysisStatus.ANALYZE_CANCEL: JobPhase.CANCELLED,
    },
    result=_indexed,
    cancel=_cancel_index,
    polling=Polling(first=2.0, factor=1.15, longest=60.0, timeout=43_200.0),
    pace=LONG,
    failure=AnalysisFailedError,
)

SUMMARY: JobKind[SceneSummary] = JobKind(
    name="summary",
    noun="scene summary",
    ids=(int, int),
    ask=_ask_summary,
    state=attrgetter("status"),
    reason=_no_reason,
    phases={
        SummaryStatus.BEFORE_SUMMARIZE: JobPhase.ABSENT,
        SummaryStatus.WAIT_SUMMARIZE: JobPhase.WAITING,
        SummaryStatus.SUMMARIZING: JobPhase.RUNNING,
        SummaryStatus.SUMMARIZE_COMPLETED: JobPhase.COMPLETED,
        SummaryStatus.SUMMARIZE_FAIL: JobPhase.FAILED,
        SummaryStatus.SUMMARIZE_CANCELED: JobPhase.CANCELLED,
    },
    result=_summarized,
    cancel=_cancel_summary,
    polling=Polling(first=2.0, factor=1.15, longest=60.0, timeout=21_600.0),
    pace=LONG,
    failure=AnalysisFailedError,
)

SEARCH: JobKind[SearchResults] = JobKind(
    name="search",
    noun="search",
    ids=(str,),
    ask=_ask_search,
    state=attrgetter("status"),
    reason=_no_reason,
    phases={
        SearchStatus.RUNNING: JobPhase.RUNNING,
        SearchStatus.COMPLETED: JobPhase.COMPLETED,
        SearchStatus.FAILED: JobPhase.FAILED,
    },
    result=None,
    cancel=None,
    polling=Polling(first=0.3, factor=1.4, longest=5.0, timeout=300.0),
    pace=QUICK,
    failure=SearchFailedError,
)

KINDS: Mapping[str, JobKind[Any]] = {kind.name: kind for kind in (IMPORT, INDEX, SUMMARY, SEARCH)}
"""Every kind, by name."""
