"""What the emulated operations do: one file per group, as subclasses of the groups, so that a drift is a type error.

Law: an operation without a body of its own answers 501 with its name.
"""

from collections.abc import Callable, Mapping

from mi_async._core.declare import Group
from mi_async.api.person_tags import PersonTags
from mi_async.api.persons import Persons
from mi_async.api.thumbnails import Thumbnails
from mi_async.api.workspaces import Workspaces
from mi_async.emulator.bodies.person_tags import EmulatedPersonTags
from mi_async.emulator.bodies.persons import EmulatedPersons
from mi_async.emulator.bodies.thumbnails import EmulatedThumbnails
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.bodies.workspaces import EmulatedWorkspaces
from mi_async.emulator.state import State

Bodies = Mapping[type[Group], Callable[..., Group]]
"""From a group to what makes its bodies, called with the state and the scope of a request."""

BODIES: Bodies = {
    Workspaces: EmulatedWorkspaces,
    Persons: EmulatedPersons,
    PersonTags: EmulatedPersonTags,
    Thumbnails: EmulatedThumbnails,
}


def bodies_for(group: type[Group], bodies: Bodies) -> Callable[..., Group]:
    """What makes the bodies of a group; for a group without any, each operation answers 501."""

    def bare(_: State, **scope: str) -> Group:
        return group(unimplemented, **scope)

    return bodies.get(group, bare)
