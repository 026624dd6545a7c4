"""Paths as tables and people write them, and files as disks have them.

Invariant: a path that exists is never replaced by another one; a file is found under another spelling only where both
spellings are the same text (Unicode NFC and NFD), or the path was written on Windows. Upper and lower case are two
names: where a disk tells them apart, they may be two people's images, so another case is only suggested.
"""

import errno
import os
import re
import unicodedata
from collections import deque
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice

from attrs import frozen

MOST_NAMES = 100_000
"""Names of a directory that are compared; in a larger one only the NFC and the NFD spelling are tried."""

DRIVE = re.compile(r"(?:^|/)(?:[A-Za-z]:[\\/]|\\\\[^\\])")
"""Start of an absolute path on Windows: a drive, or two backslashes before a server."""

EMPTY_NAME = "the name is empty; a variable that is not set gives such a one"
"""Refusal of an empty path, which the operating system would take for the current directory."""

ABSENT = frozenset({errno.ENOENT, errno.ENAMETOOLONG})
"""Errors after which another spelling is tried; a name that is too long in NFD may be none in NFC."""


def existing_path(path: str | os.PathLike[str]) -> str:
    """Return the path under which a file exists; the path as it was given when there is none.

    Tried where the path itself does not exist: each component in NFC and in NFD, then any name of its directory that is
    the same text, and, where a slash separates names, a backslash in its place.
    """
    given = os.fsdecode(path)
    return given if os.path.lexists(given) else _walked(given)[0] or given


def stat_path(path: str | os.PathLike[str]) -> os.stat_result:
    """Return what ``os.stat`` says of a path, or of what :func:`existing_path` finds for it.

    Raises:
        OSError, ValueError: as ``os.stat``.
    """
    try:
        return os.stat(path)  # noqa: PTH116  cheaper than a Path, and runs a million times
    except OSError as error:
        if error.errno not in ABSENT:
            raise
    return os.stat(existing_path(path))  # noqa: PTH116  as above


def not_found(path: str | os.PathLike[str]) -> FileNotFoundError:
    """Return the error for a path that does not exist, with the name that may be meant."""
    said, given = os.strerror(errno.ENOENT), os.fsdecode(path)
    _, folder, part = _walked(given)
    near = _names(folder).by_case.get(folded(part)) if part else None
    if near is not None and near != part:
        said = f"{said}; did you mean {near!r}?"
    elif os.sep == "/" and DRIVE.search(given):
        said = f"{said}; this is a path of another computer, write it relative to the table"
    return FileNotFoundError(errno.ENOENT, said, given)


def _walked(given: str) -> tuple[str | None, str, str]:
    """Return the path under which a file exists; else None, how far that goes, and the component that is not there."""
    drive, rest = os.path.splitdrive(given)
    rest = rest.replace(os.altsep, os.sep) if os.altsep else rest
    here = drive + os.sep if rest.startswith(os.sep) else drive
    left = deque(part for part in rest.split(os.sep) if part)  # noqa: PTH206  a text
    while left:
        part = left.popleft()
        found = _spelled(here, part)
        if found is not None:
            here = os.path.join(here, found)  # noqa: PTH118  texts that pathlib would change
        elif os.sep == "/" and "\\" in part:
            left.extendleft(reversed([piece for piece in part.split("\\") if piece]))
        else:
            return None, here, part
    return here or None, here, ""


def _spelled(folder: str, part: str) -> str | None:
    """Return the spelling of a name in a directory, None if the directory does not have it."""
    composed = unicodedata.normalize("NFC", part)
    for spelling in dict.fromkeys((part, composed, unicodedata.normalize("NFD", part))):
        if os.path.lexists(os.path.join(folder, spelling)):  # noqa: PTH118  as above
            return spelling
    return None if part.isascii() else _names(folder).by_text.get(composed)


@frozen
class _Names:
    """Names of a directory: by their text in NFC, and by that without its case."""

    by_text: Mapping[str, str]
    by_case: Mapping[str, str]


def _names(folder: str) -> _Names:
    try:
        changed = os.stat(folder or os.curdir).st_mtime_ns  # noqa: PTH116  of a text
        return _listed(folder or os.curdir, changed)
    except (OSError, ValueError):  # a null character, no permission: there is nothing to compare with
        return _Names({}, {})


@lru_cache(maxsize=2)
def _listed(folder: str, changed: int) -> _Names:  # noqa: ARG001  another time of change is another listing
    """Of the directories that were asked about last: a table names many files of one that has none of them."""
    with os.scandir(folder) as found:
        names = sorted(entry.name for entry in islice(found, MOST_NAMES))
    return _Names({unicodedata.normalize("NFC", name): name for name in names}, {folded(name): name for name in names})


def folded(name: str) -> str:
    """Return a name of a file as disks that do not tell cases and Unicode forms apart compare it."""
    return unicodedata.normalize("NFC", name).casefold()
