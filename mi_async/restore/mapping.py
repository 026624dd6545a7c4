"""File of restored IDs: a line of JSON for each object, with its old ID and its new one.

Invariant: made of the backup and the journals alone, so that it is whole after any number of runs; written as a whole
or not at all.
"""

import os
import re
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from mi_async._core.names import clean_name
from mi_async._core.output_file import OutputFile, output_file
from mi_async.bulk.plan.dedup import ASKED, existing, remembered, remembered_assets
from mi_async.bulk.report.export import line
from mi_async.errors import BulkError
from mi_async.restore.assets import AssetsByProject
from mi_async.restore.backup_lines import projects_of, tags_of
from mi_async.restore.decisions import RestoredPerson
from mi_async.restore.groups import TargetGroups, project_key
from mi_async.restore.options import RestoreOptions
from mi_async.restore.people import BackupPeople
from mi_async.restore.rows import refuse_inside
from mi_async.text import encodable

T = TypeVar("T")
OURS = re.compile(rb'\{"kind": ?"(?:person|tag|project|asset)", ?"old": ?\d')
"""The start of such a file: how we know one that we wrote, and may replace it."""
Row = dict[str, Any]


def mapping_target(path: str | os.PathLike[str], *, journal: Path, folder: Path, force: bool) -> OutputFile:
    """Check the file before the work begins.

    Raises:
        InvalidArgumentError: it must not or cannot be written.
    """
    refuse_inside(path, folder)
    return output_file(path, ours=OURS, journal=journal, force=force)


@frozen
class RestoredIds:
    """Old and new IDs of a restore.

    Attributes:
        people: of the backup, with the decisions about them.
        assets: of the backup.
        groups: tags and projects of the workspace, as they are after the restore.
        options: of the restore.
    """

    people: BackupPeople
    assets: AssetsByProject
    groups: TargetGroups
    options: RestoreOptions

    def write(self, target: OutputFile) -> int:
        """Write the file, and return the number of lines. Blocks.

        Raises:
            BulkError: it cannot be written.
            JournalError: a journal cannot be read.
        """
        number = 0
        try:
            with target.writing() as file:
                for number, row in enumerate(self.rows(), 1):  # noqa: B007  the last one counts
                    file.write(line(row))
        except OSError as error:
            message = f"cannot write the restored IDs to {encodable(target.path)}: {error.strerror or error}"
            raise BulkError(message) from error
        return number

    def rows(self) -> Generator[Row]:
        """Yield a JSON object for each object that is in the workspace now."""
        backup = self.people.backup
        for _, tag in tags_of(backup):
            yield from _row("tag", tag.id, self.groups.tags.get(clean_name(tag.name)), tag.name)
        for _, project in projects_of(backup):
            new = self.groups.projects.get(project_key(project))
            yield from _row("project", project.project_id, new, project.name)
        yield from self._persons()
        yield from self._assets()

    def _persons(self) -> Generator[Row]:
        with remembered(existing(self.options.journal), "enroll") as find:
            for some in _batches(self.people.decided()):
                known = find([decision.name for _, _, decision in some if decision.name])
                for origin, person, decision in some:
                    row = known[decision.name][0] if decision.name in known else None
                    # of two persons whose names look the same the journal has the first
                    ours = row.person_id if row is not None and row.origin == origin else None
                    yield from _row("person", person.id, _existing(decision) or ours, decision.name or None)

    def _assets(self) -> Generator[Row]:
        with remembered_assets(existing(self.options.assets_journal)) as find:
            for project in self.assets.counts():
                new = self.groups.project(project)
                for some in _batches(self.assets.of(project)):
                    keys = [old.item.place("").key for old in some]
                    rows = {(row.project_id, row.place): row for row in find(keys)}
                    for old in some:
                        row = rows.get((new, str(old.item.source)))
                        made = row.asset_id if row is not None and row.origin == old.item.origin else None
                        yield from _row("asset", old.id, made, old.item.place("").key)


def _existing(decision: RestoredPerson) -> int | None:
    return None if decision.fault else decision.existing


def _row(kind: str, old: int, new: int | None, name: str | None) -> Generator[Row]:
    if new is not None:
        yield {"kind": kind, "old": old, "new": new, "name": name}


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    source = iter(items)
    while some := list(islice(source, ASKED)):
        yield some
