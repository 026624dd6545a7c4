"""Bodies of the workspace operations.

Invariant: the account-level group; deleting a workspace deletes all that is in it.
"""

from attrs import evolve

from mi_async.api.workspaces import WorkspaceInfo, Workspaces
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.rules import WORKSPACE_NAME, WORKSPACE_PAGES, WORKSPACE_TAKEN, require
from mi_async.emulator.state import EmulatorState
from mi_async.models import Page


class EmulatedWorkspaces(Workspaces):
    """Workspaces of the emulated account."""

    def __init__(self, state: EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = state

    async def create(self, workspace_name: str, *, bucket_name: str | None = None) -> WorkspaceInfo:
        """Create a workspace; the answer does not repeat the bucket, which its documented table lacks."""
        require(WORKSPACE_NAME.fullmatch(workspace_name), f"workspaceName {workspace_name!r}")
        require(workspace_name not in self._state.workspaces, workspace_name, WORKSPACE_TAKEN)
        created = self._state.add_workspace(workspace_name, bucket_name)
        return evolve(created.info, bucket_name=None)

    async def list(self, *, page_num: int = 1, page_size: int | None = None) -> Page[WorkspaceInfo]:
        """List one page, oldest first."""
        described = [self._described(room.info) for room in self._state.workspaces.values()]
        return WORKSPACE_PAGES.page(described, page_num, page_size)

    async def get(self, workspace_name: str) -> WorkspaceInfo:
        """Get one workspace."""
        room = self._state.workspace(workspace_name)
        return evolve(self._described(room.info), monthly_analysis_count=room.analyses)

    async def delete(self, workspace_name: str) -> WorkspaceInfo:
        """Delete a workspace with all that is in it; no precondition is documented."""
        room = self._state.workspace(workspace_name)
        self._state.remove_workspace(workspace_name)
        return self._described(room.info)

    def _described(self, info: WorkspaceInfo) -> WorkspaceInfo:
        return evolve(info, workspace_url=f"{self._state.links.address}/api/v1/workspaces/{info.workspace_name}")
