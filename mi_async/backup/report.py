"""Report of a backup: what is in it, and what this run added.

Invariant: values only.
"""

from pathlib import Path
from typing import Any

from attrs import Factory, define, frozen

from mi_async._core import convert
from mi_async.backup.format import BackupInfo
from mi_async.text import aligned, encodable, one_line, quantity, size


@define
class BackupProgress:
    """Counts of a backup that is being written.

    Attributes:
        stage: ``persons``, ``assets`` or ``lists``.
        persons: that were read.
        expected: persons that the service counts; None where it did not say yet.
        downloaded: images that were downloaded.
        bytes: of them.
        known: images of thumbnails that the backup had.
        assets: that were read.
        documents: indexes and scene summaries that were downloaded, unchanged ones among them.
        problems: what could not be had.
    """

    stage: str = "persons"
    persons: int = 0
    expected: int | None = None
    downloaded: int = 0
    bytes: int = 0
    known: int = 0
    assets: int = 0
    documents: int = 0
    problems: int = 0


@frozen
class ListChanges:
    """Lines of a list against those of the backup before.

    Attributes:
        new: that it did not have.
        changed: that were different.
        unchanged: that were the same.
        gone: that it had and this one has not.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0


@frozen
class BackupReport:
    """The outcome of a backup.

    Attributes:
        folder: of the backup.
        info: what is in it.
        persons: against the backup before.
        assets: against the backup before.
        downloaded: images that were downloaded.
        bytes: of them.
        known: images of thumbnails that the backup had.
        problems: how many things are not in it as they are, or were, at the service; ``problems.jsonl`` has each.
    """

    folder: Path
    info: BackupInfo
    persons: ListChanges = Factory(ListChanges)
    assets: ListChanges = Factory(ListChanges)
    downloaded: int = 0
    bytes: int = 0
    known: int = 0
    problems: int = 0

    @property
    def complete(self) -> bool:
        """True if nothing is missing that the service had."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "folder": encodable(str(self.folder)),
            "complete": self.complete,
            "persons": _changes(self.persons),
            "assets": _changes(self.assets),
            "images": {"downloaded": self.downloaded, "bytes": self.bytes, "unchanged": self.known},
            "problems": self.problems,
            "backup": convert.to_plain(self.info),
        }

    def __str__(self) -> str:
        counts = self.info.counts
        images = f"{self.downloaded:,} downloaded ({size(self.bytes)}), {quantity(self.known, 'thumbnail')} unchanged"
        rows = [
            ("persons", f"{counts.get('persons', 0):,}", _said(self.persons)),
            ("images", f"{counts.get('images', 0):,}", images),
            ("assets", f"{counts.get('assets', 0):,}", _said(self.assets)),
            ("indexes", f"{counts.get('indexes', 0):,}", ""),
            ("scene summaries", f"{counts.get('summaries', 0):,}", ""),
        ]
        end = "complete" if self.complete else f"{quantity(self.problems, 'problem')}, see problems.jsonl"
        lines = [line.rstrip() for line in aligned(rows, right=(1,))]
        return "\n".join([f"backup of {one_line(self.info.workspace)} in {one_line(str(self.folder))}: {end}", *lines])


def _changes(changes: ListChanges) -> dict[str, int]:
    return {
        "new": changes.new,
        "changed": changes.changed,
        "unchanged": changes.unchanged,
        "gone": changes.gone,
    }


def _said(changes: ListChanges) -> str:
    words = [f"{count:,} {name}" for name, count in _changes(changes).items() if count]
    return ", ".join(words)
