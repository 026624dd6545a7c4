"""Names that NAS boxes, operating systems and photo managers leave in folders; docs/bulk-inputs.md lists them.

Invariant: a value and pure functions, shared by the readers of people and of media: what one passes over, all do.
Compared without case. Any name that begins with a dot is hidden and passed over too (``.DS_Store``, ``._a.jpg``,
``.Trashes``, ``.Spotlight-V100``, ``.@__thumb``, ``.picasaoriginals``, ``.dtrash``, ``.stfolder``).
"""

import re

FOLDERS = frozenset(
    {
        # Synology; QNAP; NetApp; Samba
        "@eadir",
        "@tmp",
        "@sharebin",
        "#recycle",
        "#snapshot",
        "@recycle",
        "@recently-snapshot",
        "@transcode",
        "~snapshot",
        # Windows
        "$recycle.bin",
        "recycler",
        "recycled",
        "system volume information",
        # macOS and AFP
        "__macosx",
        "network trash folder",
        "temporary items",
        # Linux
        "lost+found",
    }
)
"""Folders that are no input, with all that is in them."""

FOLDER_SUFFIXES = (".lrdata", ".photoslibrary", ".aplibrary", ".download", ".cocatalogdb")
"""Folders that a program keeps as one document: previews of Lightroom, libraries of Apple, unfinished downloads."""

FILES = frozenset(
    {
        "thumbs.db",
        "ehthumbs.db",
        "ehthumbs_vista.db",
        "desktop.ini",
        "iconcache.db",
        "icon\r",
        "picasa.ini",
        "zbthumbnail.info",
        "pspbrwse.jbf",
        "sync.ffs_db",
    }
)
"""Files that are no input and no mistake."""

FILE_SUFFIXES = (
    # not finished: browsers, WinSCP, rsync, aria2, torrents
    ".part",
    ".partial",
    ".filepart",
    ".crdownload",
    ".opdownload",
    ".aria2",
    ".!qb",
    ".tmp",
    # beside an image: edits and ratings
    ".xmp",
    ".aae",
    ".thm",
    ".pp3",
    ".dop",
    ".lrcat",
    ".lrcat-data",
)
"""Endings of files that are incomplete, or belong to another file."""

OWNED = re.compile(r"~\$|~.*\.tmp$|found\.\d{3}$", re.IGNORECASE)
"""Open documents of Office, temporary files, and what chkdsk found."""

JOURNALS = (".journal", ".journal-wal", ".journal-shm", ".journal-journal", ".journal.lock")
"""Endings of journals and of the files beside them; by default a run's journal is in the directory it is begun in."""

LEFT_BEHIND = "hidden or system"
"""Name of all of these in counts."""


def is_left_behind(name: str, *, is_folder: bool) -> bool:
    """Return True if a name is hidden or left behind by a system, and so neither an input nor a mistake."""
    lower = name.casefold()
    if lower[:1] == "." or OWNED.match(lower):
        return True
    if is_folder:
        return lower in FOLDERS or lower.endswith(FOLDER_SUFFIXES)
    return lower in FILES or lower.endswith(FILE_SUFFIXES)


def is_journal(name: str) -> bool:
    """Return True if a file is a journal or lies beside one by its name: passed over in silence."""
    return name.lower().endswith(JOURNALS)


def is_below_left_behind(key: str) -> bool:
    """Return True if an object's key, or a folder in it, is left behind: a bucket that a folder was copied into."""
    *folders, name = key.split("/")
    return is_left_behind(name, is_folder=False) or any(is_left_behind(part, is_folder=True) for part in folders)
