"""The tools, as a table.

Invariant: whatever deletes, merges, cancels, moves or renames has no row.
"""

from collections.abc import Sequence
from typing import Any

from mi_async.integrations.mcp.agent_tool import AgentTool, ToolEffect
from mi_async.integrations.mcp.allowed_folders import AllowedFolders
from mi_async.integrations.mcp.operation_tool import call_operation, listing
from mi_async.integrations.mcp.read_tools import bulk_report, find_person, job_state, quota, search_scenes, wait_for_job
from mi_async.integrations.mcp.write_tools import enroll_person, ingest_media


def _persons(found: Any) -> str:
    left = f", {found['left']:,} more on the next pages" if found["left"] else ""
    return f"{found['total']:,} found; {len(found['persons'])} on this page{left}"


def _scenes(found: Any) -> str:
    return f"{len(found['scenes'])} scenes{'; there are more' if found['more'] else ''}"


def _job(view: Any) -> str:
    how = "over" if view["over"] else "not over; wait_for_job waits for it again"
    reason = f": {view['reason']}" if view["reason"] else ""
    return f"{view['job']} is {view['phase']} ({view['state']}){reason}; {how}"


def _ingested(view: Any) -> str:
    if view["finished"]:
        return f"asset {view['asset_id']} is ready"
    return f"not finished, at the stage {view['stage']}; the same call goes on from there"


def tools() -> Sequence[AgentTool]:
    """Return every tool, whether a server has it or not."""
    return (
        AgentTool(
            "find_person",
            "Find a person",
            "Find persons of the workspace by name (2 to 50 characters), with ID, tags, description and number of "
            "images. Persons without a name, whom analyses find, are left out.",
            find_person,
            _persons,
        ),
        AgentTool(
            "search_scenes",
            "Search scenes",
            "Search the analysed videos and images for scenes, by words and by persons; the best first, with asset, "
            "begin and end in milliseconds and a score. One search request each.",
            search_scenes,
            _scenes,
        ),
        AgentTool(
            "job_state",
            "State of a job",
            "Look once at an import, an analysis, a scene summary or a search.",
            job_state,
            _job,
        ),
        AgentTool(
            "wait_for_job",
            "Wait for a job",
            "Wait until a job is over, or for at_most seconds: then over is false, and calling again waits on. The job "
            "runs at the service; ending the wait leaves it as it is.",
            wait_for_job,
            _job,
        ),
        AgentTool(
            "quota",
            "Quotas",
            "Show what this server has used of each request quota, and for how long the next call would wait.",
            quota,
            lambda shown: f"{len(shown['quotas'])} quotas",
            calls_service=False,
        ),
        AgentTool(
            "bulk_report",
            "Report of a bulk run",
            "Report the latest run in the journal (a file) of mi-async enroll-many, upload-thumbnails or ingest-many: "
            "figures, and the first problems.",
            bulk_report,
            lambda view: str(view["text"]),
            reads_files=True,
            calls_service=False,
        ),
        AgentTool(
            "call_operation",
            "Call a read-only operation",
            f"Call one operation of the HTTP API that has no effect. Operations and their arguments: {listing()}.",
            call_operation,
            lambda answer: f"answer of {answer['operation']}",
        ),
        AgentTool(
            "enroll_person",
            "Enroll a person",
            "Create a person with face images and tags. Images are files in the folders of the server; no URL is "
            "fetched. Ask the user before enrolling somebody: a face is biometric data.",
            enroll_person,
            lambda made: f"person {made['person']['id']} has {made['person']['images']} images",
            effect=ToolEffect.ADDS,
            reads_files=True,
        ),
        AgentTool(
            "ingest_media",
            "Ingest a media file",
            "Upload a media file to the workspace's bucket, register it, and have it analysed, which may be charged. "
            "After at_most seconds it says how far it is; the same call goes on from there. What is in the bucket "
            "already is not sent again, and never overwritten.",
            ingest_media,
            _ingested,
            effect=ToolEffect.ADDS,
            reads_files=True,
        ),
    )


def listed_tools(*, write: bool, folders: AllowedFolders) -> dict[str, AgentTool]:
    """Return the tools that a server has, by name."""
    return {tool.name: tool for tool in tools() if tool.is_listed(write=write, folders=folders)}
