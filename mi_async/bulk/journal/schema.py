"""The journal's tables and the statements on them: columns are named as the records, so that a person can read them.

Invariant: no connection and no file; what SQLite or PostgreSQL alone has is in the column types, the views, the upsert
and the look-ups of pairs.
"""

from collections.abc import Sequence
from typing import Any

from attrs import frozen
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import UserDefinedType

from mi_async.bulk.journal.actions import ActionState
from mi_async.bulk.journal.records import CURATE, INGEST
from mi_async.bulk.journal.views import ASSET_VIEWS, VIEWS
from mi_async.workflows.ingest.models import IngestState

SCHEMA = 2
"""Version of all this; a journal of a newer one is refused. Version 1 had the access key itself."""
READABLE = (1, SCHEMA)
"""Versions that can be read; an older one is brought up to date when it is opened for writing."""
APPLICATION = 0x6D694A31
"""Application ID in SQLite's header, ``miJ1``: tells a journal from any other database."""

metadata: MetaData = MetaData()


class Flag(UserDefinedType[int]):
    """0 or 1 as SQLite has it, a boolean in PostgreSQL: SQLAlchemy's Boolean takes any damage for true."""

    cache_ok: bool | None = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the type in SQL."""
        return "BOOLEAN"


# By bytes, as SQLite and Python compare: the reader merges persons and images by the order of their keys, and the order
# of a locale would tear them apart.
_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, primary_key=key, nullable=False)


journal: Table = Table(
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
runs: Table = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("started"),
    Column("ended", _TEXT),
    _text("ending"),
    Column("pid", Integer, nullable=False),
    _text("host"),
    _text("software"),
)
persons: Table = Table(
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
pictures: Table = Table(
    "pictures",
    metadata,
    _text("person", key=True),
    _text("sha256", key=True),
    _text("source"),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    _text("state"),
    Column("thumbnail_key", _TEXT),
    Column("primary", Flag, nullable=False),
    Column("stored_at", Float, nullable=False),
    _text("code"),
    _text("message"),
    _text("note"),
    sqlite_with_rowid=False,
)
abandoned: Table = Table(
    "abandoned",
    metadata,
    _text("thumbnail_key", key=True),
    _text("person"),
    _text("source"),
    _text("reason"),
    sqlite_with_rowid=False,
)
assets: Table = Table(
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
actions: Table = Table(
    "actions",
    metadata,
    Column("person_id", BigInteger, primary_key=True, nullable=False, autoincrement=False),
    Column("target_id", BigInteger, nullable=False),
    _text("plan"),
    _text("kind"),
    _text("name"),
    _text("was"),
    _text("state"),
    _text("code"),
    _text("message"),
    _text("origin"),
    sqlite_with_rowid=False,
)
plans: Table = Table(
    "plans",
    metadata,
    _text("fingerprint", key=True),
    _text("answers"),
    _text("conflicts"),
    Column("number", Integer, nullable=False),
    _text("backup"),
    sqlite_with_rowid=False,
)
removals: Table = Table(
    "removals",
    metadata,
    Column("project_id", BigInteger, primary_key=True, nullable=False, autoincrement=False),
    _text("bucket", key=True),
    _text("key", key=True),
    _text("plan"),
    _text("state"),
    Column("asset_id", BigInteger),
    _text("source"),
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("with_object", Flag, nullable=False),
    Column("below_empty", Flag, nullable=False),
    sqlite_with_rowid=False,
)
# beside the plans, since those of a journal of any age are as they are
confirmations: Table = Table(
    "confirmations",
    metadata,
    _text("plan", key=True),
    _text("confirmed"),
    sqlite_with_rowid=False,
)
ON_CONFIRMATION = (plans, removals, confirmations)
"""Tables that a journal of media files gets with the first plan that is confirmed, one of any age."""
members: Table = Table(
    "members",
    metadata,
    Column("run", Integer, primary_key=True, autoincrement=False),
    _text("owner"),
    Column("lapses", DateTime(timezone=True), nullable=False),
)
shards: Table = Table(
    "shards",
    metadata,
    Column("shard", Integer, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False, server_default="0"),
    Column("run", Integer),
    # number of the shared run: that of the process that found none at work and opened all shards
    Column("since", Integer, nullable=False, server_default="0"),
    Column("done", Boolean, nullable=False, server_default="false"),
)
parts: Table = Table(
    "parts",
    metadata,
    _text("bucket", key=True),
    _text("key", key=True),
    _text("record"),
)
SHARED = (members, shards, parts)
"""Tables that only a journal in PostgreSQL has: what its processes share."""


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
    problems: Table
    begun: tuple[Select[Any], ...]


def _problems(whose: str) -> Table:
    # a table, since only its name is translated to that of a schema; of no metadata that makes it
    names = (whose, "what", "status", "code", "message", "source")
    return Table("problems", MetaData(), *[_text(name) for name in names])


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
CURATE_LAYOUT = Layout(
    (*ENROLL_LAYOUT.tables, actions, plans),
    VIEWS,
    ENROLL_LAYOUT.problems,
    (select(actions).where(actions.c.state != ActionState.PLANNED.value),),
)
LAYOUTS = {INGEST: INGEST_LAYOUT, CURATE: CURATE_LAYOUT}


def has_any(connection: Connection, rows: Sequence[Select[Any]]) -> bool:
    """Return True if a selection has a row."""
    return any(connection.execute(some.limit(1)).first() is not None for some in rows)


def layout_of(operation: str) -> Layout:
    """Return the layout of the journal of an operation."""
    return LAYOUTS.get(operation, ENROLL_LAYOUT)


INDEX_BY_SOURCE = "CREATE INDEX pictures_by_source ON pictures (source)"
"""Index for the lookup of single images, of which a person may have any number."""
