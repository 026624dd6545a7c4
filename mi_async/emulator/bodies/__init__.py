"""The emulated operations: one file per group, as subclasses of the groups, so that a drift is a type error.

Invariant: an operation without a body of its own answers 501 with its name.
"""

from collections.abc import Callable, Mapping

from mi_async._core.declare import Group
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
from mi_async.emulator.bodies.assets import EmulatedAssets
from mi_async.emulator.bodies.indexes import EmulatedIndexes
from mi_async.emulator.bodies.person_tags import EmulatedPersonTags
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.emulator.bodies.projects import EmulatedProjects
from mi_async.emulator.bodies.query_assets import EmulatedQueryAssets
from mi_async.emulator.bodies.scene_summaries import EmulatedSceneSummaries
from mi_async.emulator.bodies.search import EmulatedSearch
from mi_async.emulator.bodies.thumbnails import EmulatedThumbnails
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.bodies.workspaces import EmulatedWorkspaces
from mi_async.emulator.state import EmulatorState

Bodies = Mapping[type[Group], Callable[..., Group]]
"""From a group to what makes its bodies, called with the state and the scope of a request."""

BODIES: Bodies = {
    Workspaces: EmulatedWorkspaces,
    Projects: EmulatedProjects,
    Assets: EmulatedAssets,
    Indexes: EmulatedIndexes,
    SceneSummaries: EmulatedSceneSummaries,
    Persons: EmulatedPersons,
    PersonTags: EmulatedPersonTags,
    Thumbnails: EmulatedThumbnails,
    QueryAssets: EmulatedQueryAssets,
    Search: EmulatedSearch,
}


def bodies_for(group: type[Group], bodies: Bodies) -> Callable[..., Group]:
    """Return the function that makes the bodies of a group; for a group without any, each operation answers 501."""

    def bare(_: EmulatorState, **scope: str) -> Group:
        return group(unimplemented, **scope)

    return bodies.get(group, bare)
