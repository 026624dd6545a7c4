"""``ingest-many``: the media files of a directory or a bucket into the service, with a journal.

Invariant: as for all bulk runs: running the same command again is the resume.
"""

from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypedDict

from attrs import evolve
from cyclopts import Parameter

from mi_async.bulk.inputs.input_facts import facts_of
from mi_async.bulk.inputs.media_files import read_assets
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.plan.dry_run import DryRun
from mi_async.bulk.plan.ingest import AssetPlan, plan_assets, plan_listing
from mi_async.bulk.run import BulkRun
from mi_async.cli import event_loop
from mi_async.cli.bulk_dry_run import counted_async, items_counted
from mi_async.cli.bulk_options import RunOptions
from mi_async.cli.bulk_run import BulkCommand, run_command
from mi_async.cli.connection import InStorage
from mi_async.cli.ingest import AssetOptions
from mi_async.cli.standard_input import STDIN
from mi_async.cli.streams import print_note
from mi_async.cli.sync_options import SyncFlags
from mi_async.errors import InvalidArgumentError
from mi_async.storage.models import SCHEME
from mi_async.workspace import Workspace

NO_OPTIONS, ASSET_DEFAULTS, NO_SYNC = RunOptions(), AssetOptions(), SyncFlags()


def ingest_many(
    source: Annotated[
        str, Parameter(name="INPUT", help="A directory, or s3://bucket/prefix.", allow_leading_hyphen=True)
    ],
    /,
    *,
    assets: AssetOptions = ASSET_DEFAULTS,
    options: RunOptions = NO_OPTIONS,
    sync: SyncFlags = NO_SYNC,
    service: InStorage,
) -> None:
    """Upload, register and analyse many media files; an object that is in the bucket already is not sent.

    Stopped at any moment, the same command run again resumes.

    A directory is read with all below it; the name of each file in the bucket is its path from there.
    """
    if source == STDIN:
        message = "media files are not listed on standard input; give a directory or s3://bucket/prefix"
        raise InvalidArgumentError(message)
    sync.check()
    if sync.watch:
        from mi_async.cli.watch import watch_command  # noqa: PLC0415  few runs are syncs

        return watch_command(source, assets, sync, options, service)
    if sync.sync:
        from mi_async.cli.sync import sync_command  # noqa: PLC0415  as above

        return sync_command(source, assets, sync, options, service)
    make = _of_bucket if source.startswith(SCHEME) else _of_directory
    return run_command(make(source, assets, service), source, options, service)


class PlanOptions(TypedDict):
    """Options of a plan besides the items."""

    journal: Journalled | None
    problems: Path | None
    force: bool
    analyze: bool
    summarize: bool
    validate: bool
    project: int | None


def _plan_options(
    assets: AssetOptions, service: InStorage, journal: Journalled | None, problems: Path | None, force: bool
) -> PlanOptions:
    project = assets.as_arguments()["project"]
    if not isinstance(project, int):
        _warn_of_projects(journal)
    return PlanOptions(
        journal=journal,
        problems=problems,
        force=force,
        analyze=assets.analyze,
        summarize=assets.summarize,
        validate=service.validate,
        project=project if isinstance(project, int) else None,
    )


def _warn_of_projects(journal: Journalled | None) -> None:
    """Name the projects of the journal: a dry run makes no request, and cannot tell which one is meant."""
    if journal is None:
        return
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra
    from mi_async.bulk.journal.run_totals import run_projects  # noqa: PLC0415  same

    with read_journal(journal) as reader:
        projects = ", ".join(map(str, run_projects(reader)))
    if projects:
        print_note(
            f"the journal is of project {projects}, taken to be the one that is meant; for certainty give --project ID"
        )


MESSAGE = "ingesting the media files of"


def _of_directory(source: str, assets: AssetOptions, service: InStorage) -> BulkCommand:
    items = read_assets(source)  # an input that is none is refused before anything else

    def plan(journal: Journalled | None, problems: Path | None, force: bool) -> DryRun:
        options = _plan_options(assets, service, journal, problems, force)
        return plan_assets(read_assets(source).mapped(items_counted), **options)

    def start(workspace: Workspace, **more: Any) -> BulkRun:
        return workspace.ingest_many(items, **assets.as_arguments(), **more)

    return BulkCommand(
        start_message=MESSAGE,
        plan_message="headers of files are read, and no request is made",
        session=partial(service.session, storage=service.storage),
        count=lambda: sum(1 for _ in read_assets(source)),
        plan=plan,
        start=start,
        operation="ingest_many",
        more=assets.as_arguments(),
    )


def _of_bucket(source: str, assets: AssetOptions, service: InStorage) -> BulkCommand:
    async def planned(options: PlanOptions) -> AssetPlan:
        async with service.session(storage=service.storage) as session:
            listed = session.workspace(service.workspace).stored_assets(source)
            async with aclosing(counted_async(listed)) as items:
                return evolve(await plan_listing(items, **options), facts=facts_of(listed))

    def plan(journal: Journalled | None, problems: Path | None, force: bool) -> DryRun:
        return event_loop.run(planned(_plan_options(assets, service, journal, problems, force)))

    def start(workspace: Workspace, **more: Any) -> BulkRun:
        return workspace.ingest_many(workspace.stored_assets(source), **assets.as_arguments(), **more)

    return BulkCommand(
        start_message=MESSAGE,
        plan_message="the bucket is listed",
        session=partial(service.session, storage=service.storage),
        count=lambda: None,
        plan=plan,
        start=start,
        operation="ingest_many",
        more=assets.as_arguments(),
    )
