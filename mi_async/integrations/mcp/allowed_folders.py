"""Folders whose files the tools may read: ``--root DIR``.

Invariant: a path leads to a file inside one of the folders once every symbolic link is followed, or it is refused; of
what is outside nobody learns whether it exists.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from attrs import frozen

from mi_async._core.paths import existing_path, not_found
from mi_async.errors import ConfigError, InvalidArgumentError
from mi_async.text import escaped

SHOWN = 200
"""Characters of a path that a message shows."""


@frozen
class AllowedFolders:
    """Folders, each as it was named and as it is without symbolic links.

    Attributes:
        folders: pairs of absolute paths.
    """

    folders: tuple[tuple[str, str], ...] = ()

    @classmethod
    def named(cls, names: Iterable[str | os.PathLike[str]]) -> Self:
        """Return the folders of these names.

        Raises:
            ConfigError: one is no folder.
        """
        return cls(tuple((os.path.abspath(name), _folder(name)) for name in names))  # noqa: PTH100  keeps links

    def __bool__(self) -> bool:
        """Return True if there is one."""
        return bool(self.folders)

    def __str__(self) -> str:
        """Name them for a message."""
        return ", ".join(named for named, _ in self.folders)

    def file(self, path: str) -> str:
        """Return the real path of a file.

        Args:
            path: absolute, or relative to one of the folders.

        Raises:
            InvalidArgumentError: it is outside of them, or there is no such file.
        """
        if "\0" in path or not path.strip():
            message = "a path needs at least one character, and no null character"
            raise InvalidArgumentError(message)
        inside = list(self._candidates(path))
        for candidate in inside:
            # A link may lead out, so what is judged is the file that will be read. Whoever can change links in the
            # folder between this look and the reading can read the file themselves.
            real = os.path.realpath(existing_path(candidate))
            if not self._holds(real):
                raise self._outside(path)
            if _is_file(real):
                return real
        if not inside:
            raise self._outside(path)
        message = f"{escaped(path, SHOWN)}: {not_found(inside[0]).strerror}, in {self}; directories are not read"
        raise InvalidArgumentError(message)

    def _candidates(self, path: str) -> Iterator[str]:
        """Yield the paths that may be meant; by their text alone, so that nothing outside is looked at."""
        for named, real in self.folders:
            joined = os.path.normpath(os.path.join(named, path))  # noqa: PTH118  a path that pathlib would change
            if any(_is_below(joined, folder) for folder in (named, real)):
                yield joined

    def _holds(self, real: str) -> bool:
        return any(_is_below(real, folder) for _, folder in self.folders)

    def _outside(self, path: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            f"{escaped(path, SHOWN)} is outside the folders that this server may read: {self}; "
            "whoever starts the server can name more with --root"
        )


def _folder(name: str | os.PathLike[str]) -> str:
    real = os.path.realpath(name)
    if not os.path.isdir(real):  # noqa: PTH112  a text
        message = f"--root {escaped(os.fsdecode(name), SHOWN)}: no such folder"
        raise ConfigError(message)
    return real


def _is_below(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116  a text
    except OSError:
        return False
