"""Source of a sync by the name that somebody has given."""

import os

from mi_async._core.paths import existing_path
from mi_async.bulk.inputs.media_files import read_assets, stored_assets
from mi_async.storage.models import SCHEME
from mi_async.storage.object_store import ObjectStore
from mi_async.sync.bucket_source import BucketSource
from mi_async.sync.folder_source import FolderSource


def source_of(named: str | os.PathLike[str], store: ObjectStore) -> FolderSource | BucketSource:
    """Return the source that somebody has named: a folder, or ``s3://bucket/prefix``.

    Raises:
        InvalidArgumentError: it is neither.
    """
    if isinstance(named, str) and named.startswith(SCHEME):
        stored_assets(store, named)
        return BucketSource(named, store)
    folder = existing_path(named)
    read_assets(folder)
    return FolderSource(folder, store)
