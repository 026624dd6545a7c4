"""An emulated workspace and what is in it: persons, tags, projects and searches.

Invariant: holds and finds; the rules about it are in ``rules.py`` and in the bodies.
"""

from collections.abc import Collection, Iterator

from attrs import Factory, define, frozen

from mi_async.api.person_tags import PersonTag
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.emulator.jobs import EmulatedJob
from mi_async.emulator.media import Analysis, EmulatedAsset, EmulatedProject
from mi_async.emulator.rules import NO_PROJECT, require


@define(eq=False)
class EmulatedPerson:
    """A person.

    Attributes:
        id: number of the person.
        name: None for an anonymous person.
        description: None when there is none.
        tag_ids: tags, in the order in which they were added.
        thumbnails: keys of the images by thumbnail id, in the order in which they were added.
        primary: id of the main thumbnail; None when there are no thumbnails.
        source: digest of the object in which an analysis met this person first; None for one who was created or named.
    """

    id: int
    name: str | None
    description: str | None
    tag_ids: dict[int, None] = Factory(dict)
    thumbnails: dict[int, str] = Factory(dict)
    primary: int | None = None
    source: str | None = None


@frozen
class Hit:
    """A hit of a search: a scene of an asset, and how well it fits."""

    asset_id: int
    index_id: int
    scene_id: int
    score: float


@define(eq=False)
class RunningSearch:
    """An asset search, and what it finds when it is over."""

    job: EmulatedJob
    hits: tuple[Hit, ...]


@define(eq=False)
class EmulatedWorkspace:
    """A workspace and what is in it.

    Attributes:
        info: what the service tells about it.
        persons: by id.
        names: ids of the named persons.
        tags: by id.
        projects: by id; the base project is the first.
        searches: by id.
        analyses: how many were asked for and not cancelled.
        faces: persons whom an analysis registered, by the digest of the face image.
        arriving: heap of the analyses that register someone: when they end, a number, the analysis, its face images.
    """

    info: WorkspaceInfo
    persons: dict[int, EmulatedPerson] = Factory(dict)
    names: dict[str, int] = Factory(dict)
    tags: dict[int, PersonTag] = Factory(dict)
    projects: dict[int, EmulatedProject] = Factory(dict)
    searches: dict[str, RunningSearch] = Factory(dict)
    analyses: int = 0
    faces: dict[str, int] = Factory(dict)
    arriving: list[tuple[float, int, Analysis, list[bytes]]] = Factory(list)

    def project(self, project_id: int) -> EmulatedProject:
        """Find a project.

        Raises:
            Refused: 404, 10025.
        """
        require(project_id in self.projects, f"project {project_id}", NO_PROJECT)
        return self.projects[project_id]

    def recognisable(self, tag_ids: Collection[int] | None, source: str) -> Iterator[int]:
        """Yield the persons whose face is known, by any of the tags if given; strangers in their own object only."""
        for person in self.persons.values():
            tagged = not tag_ids or person.tag_ids.keys() & set(tag_ids)
            if person.thumbnails and tagged and person.source in {None, source}:
                yield person.id

    def assets(self) -> Iterator[tuple[EmulatedProject, EmulatedAsset]]:
        """Yield every asset, and the project that it is in."""
        for project in self.projects.values():
            for asset in project.assets.values():
                yield project, asset
