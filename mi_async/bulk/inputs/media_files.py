"""Media files of a directory and of a bucket, as items of a run.

Invariant: a directory's in the order of their keys, a bucket's in its own, both in flat memory. What is no media file
by its name is passed over, and counted.
"""

import os
import unicodedata
from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from pathlib import Path, PurePosixPath

from mi_async.bulk.inputs.input_facts import PassedOver
from mi_async.bulk.inputs.input_path import named_path
from mi_async.bulk.inputs.leftovers import LEFT_BEHIND, is_below_left_behind, is_journal, is_left_behind
from mi_async.bulk.inputs.models import AssetInput, BadInput
from mi_async.bulk.inputs.reading import AsyncReading, Reading
from mi_async.errors import InvalidArgumentError
from mi_async.media.limits import IMAGES, SPELLINGS, VIDEOS
from mi_async.storage.models import SCHEME, StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.text import encodable

SUFFIXES = frozenset(f".{name}" for name in VIDEOS | IMAGES | frozenset(SPELLINGS))
"""Of files that are taken for media, in any case; whether they are, their content decides."""


def read_assets(folder: str | os.PathLike[str]) -> Reading[AssetInput | BadInput]:
    """Read the media files of a directory and all below it; the key of each is its path from there, with ``/``, in NFC.

    Passed over are links to folders, hidden files, what systems leave behind (``leftovers``), and files of other
    formats; ``facts`` of what is returned counts them.

    Raises:
        InvalidArgumentError: at once, when there is no such directory, or its name is empty.
    """
    root = Path(named_path(folder))
    if not root.exists():
        message = f"{root}: no such directory"
        raise InvalidArgumentError(message)
    if not root.is_dir():
        message = (
            f"{root}: no directory; a single file is for mi-async ingest (ingest_asset), and objects of a bucket are "
            "given as s3://bucket/prefix (to stored_assets)"
        )
        raise InvalidArgumentError(message)
    return Reading(lambda passed_over: _below(os.fspath(root), "", passed_over))


def _below(folder: str, prefix: str, passed_over: PassedOver) -> Generator[AssetInput | BadInput]:
    """Return the files below a folder in the order of their keys."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(_kept(entry, prefix, passed_over) for entry in found)
    except OSError as error:
        yield BadInput(encodable(folder), f"cannot be read: {error.strerror}")
        return
    for key, path in entries:
        if key.endswith("/"):
            yield from _below(path, key, passed_over)
        elif key:
            yield AssetInput(path, key, origin=encodable(path))


def _kept(entry: os.DirEntry[str], prefix: str, passed_over: PassedOver) -> tuple[str, str]:
    """Return key and path; the key of a folder ends with ``/``, and so sorts as those of its files do; '' for none."""
    is_folder = entry.is_dir(follow_symlinks=False)
    if is_left_behind(entry.name, is_folder=is_folder):
        passed_over.add(LEFT_BEHIND)
        return "", ""
    key = prefix + unicodedata.normalize("NFC", entry.name)
    if is_folder:
        return f"{key}/", entry.path
    if PurePosixPath(key).suffix.lower() not in SUFFIXES:
        if not is_journal(entry.name):
            passed_over.add_file(entry.name)
        return "", ""
    return key, entry.path


def stored_assets(store: ObjectStore, prefix: str) -> AsyncReading[AssetInput]:
    """List the media files of a bucket whose keys begin with a prefix, as they are needed.

    Args:
        store: the storage.
        prefix: ``s3://bucket``, or ``s3://bucket/prefix``.

    Raises:
        InvalidArgumentError: at once, when it names no bucket.
    """
    bucket, _, start = prefix.removeprefix(SCHEME).partition("/")
    if not prefix.startswith(SCHEME) or not bucket:
        message = f"not a prefix in a bucket, s3://bucket/prefix: {prefix!r}"
        raise InvalidArgumentError(message)
    return AsyncReading(lambda passed_over: _listed(store, bucket, start, passed_over))


async def _listed(store: ObjectStore, bucket: str, start: str, passed_over: PassedOver) -> AsyncGenerator[AssetInput]:
    store.connection.check_meant()
    async with aclosing(store.objects(bucket, start)) as listed:
        async for found in listed:
            if found.key.endswith("/"):  # what stands for a folder
                continue
            # What the prefix names was asked for.
            if is_below_left_behind(found.key.removeprefix(start)):
                passed_over.add(LEFT_BEHIND)
            elif PurePosixPath(found.key).suffix.lower() not in SUFFIXES:
                passed_over.add_file(found.key)
            else:
                place = StoredObject(bucket, found.key)
                yield AssetInput(place, origin=str(place), size=found.size, mtime_ns=found.mtime_ns)
