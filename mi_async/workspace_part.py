"""Base of the parts of a workspace: the workflows that stand in modules of their own.

Invariant: has no behaviour but that of every workflow: it is a method of ``Workspace`` for whoever meets its name, and
refuses arguments of a wrong type. The context that the methods of a part need is the workspace's.
"""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING

from mi_async._core.shown_signature import show_annotations
from mi_async.api import WorkspaceGroups
from mi_async.argument_checks import checked

if TYPE_CHECKING:
    from functools import cached_property

    from mi_async._core.call import Calls
    from mi_async.workflows.context import Context


class WorkspacePart(WorkspaceGroups):
    """Part of :class:`Workspace`."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        """Make the public methods of a part those of the workspace."""
        if not cls.__module__.startswith(f"{__package__}."):
            return  # a subclass of somebody else
        show_annotations(cls)
        for name, method in list(vars(cls).items()):
            if isinstance(method, FunctionType) and not name.startswith("_"):
                method.__qualname__ = f"Workspace.{name}"  # Python's own messages have it: an unexpected argument
                setattr(cls, name, checked(method))

    if TYPE_CHECKING:  # these are the workspace's
        _calls: Calls

        @cached_property
        def _context(self) -> Context: ...

        async def _ready(self) -> Context: ...
