"""Tools that add something to the workspace: a person, a media file.

Invariant: what is there is neither changed nor removed, and the same call again adds nothing more. Only files of the
allowed folders are sent; no URL is fetched.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal, TypedDict

from mi_async._core.bounds import Count, Length
from mi_async.errors import ConflictError, MIError
from mi_async.integrations.mcp.agent_tool import ToolContext
from mi_async.integrations.mcp.read_tools import AT_MOST, AtMost, Row, person_row
from mi_async.text import percent
from mi_async.workflows.ingest.models import Ingestion, Stage
from mi_async.workflows.ingest.options import project_named
from mi_async.workflows.upload import Upload


class EnrolledPerson(TypedDict):
    """A person as it is at the service."""

    person: Row


class IngestAnswer(TypedDict):
    """An ingestion, finished or on its way."""

    finished: bool
    stage: str
    asset_id: int | None
    project_id: int | None
    job: str | None
    object: str | None


async def enroll_person(
    context: ToolContext,
    *,
    name: Annotated[str, "name of the person, unique in the workspace; 1 to 50 characters"],
    images: Annotated[
        Sequence[str],
        "paths of face images in the folders of the server, the first being the primary one: jpg, png or webp, up to "
        "5 MB, at least 256 px",
        Count(1, 100),
    ],
    description: Annotated[str | None, "description", Length(1, 700)] = None,
    tags: Annotated[Sequence[str] | None, "tags, created where missing; 1 to 30 characters each"] = None,
    if_exists: Annotated[
        Literal["error", "complete"],
        "somebody has the name: error refuses, complete gives that person the images and tags that it does not have",
    ] = "error",
) -> EnrolledPerson:
    """Create a person with images and tags."""
    paths = [await asyncio.to_thread(context.folders.file, path) for path in images]

    def step(upload: Upload) -> None:
        context.progress(f"{upload.image.name}: {upload.state.value}")

    try:
        person = await context.workspace.enroll_person(
            name, paths, description=description, tags=tags or (), if_exists=if_exists, progress=step
        )
    except ConflictError as error:
        if error.existing:
            error.add_note("if_exists complete gives that person what it does not have; find_person shows who it is")
        raise
    except MIError as error:
        if error.created.get("person_id"):
            error.add_note("the same call with if_exists complete adds what is missing")
        raise
    return {"person": person_row(person)}


async def ingest_media(
    context: ToolContext,
    *,
    path: Annotated[
        str,
        "path of the media file in the folders of the server: mp4, mkv, mov, webm up to 10 GB and 6 hours; jpg, png, "
        "heic up to 10 MB",
    ],
    project: Annotated[str | None, "name or ID of the project; by default the workspace's base project"] = None,
    analyze: Annotated[bool, "request an analysis, without which no search finds it"] = True,
    summarize: Annotated[bool, "request a text for each scene, too"] = False,
    at_most: AtMost = AT_MOST,
) -> IngestAnswer:
    """Ingest a media file, or go on with one that an earlier call has begun."""
    last = Ingestion(path)

    def step(now: Ingestion) -> None:
        nonlocal last
        last = now
        sent = f" {percent(min(1.0, (now.found + now.sent) / now.size))}" if now.stage is Stage.UPLOAD else ""
        context.progress(f"{now.stage.value}{sent}")

    try:
        # Ended from within when the time is over: what is done is kept, and the same call goes on from there.
        async with asyncio.timeout(at_most):
            ingested = await context.workspace.ingest_asset(
                await asyncio.to_thread(context.folders.file, path),
                bucket=context.bucket,
                project=project_named(project),
                analyze=analyze,
                summarize=summarize,
                state_folder=context.state_folder,
                progress=step,
            )
    except TimeoutError as error:
        if isinstance(error, MIError):
            raise
        project_id = None if last.asset is None else last.asset.project_id
        return _ingest_answer(last.stage.value, last.asset_id, project_id, last.place, job=last.job, finished=False)
    asset = ingested.asset
    return _ingest_answer("done", asset.asset_id, asset.project_id, ingested.place, job=None, finished=True)


def _ingest_answer(
    stage: str, asset_id: int | None, project_id: int | None, place: object, *, job: str | None, finished: bool
) -> IngestAnswer:
    return {
        "finished": finished,
        "stage": stage,
        "asset_id": asset_id,
        "project_id": project_id,
        "job": job,
        "object": None if place is None else str(place),
    }
