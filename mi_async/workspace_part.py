"""Base of the parts of a workspace: the workflows that stand in modules of their own.

Invariant: has no behaviour; the context that the methods of a part need is the workspace's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mi_async.api import WorkspaceGroups

if TYPE_CHECKING:
    from functools import cached_property

    from mi_async._core.call import Calls
    from mi_async.workflows.context import Context


class WorkspacePart(WorkspaceGroups):
    """Part of :class:`Workspace`."""

    __slots__ = ()

    if TYPE_CHECKING:  # these are the workspace's
        _calls: Calls

        @cached_property
        def _context(self) -> Context: ...

        async def _ready(self) -> Context: ...
