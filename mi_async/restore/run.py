"""A restore: tags, persons, projects and assets of a backup into a workspace, each once whatever happens.

Invariant: the same call again is the resume; what is there is found by its name or by the journals. Nothing is removed
or changed but persons that are to be completed.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

from mi_async._core.output_file import OutputFile
from mi_async.argument_types import Watch
from mi_async.bulk.engine_factory import enroll_factory, ingest_factory
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.report.report import BulkReport
from mi_async.bulk.run import BulkRun
from mi_async.restore.completion import Completion
from mi_async.restore.decisions import Destination
from mi_async.restore.groups import create_projects, create_tags, missing_projects, missing_tags, read_groups
from mi_async.restore.mapping import RestoredIds, mapping_target
from mi_async.restore.not_carried import NotCarried
from mi_async.restore.objects import ReplacedObjects
from mi_async.restore.options import RestoreOptions
from mi_async.restore.preparation import Restore, prepared
from mi_async.restore.report import RestoreReport, together
from mi_async.workflows.context import Context


def unwatched(_run: BulkRun) -> AbstractContextManager[object]:
    """Watch nothing."""
    return nullcontext()


async def restore_backup(
    context: Context,
    folder: str | os.PathLike[str],
    options: RestoreOptions,
    *,
    report: str | os.PathLike[str] | None = None,
    force: bool = False,
    watch: Watch | None = None,
) -> RestoreReport:
    """Restore a backup; arguments and errors as for ``Workspace.restore``, and a watch of the bulk runs."""
    async with prepared(context, folder, options, report=report, force=force) as restore:
        # refused before anything is created
        target = mapping_target(
            options.mapping_file, journal=options.journal, folder=restore.backup.folder, force=force
        )
        return await _run(restore, target, watch or unwatched)


async def _run(restore: Restore, target: OutputFile, watch: Watch) -> RestoreReport:
    backup, options, context, losses = restore.backup, restore.options, restore.context, restore.losses
    await asyncio.to_thread(restore.assets.read, backup, options, losses)
    if restore.assets.counts():
        context.store.connection.check_meant()  # now, and not after an hour of persons
    await ReplacedObjects(context, restore.assets, losses, restore.groups).leave_out(options)
    tags = await create_tags(context, await asyncio.to_thread(missing_tags, backup, restore.groups, losses), losses)
    counts = await asyncio.to_thread(restore.people.counted)
    people = await _enroll(restore, counts[Destination.ENROLL], watch)
    completed = await Completion(context, restore.rows.add).run(restore.people.completions(losses))
    names = await asyncio.to_thread(missing_projects, backup, restore.groups, losses)
    projects = await create_projects(context, names, losses)
    groups = await read_groups(context)
    assets = [report async for report in _register(restore, groups.projects, watch)]
    restore.count_nature()
    ids = RestoredIds(restore.people, restore.assets, groups, options)
    restored = await asyncio.to_thread(ids.write, target)
    await asyncio.to_thread(restore.rows.write, _rows([people, *assets]))
    return RestoreReport(
        folder=str(backup.folder),
        source=backup.info.workspace,
        workspace=context.groups.name,
        people=people,
        incomplete=backup.info.counts.get("problems", 0),
        tags=tags,
        projects=projects,
        completed=completed,
        kept=counts[Destination.KEEP],
        assets=together(assets),
        losses=losses.losses(),
        mapping=str(options.mapping_file),
        restored=restored,
    )


async def _enroll(restore: Restore, total: int, watch: Watch) -> BulkReport:
    options = restore.options
    run = BulkRun(
        enroll_factory(restore.context, PersonInput),
        lambda: restore.people.items(restore.losses),
        options.bulk(options.journal, total),
    )
    with watch(run):
        return await run


async def _register(restore: Restore, projects: Mapping[str, int], watch: Watch) -> AsyncGenerator[BulkReport]:
    """Register the assets, project by project; those of one that could not be created are told of."""
    options = restore.options
    for project, number in restore.assets.counts().items():
        if (new := projects.get(project)) is None:
            for old in restore.assets.of(project):
                message = f"{old.item.source}: there is no project {project!r}"
                restore.losses(NotCarried("project", str(old.id), old.item.origin, message))
            continue
        run = BulkRun(
            ingest_factory(restore.context, options.ingest(new)),
            partial(restore.assets.items, project),
            options.bulk(options.assets_journal, number),
        )
        with watch(run):
            report = await run
        yield report


def _rows(reports: Sequence[BulkReport]) -> Iterator[dict[str, Any]]:
    """Yield the outcomes of all runs, from their journals."""
    for report in reports:
        yield from report.rows()
