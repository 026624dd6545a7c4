"""Directories of images: one folder for each person, one file for each person, or both.

Invariant: sorted by name whatever the file system says, in flat memory. What is passed over is counted; only journals
and what lies beside them (``is_journal``) are passed over in silence.
"""

import heapq
import json
import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from mi_async._core.names import clean_name, is_unicode
from mi_async.bulk.inputs.cells import IMAGE_SUFFIXES, number
from mi_async.bulk.inputs.input_facts import PassedOver
from mi_async.bulk.inputs.leftovers import LEFT_BEHIND, is_journal, is_left_behind
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.own_reports import OWN_REPORTS, is_own_report
from mi_async.text import encodable

RUN = 50_000
"""Names that are sorted in memory; more are merged from a temporary file."""

Entry = tuple[str, str, bool]
"""The person's name, the name on the disk, and whether it is a folder."""


def people_in(folder: Path, passed_over: PassedOver, run: int = RUN) -> Generator[PersonInput | BadInput]:
    """Return a person for each folder with images in it and for each stem of an image's name, by name.

    Args:
        folder: the directory.
        passed_over: counts what is no input.
        run: names that are sorted in memory.
    """
    for name, entries in groupby(_entries(folder, passed_over, run), key=itemgetter(0)):
        images: list[str] = []
        first = ""
        for found in _images(folder, entries, passed_over):
            if isinstance(found, BadInput):
                yield found
                continue
            first = first or found[0]
            images.append(found[1])
        if images and is_unicode(name):
            yield PersonInput(name, tuple(images), origin=first)
        elif images:
            yield BadInput(encodable(first), "the name is not Unicode text")


def uploads_in(folder: Path, passed_over: PassedOver) -> Generator[ThumbnailUpload | BadInput]:
    """Return each image, for the person whose ID its folder or its stem is."""
    for name, entries in groupby(_entries(folder, passed_over), key=itemgetter(0)):
        try:
            person_id = number(name)
        except ValueError:
            yield from (BadInput(encodable(os.path.join(folder, e[1])), _NOT_A_NUMBER) for e in entries)  # noqa: PTH118
            continue
        for found in _images(folder, entries, passed_over):
            yield found if isinstance(found, BadInput) else ThumbnailUpload(person_id, found[1], origin=found[1])


_NOT_A_NUMBER = "a folder or image must be named by the ID of the person"


def count_names(folder: Path) -> int:
    """Return the number of names, without a look into the folders."""
    return sum(1 for _ in groupby(_entries(folder, PassedOver()), key=itemgetter(0)))


def _images(folder: Path, entries: Iterable[Entry], passed_over: PassedOver) -> Iterator[tuple[str, str] | BadInput]:
    """Return the images of one name, each with the folder or file that bears the name."""
    for _, name, is_folder in entries:
        path = os.path.join(folder, name)  # noqa: PTH118  a million of them
        if is_folder:
            yield from _inside(path, passed_over)
        elif (fault := _fault(path)) is not None:
            yield fault
        else:
            yield path, path


def _inside(folder: str, passed_over: PassedOver) -> Iterator[tuple[str, str] | BadInput]:
    """Return the images in one person's folder."""
    nothing = True
    try:
        for _, name, is_folder in _entries(folder, passed_over):
            nothing = False
            path = os.path.join(folder, name)  # noqa: PTH118  as above
            if is_folder:
                yield BadInput(encodable(path), "a folder inside a person's folder is not looked into")
            else:
                yield _fault(path) or (folder, path)
    except OSError as error:
        yield BadInput(encodable(folder), f"cannot be read: {error.strerror}")
        return
    if nothing:
        yield BadInput(encodable(folder), "there is no image in it")


def _fault(path: str) -> BadInput | None:
    """Return the fault of a file by its name, None if it has none."""
    if _is_image(path):
        return None
    return BadInput(encodable(path), "not an image by its name: .jpg, .jpeg, .png and .webp are")


def _is_image(path: str) -> bool:
    return os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES  # noqa: PTH122  as above


def _entries(folder: str | Path, passed_over: PassedOver, most: int = RUN) -> Iterator[Entry]:
    """Return the entries of a folder that are input, sorted by key and name."""
    with ExitStack() as stack:
        runs: list[Iterable[Entry]] = []
        run: list[Entry] = []
        with os.scandir(folder) as found:
            for entry in found:
                is_folder = _is_folder(entry)
                if not is_folder and is_journal(entry.name):
                    continue
                if is_left_behind(entry.name, is_folder=is_folder):
                    passed_over.add(LEFT_BEHIND)
                    continue
                if not is_folder and not _is_image(entry.name) and is_own_report(entry.path):
                    passed_over.add(OWN_REPORTS)
                    continue
                run.append(_entry(entry, is_folder))
                if len(run) == most:
                    file = stack.enter_context(tempfile.TemporaryFile("w+", encoding="ascii"))
                    runs.append(_stored(sorted(run), file))
                    run.clear()
        yield from heapq.merge(*runs, sorted(run))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle; reading the picture will say what is wrong
        return False


def _entry(entry: os.DirEntry[str], is_folder: bool) -> Entry:
    stem = entry.name if is_folder else os.path.splitext(entry.name)[0]  # noqa: PTH122  as above
    return clean_name(stem), entry.name, is_folder


def _stored(run: list[Entry], file: TextIO) -> Iterator[Entry]:
    """Return a sorted run that is kept in a file."""
    # JSON escapes what is not Unicode text, as file names may be.
    file.writelines(json.dumps(entry) + "\n" for entry in run)
    file.seek(0)
    return (tuple(json.loads(line)) for line in file)
