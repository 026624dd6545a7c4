"""``backup``: a workspace into a folder, and the check of such a folder.

Invariant: running the same command again is the resume, and the incremental backup.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from attrs import frozen
from cyclopts import App, Parameter

from mi_async.backup.check import BackupCheck, check_backup
from mi_async.backup.comparison import BackupComparison, compare_backups
from mi_async.backup.report import BackupReport
from mi_async.cli import event_loop
from mi_async.cli.connection import SERVICE, Account
from mi_async.cli.exit_codes import FailedChecksError
from mi_async.cli.output import Form, Output, show
from mi_async.cli.streams import drawable, notes, print_note, stdout
from mi_async.display.backup import backup_display
from mi_async.errors import InvalidArgumentError, MIError
from mi_async.text import escaped, quantity


@Parameter(name="*", group=SERVICE)
@frozen(kw_only=True)
class OfWorkspace(Account):
    """Options of a command whose first argument may be the workspace."""

    workspace: Annotated[
        str | None, Parameter(alias="-w", env_var="MI_ASYNC_WORKSPACE", help="Name of the workspace.")
    ] = None


@Parameter(name="*")
@frozen(kw_only=True)
class BackupOptions:
    """Options of a backup."""

    person: Annotated[
        list[int] | None,
        Parameter(help="ID of a person, to back up these alone; may be given several times.", negative=()),
    ] = None
    images: Annotated[bool, Parameter(help="Download the images of thumbnails.")] = True
    indexes: Annotated[bool, Parameter(help="Download the indexes of assets.")] = True
    summaries: Annotated[bool, Parameter(help="Download the scene summaries of assets.")] = True
    verify: Annotated[
        bool,
        Parameter(
            negative=(), show_default=False, help="Read the images that are there, and download damaged ones anew."
        ),
    ] = False


DEFAULTS, ACCOUNT = BackupOptions(), OfWorkspace()


def backup_app(name: str) -> App:
    """Return the command, and those below it."""
    app = App(name=name, help_epilogue="", usage=f"Usage: mi-async {name} [WORKSPACE] FOLDER [OPTIONS]")
    app.default(backup)
    app.command(check, name="check", usage=f"Usage: mi-async {name} check FOLDER [OPTIONS]")
    app.command(diff, name="diff", usage=f"Usage: mi-async {name} diff FIRST SECOND [OPTIONS]")
    return app


def backup(
    *place: Annotated[
        str,
        Parameter(name="FOLDER", help="Folder of the backup; before it the workspace, unless --workspace names it."),
    ],
    options: BackupOptions = DEFAULTS,
    service: OfWorkspace = ACCOUNT,
) -> None:
    """Back up a workspace into a folder: persons with their images, tags, projects, assets, indexes, scene summaries.

    The same command again downloads only what is new; stopped at any moment, it resumes. Nothing is ever deleted from
    the folder. It holds faces: only its owner can read it.
    """
    workspace, folder = _named(place, service.workspace)
    report = event_loop.run(_backup(workspace, folder, options, service))
    if not report.complete:
        message = f"{quantity(report.problems, 'problem')}; {folder / 'problems.jsonl'} has each"
        raise FailedChecksError(message)


def _named(place: Sequence[str], workspace: str | None) -> tuple[str, Path]:
    """Return workspace and folder."""
    match place:
        case [folder] if workspace:
            return workspace, Path(folder)
        case [folder]:
            message = f"name the workspace, too: mi-async backup WORKSPACE {escaped(folder)}"
        case [named, folder]:
            return named, Path(folder)
        case []:
            message = "FOLDER is missing; see mi-async backup --help"
        case _:
            message = f"give a workspace and one folder, got {len(place)} names"
    raise InvalidArgumentError(message)


async def _backup(workspace: str, folder: Path, options: BackupOptions, service: OfWorkspace) -> BackupReport:
    print_note(f"backing up workspace {workspace} into {folder}")
    async with service.session() as session:
        try:
            with backup_display(drawable(notes()), plain=service.verbose > 0) as display:
                report = await session.workspace(workspace).back_up(
                    folder,
                    persons=options.person,
                    images=options.images,
                    indexes=options.indexes,
                    summaries=options.summaries,
                    verify=options.verify,
                    progress=display.step,
                )
        except asyncio.CancelledError:
            print_note("what was downloaded is kept; run the same command again to resume")
            raise
        except MIError as error:
            if not isinstance(error, InvalidArgumentError):
                error.add_note("what was downloaded is kept; run the same command again to resume")
            raise
        _print(report, service.output)  # before the session is closed: a signal may come while it is
    return report


def check(folder: Path, /, *, output: Output = "table") -> None:
    """Check a backup: its files against their checksums, and against what its lists name.

    Exit code 1 if something is missing or damaged; an extra file does no harm. The service is not asked.

    Args:
        folder: Folder of the backup.
    """
    checked = event_loop.run(asyncio.to_thread(check_backup, folder))
    _print(checked, output)
    if not checked.ok:
        message = f"missing: {quantity(checked.count('missing'), 'file')}, damaged: {checked.count('damaged'):,}; "
        raise FailedChecksError(message + "mi-async backup --verify downloads what the service still has")


def diff(first: Path, second: Path, /, *, output: Output = "table") -> None:
    """Compare two backups: everything but IDs, times, users and analyses, so that a restored workspace is equal.

    Exit code 1 if they are not equal. The service is not asked; images are compared by the checksums of the lists.

    Args:
        first: Folder of a backup.
        second: Folder of another one.
    """
    compared = event_loop.run(asyncio.to_thread(compare_backups, first, second))
    _print(compared, output)
    if not compared.same:
        message = f"the backups differ in {quantity(compared.first + compared.second + compared.changed, 'object')}"
        raise FailedChecksError(message)


def _print(result: BackupReport | BackupCheck | BackupComparison, form: Form) -> None:
    if form == "table":
        stdout().write(f"{result}\n")
        return
    plain: dict[str, Any] = result.as_dict()
    show(plain if form == "json" else plain.get("faults", plain.get("differences", plain)), form)
