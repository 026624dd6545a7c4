"""``enroll-many --matches FILE.csv``: who of an input looks like somebody who is there, as a table; nobody is created.

Invariant: the file is written as a whole or not at all, and nothing is kept in memory.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from mi_async._core.csv_lines import MARK, csv_line
from mi_async._core.output_content import BY_FORCE
from mi_async._core.output_file import OutputFile, output_file
from mi_async.bulk.run import BulkRun
from mi_async.cli.bulk_options import RunOptions
from mi_async.cli.streams import print_note
from mi_async.errors import BulkError, InvalidArgumentError
from mi_async.workflows.known_person import KnownPerson
from mi_async.workspace import Workspace

Matches = Annotated[
    Path | None,
    Parameter(
        help="Create nobody: compare the first image of each, and write to this file, as CSV, who looks like whom."
    ),
]
COLUMNS = ("name", "origin", "person_id", "current_name", "score")
OURS = re.compile(re.escape(MARK) + ",".join(COLUMNS).encode())
WITH_OTHERS = (("on", "--on"), ("dry_run", "--dry-run"))
"""Options that do not go with the comparison."""


def comparing_run(workspace: Workspace, people: Any, *, shards: int, **more: Any) -> BulkRun:  # noqa: ARG001  of any run
    """Return a run that only compares."""
    return workspace.compare_many(people, **more)


def write_matches(
    path: Path, source: str, options: RunOptions, known: str, run: Callable[[Callable[[KnownPerson], None]], None]
) -> None:
    """Run a comparison, and write what it finds.

    Args:
        path: of the table.
        source: the input, which is not replaced.
        options: of the run.
        known: word of ``--known``, which means nothing here.
        run: runs the comparison, given a function that takes what is found.

    Raises:
        InvalidArgumentError: options that do not go together, or a file that must not be written.
        BulkError: the run had to stop, or some items did not go well; what was found is written.
    """
    wrong = [option for name, option in WITH_OTHERS if getattr(options, name)]
    if known != "ignore" or wrong:
        message = f"--matches only compares, in this process: give it without {(wrong or ['--known'])[0]}"
        raise InvalidArgumentError(message)
    target, found, failed = _target(path, source, options), 0, None
    with target.writing() as file:

        def write(person: KnownPerson) -> None:
            nonlocal found
            found += 1
            file.writelines(_lines(person))

        file.write(MARK + csv_line(COLUMNS))
        try:
            run(write)
        except BulkError as error:
            failed = error
    print_note(f"persons who look like somebody who is there: {found:,}, listed in {path}; nobody was created")
    if failed is not None:
        raise failed


def _target(path: Path, source: str, options: RunOptions) -> OutputFile:
    try:
        return output_file(path, ours=OURS, inputs=[source], force=options.force)
    except InvalidArgumentError as error:
        message = f"--matches: {error}".replace(BY_FORCE, "replace it with --force")
        raise InvalidArgumentError(message) from error


def _lines(person: KnownPerson) -> Iterator[bytes]:
    for match in person.matches:
        score = "" if match.score is None else f"{match.score:g}"
        yield csv_line([person.name, person.origin, match.id, match.name or "", score])
