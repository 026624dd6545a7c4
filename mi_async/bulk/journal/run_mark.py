"""The mark of a run on this machine: two runs of one kind in one workspace, each with a journal of its own, are told.

Invariant: it only tells. A mark that cannot be made keeps no run from its work, and that of a killed process is gone.
"""

import hashlib
import json
import logging
import os
import stat
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mi_async._core.files import open_regular_file
from mi_async.bulk.journal.place import Journalled, journal_file, shown_journal
from mi_async.bulk.journal.records import INGEST, UPLOAD, Identity
from mi_async.text import one_line

_log = logging.getLogger(__name__)

TWICE = {
    INGEST: "files that both have may be registered twice",
    UPLOAD: "images that both have may be given to a person twice",
}
"""Consequences of two runs over the same items, by operation."""
TAKEN = "a name that both have is refused as taken in one of them"
MOST = 4096
"""Bytes of a mark."""


@contextmanager
def marked(identity: Identity, journal: Journalled) -> Generator[None]:
    """Mark a run until the block ends; warn if another one is marked.

    Args:
        identity: what the journal belongs to.
        journal: its path or URL.
    """
    # The journal's lock keeps two runs off one journal, and not two journals off one workspace. That is allowed (two
    # halves of an input), but mostly a mistake, so it is warned of; other machines are not known of.
    try:
        path = _path(identity)
        lock = _lock(path)
    except OSError as error:
        _log.debug("no mark of this run can be made: %s", error)
        yield
        return
    if lock is None:
        _log.warning("%s", _warning(identity, path))
        yield
        return
    try:
        with suppress(OSError):
            _write(path.with_suffix(".json"), {"process": os.getpid(), "journal": _shown(journal)})
        yield
    finally:
        with suppress(OSError):
            path.with_suffix(".json").unlink()
        lock.release()


def _shown(journal: Journalled) -> str:
    path = journal_file(journal)
    return shown_journal(journal) if path is None else os.path.realpath(path)


def _path(identity: Identity) -> Path:
    """Return the path of the mark, in a folder that is this user's alone.

    Raises:
        OSError: there can be no such folder.
    """
    user = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir(), f"mi-async-{user}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or (found.st_uid, found.st_mode & 0o077) != (user, 0):
        message = f"{folder} is not this user's alone"
        raise OSError(message)
    named = (identity.endpoint, identity.access_key, identity.workspace, identity.operation)
    return folder / f"{hashlib.sha256(json.dumps(named).encode()).hexdigest()[:32]}.lock"


def _lock(path: Path) -> FileLock | None:
    """Return the lock, None if another run has it; the system frees that of a killed process."""
    lock = FileLock(path, timeout=0, thread_local=False, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def _write(path: Path, about: dict[str, str | int]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(about, file)


def _warning(identity: Identity, path: Path) -> str:
    """Return the text that names the other run, where its mark can be read."""
    who = "another run"
    with suppress(OSError, ValueError, TypeError, KeyError), open_regular_file(path.with_suffix(".json")) as file:
        about = json.loads(file.read(MOST))
        who = one_line(f"another run (process {about['process']}, journal {about['journal']})")
    may = TWICE.get(identity.operation, TAKEN)
    return f"{who} works in workspace {identity.workspace!r} at the same time: {may}"
