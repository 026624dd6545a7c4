"""Comparison of two backups by what they are backups of: everything but IDs, times and users.

Invariant: in flat memory, whatever the size of the backups; images are compared by the checksums that the lists have.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from attrs import field, frozen

from mi_async._core import convert
from mi_async._core.names import clean_name
from mi_async.backup.format import BackupPerson, BackupThumbnail
from mi_async.backup.reader import Backup, open_backup
from mi_async.models import Serializable
from mi_async.text import encodable, one_line

SHOWN = 20
"""Differences that a comparison holds."""
SIDES = ("first", "second")
TABLE = "CREATE TABLE {0} (kind TEXT, key TEXT, content BLOB, id INTEGER, PRIMARY KEY (kind, key)) WITHOUT ROWID"
NUMBERS = (
    "CREATE TABLE numbers (side TEXT, kind TEXT, key TEXT, number INTEGER, PRIMARY KEY (side, kind, key)) WITHOUT ROWID"
)
COUNT = "INSERT INTO numbers VALUES (?, ?, ?, 2) ON CONFLICT DO UPDATE SET number = number + 1"
COUNTED = "SELECT number FROM numbers WHERE side = ? AND kind = ? AND key = ?"
ABSENT = (
    "SELECT kind, key, id FROM {0} WHERE NOT EXISTS (SELECT 1 FROM {1} b WHERE b.kind = {0}.kind AND b.key = {0}.key)"
)
CHANGED = (
    "SELECT kind, key, a.id, b.id, a.content, b.content "
    "FROM first a JOIN second b USING (kind, key) WHERE a.content != b.content"
)
EQUAL = "SELECT count(*) FROM first a JOIN second b USING (kind, key) WHERE a.content = b.content"
NAMELESS = "without a name:"
"""Beginning of the key of a person who has no name."""
BASE_PROJECT = "(base project)"
"""Name of the base project: each workspace has one, whatever it is called."""


@frozen
class BackupDifference(Serializable):
    """A difference of two backups.

    Attributes:
        kind: ``person``, ``tag``, ``project`` or ``asset``.
        key: name of the person, tag or project; project and object of an asset; the checksums of the images of a person
            without a name.
        found: ``first`` or ``second`` for what one of the backups has alone, ``both`` for what is not the same in both.
        members: what is not the same: ``description``, ``tags``, ``images``, ``primary``.
        first_id: its ID in the first backup; None where it is not there.
        second_id: its ID in the second; IDs are the service's, and no difference.
    """

    kind: str
    key: str
    found: str
    members: tuple[str, ...] = ()
    first_id: int | None = None
    second_id: int | None = None

    def __str__(self) -> str:
        """Return a line for people; only its ID names a person who has no name."""
        said = f"differs in {', '.join(self.members)}" if self.members else f"is only in the {self.found} backup"
        ids = zip(SIDES, (self.first_id, self.second_id), strict=True)
        told = ", ".join(f"ID {number} in the {side}" for side, number in ids if number is not None)
        named = self.kind != "person" or not self.key.startswith(NAMELESS)
        return one_line(f"{self.kind} {self.key}{'' if named or not told else f' ({told})'}: {said}")

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return {
            "kind": self.kind,
            "key": self.key,
            "found": self.found,
            "members": list(self.members),
            "first_id": self.first_id,
            "second_id": self.second_id,
        }


@frozen
class BackupComparison(Serializable):
    """Result of a comparison.

    Attributes:
        equal: objects that are the same in both.
        first: objects that only the first has.
        second: objects that only the second has.
        changed: objects that are not the same in both.
        differences: the first of all differences, at most 20.
    """

    equal: int = 0
    first: int = 0
    second: int = 0
    changed: int = 0
    differences: tuple[BackupDifference, ...] = field(default=())

    @property
    def same(self) -> bool:
        """True if there is no difference."""
        return not (self.first or self.second or self.changed)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        counts = {name: getattr(self, name) for name in ("same", "equal", "first", "second", "changed")}
        return {**counts, "differences": [each.as_dict() for each in self.differences]}

    def __str__(self) -> str:
        """Return the counts, and the first differences below them."""
        counts = f"{self.equal:,} equal, {self.changed:,} changed, {self.first:,} only in the first, "
        left = self.first + self.second + self.changed - len(self.differences)
        more = [f"and {left:,} more"] if left else []
        return "\n".join([f"{counts}{self.second:,} only in the second", *map(str, self.differences), *more])


def compare_backups(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    *,
    progress: Callable[[BackupDifference], object] | None = None,
) -> BackupComparison:
    """Compare two backups by persons, tags, projects and assets; reads their lists, so run it in a thread.

    Persons are the same by name, description, tags, images and primary image; assets by project, object and size. IDs,
    times, users, indexes and scene summaries are the service's, and no part of it.

    Args:
        first: folder of a backup.
        second: folder of another one.
        progress: a plain function, called with each difference.

    Raises:
        InvalidArgumentError: one of them is no backup, or damaged.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        for line in ("PRAGMA journal_mode = OFF", "BEGIN", NUMBERS, *[TABLE.format(side) for side in SIDES]):
            database.execute(line)
        for side, folder in zip(SIDES, (first, second), strict=True):
            _read(database, side, open_backup(Path(folder)))
        counts: dict[str, int] = dict.fromkeys((*SIDES, "both"), 0)
        shown = list[BackupDifference]()
        for difference in _differences(database):
            counts[difference.found] += 1
            shown += [difference] if len(shown) < SHOWN else []
            if progress is not None:
                progress(difference)
        (equal,) = database.execute(EQUAL).fetchone()
        return BackupComparison(equal, counts["first"], counts["second"], counts["both"], tuple(shown))


def _read(database: sqlite3.Connection, side: str, backup: Backup) -> None:
    """Write what a backup holds into the table of its side; the second of one key gets a number."""
    insert = f"INSERT OR IGNORE INTO {side} VALUES (?, ?, ?, ?)"  # noqa: S608  one of SIDES
    for kind, key, content, own_id in _entries(backup):
        row = encodable(key), convert.dumps(content), own_id
        if database.execute(insert, (kind, *row)).rowcount:
            continue
        # The number is kept: counting up from 2 for each would take hours for 50,000 persons without a name or image.
        database.execute(COUNT, (side, kind, row[0]))
        (number,) = database.execute(COUNTED, (side, kind, row[0])).fetchone()
        while not database.execute(insert, (kind, f"{row[0]} #{number}", *row[1:])).rowcount:
            number += 1


def _entries(backup: Backup) -> Iterator[tuple[str, str, dict[str, Any], int]]:
    """Yield kind, key, content and ID of everything."""
    for tag in backup.tags():
        yield "tag", clean_name(tag.name), {}, tag.id
    projects = {each.project_id: BASE_PROJECT if each.is_base_project else each.name for each in backup.projects()}
    for number, name in projects.items():
        yield "project", clean_name(name), {}, number
    for person in backup.persons():
        content = _person(person)
        yield "person", clean_name(person.name or f"{NAMELESS} {' '.join(content['images'])}"), content, person.id
    for asset in backup.assets():
        size = asset.meta_data.size if asset.meta_data is not None else None
        key = f"{projects.get(asset.project_id, asset.project_id)}/{asset.key or asset.file_name}"
        yield "asset", clean_name(key), {"size": size}, asset.asset_id


def _person(person: BackupPerson) -> dict[str, Any]:
    return {
        "description": person.description,
        "tags": sorted(map(clean_name, person.tags)),
        "images": sorted({_image(thumbnail) for thumbnail in person.thumbnails}),
        "primary": [_image(thumbnail) for thumbnail in person.thumbnails if thumbnail.primary][:1],
    }


def _image(thumbnail: BackupThumbnail) -> str:
    return thumbnail.sha256 or "an image that is not in the backup"


def _differences(database: sqlite3.Connection) -> Iterator[BackupDifference]:
    """Yield what one side has alone, then what is not the same."""
    for side, other in (SIDES, SIDES[::-1]):
        for kind, key, number in database.execute(ABSENT.format(side, other)):
            yield BackupDifference(kind, key, side, **{f"{side}_id": number})
    for kind, key, first_id, second_id, *contents in database.execute(CHANGED):
        one, another = map(convert.loads, contents)
        members = tuple(name for name in one if one[name] != another[name])
        yield BackupDifference(kind, key, "both", members, first_id, second_id)
