"""Files that are still there, and whole, after a crash of the machine.

Law: blocks; a file is replaced by a whole one or stays as it was.
"""

import os
from contextlib import suppress
from pathlib import Path


def write_durably(path: Path, text: str) -> None:
    """Write a file that nobody but its owner can read.

    Raises:
        OSError: it cannot be written there; what was there still is.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError:
        with suppress(OSError):
            fresh.unlink()
        raise
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make sure that the names in it outlive a power cut; where directories cannot be opened nothing is to do."""
    with suppress(OSError):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
