"""Media files of a directory and of a bucket, as items of a run.

Law: a directory's in the order of their keys, a bucket's in its own, both in flat memory; what is no media file by its
name is passed over in silence.
"""

import os
import unicodedata
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from pathlib import Path, PurePosixPath

from mi_async.bulk.items import AssetInput, BadInput
from mi_async.errors import InvalidArgumentError
from mi_async.storage.place import SCHEME, StoredObject
from mi_async.storage.store import Store
from mi_async.workflows.media import IMAGES, SPELLINGS, VIDEOS

SUFFIXES = frozenset(f".{name}" for name in VIDEOS | IMAGES | frozenset(SPELLINGS))
"""Of files that are taken for media, in any case; whether they are, their content decides."""


def read_assets(folder: str | os.PathLike[str]) -> Iterator[AssetInput | BadInput]:
    """Media files of a directory and all below it; the key of each is its path from there, with ``/``, in Unicode NFC.

    Files and folders whose names begin with a dot are passed over, and so are links to folders.

    Raises:
        InvalidArgumentError: at once, when there is no such directory.
    """
    root = Path(folder)
    if not root.is_dir():
        message = (
            f"{root}: no directory; a single file is for mi-async ingest (ingest_asset), and objects of a bucket are "
            "given as s3://bucket/prefix (to stored_assets)"
        )
        raise InvalidArgumentError(message)
    return _below(os.fspath(root), "")


def _below(folder: str, prefix: str) -> Iterator[AssetInput | BadInput]:
    """Sorted by what each key begins with, so that the order is that of the keys."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(_entry(entry, prefix) for entry in found if entry.name[:1] != ".")
    except OSError as error:
        yield BadInput(_shown(folder), f"cannot be read: {error.strerror}")
        return
    for key, path in entries:
        if key.endswith("/"):
            yield from _below(path, key)
        elif PurePosixPath(key).suffix.lower() in SUFFIXES:
            yield AssetInput(path, key, origin=_shown(path))


def _entry(entry: os.DirEntry[str], prefix: str) -> tuple[str, str]:
    """Key and path; the key of a folder ends with ``/``, and so sorts as those of its files do."""
    key = prefix + unicodedata.normalize("NFC", entry.name)
    return f"{key}/" if entry.is_dir(follow_symlinks=False) else key, entry.path


def _shown(path: str) -> str:
    """A path for messages, also where it is not Unicode text."""
    return path.encode(errors="replace").decode()


async def stored_assets(store: Store, prefix: str) -> AsyncGenerator[AssetInput]:
    """Media files of a bucket whose keys begin with a prefix, listed as they are needed.

    Args:
        store: the storage.
        prefix: ``s3://bucket``, or ``s3://bucket/prefix``.

    Raises:
        InvalidArgumentError: it names no bucket.
    """
    bucket, _, start = prefix.removeprefix(SCHEME).partition("/")
    if not prefix.startswith(SCHEME) or not bucket:
        message = f"not a prefix in a bucket, s3://bucket/prefix: {prefix!r}"
        raise InvalidArgumentError(message)
    store.connection.check_meant()
    async with aclosing(store.objects(bucket, start)) as listed:
        async for found in listed:
            if PurePosixPath(found.key).suffix.lower() in SUFFIXES and not found.key.endswith("/"):
                place = StoredObject(bucket, found.key)
                yield AssetInput(place, origin=str(place), size=found.size, mtime_ns=found.mtime_ns)
