"""Bodies of the project operations.

Invariant: a workspace always has its base project, which keeps its name.
"""

from mi_async.api.projects import Project, ProjectList, Projects
from mi_async.emulator import media, rules, state
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.rules import require


class EmulatedProjects(Projects):
    """Projects of an emulated workspace."""

    def __init__(self, world: state.EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = world
        self._room = world.workspace(scope["workspace_name"])

    async def create(self, name: str) -> Project:
        """Create a project; the base project counts among the 1,000."""
        self._check(name)
        require(len(self._room.projects) < rules.MOST_PROJECTS, "1,000 projects", rules.TOO_MANY_PROJECTS)
        return _shown(self._state.add_project(self._room, name))

    async def list(self) -> ProjectList:
        """List all projects, the base project first."""
        listed = tuple(map(_shown, self._room.projects.values()))
        return ProjectList(listed, len(listed))

    async def get(self, project_id: int) -> Project:
        """Get one project."""
        return _shown(self._room.project(project_id))

    async def update(self, project_id: int, *, name: str) -> Project:
        """Rename a project; its own name is free for it."""
        project = self._room.project(project_id)
        require(not project.is_base, name, rules.BASE_RENAMED)
        self._check(name, but=project)
        project.name, project.updated = name, self._state.time()
        return _shown(project)

    async def delete(self, project_id: int) -> None:
        """Delete a project with its assets; what happens to them is not documented."""
        project = self._room.project(project_id)
        require(not project.is_base, project.name, rules.BASE_DELETED)
        del self._room.projects[project_id]

    def _check(self, name: str, but: media.EmulatedProject | None = None) -> None:
        require(len(name) <= rules.LONGEST_PROJECT_NAME, f"{len(name)} characters", rules.PROJECT_NAME_TOO_LONG)
        require(name.strip(), "name is blank")
        rules.check_words("name", name)
        others = (project.name for project in self._room.projects.values() if project is not but)
        require(name not in others, f"name {name!r}", rules.PROJECT_TAKEN)


def _shown(project: media.EmulatedProject) -> Project:
    return Project(
        project_id=project.id,
        name=project.name,
        is_base_project=project.is_base,
        created_user_name=state.USER,
        created_time=project.created,
        updated_user_name=state.USER,
        updated_time=project.updated,
    )
