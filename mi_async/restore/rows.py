"""File of rows of a restore: a line of JSON for each item and for each thing that is not carried.

Invariant: rows wait in a temporary file, in flat memory; the file is written as a whole or not at all.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from attrs import define, field

from mi_async._core.output_file import OutputFile
from mi_async.backup.format import IMAGES, INDEXES, INFO, LISTS, PREVIOUS, SUMMARIES, SUMS
from mi_async.bulk.report.export import line, rows_file
from mi_async.errors import BulkError, InvalidArgumentError
from mi_async.restore.not_carried import NotCarried
from mi_async.text import encodable

OF_BACKUP = frozenset({INFO, SUMS, *LISTS, IMAGES, INDEXES, SUMMARIES, PREVIOUS})
"""Names in the folder of a backup that are its own."""


def refuse_inside(path: str | os.PathLike[str], folder: Path) -> None:
    """Refuse a file that belongs to the backup, or would be taken for one of it; beside them it may lie.

    Raises:
        InvalidArgumentError: it does.
    """
    try:
        real, root = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    except ValueError:  # a null character; whoever opens it says so
        return
    if real.is_relative_to(root) and real != root and real.relative_to(root).parts[0] in OF_BACKUP:
        message = f"{encodable(os.fspath(path))} is a file of the backup; it is left as it is, name another file"
        raise InvalidArgumentError(message)


@define(eq=False)
class RestoreRows:
    """Rows for a file, kept where one is wanted.

    Attributes:
        target: the file; None where nobody wants it.
    """

    target: OutputFile | None
    _stack: ExitStack = field(init=False, factory=ExitStack)
    _spool: IO[bytes] | None = field(init=False, default=None)

    @classmethod
    def of(cls, path: str | os.PathLike[str] | None, *, journal: Path, folder: Path, force: bool) -> "RestoreRows":
        """Check the file before the work begins.

        Raises:
            InvalidArgumentError: it must not or cannot be written.
        """
        if path is None:
            return cls(None)
        refuse_inside(path, folder)
        return cls(rows_file(path, journal=journal, inputs=[folder], force=force))

    def __attrs_post_init__(self) -> None:
        """Make the temporary file."""
        if self.target is not None:
            self._stack.callback(self.target.close)
            self._spool = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  the stack closes it

    def lost(self, lost: NotCarried) -> None:
        """Keep the row of something that is not carried."""
        self.add(lost.as_row())

    def add(self, row: dict[str, Any]) -> None:
        """Keep a row."""
        if self._spool is not None:
            self._spool.write(line(row))

    def add_lines(self, path: Path) -> None:
        """Keep the lines of a file."""
        if self._spool is not None and path.exists():
            with path.open("rb") as file:
                shutil.copyfileobj(file, self._spool)

    def write(self, first: Iterable[dict[str, Any]] = ()) -> None:
        """Write the file: further rows, then those that were kept. Blocks.

        Raises:
            BulkError: it cannot be written.
        """
        if self.target is None or self._spool is None:
            return
        self._spool.seek(0)
        try:
            with self.target.writing() as file:
                file.writelines(map(line, first))
                shutil.copyfileobj(self._spool, file)
        except OSError as error:
            message = f"cannot write the report to {encodable(self.target.path)}: {error.strerror or error}"
            raise BulkError(message) from error

    def close(self) -> None:
        """Delete the temporary file."""
        self._stack.close()
