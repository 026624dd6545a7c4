"""The journal's tables and the statements on them: columns are named as the records, so that a person can read them.

Invariant: no connection and no file; what SQLite alone has is in the views and in the upsert.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import attrs
import orjson
from attrs import frozen
from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    Connection,
    Dialect,
    Float,
    Integer,
    MetaData,
    Select,
    Table,
    TableClause,
    Text,
    bindparam,
    column,
    or_,
    select,
    table,
)
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.types import UserDefinedType

from mi_async.bulk.journal.records import INGEST, AbandonedRecord, AssetRecord, ImageRecord, PersonRecord
from mi_async.workflows.ingest.models import IngestState

SCHEMA = 2
"""Version of all this; a journal of a newer one is refused. Version 1 had the access key itself."""
READABLE = (1, SCHEMA)
"""Versions that can be read; an older one is brought up to date when it is opened for writing."""
APPLICATION = 0x6D694A31
"""Application ID in SQLite's header, ``miJ1``: tells a journal from any other database."""

metadata = MetaData()


class Flag(UserDefinedType[int]):
    """0 or 1 as SQLite has it: SQLAlchemy's Boolean takes any damage for true."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the type in SQL."""
        return "BOOLEAN"


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=False)


journal = Table(
    "journal",
    metadata,
    Column("schema", Integer, nullable=False),
    _text("endpoint"),
    _text("access_key"),
    _text("workspace"),
    _text("operation"),
    _text("created"),
    _text("software"),
)
runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True),
    _text("started"),
    Column("ended", Text),
    _text("ending"),
    Column("pid", Integer, nullable=False),
    _text("host"),
    _text("software"),
)
persons = Table(
    "persons",
    metadata,
    _text("person", key=True),
    _text("status"),
    Column("person_id", BigInteger),
    _text("tags"),
    _text("code"),
    _text("message"),
    _text("origin"),
    Column("run", Integer, nullable=False),
    sqlite_with_rowid=False,
)
pictures = Table(
    "pictures",
    metadata,
    _text("person", key=True),
    _text("sha256", key=True),
    _text("source"),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    _text("state"),
    Column("thumbnail_key", Text),
    Column("primary", Flag, nullable=False),
    Column("stored_at", Float, nullable=False),
    _text("code"),
    _text("message"),
    _text("note"),
    sqlite_with_rowid=False,
)
abandoned = Table(
    "abandoned",
    metadata,
    _text("thumbnail_key", key=True),
    _text("person"),
    _text("source"),
    _text("reason"),
    sqlite_with_rowid=False,
)
assets = Table(
    "assets",
    metadata,
    Column("project_id", BigInteger, primary_key=True, nullable=False, autoincrement=False),
    _text("bucket", key=True),
    _text("key", key=True),
    _text("source"),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    _text("state"),
    _text("status"),
    Column("asset_id", BigInteger),
    _text("earlier"),
    Column("fresh", Flag, nullable=False),
    _text("code"),
    _text("message"),
    _text("origin"),
    Column("run", Integer, nullable=False),
    sqlite_with_rowid=False,
)

VIEWS = (
    """CREATE VIEW summary AS -- how many persons by status, and pictures by state
  SELECT 'persons' AS what, status, count(*) AS count FROM persons GROUP BY status
  UNION ALL SELECT 'pictures', state, count(*) FROM pictures GROUP BY state
  UNION ALL SELECT 'abandoned', '', count(*) FROM abandoned HAVING count(*) > 0""",
    """CREATE VIEW problems AS -- what went wrong, once; source is the picture, or where the person was read
  SELECT person, 'person' AS what, status, code, message, origin AS source FROM persons
  WHERE code <> '' AND (person, code, message) NOT IN (SELECT person, code, message FROM pictures WHERE code <> '')
  UNION ALL SELECT person, 'picture', state, code, message, source FROM pictures WHERE code <> ''
  ORDER BY 1, 2, 6""",
    """CREATE VIEW unattached AS -- pictures at the service that no person has; times are UTC, keys lapse after 24 h
  SELECT person, source, thumbnail_key, state, -- presigned: it was under way, and may be there; nobody knows since when
         datetime(nullif(stored_at, 0), 'unixepoch') AS stored,
         datetime(nullif(stored_at, 0) + 86400, 'unixepoch') AS lapses
  FROM pictures WHERE thumbnail_key IS NOT NULL AND state <> 'attached' AND (stored_at > 0 OR state = 'presigned')""",
)
"""For whoever opens the file with sqlite3; SQLite keeps the comments."""

ASSET_VIEWS = (
    """CREATE VIEW summary AS -- how many media files by status, and by how far they are
  SELECT 'status' AS what, status, count(*) AS count FROM assets GROUP BY status
  UNION ALL SELECT 'state', state, count(*) FROM assets GROUP BY state""",
    """CREATE VIEW problems AS -- what went wrong; source is the file, or where it was read
  SELECT key AS asset, 'asset' AS what, status, code, message,
         CASE source WHEN '' THEN origin ELSE source END AS source
  FROM assets WHERE code <> '' ORDER BY 1, 2, 6""",
)


@frozen
class Layout:
    """Tables and views of a journal, its runs apart.

    Attributes:
        tables: of the items.
        views: for people.
        problems: the view of that name.
        begun: rows of what was ever sent to the service.
    """

    tables: tuple[Table, ...]
    views: tuple[str, ...]
    problems: TableClause
    begun: tuple[Select[Any], ...]


def _problems(whose: str) -> TableClause:
    return table("problems", *[column(name, Text) for name in (whose, "what", "status", "code", "message", "source")])


ENROLL_LAYOUT = Layout(
    (persons, pictures, abandoned), VIEWS, _problems("person"), (select(pictures), select(abandoned))
)
INGEST_LAYOUT = Layout(
    (assets,),
    ASSET_VIEWS,
    _problems("asset"),
    # one that begins anew is new again, but its size is known since it was stored
    (select(assets).where(or_(assets.c.state != IngestState.NEW.value, assets.c.size > 0)),),
)


def has_any(connection: Connection, rows: Sequence[Select[Any]]) -> bool:
    """Return True if a selection has a row."""
    return any(connection.execute(some.limit(1)).first() is not None for some in rows)


def layout_of(operation: str) -> Layout:
    """Return the layout of the journal of an operation."""
    return INGEST_LAYOUT if operation == INGEST else ENROLL_LAYOUT


BY_SOURCE = "CREATE INDEX pictures_by_source ON pictures (source)"
"""Index for the lookup of single images, of which a person may have any number."""


@frozen
class RecordKind:
    """Table and statements of one class of records.

    Attributes:
        table: where.
        values: a record as the values of the table's columns.
        upsert: SQL that puts those values in the place of whatever has the same key.
    """

    table: Table
    values: Callable[[Any], tuple[Any, ...]]
    upsert: str


def _upsert(table: Table, dialect: Dialect) -> str:
    row = insert(table)
    changed = {column.name: row.excluded[column.name] for column in table.columns if not column.primary_key}
    keys = [column.name for column in table.primary_key]
    return str(row.on_conflict_do_update(index_elements=keys, set_=changed).compile(dialect=dialect))


def _person_values(record: PersonRecord) -> tuple[Any, ...]:
    tags = orjson.dumps(record.tags).decode() if record.tags else "[]"
    return (
        record.person,
        record.status,
        record.person_id,
        tags,
        record.code,
        record.message,
        record.origin,
        record.run,
    )


def _asset_values(record: AssetRecord) -> tuple[Any, ...]:
    earlier = orjson.dumps(record.earlier).decode()
    return tuple([earlier if name == "earlier" else getattr(record, name) for name in assets.columns.keys()])  # noqa: SIM118  no dict


def _columns_of(cls: type[attrs.AttrsInstance]) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*[member.name for member in attrs.fields(cls)])


_sqlite: Dialect = sqlite_dialect(paramstyle="qmark")
KINDS: Mapping[type, RecordKind] = {
    PersonRecord: RecordKind(persons, _person_values, _upsert(persons, _sqlite)),
    ImageRecord: RecordKind(pictures, _columns_of(ImageRecord), _upsert(pictures, _sqlite)),
    AbandonedRecord: RecordKind(abandoned, _columns_of(AbandonedRecord), _upsert(abandoned, _sqlite)),
    AssetRecord: RecordKind(assets, _asset_values, _upsert(assets, _sqlite)),
}

_keys: BindParameter[Any] = bindparam("keys", expanding=True)
PERSONS_OF = select(persons).where(persons.c.person.in_(_keys))
IMAGES_OF = select(pictures).where(pictures.c.person.in_(_keys))
_person: BindParameter[Any] = bindparam("person")
_other: BindParameter[Any] = bindparam("other")
IMAGE_BY_HASH = select(pictures).where(pictures.c.person == _person, pictures.c.sha256 == _other)
# as a plain column the person would be looked for first, and may have any number of pictures
IMAGE_BY_SOURCE = select(pictures).where(pictures.c.person.concat("") == _person, pictures.c.source == _other)
_project: BindParameter[Any] = bindparam("project")
ASSETS_BY_KEY = select(assets).where(assets.c.key.in_(_keys))
ASSETS_OF = ASSETS_BY_KEY.where(assets.c.project_id == _project)
