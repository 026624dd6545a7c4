"""``ingest``: a media file into the bucket and the service, with progress on stderr and the result on stdout.

Invariant: running the same command again is the resume.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async.argument_types import IfExists
from mi_async.cli import event_loop
from mi_async.cli.connection import InStorage
from mi_async.cli.output import show
from mi_async.cli.sources import refuse_directories
from mi_async.cli.streams import drawable, notes, stderr
from mi_async.display.ingest import WORDS, ingest_display
from mi_async.errors import JobTimeoutError
from mi_async.text import escaped
from mi_async.workflows.ingest.models import IngestedAsset, Ingestion, Stage
from mi_async.workflows.ingest.options import project_named


@Parameter(name="*")
@frozen(kw_only=True)
class AssetOptions:
    """Options of each file that is ingested."""

    project: Annotated[
        str | None, Parameter(help="Name or ID of the project; by default the workspace's base project.")
    ] = None
    bucket: Annotated[
        str | None, Parameter(help="Bucket for files; by default the one that the workspace is linked to.")
    ] = None
    analyze: Annotated[bool, Parameter(help="Request an analysis and wait for its index.")] = True
    summarize: Annotated[bool, Parameter(negative=(), show_default=False, help="Request scene summaries, too.")] = False
    locale: Annotated[str | None, Parameter(help="Language of the scene summaries.")] = None
    if_exists: Annotated[IfExists, Parameter(help="Treatment of an asset of the same object that exists already.")] = (
        "reuse"
    )

    @property
    def target(self) -> str:
        """The project as it was given, for a message."""
        project = project_named(self.project)
        return "the base project" if project is None else f"project {escaped(repr(project))}"

    def as_arguments(self) -> dict[str, Any]:
        """Return the arguments of ``ingest_asset``."""
        return {
            "project": project_named(self.project),
            "bucket": self.bucket,
            "analyze": self.analyze,
            "summarize": self.summarize,
            "locale": self.locale,
            "if_exists": self.if_exists,
        }


DEFAULTS = AssetOptions()


def ingest(
    source: Annotated[
        str, Parameter(name="SOURCE", help="A file (mp4, mkv, mov, webm; jpg, png, heic), or s3://bucket/key.")
    ],
    /,
    *,
    key: str | None = None,
    assets: AssetOptions = DEFAULTS,
    at_most: Annotated[float | None, Parameter(validator=Number(gte=0))] = None,
    state_folder: Path | None = None,
    service: InStorage,
) -> None:
    """Upload a media file, register it, and wait for its import and analysis; run again, it resumes.

    Args:
        key: Name of the object; by default that of the file.
        at_most: Seconds for each wait; without it an hour for an import, 12 hours for an analysis.
        state_folder: Folder for the checkpoint of an unfinished upload; by default that of the file.
    """
    refuse_directories([source], "ingest-many")
    options = assets.as_arguments() | {"key": key, "timeout": at_most, "state_folder": state_folder}
    event_loop.run(_ingest(source, options, service))


async def _ingest(source: str, options: Mapping[str, Any], service: InStorage) -> None:
    async with service.session(storage=service.storage) as session:
        workspace = session.workspace(service.workspace)
        at = Ingestion(source)

        def step(now: Ingestion) -> None:
            nonlocal at
            at = now
            display.step(now)

        try:
            with ingest_display(drawable(notes()), plain=service.verbose > 0) as display:
                done = await workspace.ingest_asset(source, **options, progress=step)
        except asyncio.CancelledError:
            if goes_on := _job_goes_on(at) + _resumes(at, options):
                stderr().write(f"{'; '.join(goes_on)}\n")
            raise
        except JobTimeoutError as error:
            for said in _resumes(at, options):
                error.add_note(said)
            raise
        # before the session is closed: a signal may come while it is
        show(_table_result(done) if service.output == "table" else _json_result(done), service.output, changed=True)


def _job_goes_on(at: Ingestion) -> list[str]:
    """Return how to wait for what goes on at the service."""
    return [] if at.job is None else [f"the {WORDS[at.stage]} goes on at the service: mi-async jobs wait {at.job}"]


def _resumes(at: Ingestion, options: Mapping[str, Any]) -> list[str]:
    """Return that the same command resumes it: an unfinished upload always, an asset only where it may be reused."""
    begun = at.stage is Stage.UPLOAD or (at.asset_id is not None and options["if_exists"] == "reuse")
    return ["the same command goes on where it was"] if begun else []


def _json_result(done: IngestedAsset) -> dict[str, Any]:
    """Return all members, for JSON."""
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


def _table_result(done: IngestedAsset) -> dict[str, Any]:
    """Return the members for which a table has room."""
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
