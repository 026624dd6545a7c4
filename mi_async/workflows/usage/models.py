"""Usage as values: of a project, of a workspace, of all that was asked about.

Invariant: values only; each count is of answers of the service.
"""

from collections.abc import Iterable

import attrs
from attrs import frozen

from mi_async import notebook
from mi_async.models import Serializable
from mi_async.text import aligned, media_length, one_line


@frozen(kw_only=True)
class UsageCounts(Serializable):
    """Counts of a project, a workspace or an account.

    Attributes:
        videos: assets that are videos, now.
        images: assets that are images, now.
        other_assets: assets of which no answer tells the type, now.
        media_ms: length of all videos of which the service knows it, in milliseconds.
        video_analyses: videos whose index was created in the month.
        image_analyses: images whose index was created in the month.
        other_analyses: the same of assets of no known type.
        analyzed_ms: length of the videos whose index was created in the month, in milliseconds.
        summaries: assets whose scene summary was last completed in the month.
        summarized_ms: length of these, in milliseconds.
        undated: indexes and scene summaries without a time, which are counted in no month.
        unmeasured: videos counted above whose length the service does not tell.
        unread: assets whose index or scene summary the service failed to send.
        named_persons: persons with a name, now; 0 for a project, since persons belong to the workspace.
        unnamed_persons: persons without one, now; 0 for a project.
    """

    videos: int = 0
    images: int = 0
    other_assets: int = 0
    media_ms: int = 0
    video_analyses: int = 0
    image_analyses: int = 0
    other_analyses: int = 0
    analyzed_ms: int = 0
    summaries: int = 0
    summarized_ms: int = 0
    undated: int = 0
    unmeasured: int = 0
    unread: int = 0
    named_persons: int = 0
    unnamed_persons: int = 0

    @property
    def assets(self) -> int:
        """All assets, now."""
        return self.videos + self.images + self.other_assets

    @property
    def analyses(self) -> int:
        """All assets whose index was created in the month."""
        return self.video_analyses + self.image_analyses + self.other_analyses


def total_of(counts: Iterable[UsageCounts]) -> UsageCounts:
    """Return the sum of counts."""
    every = list(counts)
    names = [member.name for member in attrs.fields(UsageCounts)]
    return UsageCounts(**{name: sum(getattr(each, name) for each in every) for name in names})


@frozen
class UsageDay(Serializable):
    """Usage of a project on one day.

    Attributes:
        date: such as ``2026-11-03``.
        analyses: assets whose index was created on it.
        analyzed_ms: length of the videos among them, in milliseconds.
        summaries: assets whose scene summary was last completed on it.
    """

    date: str
    analyses: int = 0
    analyzed_ms: int = 0
    summaries: int = 0


@frozen
class ProjectUsage(Serializable):
    """Usage of a project.

    Attributes:
        project_id: ID of the project.
        name: of the project.
        counts: of its assets.
        days: those with anything, in their order.
    """

    project_id: int
    name: str
    counts: UsageCounts
    days: tuple[UsageDay, ...] = ()


@frozen
class WorkspaceUsage(Serializable):
    """Usage of a workspace.

    Attributes:
        workspace: name of the workspace.
        projects: usage of each.
        named_persons: persons with a name, now.
        unnamed_persons: persons without one, now.
        counted_by_service: analyses of the month as the service counts them (``monthlyAnalysisCount``); None for a
            month that is not the current one, or where the service does not say.
    """

    workspace: str
    projects: tuple[ProjectUsage, ...] = ()
    named_persons: int = 0
    unnamed_persons: int = 0
    counted_by_service: int | None = None

    @property
    def counts(self) -> UsageCounts:
        """Sum over the projects, with the persons of the workspace."""
        persons = UsageCounts(named_persons=self.named_persons, unnamed_persons=self.unnamed_persons)
        return total_of([persons, *[project.counts for project in self.projects]])


@frozen
class UsageReport(Serializable):
    """Usage of one month.

    Attributes:
        month: such as ``2026-11``.
        timezone: in which the month begins and ends.
        workspaces: usage of each.
        left_out: names of workspaces of the account that the keys may not see.
        summaries: True if scene summaries were asked for.
        notes: what the answers of the service do not tell, or did not this time.
        requests: calls that were made for it, without retries.
    """

    month: str
    timezone: str
    workspaces: tuple[WorkspaceUsage, ...] = ()
    left_out: tuple[str, ...] = ()
    summaries: bool = True
    notes: tuple[str, ...] = ()
    requests: int = 0

    @property
    def counts(self) -> UsageCounts:
        """Sum over the workspaces."""
        return total_of(workspace.counts for workspace in self.workspaces)

    def rows(self) -> list[dict[str, str]]:
        """Return a row for each project, for people."""
        return [
            {
                "workspace": workspace.workspace,
                "project": project.name,
                "assets": f"{project.counts.assets:,}",
                "analyses": f"{project.counts.analyses:,}",
                "analysed": media_length(project.counts.analyzed_ms),
                "summaries": f"{project.counts.summaries:,}",
            }
            for workspace in self.workspaces
            for project in workspace.projects
        ]

    def __str__(self) -> str:
        rows = [[one_line(cell) for cell in row.values()] for row in self.rows()]
        heads = ["workspace", "project", "assets", "analyses", "analysed", "summaries"]
        return "\n".join(aligned([heads, *rows], right={2, 3, 4, 5}))

    def _repr_html_(self) -> str:
        """Show a row for each project in a notebook."""
        return notebook.table(self.rows(), caption=f"Usage of {self.month} ({self.timezone})")


@frozen
class UsageProgress:
    """Progress of the question.

    Attributes:
        workspace: that is looked at.
        project: that is looked at.
        assets: of the project that were counted so far.
        total: of the project, as its listing counts them.
        requests: calls so far, of all workspaces.
    """

    workspace: str
    project: str
    assets: int
    total: int
    requests: int
