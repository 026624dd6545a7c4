"""``ingest-many``: the media files of a directory or a bucket into the service, with a journal.

Law: as for all bulk runs: running the same command again is the resume.
"""

from collections.abc import AsyncIterable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import Annotated, Any, TypedDict

from attrs import evolve, frozen
from cyclopts import Parameter

from mi_async.bulk.inputs.facts import facts_of
from mi_async.bulk.inputs.media_files import read_assets
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.plan.ingest import AssetPlan, plan_assets, plan_listing
from mi_async.bulk.run import BulkRun
from mi_async.cli import event_loop
from mi_async.cli.bulk import BulkCommand, Planned, RunOptions, command, counted, counted_async
from mi_async.cli.ingest import InStorage, numbered
from mi_async.cli.standard_input import STDIN
from mi_async.errors import InvalidArgumentError
from mi_async.storage.models import SCHEME
from mi_async.workflows.ingest.models import IfExists
from mi_async.workspace import Workspace


@Parameter(name="*")
@frozen(kw_only=True)
class AssetOptions:
    """What is wanted of each file."""

    project: Annotated[
        str | None, Parameter(help="Name or number of the project; by default the workspace's base project.")
    ] = None
    bucket: Annotated[
        str | None, Parameter(help="Where files go; by default the bucket that the workspace is linked to.")
    ] = None
    analyze: Annotated[bool, Parameter(help="Request analyses and wait for their indexes.")] = True
    summarize: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Request texts for the scenes, too.")
    ] = False
    locale: Annotated[str | None, Parameter(help="Language of these texts.")] = None
    if_exists: Annotated[
        IfExists, Parameter(help="What to do with an asset of the same object that is there already.")
    ] = "reuse"


DEFAULTS, WANTED = RunOptions(), AssetOptions()


def ingest_many(
    source: Annotated[
        str, Parameter(name="INPUT", help="A directory, or s3://bucket/prefix.", allow_leading_hyphen=True)
    ],
    /,
    *,
    wanted: AssetOptions = WANTED,
    options: RunOptions = DEFAULTS,
    service: InStorage,
) -> None:
    """Upload, register and analyse many media files; an object that is there already is not sent.

    Stopped at any moment, the same command run again goes on where it was.

    A directory is gone through with all below it; what each file is called in the bucket is its path from there.
    """
    command(_job(source, wanted, service), source, options, service)


def _job(source: str, wanted: AssetOptions, service: InStorage) -> BulkCommand:
    storage = service.storage
    in_bucket = source.startswith(SCHEME)
    if source == STDIN:
        message = "media files are not listed on standard input; give a directory or s3://bucket/prefix"
        raise InvalidArgumentError(message)
    found = None if in_bucket else read_assets(source)  # what can be no input is refused before anything else

    def plan(journal: Path | None, problems: Path | None, force: bool) -> Planned:
        options = PlanOptions(
            journal=journal,
            problems=problems,
            force=force,
            analyze=wanted.analyze,
            summarize=wanted.summarize,
            validate=service.validate,
        )
        if found is None:
            return event_loop.run(_planned(source, service, options))
        return evolve(plan_assets(counted(found), **options), facts=facts_of(found))

    def start(workspace: Workspace, **more: Any) -> BulkRun:
        items: Iterable[AssetInput | BadInput] | AsyncIterable[AssetInput | BadInput]
        items = workspace.stored_assets(source) if found is None else found
        return workspace.ingest_many(
            items,
            project=numbered(wanted.project),
            bucket=wanted.bucket,
            analyze=wanted.analyze,
            summarize=wanted.summarize,
            locale=wanted.locale,
            if_exists=wanted.if_exists,
            **more,
        )

    looking = "the bucket is listed" if in_bucket else "headers are read, and no request is made"
    return BulkCommand(
        "ingesting the media files of",
        looking,
        lambda: service.session(storage=storage),
        lambda: None if in_bucket else sum(1 for _ in read_assets(source)),
        plan,
        start,
    )


class PlanOptions(TypedDict):
    """What a plan is told besides the items."""

    journal: Path | None
    problems: Path | None
    force: bool
    analyze: bool
    summarize: bool
    validate: bool


async def _planned(source: str, service: InStorage, options: PlanOptions) -> AssetPlan:
    """What a run over the files of a bucket would do, as the listing comes."""
    async with service.session(storage=service.storage) as session:
        listed = session.workspace(service.workspace).stored_assets(source)
        async with aclosing(counted_async(listed)) as items:
            return evolve(await plan_listing(items, **options), facts=facts_of(listed))
