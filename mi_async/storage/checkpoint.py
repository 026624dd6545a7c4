"""Checkpoint of an unfinished upload: a small JSON document, in a file of its own or where the caller keeps it.

Invariant: written whole or not at all, a file by nobody but the owner readable, and with no secret in it. The finished
parts are not in it: the storage knows them.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, Self, TypeAlias

import attrs
from attrs import frozen

from mi_async._core.files import atomic_write, open_regular_file
from mi_async.errors import ConfigError
from mi_async.storage.local_file import Fingerprint
from mi_async.storage.models import StoredObject
from mi_async.storage.part_layout import LEAST_TAKEN, MOST_TAKEN, PartLayout

_log = logging.getLogger(__name__)

SUFFIX = ".mi-async-upload.json"
STEM_BYTES = 120
"""Bytes of the file's name that are kept in ours; file systems take 255 in all."""


@frozen
class Checkpoint:
    """An unfinished multipart upload.

    Attributes:
        url: of the storage.
        bucket: where it goes.
        key: what it will be called.
        upload_id: the storage's word for it; '' before it has one.
        part_size: bytes of each part but the last.
        fingerprint: of the file when the upload was begun.
    """

    url: str
    bucket: str
    key: str
    upload_id: str
    part_size: int
    fingerprint: Fingerprint

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read a record; None when there is none, or none that can be used. Blocks."""
        try:
            with open_regular_file(path) as file:
                text = file.read()
        except FileNotFoundError:
            return None
        except OSError:
            text = b""
        return cls.parsed(text, str(path))

    @classmethod
    def parsed(cls, text: bytes | str, where: str) -> Self | None:
        """Return the record that a text is; None, and a warning that names the place, if it is none.

        Args:
            text: JSON.
            where: place of the text, for the warning.
        """
        try:
            content: Any = json.loads(text)
            record = cls(fingerprint=Fingerprint(**content.pop("fingerprint")), **content)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            record = None
        if record is None or not record.is_sound:
            _log.warning("%s is no record of an upload and is ignored", where)
            return None
        return record

    @property
    def text(self) -> str:
        """The record as JSON."""
        return json.dumps(attrs.asdict(self), indent=1, ensure_ascii=False)

    @property
    def is_sound(self) -> bool:
        """True if its members are of their types, and its parts such as the storage takes."""
        members = attrs.asdict(self, recurse=False) | attrs.asdict(self.fingerprint)
        typed = all(type(value) is TYPES[name] for name, value in members.items())
        return (
            typed
            and self.part_size >= LEAST_TAKEN
            and PartLayout(self.fingerprint.size, self.part_size).count <= MOST_TAKEN
        )

    def save(self, path: Path) -> None:
        """Write the record, so that it survives a crash of the machine. Blocks.

        Raises:
            ConfigError: it cannot be written there.
        """
        try:
            with atomic_write(path) as file:
                file.write(self.text.encode())
        except OSError as error:
            message = f"cannot keep the state of the upload in {path.parent}: {error.strerror}; name another folder"
            raise ConfigError(message) from error


class CheckpointStore(Protocol):
    """Store of the checkpoint of one upload; what it has accepted outlives a crash."""

    async def load(self) -> Checkpoint | None:
        """Return the record, None if there is none that can be used."""
        ...

    async def save(self, record: Checkpoint, /) -> None:
        """Put a record in the place of what is there.

        Raises:
            MIError: it cannot be kept.
        """
        ...

    async def forget(self) -> None:
        """Take the record away."""
        ...


Checkpoints: TypeAlias = Callable[[StoredObject], CheckpointStore]
"""From the object that an upload will be to the store of its checkpoint."""
TYPES: Mapping[str, Any] = {
    "url": str,
    "bucket": str,
    "key": str,
    "upload_id": str,
    "part_size": int,
    "fingerprint": Fingerprint,
    "size": int,
    "modified": int,
    "changed": int,
    "inode": int,
}
"""Exact types of the members of a record and of a fingerprint."""


def checkpoint_path(source: str, target: StoredObject, url: str, folder: Path | None) -> Path:
    """Return the path of an upload's checkpoint: beside the file, or in a folder; each target has its own."""
    path = Path(source).absolute()
    word = hashlib.sha256("\n".join([os.fsdecode(path), url, str(target)]).encode("utf-8", "surrogateescape"))
    stem = os.fsdecode(os.fsencode(path.name)[:STEM_BYTES])
    return (path.parent if folder is None else folder) / f".{stem}.{word.hexdigest()[:12]}{SUFFIX}"
