"""``mcp``: the workspace as tools of an agent, over stdin and stdout.

Invariant: stdout carries the protocol and nothing else; the SDK is imported by this command alone.
"""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from mi_async._core.extras import require
from mi_async.cli import event_loop
from mi_async.cli.connection import InStorage
from mi_async.cli.streams import stderr, stdout


def mcp(
    *,
    root: Annotated[
        list[str] | None,
        Parameter(help="Folder whose files tools may read; may be given several times. Without one none reads files."),
    ] = None,
    write: Annotated[
        bool, Parameter(negative=(), help="List the tools that add something: enroll_person and ingest_media.")
    ] = False,
    bucket: Annotated[
        str | None, Parameter(help="Bucket of ingest_media; by default the one that the workspace is linked to.")
    ] = None,
    state_folder: Annotated[
        Path | None, Parameter(help="Folder for checkpoints of unfinished uploads; by default that of the media file.")
    ] = None,
    service: InStorage,
) -> None:
    """Serve the workspace to an agent as tools, by the Model Context Protocol over stdin and stdout.

    Without --write nothing is changed; nothing is ever deleted, merged or renamed.
    """
    require("mcp")
    if stdout().isatty():
        stderr().write("this server speaks to an agent, which starts it itself: see docs/agents.md; Ctrl-C ends it\n")
    event_loop.run(_serve(root or [], write, bucket, state_folder, service))


async def _serve(
    root: list[str], write: bool, bucket: str | None, state_folder: Path | None, service: InStorage
) -> None:
    from mi_async.integrations.mcp.allowed_folders import AllowedFolders  # noqa: PLC0415  after the extra was found
    from mi_async.integrations.mcp.stdio import serve_tools  # noqa: PLC0415  same
    from mi_async.integrations.mcp.tool_server import ToolServer  # noqa: PLC0415  same

    folders = AllowedFolders.named(root)
    if write and not folders:
        stderr().write("--write needs --root DIR: images and media files are read from there only\n")
    async with service.session(storage=service.storage) as session:
        workspace = session.workspace(service.workspace)
        await serve_tools(ToolServer(session, workspace, folders, write, bucket, state_folder))
