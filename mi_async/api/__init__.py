"""The API as a table: every group, and every operation that they declare.

Invariant: a new endpoint is one declaration in one group; nothing else in the package lists operations.
"""

from collections.abc import Iterator

from mi_async._core.declare import Caller, Group, operations_of
from mi_async._core.operation import Operation
from mi_async.api.assets import Assets
from mi_async.api.indexes import Indexes
from mi_async.api.person_tags import PersonTags
from mi_async.api.persons import Persons
from mi_async.api.projects import Projects
from mi_async.api.query_assets import QueryAssets
from mi_async.api.scene_summaries import SceneSummaries
from mi_async.api.search import Search
from mi_async.api.thumbnails import Thumbnails
from mi_async.api.workspaces import Workspaces

GROUPS: tuple[type[Group], ...] = (
    Workspaces,
    Projects,
    Assets,
    Indexes,
    SceneSummaries,
    Persons,
    PersonTags,
    Thumbnails,
    QueryAssets,
    Search,
)
"""Every group of operations."""


def operations() -> Iterator[Operation]:
    """Yield every operation that the package knows, group by group."""
    for group in GROUPS:
        yield from operations_of(group)


class WorkspaceGroups:
    """The groups of one workspace, bound to its name; one attribute each."""

    # Named with their descriptions, so that help() tells them, that of a subclass too.
    __slots__ = {  # noqa: RUF023  in the order of the API's pages
        "name": "The workspace's name.",
        "projects": "What assets are sorted into; see help(mi_async.api.Projects).",
        "assets": "Media assets, brought in from Object Storage; see help(mi_async.api.Assets).",
        "indexes": "Analyses of assets and what they found; see help(mi_async.api.Indexes).",
        "scene_summaries": "A text for each scene of an asset; see help(mi_async.api.SceneSummaries).",
        "persons": "Persons, their thumbnails and tags; see help(mi_async.api.Persons).",
        "person_tags": "Tags that persons can bear; see help(mi_async.api.PersonTags).",
        "thumbnails": "Uploads of person thumbnails; see help(mi_async.api.Thumbnails).",
        "search": "Search over the indexes; see help(mi_async.api.Search).",
    }

    def __init__(self, caller: Caller, name: str) -> None:
        self.name = name
        self.projects = Projects(caller, workspace_name=name)
        self.assets = Assets(caller, workspace_name=name)
        self.indexes = Indexes(caller, workspace_name=name)
        self.scene_summaries = SceneSummaries(caller, workspace_name=name)
        self.persons = Persons(caller, workspace_name=name)
        self.person_tags = PersonTags(caller, workspace_name=name)
        self.thumbnails = Thumbnails(caller, workspace_name=name)
        self.search = Search(caller, workspace_name=name)
