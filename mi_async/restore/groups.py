"""Tags and projects of a backup in the workspace: those that are there by their names, and those to create.

Invariant: nothing is created twice; a create that is refused or ambiguous is settled by looking again.
"""

from collections.abc import Iterable, Mapping
from contextlib import aclosing

from attrs import field, frozen

from mi_async._core.names import clean_name
from mi_async.api.projects import Project
from mi_async.backup.reader import Backup
from mi_async.errors import CapacityError, ConflictError, InvalidArgumentError, InvalidRequestError, MIError
from mi_async.restore.backup_lines import projects_of, tags_of
from mi_async.restore.not_carried import NotCarried, Tell
from mi_async.workflows.context import Context
from mi_async.workflows.tags import ensure_tags

TAG_PAGE = 50
"""Tags in a page of the listing: the most that the service allows."""
BASE = ""
"""Name of the base project here: each workspace has one, whatever it is called."""
REFUSED = (CapacityError, InvalidArgumentError, InvalidRequestError)
"""Refusals of one name, by the service or by our check before it: the others may go well."""


@frozen
class TargetGroups:
    """Tags and projects that the workspace has.

    Attributes:
        tags: IDs by name.
        projects: IDs by name, that of the base project by ``BASE``.
    """

    tags: Mapping[str, int] = field(factory=dict)
    projects: Mapping[str, int] = field(factory=dict)

    def project(self, key: str) -> int:
        """Return the ID of a project, 0 for one that is not there yet and of which no journal has anything."""
        return self.projects.get(key, 0)


def project_key(project: Project) -> str:
    """Return the name by which a project of one workspace is found in another."""
    return BASE if project.is_base_project else clean_name(project.name)


async def read_groups(context: Context) -> TargetGroups:
    """Ask which tags and projects there are.

    Raises:
        MIError: they cannot be listed.
    """
    tags: dict[str, int] = {}
    async with aclosing(context.groups.person_tags.all(page_size=TAG_PAGE)) as listed:
        async for tag in listed:
            tags.setdefault(clean_name(tag.name), tag.id)
    projects = {project_key(project): project.project_id for project in await context.groups.projects.list()}
    return TargetGroups(tags, projects)


def missing(names: Iterable[str], present: Mapping[str, int]) -> list[str]:
    """Return the names of which the workspace has none, each once."""
    return [name for name in dict.fromkeys(map(clean_name, names)) if name not in present]


def missing_tags(backup: Backup, groups: TargetGroups, tell: Tell) -> list[str]:
    """Return the names of the tags to create; those that no person has are among them."""
    return missing((tag.name for _, tag in tags_of(backup, tell)), groups.tags)


def missing_projects(backup: Backup, groups: TargetGroups, tell: Tell) -> list[str]:
    """Return the names of the projects to create."""
    found = [project_key(project) for _, project in projects_of(backup, tell)]
    return missing((name for name in found if name != BASE), groups.projects)


async def create_tags(context: Context, names: Iterable[str], tell: Tell) -> int:
    """Create tags, and return how many; one that the service refuses is told of.

    Raises:
        MIError: any other failure; what was created is found by the next run.
    """
    created = 0
    for name in names:
        try:
            await ensure_tags(context, [name])
        except REFUSED as error:
            tell(NotCarried("tag", name, "tags.jsonl", str(error)))
        else:
            created += 1
    return created


async def create_projects(context: Context, names: Iterable[str], tell: Tell) -> int:
    """Create projects, likewise."""
    created = 0
    for name in names:
        try:
            await _create_project(context, name)
        except REFUSED as error:
            tell(NotCarried("project", name, "projects.jsonl", str(error)))
        else:
            created += 1
    return created


async def _create_project(context: Context, name: str) -> None:
    try:
        await context.groups.projects.create(name)
    except MIError as error:
        # Somebody else was faster, or the answer of our own create was lost.
        if not (error.ambiguous or isinstance(error, ConflictError)):
            raise
        if name not in map(project_key, await context.groups.projects.list()):
            raise
