"""Destination of a backup: the folder, found fit for it, locked and ready to be written.

Invariant: a folder that holds anything else than a backup of this workspace is left as it is, and nothing is written or
deleted outside of it: a folder that somebody else has prepared may lead anywhere by symbolic links.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from attrs import evolve

from mi_async._core import convert
from mi_async._core.files import atomic_write
from mi_async.backup.catalog import Catalog, ImageFile, open_catalog
from mi_async.backup.format import (
    IMAGES,
    INDEXES,
    INFO,
    PERSONS,
    PREVIOUS,
    SUMMARIES,
    BackupInfo,
    BackupPerson,
)
from mi_async.backup.places import PRIVATE, Places
from mi_async.backup.reader import lines_of, parsed_line, read_info
from mi_async.backup.writer import BackupWriter
from mi_async.errors import InvalidArgumentError
from mi_async.text import encodable, escaped

IGNORED = frozenset({"lost+found", "Thumbs.db", "desktop.ini"})
"""Files that systems put into any folder, beside those whose names begin with a dot."""


def begun_writer(folder: Path, info: BackupInfo, *, verify: bool, now: Callable[[], float]) -> BackupWriter:
    """Return the writer of a backup; close its catalog in the end.

    Args:
        folder: of the backup.
        info: what the backup is of.
        verify: hold files that are there against their checksums.
        now: time, seconds since the epoch.

    Raises:
        InvalidArgumentError: the folder is used by another backup run, or holds something else.
        OSError: it cannot be written.
    """
    places = Places(folder)
    _check_folder(places, info)
    if not folder.is_dir() or not any(folder.iterdir()):
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        with suppress(OSError):
            folder.chmod(PRIVATE)
    catalog = open_catalog(places.catalog)
    try:
        _check_folder(places, info)  # once more: whoever had the lock may have made it another one
        places.settle()
        last = read_info(folder / INFO)
        if catalog.fresh:
            _remember_images(catalog, folder)
        resumes = _resumes(places, info)
        if not resumes:
            catalog.forget_lines()
        _begin(places, info, resumes=resumes)
    except BaseException:
        catalog.close()
        raise
    chosen = info.scope == "persons"
    if chosen and last is not None:  # it gets these persons, and stays what it was
        info = evolve(last, began=info.began, software=info.software)
    return BackupWriter(places, catalog, info, keeps=chosen, verify=verify, now=now)


def _check_folder(places: Places, info: BackupInfo) -> None:
    """Refuse a folder that is not for this backup."""
    shown = encodable(os.fspath(places.folder))
    if not places.folder.exists():
        return
    if not places.folder.is_dir():
        message = f"{shown} is a file; name a folder for the backup"
        raise InvalidArgumentError(message)
    _refuse_links(places, shown)
    found = read_info(places.current(INFO)) or read_info(places.unfinished / INFO)
    if found is not None:
        _refuse_other(found, info, shown)
    elif names := sorted(name.name for name in places.folder.iterdir() if not _is_ignored(name.name)):
        message = f"{shown} is not a backup, it holds {escaped(names[0])}; name an empty or a new folder"
        raise InvalidArgumentError(message)


def _refuse_links(places: Places, shown: str) -> None:
    """Refuse a folder in which a writer would follow a link."""
    for path in _written_places(places):
        if path.is_symlink():
            name = escaped(str(path.relative_to(places.folder)))
            message = f"{shown}: {name} is a symbolic link, and a backup writes through none; name another folder"
            raise InvalidArgumentError(message)


def _refuse_other(found: BackupInfo, info: BackupInfo, shown: str) -> None:
    """Refuse a backup of something else."""
    for what, there, wanted in (
        ("workspace", found.workspace, info.workspace),
        ("the service at", found.service, info.service),
    ):
        if there.rstrip("/") != wanted.rstrip("/"):
            message = f"{shown} is a backup of {what} {escaped(there)}, not of {escaped(wanted)}; name another folder"
            raise InvalidArgumentError(message)


def _written_places(places: Places) -> Iterator[Path]:
    """Yield what a writer writes into, as far as it replaces no whole file: folders, and the catalog."""
    folders = [places.folder / name for name in (IMAGES, INDEXES, SUMMARIES, PREVIOUS)]
    catalog = [places.catalog.with_name(places.catalog.name + end) for end in ("", "-wal", "-shm")]
    yield from (places.unfinished, places.finished, *folders, *catalog)
    for folder in (places.unfinished, places.finished, places.folder / IMAGES):
        if folder.is_dir():
            yield from folder.iterdir()


def _resumes(places: Places, info: BackupInfo) -> bool:
    """Return True if an interrupted run was of the same parts, so that what it has noted can be taken over."""
    begun = read_info(places.unfinished / INFO)
    return begun is not None and evolve(begun, began=info.began, software=info.software) == info


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in IGNORED


def _begin(places: Places, info: BackupInfo, *, resumes: bool) -> None:
    """Make the folder of what is unfinished; it says at any moment what it is of."""
    places.unfinished.mkdir(mode=PRIVATE, exist_ok=True)
    for path in places.unfinished.iterdir():  # half-written files of a killed run, and lists of its last moment
        if not path.is_dir():
            if path.name != INFO:
                path.unlink()
        elif path.name == PREVIOUS or not resumes:  # documents of another backup would replace those of this one
            shutil.rmtree(path)
    with atomic_write(places.unfinished / INFO) as file:
        file.write(convert.dumps_shown(info.to_dict(), indent=True))


def _remember_images(catalog: Catalog, folder: Path) -> None:
    """Read from the last state which thumbnail has which content."""
    with suppress(InvalidArgumentError):  # what is damaged is downloaded again
        for number, line in enumerate(lines_of(folder / PERSONS), start=1):
            person = parsed_line(line, BackupPerson.from_dict, f"{PERSONS}:{number}")
            images = [
                (each.id, ImageFile(each.file, each.sha256, each.size or 0))
                for each in person.thumbnails
                if each.file and each.sha256
            ]
            catalog.add_images(images, durable=True)
