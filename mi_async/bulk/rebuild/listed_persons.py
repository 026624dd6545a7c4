"""Persons as the service has told of them, in a temporary database that goes when it is closed.

Invariant: flat memory, whatever their number; of a presigned URL only the path is kept, never its query.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from attrs import define, field, frozen

from mi_async._core import json_codec
from mi_async._core.names import clean_name
from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import Person, PersonThumbnail
from mi_async.bulk.journal.records import FAILED, ImageRecord
from mi_async.bulk.rebuild.content import ImageContent
from mi_async.text import encodable
from mi_async.workflows.thumbnail_names import shown_digest

CACHE = 16 * 2**10
"""KiB of the database that are kept in memory."""
_TABLES = (
    "PRAGMA journal_mode = OFF",
    f"PRAGMA cache_size = -{CACHE}",
    "CREATE TABLE persons (id INTEGER PRIMARY KEY, clean TEXT, named TEXT, whole INTEGER, told BLOB)",
    "CREATE INDEX by_name ON persons (clean)",
    "CREATE TABLE digests (digest TEXT, id INTEGER, PRIMARY KEY (digest, id)) WITHOUT ROWID",
    "CREATE TABLE suspects (name TEXT, sha256 TEXT, origin TEXT, id INTEGER, PRIMARY KEY (name, sha256)) WITHOUT ROWID",
    "CREATE TABLE unclear (id INTEGER, sha256 TEXT, told BLOB, times INTEGER, PRIMARY KEY (id, sha256)) WITHOUT ROWID",
    "BEGIN",  # one for all: nothing of it is to last
)


@frozen
class Suspect:
    """An item that is nobody's name while somebody else has one of its images.

    Attributes:
        name: of the item.
        origin: its place in the input.
        sha256: of the image.
        holder: who has the image.
    """

    name: str
    origin: str
    sha256: str
    holder: Person


@define(eq=False)
class ListedPersons:
    """Persons that the service has told, and items that can be decided only at the end of the input."""

    _database: sqlite3.Connection = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Lay out the tables."""
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in _TABLES:
            self._database.execute(line)

    def close(self) -> None:
        """Delete the database."""
        self._database.close()

    def add(self, persons: Iterable[Person], *, whole: bool = False) -> None:
        """Keep persons in the place of what was known of them.

        Args:
            persons: as an answer has them.
            whole: True for the details of a person; a listing may leave thumbnails out.
        """
        rows, digests = [], []
        for person in persons:
            name = None if person.name is None else encodable(person.name)
            rows.append((person.id, None if name is None else clean_name(name), name, whole, _told(person)))
            known = filter(None, map(shown_digest, person.thumbnails))
            digests += [(digest, person.id) for digest in known]
        self._database.executemany("INSERT OR REPLACE INTO persons VALUES (?, ?, ?, ?, ?)", rows)
        self._database.executemany("INSERT OR IGNORE INTO digests VALUES (?, ?)", digests)

    def by_id(self, person_id: int) -> tuple[Person, bool] | None:
        """Return a person, and True if it is whole."""
        return self._one("SELECT told, whole FROM persons WHERE id = ?", (person_id,))

    def by_name(self, name: str) -> tuple[Person, bool] | None:
        """Return the person of a name; of several that look the same in print an exact one, or the first."""
        name = encodable(name)
        query = "SELECT told, whole FROM persons WHERE clean = ? ORDER BY named <> ?, id LIMIT 1"
        return self._one(query, (name, name))

    def suspect(self, name: str, origin: str, images: Sequence[ImageContent]) -> None:
        """Keep an item whose name nobody has, with each of its images that one person alone has.

        An image that several persons have, such as a placeholder, says nothing of any of them.
        """
        for image in images:
            query = "SELECT min(id), count(*) FROM digests WHERE digest = ?"
            holder, holders = self._database.execute(query, (image.md5,)).fetchone()
            if holders == 1:
                row = (encodable(name), image.sha256, encodable(origin), holder)
                self._database.execute("INSERT OR IGNORE INTO suspects VALUES (?, ?, ?, ?)", row)

    def suspects(self) -> Iterator[Suspect]:
        """Return the items that were kept, once for each such image, with who has it; those of an item together."""
        query = "SELECT name, origin, sha256, told FROM suspects JOIN persons USING (id) ORDER BY name, sha256"
        for name, origin, sha256, told in self._database.execute(query):
            yield Suspect(name, origin, sha256, _person(told))

    def keep_unclear(self, person_id: int, row: ImageRecord) -> None:
        """Keep an image of a person that only the counts of the whole input can speak for."""
        told = json_codec.dumps([encodable(row.source), row.size, row.mtime_ns, row.code, row.message])
        again = "ON CONFLICT DO UPDATE SET times = times + 1"
        values = (person_id, row.sha256, told)
        self._database.execute(f"INSERT INTO unclear VALUES (?, ?, ?, 1) {again}", values)  # noqa: S608  ours

    def unclear(self) -> Iterator[tuple[Person, list[tuple[ImageRecord, int]]]]:
        """Return the persons who have such images, each with all of them and how often each came."""
        query = "SELECT id, told FROM persons WHERE id IN (SELECT id FROM unclear) ORDER BY id"
        for person_id, told in self._database.execute(query):
            rows = self._database.execute("SELECT sha256, told, times FROM unclear WHERE id = ?", (person_id,))
            yield _person(told), [(_unclear(str(person_id), sha256, about), times) for sha256, about, times in rows]

    def _one(self, query: str, values: tuple[object, ...]) -> tuple[Person, bool] | None:
        row = self._database.execute(query, values).fetchone()
        return None if row is None else (_person(row[0]), bool(row[1]))


def _told(person: Person) -> bytes:
    """Return as much of a person as decisions need, in some 150 bytes."""
    thumbnails = [[each.id, urlsplit(each.url).path, each.is_primary_thumbnail] for each in person.thumbnails]
    tags = [[tag.id, tag.name] for tag in person.tags]
    return json_codec.dumps([person.id, person.name, person.description, tags, thumbnails])


def _person(told: bytes) -> Person:
    number, name, description, tags, thumbnails = json_codec.loads(told)
    return Person(
        number,
        name,
        description,
        tuple(PersonTag(*tag) for tag in tags),
        tuple(PersonThumbnail(*thumbnail) for thumbnail in thumbnails),
    )


def _unclear(person: str, sha256: str, told: bytes) -> ImageRecord:
    source, size, mtime_ns, code, message = json_codec.loads(told)
    return ImageRecord(person, sha256, source, size, mtime_ns, FAILED, code=code, message=message)
