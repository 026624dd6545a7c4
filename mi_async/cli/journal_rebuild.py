"""``journal rebuild``: a lost journal made anew from an input and what the service has of it.

Invariant: nothing is changed at the service; the new journal is there only once all of it is.
"""

import shlex
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from attrs import frozen
from cyclopts import Parameter

from mi_async._core.files import open_regular_file
from mi_async._core.paths import existing_path
from mi_async.argument_types import BulkOperation
from mi_async.bulk.inputs.readers import Read, read_people, read_thumbnails
from mi_async.bulk.inputs.reading import Reading
from mi_async.bulk.rebuild.result import JournalRebuild
from mi_async.cli import event_loop
from mi_async.cli.connection import InWorkspace
from mi_async.cli.output import show
from mi_async.cli.standard_input import TableFormat, read_input
from mi_async.cli.streams import print_note, stdout
from mi_async.errors import InvalidArgumentError
from mi_async.text import quantity

DATABASE = b"SQLite format 3\0"
"""First bytes of a journal, and of no input."""
EVERY = 10.0
"""Seconds between two lines of progress."""


@frozen
class _Rebuilt:
    """The run whose journal is rebuilt.

    Attributes:
        operation: name of its method.
        read: reader of its input.
    """

    operation: BulkOperation
    read: Read


RUNS: Mapping[str, _Rebuilt] = {
    "enroll-many": _Rebuilt("enroll_many", read_people),
    "upload-many": _Rebuilt("upload_thumbnails", read_thumbnails),
}


def _not_a_journal(_type: object, source: str) -> None:
    """Refuse a damaged journal as the input: so it was spelled before ``journal repair``."""
    if _is_database(source):
        command = shlex.join(["mi-async", "journal", "repair", source, "NEW"])
        message = f"{source} is a journal, and no input; to copy what can be read of a damaged one: {command}"
        raise ValueError(message)


def _is_database(source: str) -> bool:
    try:
        with open_regular_file(source) as file:
            return file.read(len(DATABASE)) == DATABASE
    except (OSError, ValueError):
        return False


def rebuild(
    source: Annotated[
        str,
        Parameter(
            name="INPUT",
            help="The input of the lost journal: a directory, a .csv, .jsonl or .parquet file, or - for a table on "
            "standard input.",
            allow_leading_hyphen=True,
            validator=_not_a_journal,
        ),
    ],
    /,
    *,
    journal: Annotated[Path, Parameter(help="The new journal, which must not exist yet.")],
    of: Annotated[
        Literal["enroll-many", "upload-many", "ingest-many"],
        Parameter(help="The command that goes on with the new journal; ingest-many needs none."),
    ] = "enroll-many",
    assume_counts: Annotated[
        bool,
        Parameter(
            negative=(),
            show_default=False,
            help="Take thumbnails of unknown content for the person's images, where there are enough of them.",
        ),
    ] = False,
    encoding: Annotated[str | None, Parameter(help="Encoding of a table, as for the command.")] = None,
    input_format: Annotated[
        TableFormat | None, Parameter(help="Format of a table on standard input; by default its content tells.")
    ] = None,
    service: InWorkspace,
) -> None:
    """Rebuild a lost journal from an input and what the service has of it; nothing is changed there.

    The next run with the new journal skips who is complete and sends only what is missing. Where nobody can tell if an
    image is there, nothing is sent for it: "journal failed" lists it, and "journal retry" sends it all the same.

    Stopped at any moment, the same command run again resumes. A damaged journal: see "journal repair".
    """
    verb = RUNS.get(of)
    if verb is None:
        again = shlex.join(["mi-async", of, source, "--journal", str(journal)])
        message = (
            f"{of} needs no rebuilt journal: with a new one it looks at objects, assets and indexes first: {again}"
        )
        raise InvalidArgumentError(message)
    place = existing_path(journal)

    async def rebuilt(items: Reading[Any]) -> JournalRebuild:
        async with service.session() as session:
            return await session.workspace(service.workspace).rebuild_journal(
                items, journal=place, operation=verb.operation, assume_counts=assume_counts, progress=_printed()
            )

    with read_input(source, verb.read, encoding, input_format) as items:
        print_note(f"looking for {source} in workspace {service.workspace}; new journal: {journal}")
        result = event_loop.run(rebuilt(items))
    if service.output == "table":
        stdout().write(f"{result}\n")
    else:
        show(result.as_dict(), service.output)
    _advise(result, source, journal, of)


def _printed(now: Callable[[], float] = time.monotonic) -> Callable[[JournalRebuild], None]:
    """Return a progress function that prints a line now and then."""
    last = now()

    def progress(so_far: JournalRebuild) -> None:
        nonlocal last
        if now() - last >= EVERY:
            last = now()
            counts = ", ".join(f"{number:,} {finding}" for finding, number in so_far.counts.items())
            print_note(f"{quantity(so_far.items, 'item')} so far: {counts}")

    return progress


def _advise(result: JournalRebuild, source: str, journal: Path, command: str) -> None:
    """Print what to do next."""
    if result.left_alone:
        failed = shlex.join(["mi-async", "journal", "failed", str(journal)])
        left = f"{result.left_alone:,} of {quantity(result.items, 'item')} left alone"
        print_note(f"{left}: nobody can tell what is there; see: {failed}")
    go_on: list[Any] = ["mi-async", command, source, "--journal", str(journal)]
    print_note(f"to go on: {shlex.join(go_on)}")
