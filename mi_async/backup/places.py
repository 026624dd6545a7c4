"""Places of a backup's files, while it is written and after.

Invariant: a state replaces the one before by one rename. What is being written is in ``.unfinished``; that folder,
once complete and on disk, becomes ``.finished``, and its files count before those beside it, to which they are moved.
So a reader sees one state or the other, whenever the writer is killed; the next writer moves what is left.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from mi_async._core.files import sync_directory
from mi_async.backup.format import INFO, LISTS, PREVIOUS

PRIVATE = 0o700
"""Permissions of folders: they hold faces."""


@frozen
class Places:
    """Places in the folder of a backup.

    Attributes:
        folder: of the backup.
    """

    folder: Path

    @property
    def unfinished(self) -> Path:
        """Folder of what is being written."""
        return self.folder / ".unfinished"

    @property
    def finished(self) -> Path:
        """Folder of a complete state that is being put into its place."""
        return self.folder / ".finished"

    @property
    def catalog(self) -> Path:
        """Database of the writer: its lock, and what it has downloaded already."""
        return self.folder / ".catalog.sqlite3"

    def current(self, file: str) -> Path:
        """Return the path of a file of the last complete state."""
        moving = self.finished / file
        return moving if moving.exists() else self.folder / file

    def commit(self) -> None:
        """Make what was written the state of the backup; everything in it is on disk.

        Raises:
            OSError: it cannot be done.
        """
        self._keep_previous()
        sync_directory(self.unfinished)
        self.unfinished.rename(self.finished)
        sync_directory(self.folder)
        self.settle()

    def settle(self) -> None:
        """Move the files of a complete state to where they belong, also after a writer that was killed over it.

        Raises:
            OSError: it cannot be done.
        """
        if not self.finished.is_dir():
            return
        for path in sorted(path for path in self.finished.rglob("*") if not path.is_dir()):
            target = self.folder / path.relative_to(self.finished)
            private_folder(target.parent)
            path.replace(target)
        sync_directory(self.folder)
        shutil.rmtree(self.finished)

    def _keep_previous(self) -> None:
        """Keep the lists of the state that is replaced: a workspace that was emptied by mistake empties its backup."""
        kept = self.unfinished / PREVIOUS
        private_folder(kept)
        for name in (*LISTS, INFO):
            with suppress(FileNotFoundError):
                _link(self.folder / name, kept / name)
        sync_directory(kept)


def private_folder(path: Path) -> None:
    """Make a folder that only its owner reads, and those above it, as far as they are not there.

    Raises:
        OSError: it cannot be made.
    """
    if not path.is_dir():
        private_folder(path.parent)  # parents=True would give these the permissions of any new folder
        path.mkdir(mode=PRIVATE, exist_ok=True)


def _link(path: Path, target: Path) -> None:
    """Give a file a second name; where the disk has no such thing, copy it."""
    target.unlink(missing_ok=True)
    try:
        os.link(path, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(path, target)
