"""Reader of a backup: its lists, one line at a time, and its images.

Invariant: reads only, and in constant memory. A backup that is being written, or whose writing was interrupted, shows
its last complete state.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

from attrs import frozen

from mi_async._core import convert
from mi_async._core.files import open_regular_file
from mi_async.api.person_tags import PersonTag
from mi_async.api.projects import Project
from mi_async.backup.format import (
    ASSETS,
    FORMAT,
    INFO,
    PERSONS,
    PROBLEMS,
    PROJECTS,
    TAGS,
    BackupAsset,
    BackupInfo,
    BackupPerson,
    BackupProblem,
    BackupThumbnail,
)
from mi_async.backup.places import Places
from mi_async.errors import InvalidArgumentError, MIError
from mi_async.media.image import MAX_BYTES
from mi_async.models import Serializable
from mi_async.text import encodable, escaped

M = TypeVar("M", bound=Serializable)

LONGEST = 2**26
"""Bytes of a line at the most; a person with 100,000 thumbnails has a line of 25 MB."""
STRANGE = re.compile(r"[\\:\x00-\x1f\x7f\ud800-\udfff]")
"""Characters that no name of ours has, and that mean something else on some system or to a terminal."""


@frozen
class Backup:
    """A complete backup on disk; get one from :func:`open_backup`.

    Attributes:
        folder: where it is.
        info: what it is of, and how far it went.
    """

    folder: Path
    info: BackupInfo

    def persons(self) -> Iterator[BackupPerson]:
        """Yield the persons, by ID.

        Raises:
            InvalidArgumentError: a list is missing or damaged, with the line; so for the other lists.
        """
        return self._lines(PERSONS, BackupPerson.from_dict)

    def tags(self) -> Iterator[PersonTag]:
        """Yield the tags, by ID."""
        return self._lines(TAGS, PersonTag.from_dict)

    def projects(self) -> Iterator[Project]:
        """Yield the projects, by ID."""
        return self._lines(PROJECTS, Project.from_dict)

    def assets(self) -> Iterator[BackupAsset]:
        """Yield the assets, by ID."""
        return self._lines(ASSETS, BackupAsset.from_dict)

    def problems(self) -> Iterator[BackupProblem]:
        """Yield what is not in the backup as it is, or was, at the service."""
        return self._lines(PROBLEMS, BackupProblem.from_dict)

    def path(self, file: str) -> Path:
        """Return the path of a file that a list names.

        Raises:
            InvalidArgumentError: it is outside of the backup, which no list of ours names.
        """
        parts = PurePosixPath(file).parts
        if not parts or file.startswith("/") or ".." in parts or STRANGE.search(file):
            message = f"{escaped(file)!r} is not a file of the backup"
            raise InvalidArgumentError(message)
        return Places(self.folder).current(file)

    def read_image(self, thumbnail: BackupThumbnail) -> bytes:
        """Return the image of a thumbnail, held against its checksum.

        Raises:
            InvalidArgumentError: the backup does not have it, or it is damaged.
        """
        if thumbnail.file is None:
            message = f"thumbnail {thumbnail.id}: its image is not in the backup"
            raise InvalidArgumentError(message)
        try:
            with open_regular_file(self.path(thumbnail.file)) as file:
                content = file.read(MAX_BYTES + 1)  # of a larger one the checksum does not fit
        except OSError as error:
            message = f"{thumbnail.file}: {error.strerror}"
            raise InvalidArgumentError(message) from error
        if hashlib.sha256(content).hexdigest() != thumbnail.sha256:
            message = f"{thumbnail.file}: the file is damaged, its checksum does not fit"
            raise InvalidArgumentError(message)
        return content

    def _lines(self, name: str, read: Callable[[convert.Json], M]) -> Iterator[M]:
        for number, line in enumerate(lines_of(self.path(name)), start=1):
            yield parsed_line(line, read, f"{name}:{number}")


def open_backup(folder: str | os.PathLike[str]) -> Backup:
    """Open a backup for reading.

    Args:
        folder: of the backup.

    Raises:
        InvalidArgumentError: there is none, or none that is complete, or one of a newer format.
    """
    places = Places(Path(folder))
    info = read_info(places.current(INFO))
    if info is None:
        shown = encodable(os.fspath(folder))
        unfinished = places.unfinished.is_dir()
        reason = "its first backup was interrupted; run it again" if unfinished else f"it has no {INFO}"
        message = f"{shown} is not a backup: {reason}"
        raise InvalidArgumentError(message)
    return Backup(Path(folder), info)


def read_info(path: Path) -> BackupInfo | None:
    """Return what a backup says of itself, None where there is none.

    Raises:
        InvalidArgumentError: it cannot be read, or is of a newer format.
    """
    try:
        with open_regular_file(path) as file:
            content = file.read(LONGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        message = f"cannot read {encodable(str(path))}: {error.strerror}"
        raise InvalidArgumentError(message) from error
    info = parsed_line(content, BackupInfo.from_dict, INFO)
    if info.format > FORMAT:
        message = f"the backup has format {info.format}, this version reads up to {FORMAT}; install a newer one"
        raise InvalidArgumentError(message)
    return info


def lines_of(path: Path) -> Iterator[bytes]:
    """Yield the lines of a list that are not blank.

    Raises:
        InvalidArgumentError: it is missing or cannot be read.
    """
    try:
        with open_regular_file(path) as file:
            while line := file.readline(LONGEST + 1):
                if len(line) > LONGEST:
                    message = f"{encodable(path.name)}: a line of more than {LONGEST:,} bytes; the backup is damaged"
                    raise InvalidArgumentError(message)
                if line.strip():
                    yield line
    except OSError as error:
        message = f"{encodable(path.name)}: {error.strerror}; the backup is damaged"
        raise InvalidArgumentError(message) from error


def parsed_line(line: bytes, read: Callable[[convert.Json], M], place: str) -> M:
    """Return a line as a model.

    Raises:
        InvalidArgumentError: it is not one, with its place.
    """
    try:
        return read(convert.loads(line))
    except MIError as error:
        message = f"{place}: {error}; the backup is damaged"
        raise InvalidArgumentError(message) from None
