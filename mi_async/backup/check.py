"""Check of a backup: its files against their checksums, and against what its lists name.

Invariant: reads only; asks the service nothing.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from mi_async._core.files import open_regular_file
from mi_async.backup.format import INFO, LISTS, PREVIOUS, SUMS, BackupInfo
from mi_async.backup.places import Places
from mi_async.backup.reader import Backup, lines_of, open_backup
from mi_async.errors import InvalidArgumentError
from mi_async.text import encodable, escaped, one_line, quantity, size

SUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")
"""A line of ``SHA256SUMS``."""
PIECE = 2**20
SHOWN = 20
"""Faults that the text for people names."""


@frozen
class BackupFault:
    """Something that is not as it must be.

    Attributes:
        file: from the backup's folder.
        fault: ``missing``, ``damaged``, or ``extra`` for a file that no list names, which does no harm.
        reason: why it is thought so.
    """

    file: str
    fault: str
    reason: str


@frozen
class BackupCheck:
    """The outcome of a check.

    Attributes:
        folder: of the backup.
        info: what it is of.
        files: that were read.
        bytes: of them.
        faults: what is missing, damaged or extra.
        unfinished: True if a later backup was interrupted; running it again resumes it.
    """

    folder: Path
    info: BackupInfo
    files: int
    bytes: int
    faults: tuple[BackupFault, ...]
    unfinished: bool = False

    @property
    def ok(self) -> bool:
        """True if nothing is missing or damaged."""
        return all(each.fault == "extra" for each in self.faults)

    def count(self, fault: str) -> int:
        """Return how many faults are of a kind."""
        return sum(each.fault == fault for each in self.faults)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "folder": encodable(str(self.folder)),
            "ok": self.ok,
            "files": self.files,
            "bytes": self.bytes,
            "missing": self.count("missing"),
            "damaged": self.count("damaged"),
            "extra": self.count("extra"),
            "unfinished": self.unfinished,
            "faults": [{"file": each.file, "fault": each.fault, "reason": each.reason} for each in self.faults],
        }

    def __str__(self) -> str:
        lines = [f"{one_line(str(self.folder))}: read {quantity(self.files, 'file')} ({size(self.bytes)})"]
        lines += [f"{each.fault}: {escaped(each.file)} ({one_line(each.reason)})" for each in self.faults[:SHOWN]]
        if (more := len(self.faults) - SHOWN) > 0:
            lines.append(f"and {more:,} more; --output json has all")
        counts = ", ".join(f"{self.count(kind):,} {kind}" for kind in ("missing", "damaged", "extra"))
        lines.append("all is well" if not self.faults else counts)
        if self.unfinished:
            lines.append("a later backup was interrupted; run it again to resume")
        return "\n".join(lines)


def check_backup(
    folder: str | os.PathLike[str], *, progress: Callable[[int, int], object] | None = None
) -> BackupCheck:
    """Check a backup; reads all of it, so run it in a thread of an asynchronous program.

    Args:
        folder: of the backup.
        progress: a plain function, called with the files and bytes that were read.

    Raises:
        InvalidArgumentError: there is no backup.
    """
    backup = open_backup(folder)
    check = _Check(backup, Places(backup.folder), progress)
    sums = dict(check.sums())
    for file, digest in sums.items():
        check.file(file, digest)
    for file in (*LISTS, INFO):
        if file not in sums:
            check.note(file, "damaged", f"{SUMS} does not name it")
    for file, told in check.named():
        if file not in sums or (told is not None and sums[file] != told):
            check.note(file, "damaged" if file in sums else "missing", f"{SUMS} does not agree with the lists")
    for file in _extra(backup.folder, sums):
        check.note(file, "extra", "no list names it")
    unfinished = check.places.unfinished.is_dir()
    return BackupCheck(backup.folder, backup.info, check.files, check.bytes, tuple(check.faults.values()), unfinished)


@define(eq=False)
class _Check:
    """A check that is being made."""

    backup: Backup
    places: Places
    progress: Callable[[int, int], object] | None
    files: int = 0
    bytes: int = 0
    faults: dict[str, BackupFault] = field(factory=dict)

    def note(self, file: str, fault: str, reason: str) -> None:
        """Note a fault; of each file the first."""
        self.faults.setdefault(file, BackupFault(file, fault, reason))

    def sums(self) -> Iterator[tuple[str, str]]:
        """Yield files and their checksums."""
        try:
            for number, line in enumerate(lines_of(self.places.current(SUMS)), start=1):
                found = SUM.fullmatch(line.decode("utf-8", "replace").rstrip("\r\n"))
                if found is None:
                    self.note(SUMS, "damaged", f"line {number} is not a checksum")
                else:
                    yield found[2], found[1]
        except InvalidArgumentError:
            self.note(SUMS, "missing", "it cannot be read")

    def file(self, file: str, digest: str) -> None:
        """Hold a file against its checksum."""
        found = hashlib.sha256()
        try:
            with open_regular_file(self.backup.path(file)) as opened:
                while piece := opened.read(PIECE):
                    found.update(piece)
                    self.bytes += len(piece)
        except FileNotFoundError:
            self.note(file, "missing", "it is not there")
            return
        except (OSError, InvalidArgumentError) as error:
            self.note(file, "damaged", getattr(error, "strerror", None) or str(error))
            return
        self.files += 1
        if found.hexdigest() != digest:
            self.note(file, "damaged", "its checksum does not fit")
        if self.progress is not None:
            self.progress(self.files, self.bytes)

    def named(self) -> Iterator[tuple[str, str | None]]:
        """Yield the files that the lists name, with the checksums that they tell."""
        try:
            for person in self.backup.persons():
                for thumbnail in person.thumbnails:
                    if thumbnail.file is not None:
                        yield thumbnail.file, thumbnail.sha256
            for asset in self.backup.assets():
                yield from ((file, None) for file in (asset.index, asset.summary) if file is not None)
            for lines in (self.backup.tags(), self.backup.projects(), self.backup.problems()):
                for _ in lines:
                    pass
        except InvalidArgumentError as error:
            self.note(str(error).partition(":")[0], "damaged", str(error))


def _extra(folder: Path, sums: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that are there and have no checksum; hidden ones and the lists before are ours."""
    for here, folders, names in os.walk(folder):
        at = Path(here).relative_to(folder).as_posix()
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not (at == "." and name == PREVIOUS)
        )
        for name in sorted(names):
            file = name if at == "." else f"{at}/{name}"
            if file not in sums and file != SUMS and not name.startswith("."):
                yield file
