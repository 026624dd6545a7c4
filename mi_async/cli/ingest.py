"""``ingest``: a media file into the bucket and the service, with progress on stderr and what came of it on stdout.

Law: the only reader of MI_ASYNC_STORAGE_URL; running the same command again is the resume.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async.cli import event_loop
from mi_async.cli.intake import WORDS, intake_board
from mi_async.cli.output import show
from mi_async.cli.service import SERVICE, InWorkspace
from mi_async.cli.streams import console, stderr
from mi_async.cli.unknown_option import refuse_directories
from mi_async.errors import JobTimeoutError
from mi_async.storage.models import STORAGE_URL, Storage
from mi_async.workflows.ingest.models import IfExists, IngestedAsset, Ingestion, Stage


@Parameter(name="*", group=SERVICE)
@frozen(kw_only=True)
class InStorage(InWorkspace):
    """What a command needs to reach a workspace and Object Storage."""

    storage_url: Annotated[
        str | None,
        Parameter(
            env_var="MI_ASYNC_STORAGE_URL",
            help=f"Where Object Storage is; by default {STORAGE_URL}, if the base URL is the service's.",
        ),
    ] = None

    @property
    def storage(self) -> Storage | None:
        """Object Storage, where it was named."""
        return None if self.storage_url is None else Storage(self.storage_url)


def ingest(
    source: Annotated[
        str, Parameter(name="SOURCE", help="A file (mp4, mkv, mov, webm; jpg, png, heic), or s3://bucket/key.")
    ],
    /,
    *,
    project: str | None = None,
    bucket: str | None = None,
    key: str | None = None,
    analyze: bool = True,
    summarize: Annotated[bool, Parameter(negative=())] = False,
    locale: str | None = None,
    if_exists: IfExists = "reuse",
    at_most: Annotated[float | None, Parameter(validator=Number(gte=0))] = None,
    state_folder: Path | None = None,
    service: InStorage,
) -> None:
    """Upload a media file, register it, and wait for its import and analysis; once more takes up where it ended.

    Args:
        project: Name or number of the project; by default the workspace's base project.
        bucket: Where the file goes; by default the bucket that the workspace is linked to.
        key: Name of the object; by default that of the file.
        analyze: Request an analysis and wait for its index.
        summarize: Request texts for the scenes, too.
        locale: Language of these texts.
        if_exists: What to do with an asset of this object that is there already.
        at_most: Seconds for each wait; without it an hour for an import, 12 hours for an analysis.
        state_folder: Where the record of an unfinished upload is kept; by default beside the file.
    """
    refuse_directories([source], "ingest-many")
    wish: dict[str, Any] = {
        "project": numbered(project),
        "bucket": bucket,
        "key": key,
        "analyze": analyze,
        "summarize": summarize,
        "locale": locale,
        "if_exists": if_exists,
        "timeout": at_most,
        "state_folder": state_folder,
    }
    event_loop.run(_ingest(source, wish, service))


def numbered(project: str | None) -> int | str | None:
    """A project by its number where that is one, else by its name."""
    return int(project) if project is not None and project.isascii() and project.isdigit() else project


async def _ingest(source: str, wish: Mapping[str, Any], service: InStorage) -> None:
    async with service.session(storage=service.storage) as session:
        workspace = session.workspace(service.workspace)
        at = Ingestion(source)

        def step(now: Ingestion) -> None:
            nonlocal at
            at = now
            board.step(now)

        try:
            async with intake_board(console(stderr()), plain=service.verbose > 0) as board:
                done = await workspace.ingest_asset(source, **wish, progress=step)
        except asyncio.CancelledError:
            if goes_on := _job_goes_on(at) + _may_repeat(at, wish):
                stderr().write(f"{'; '.join(goes_on)}\n")
            raise
        except JobTimeoutError as error:
            for said in _may_repeat(at, wish):
                error.add_note(said)
            raise
        # before the session is closed: a signal may come while it is
        show(_row(done) if service.output == "table" else _whole(done), service.output, changed=True)


def _job_goes_on(at: Ingestion) -> list[str]:
    """What is under way at the service, and how to wait for it."""
    return [] if at.job is None else [f"the {WORDS[at.stage]} goes on at the service: mi-async jobs wait {at.job}"]


def _may_repeat(at: Ingestion, wish: Mapping[str, Any]) -> list[str]:
    """Whether the same command takes it up: an unfinished upload always, an asset only where it may be reused."""
    begun = at.stage is Stage.UPLOAD or (at.asset_id is not None and wish["if_exists"] == "reuse")
    return ["the same command goes on where it was"] if begun else []


def _whole(done: IngestedAsset) -> dict[str, Any]:
    """All of it, as JSON shows it."""
    return {
        "assetId": done.asset.asset_id,
        "projectId": done.asset.project_id,
        "object": str(done.place),
        "sent": done.sent,
        "reused": done.reused,
        "asset": done.asset,
        "index": done.index,
        "summary": done.summary,
    }


def _row(done: IngestedAsset) -> dict[str, Any]:
    """What a table has room for."""
    meta = done.asset.meta_data
    scenes = None if done.index is None else done.index.extra.get("scenes")
    return {
        "asset": done.asset.asset_id,
        "project": done.asset.project_id,
        "object": str(done.place),
        "sent": f"{done.sent:,} bytes",
        "reused": done.reused,
        "resolution": None if meta is None else meta.resolution,
        "seconds": None if meta is None or meta.duration_ms is None else meta.duration_ms / 1000,
        "scenes": len(scenes) if isinstance(scenes, list | tuple) else None,
        "summary": None if done.summary is None else "yes",
    }
