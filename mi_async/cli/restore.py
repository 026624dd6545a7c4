"""``restore``: a backup into a workspace, with a journal; its plan, its live display, its report.

Invariant: running the same command again is the resume. Without --workspace a backup goes where it is from, and into
no other workspace, whatever the environment says.
"""

import asyncio
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from attrs import frozen
from cyclopts import Parameter

from mi_async._core.paths import existing_path
from mi_async.argument_types import IfPersonExists
from mi_async.backup.reader import open_backup
from mi_async.bulk.report.report import BulkReport
from mi_async.bulk.run import BulkRun
from mi_async.cli import event_loop, output
from mi_async.cli.bulk_display import run_shown
from mi_async.cli.bulk_options import DEFAULTS, Grace, MostFailures, Patience
from mi_async.cli.connection import SERVICE, InStorage
from mi_async.cli.streams import notes, print_note, stdout
from mi_async.errors import BulkError, InvalidArgumentError, MIError
from mi_async.restore.options import SUFFIX
from mi_async.restore.plan import RestorePlan
from mi_async.restore.report import RestoreReport
from mi_async.text import escaped, span

WORKSPACE = "MI_ASYNC_WORKSPACE"
NO_NAME = re.compile(r"[\\/\x00-\x1f]")
"""Characters that would lead a file elsewhere."""
AGAIN = "run the same command again to resume"


@Parameter(name="*")
@frozen(kw_only=True)
class RestoreFlags:
    """Options of a restore."""

    if_exists: Annotated[
        IfPersonExists,
        Parameter(help="A name that somebody has: reject the person, reuse the one who has it, or complete that one."),
    ] = "error"
    unnamed: Annotated[
        bool,
        Parameter(
            negative=(), show_default=False, help="Create persons without a name, too, named unnamed and their old ID."
        ),
    ] = False
    analyze: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Analyse the assets anew once they are registered.")
    ] = False
    bucket: Annotated[
        str | None, Parameter(help="Bucket of the objects now; by default the one that the backup names.")
    ] = None
    journal: Annotated[
        Path | None,
        Parameter(help="Journal of the restore; by default DIR.WORKSPACE.journal, in the current directory."),
    ] = None
    mapping: Annotated[
        Path | None, Parameter(help="File for the old and the new IDs; by default beside the journal.")
    ] = None
    report: Annotated[
        Path | None, Parameter(help="Write every outcome, and what is not carried, to this file, as JSON Lines.")
    ] = None
    force: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Let --report and --mapping replace a file that is not ours."),
    ] = False
    max_failures: MostFailures = DEFAULTS["max_failures"]
    grace: Grace = DEFAULTS["grace"]
    patience: Patience = DEFAULTS["patience"]

    def of_both(self, journal: Path) -> dict[str, Any]:
        """Return the arguments that the plan and the run take."""
        names = ("if_exists", "unnamed", "analyze", "bucket", "report", "force")
        return {"journal": journal, **{name: getattr(self, name) for name in names}}

    def of_run(self) -> dict[str, Any]:
        """Return further arguments of the run."""
        return {name: getattr(self, name) for name in ("mapping", "max_failures", "grace", "patience")}


@Parameter(name="*", group=SERVICE)
@frozen(kw_only=True)
class IntoWorkspace(InStorage):
    """Options of a command that reaches a workspace which its input names, too."""

    workspace: Annotated[
        str, Parameter(alias="-w", show_default=False, help="Name of the workspace; by default that of the backup.")
    ] = ""


FLAGS, ANYWHERE = RestoreFlags(), IntoWorkspace()


def restore(
    folder: Annotated[str, Parameter(name="DIR", help="The folder of a backup.", allow_leading_hyphen=True)],
    /,
    *,
    dry_run: Annotated[
        bool, Parameter(negative=(), show_default=False, help="Create nothing: print what would be done, and the time.")
    ] = False,
    flags: RestoreFlags = FLAGS,
    service: IntoWorkspace = ANYWHERE,
) -> None:
    """Restore a backup into a workspace: persons with images and tags, projects, and assets.

    Stopped at any moment, the same command run again resumes. Nothing is removed or overwritten.

    What cannot be carried is counted, and listed with --report: IDs, persons without a name, analyses.
    """
    workspace = _workspace(folder, service.workspace)
    name = Path(folder).resolve().name
    # a backup of somebody else may say anything of its workspace
    journal = Path(existing_path(flags.journal or f"{name}.{NO_NAME.sub('_', workspace)}{SUFFIX}"))
    if dry_run:
        print_note(f"planning for {folder}: the workspace {workspace} is asked for its names, and nothing is created")
        event_loop.run(_plan(folder, workspace, journal, flags, service))
    else:
        print_note(f"restoring {folder} into workspace {workspace}; journal: {journal}")
        event_loop.run(_restore(folder, workspace, journal, flags, service))


def _workspace(folder: str, given: str) -> str:
    """Return the workspace to restore into.

    Raises:
        InvalidArgumentError: the folder is no backup, or the environment means another workspace than the backup.
    """
    its = open_backup(folder).info.workspace
    if given:
        return given
    if (meant := os.environ.get(WORKSPACE)) and meant != its:
        message = (
            f"the backup is of workspace {escaped(its)!r}, and {WORKSPACE} names {escaped(meant)!r}: "
            "say with --workspace which of them to restore into"
        )
        raise InvalidArgumentError(message)
    return its


async def _plan(folder: str, workspace: str, journal: Path, flags: RestoreFlags, service: IntoWorkspace) -> None:
    async with service.session(storage=service.storage) as session:
        plan = await session.workspace(workspace).plan_restore(folder, **flags.of_both(journal))
    _print(plan, service, would=" would")


async def _restore(folder: str, workspace: str, journal: Path, flags: RestoreFlags, service: IntoWorkspace) -> None:
    @contextmanager
    def watch(run: BulkRun) -> Generator[None]:
        with run_shown(
            run, service, lambda: f"{run.progress.open:,} items in progress have {span(flags.grace)} to end"
        ):
            yield

    async with service.session(storage=service.storage) as session:
        target = session.workspace(workspace)
        try:
            report = await target.restore(folder, **flags.of_both(journal), **flags.of_run(), watch=watch)
        except (MIError, asyncio.CancelledError) as error:
            so_far = getattr(error, "report", None)
            if isinstance(so_far, BulkReport):
                notes().write(f"{so_far}\n")
            print_note(f"what is done is in {journal}; {AGAIN}")
            raise
        _print(report, service, would=" did")  # before the session is closed: a signal may come while it is


def _print(result: RestorePlan | RestoreReport, service: IntoWorkspace, *, would: str) -> None:
    """Print a plan or a report.

    Raises:
        BulkError: not all goes well.
    """
    if service.output == "table":
        stdout().write(f"{result}\n")
    else:
        if isinstance(result, RestoreReport):
            notes().write(f"{result}\n")
        output.show(result.as_dict(), service.output)
    stdout().flush()
    if not result.ok:
        message = f"persons, assets and images that{would} not go well: {result.troubled:,}"
        raise BulkError(message)
