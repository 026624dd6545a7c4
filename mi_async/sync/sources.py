"""Content of a source of a sync, a folder or a prefix of a bucket, at one moment.

Invariant: a value.
"""

from collections.abc import Mapping

from attrs import frozen

from mi_async.sync.decisions import SourceFile


@frozen
class Scan:
    """Content of a source at one moment.

    Attributes:
        files: by the keys of their objects.
        unreadable: beginnings of keys below which nothing is known.
    """

    files: Mapping[str, SourceFile]
    unreadable: tuple[str, ...] = ()
