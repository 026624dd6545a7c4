"""Lines of a backup's lists, and its images, as far as they are sound.

Invariant: what is damaged is told with its place, and what follows it is read all the same.
"""

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from mi_async.api.person_tags import PersonTag
from mi_async.api.projects import Project
from mi_async.backup.format import ASSETS, PERSONS, PROJECTS, TAGS, BackupAsset, BackupPerson, BackupThumbnail
from mi_async.backup.reader import Backup, lines_of, parsed_line
from mi_async.errors import InvalidArgumentError
from mi_async.restore.not_carried import NotCarried, Tell

_READ: Mapping[str, Callable[[Any], Any]] = {
    PERSONS: BackupPerson.from_dict,
    TAGS: PersonTag.from_dict,
    PROJECTS: Project.from_dict,
    ASSETS: BackupAsset.from_dict,
}


def untold(_lost: NotCarried) -> None:
    """Take what another pass tells."""


def persons_of(backup: Backup, tell: Tell = untold) -> Generator[tuple[str, BackupPerson]]:
    """Yield the persons of a backup, each after its place."""
    return _entries(backup, PERSONS, tell)


def tags_of(backup: Backup, tell: Tell = untold) -> Generator[tuple[str, PersonTag]]:
    """Yield the tags, likewise."""
    return _entries(backup, TAGS, tell)


def projects_of(backup: Backup, tell: Tell = untold) -> Generator[tuple[str, Project]]:
    """Yield the projects, likewise."""
    return _entries(backup, PROJECTS, tell)


def assets_of(backup: Backup, tell: Tell = untold) -> Generator[tuple[str, BackupAsset]]:
    """Yield the assets, likewise."""
    return _entries(backup, ASSETS, tell)


def _entries(backup: Backup, name: str, tell: Tell) -> Generator[tuple[str, Any]]:
    lines = enumerate(lines_of(backup.path(name)), start=1)
    while True:
        try:
            number, line = next(lines)
        except StopIteration:
            return
        except InvalidArgumentError as error:  # the list is missing, or the disk fails
            tell(NotCarried("line", name, name, str(error)))
            return
        origin = f"{name}:{number}"
        try:
            entry = parsed_line(line, _READ[name], origin)
        except InvalidArgumentError as error:
            tell(NotCarried("line", origin, origin, str(error)))
            continue
        yield origin, entry


def sound_images(backup: Backup, thumbnails: Sequence[BackupThumbnail], key: str, origin: str, tell: Tell) -> list[str]:
    """Return the paths of those images whose content is what the backup says, in the same order; tell of the others.

    Args:
        backup: the backup.
        thumbnails: of a person.
        key: name of the person.
        origin: its place in the backup.
        tell: takes what is missing or damaged.
    """
    paths: list[str] = []
    for thumbnail in thumbnails:
        try:
            backup.read_image(thumbnail)
        except InvalidArgumentError as error:
            tell(NotCarried("image", key, origin, str(error)))
            continue
        paths.append(os.path.abspath(backup.path(str(thumbnail.file))))  # noqa: PTH100  the journal knows it as text
    return paths
