"""A tool as a value: its name, its words for the agent, its effect, and the function that does it.

Invariant: a tool has no effect, or it adds: there is no third one.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias, get_type_hints

from attrs import frozen

from mi_async.integrations.mcp.allowed_folders import AllowedFolders
from mi_async.integrations.mcp.tool_arguments import ToolArgument, arguments_of, input_schema, output_schema
from mi_async.session import Session
from mi_async.workspace import Workspace

Progress: TypeAlias = Callable[[str], None]
"""Called with a line about where the work is."""


@frozen
class ToolContext:
    """Context of a tool: the session, and the bounds within which it works.

    Attributes:
        session: for all calls of the server.
        workspace: the only one that tools reach.
        folders: whose files they may read.
        progress: tells the agent where the work is.
        bucket: where media files go; None for the one that the workspace is linked to.
        state_folder: for checkpoints of unfinished uploads; None for that of the media file.
    """

    session: Session
    workspace: Workspace
    folders: AllowedFolders
    progress: Progress
    bucket: str | None = None
    state_folder: Path | None = None


class ToolEffect(Enum):
    """Effect of a tool on the service."""

    NONE = "none"
    ADDS = "adds"  # and a repeat adds nothing more


@frozen(slots=False)
class AgentTool:
    """One tool.

    Attributes:
        name: of the tool.
        title: for people.
        description: for the agent.
        function: does the work; its keyword arguments are the tool's.
        summary: the result in a sentence.
        effect: on the service.
        reads_files: True if it takes paths, and is of no use without a folder.
        calls_service: False if it answers from this process or from a file.
    """

    name: str
    title: str
    description: str
    function: Callable[..., Awaitable[Mapping[str, Any]]]
    summary: Callable[[Any], str]
    effect: ToolEffect = ToolEffect.NONE
    reads_files: bool = False
    calls_service: bool = True

    @cached_property
    def arguments(self) -> tuple[ToolArgument, ...]:
        """Arguments, by the signature of the function."""
        return arguments_of(self.function)

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        return input_schema(self.arguments)

    @property
    def output_schema(self) -> dict[str, Any]:
        """JSON schema of the result."""
        return output_schema(get_type_hints(self.function)["return"])

    def is_listed(self, *, write: bool, folders: AllowedFolders) -> bool:
        """Return True if a server has it: effects need ``write``, paths need a folder."""
        return (write or self.effect is ToolEffect.NONE) and (bool(folders) or not self.reads_files)
