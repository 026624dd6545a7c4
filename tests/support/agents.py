"""An agent's side of the tools: the official client, in this process and over pipes."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent

from mi_async.emulator import Server
from mi_async.integrations.mcp.allowed_folders import AllowedFolders
from mi_async.integrations.mcp.tool_server import ToolServer
from tests.support.newsroom import Newsroom
from tests.support.terminal import COMMAND, environment

MODES = ("legacy", "auto")
"""Handshakes of the protocol: that of editions before 2026-07-28, and the one since."""


@frozen
class Agent:
    """A client, and the server's side of it."""

    client: Client
    tools: ToolServer

    async def tell(self, tool: str, /, **arguments: Any) -> Any:
        """Call a tool that is to succeed; returns its data."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, texts(result)
        return result.structured_content

    async def refused(self, tool: str, /, **arguments: Any) -> str:
        """Call a tool that is to fail; returns what it says."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, texts(result)
        return "\n".join(texts(result))


@define
class Heard:
    """Lines of progress as a client gets them.

    Attributes:
        wanted: number of lines after which there are enough.
        lines: that were sent.
        enough: set with the last one that is wanted.
    """

    wanted: int = 1
    lines: list[str] = field(init=False, factory=list)
    enough: asyncio.Event = field(init=False, factory=asyncio.Event)

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """Take a line."""
        assert (progress, total) == (len(self.lines) + 1, None)
        self.lines.append(message or "")
        if len(self.lines) >= self.wanted:
            self.enough.set()


def texts(result: CallToolResult) -> list[str]:
    """Return the texts of an answer."""
    return [content.text for content in result.content if isinstance(content, TextContent)]


@asynccontextmanager
async def agent(
    news: Newsroom, *roots: Path, write: bool = False, mode: str = "auto", **options: Any
) -> AsyncGenerator[Agent]:
    """Connect a client to the tools, in this process."""
    tools = ToolServer(news.session, news.workspace, AllowedFolders.named(roots), write, **options)
    async with Client(tools.protocol_server(), mode=mode) as client:
        yield Agent(client, tools)


def command_line(server: Server, *options: str) -> StdioServerParameters:
    """Return the start of ``mi-async mcp`` as an agent's settings have it."""
    variables = {**environment(server), "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUTF8": "1"}
    return StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], "mcp", *options], env=variables)


def names(agents: Iterable[Any]) -> list[str]:
    """Return the names of tools."""
    return [each.name for each in agents]
