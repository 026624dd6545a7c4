"""The API as a table: every group, and every operation that they declare.

Invariant: a new endpoint is one declaration in one group; nothing else in the package lists operations. A group is
loaded when it is first asked for: most programs use one or two of the ten.
"""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mi_async._core.declare import Caller, Group, operations_of
from mi_async._core.modules import load_modules
from mi_async._core.operation import Operation

if TYPE_CHECKING:
    from mi_async.api.assets import Assets as Assets
    from mi_async.api.indexes import Indexes as Indexes
    from mi_async.api.person_tags import PersonTags as PersonTags
    from mi_async.api.persons import Persons as Persons
    from mi_async.api.projects import Projects as Projects
    from mi_async.api.query_assets import QueryAssets as QueryAssets
    from mi_async.api.scene_summaries import SceneSummaries as SceneSummaries
    from mi_async.api.search import Search as Search
    from mi_async.api.thumbnails import Thumbnails as Thumbnails
    from mi_async.api.workspaces import Workspaces as Workspaces

    GROUPS: tuple[type[Group], ...]
    """Every group of operations."""

_CLASSES = {
    "workspaces": "Workspaces",
    "projects": "Projects",
    "assets": "Assets",
    "indexes": "Indexes",
    "scene_summaries": "SceneSummaries",
    "persons": "Persons",
    "person_tags": "PersonTags",
    "thumbnails": "Thumbnails",
    "query_assets": "QueryAssets",
    "search": "Search",
}
"""The class of each group, by its name and that of its module, in the order of the API's pages."""


def group_of(name: str) -> type[Group]:
    """Return the class of a group, by the first word of its operations' IDs.

    Raises:
        ResourceError: it cannot be loaded now.
    """
    module = f"{__name__}.{name}"
    load_modules([module])
    group: type[Group] = getattr(sys.modules[module], _CLASSES[name])
    return group


def __getattr__(name: str) -> object:
    """Load GROUPS, a group or its module when it is first asked for."""
    if name == "GROUPS":
        value: object = tuple(map(group_of, _CLASSES))
    elif name in _CLASSES:
        group_of(name)
        return sys.modules[f"{__name__}.{name}"]
    elif (module := next((each for each, kind in _CLASSES.items() if kind == name), None)) is not None:
        value = group_of(module)
    else:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def operations() -> Iterator[Operation]:
    """Yield every operation that the package knows, group by group."""
    for name in _CLASSES:
        yield from operations_of(group_of(name))


class _Bound:
    __slots__ = ("_caller",)


class WorkspaceGroups(_Bound):
    """The groups of one workspace, bound to its name; one attribute each."""

    # Named with their descriptions, so that help() tells them, that of a subclass too.
    __slots__ = {  # noqa: RUF023  in the order of the API's pages
        "name": "The workspace's name.",
        "projects": "Groups of assets; see help(mi_async.api.Projects).",
        "assets": "Media assets, brought in from Object Storage; see help(mi_async.api.Assets).",
        "indexes": "Analyses of assets and what they found; see help(mi_async.api.Indexes).",
        "scene_summaries": "A text for each scene of an asset; see help(mi_async.api.SceneSummaries).",
        "persons": "Persons, their thumbnails and tags; see help(mi_async.api.Persons).",
        "person_tags": "Tags that persons can bear; see help(mi_async.api.PersonTags).",
        "thumbnails": "Uploads of person thumbnails; see help(mi_async.api.Thumbnails).",
        "search": "Search over the indexes; see help(mi_async.api.Search).",
    }

    if TYPE_CHECKING:
        name: str
        projects: Projects
        assets: Assets
        indexes: Indexes
        scene_summaries: SceneSummaries
        persons: Persons
        person_tags: PersonTags
        thumbnails: Thumbnails
        search: Search

    else:

        def __getattr__(self, name: str) -> Any:
            """Bind a group when it is first asked for."""
            if name not in WorkspaceGroups.__slots__ or name not in _CLASSES:
                message = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(message)
            group = group_of(name)(self._caller, workspace_name=self.name)
            setattr(self, name, group)
            return group

    def __init__(self, caller: Caller, name: str) -> None:
        self._caller, self.name = caller, name
