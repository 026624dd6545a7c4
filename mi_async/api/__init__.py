"""The API as a table: every group, and every operation that they declare.

Law: a new endpoint is one declaration in one group; nothing else in the package lists operations.
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
    """The groups of one workspace, bound to its name.

    Attributes:
        name: the workspace's name.
        projects: what assets are sorted into.
        assets: media assets, brought in from Object Storage.
        indexes: analyses of assets and what they found.
        scene_summaries: a text for each scene of an asset.
        persons: persons, their thumbnails and tags.
        person_tags: tags that persons can bear.
        thumbnails: uploads of person thumbnails.
        search: search over the indexes.
    """

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
