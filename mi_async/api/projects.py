"""Projects of a workspace: what its media assets are sorted into.

Source: api.ncloud-docs.com, Media Intelligence, Project.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from attrs import field, frozen

from mi_async._core.bounds import Forbidden, Length
from mi_async._core.declare import Group, operation
from mi_async._core.operation import Repeat
from mi_async.member_display import few
from mi_async.models import Model

NAME = Length(1, 100, blank=False)
PLAIN = Forbidden(";|`")


@frozen(eq=False, repr=False)
class Project(Model):
    """A project; source: maiu-project-details.

    Attributes:
        project_id: number of the project.
        name: at most 100 characters, unique in the workspace.
        is_base_project: True for the default project, which can be neither renamed nor deleted.
        created_user_name: partly masked.
        created_time: without a zone, as sent.
        updated_user_name: partly masked.
        updated_time: without a zone, as sent.
    """

    project_id: int
    name: str
    is_base_project: bool
    created_user_name: str | None = None
    created_time: datetime | None = None
    updated_user_name: str | None = None
    updated_time: datetime | None = None


@frozen(eq=False, repr=False)
class ProjectList(Model):
    """All projects of a workspace; source: maiu-list-projects.

    Attributes:
        projects: at most 1,000.
        total_count: how many there are; None where the service does not say.
    """

    projects: tuple[Project, ...] = field(repr=few)
    total_count: int | None = None

    def __iter__(self) -> Iterator[Project]:
        """Iterate over the projects."""
        return iter(self.projects)

    def __len__(self) -> int:
        """Count the projects."""
        return len(self.projects)


class Projects(Group):
    """Projects of a workspace."""

    @operation("POST /workspaces/{workspace_name}/projects", repeat=Repeat.CONFLICTS, source="maiu-create-projects")
    async def create(self, name: Annotated[str, NAME, PLAIN]) -> Project:
        """Create a project (name at most 100 characters, unique; 1,000 projects per workspace)."""
        ...

    @operation("GET /workspaces/{workspace_name}/projects", source="maiu-list-projects", beside=("totalCount",))
    async def list(self) -> ProjectList:
        """List all projects; the listing has no pages."""
        ...

    @operation("GET /workspaces/{workspace_name}/projects/{project_id}", source="maiu-project-details")
    async def get(self, project_id: int) -> Project:
        """Get one project."""
        ...

    @operation(
        "PATCH /workspaces/{workspace_name}/projects/{project_id}", repeat=Repeat.SAFE, source="maiu-update-projects"
    )
    async def update(self, project_id: int, *, name: Annotated[str, NAME, PLAIN]) -> Project:
        """Rename a project (at most 100 characters, unique), but not the base project."""
        ...

    @operation(
        "DELETE /workspaces/{workspace_name}/projects/{project_id}", repeat=Repeat.SAFE, source="maiu-delete-projects"
    )
    async def delete(self, project_id: int) -> None:
        """Delete a project, but not the base project."""
        ...
