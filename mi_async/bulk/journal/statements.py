"""Statements on the tables of a journal: upserts in SQLite's and PostgreSQL's words, and look-ups.

Invariant: no connection.
"""

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

import attrs
from attrs import frozen
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    ColumnElement,
    Dialect,
    Select,
    Table,
    Text,
    bindparam,
    case,
    exists,
    func,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.dialects.sqlite import insert

from mi_async._core import json_codec
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.actions import ActionRecord, ConfirmationRecord, PlanRecord, RemovalRecord
from mi_async.bulk.journal.records import FAILED, AbandonedRecord, AssetRecord, ImageRecord, PersonRecord
from mi_async.bulk.journal.schema import (
    abandoned,
    actions,
    assets,
    confirmations,
    members,
    persons,
    pictures,
    plans,
    removals,
)


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


def _upsert(table: Table, dialect: Dialect, **options: Any) -> str:
    row = (postgresql.insert if dialect.name == "postgresql" else insert)(table)
    changed = {column.name: row.excluded[column.name] for column in table.columns if not column.primary_key}
    keys = [column.name for column in table.primary_key]
    return str(row.on_conflict_do_update(index_elements=keys, set_=changed).compile(dialect=dialect, **options))


def _person_values(record: PersonRecord) -> tuple[Any, ...]:
    tags = json_codec.dumps(record.tags).decode() if record.tags else "[]"
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
    earlier = json_codec.dumps(record.earlier).decode()
    return tuple([earlier if name == "earlier" else getattr(record, name) for name in assets.columns.keys()])  # noqa: SIM118  no dict


def _columns_of(cls: type[attrs.AttrsInstance]) -> Callable[[Any], tuple[Any, ...]]:
    return attrgetter(*[member.name for member in attrs.fields(cls)])


def _kinds(dialect: Dialect, **options: Any) -> Mapping[type, RecordKind]:
    written: tuple[tuple[type[attrs.AttrsInstance], Table, Callable[[Any], tuple[Any, ...]]], ...] = (
        (PersonRecord, persons, _person_values),
        (ImageRecord, pictures, _columns_of(ImageRecord)),
        (AbandonedRecord, abandoned, _columns_of(AbandonedRecord)),
        (AssetRecord, assets, _asset_values),
        (ActionRecord, actions, _columns_of(ActionRecord)),
        (PlanRecord, plans, _columns_of(PlanRecord)),
        (RemovalRecord, removals, _columns_of(RemovalRecord)),
        (ConfirmationRecord, confirmations, _columns_of(ConfirmationRecord)),
    )
    return {record: RecordKind(of, values, _upsert(of, dialect, **options)) for record, of, values in written}


KINDS = _kinds(sqlite_dialect(paramstyle="qmark"))
"""Statements for SQLite."""


def _postgresql() -> Dialect:
    made: Callable[..., Dialect] = PGDialect_psycopg
    return made(paramstyle="format")


def postgres_kinds(schema: str) -> Mapping[type, RecordKind]:
    """Return the statements for PostgreSQL, on the tables of a schema."""
    where = {"schema_translate_map": {None: schema}, "render_schema_translate": True}
    return _kinds(_postgresql(), **where)


def renewal(schema: str) -> str:
    """Return the statement that renews the row of a member, which lives so many seconds more, in SQL.

    It divides by zero if there is no such row, so that what follows in one request with it is not done: to look at its
    result first would be another way over the network.
    """
    renewed = f'UPDATE "{schema}".{members.name} SET lapses = clock_timestamp() + make_interval(secs => %s)'  # noqa: S608  ours
    return f"WITH alive AS ({renewed} WHERE run = %s RETURNING 1) SELECT 1 / (SELECT count(*) FROM alive)"  # noqa: S608  same


_keys: BindParameter[Any] = bindparam("keys", expanding=True)
PERSONS_OF = select(persons).where(persons.c.person.in_(_keys))
IMAGES_OF = select(pictures).where(pictures.c.person.in_(_keys))
_person: BindParameter[Any] = bindparam("person")
_other: BindParameter[Any] = bindparam("other")
_people: BindParameter[Any] = bindparam("people", type_=ARRAY(Text))
_others: BindParameter[Any] = bindparam("others", type_=ARRAY(Text))
_pairs = func.unnest(_people, _others).table_valued("person", "other").render_derived()


@frozen
class PairLookup:
    """Look-up of images by pairs of a person and something else.

    Attributes:
        each: for one pair: SQLite reads the whole table for a list of pairs.
        together: for all pairs: each request to a server is a way over the network.
    """

    each: Select[Any]
    together: Select[Any]


def _pair_lookup(person: ColumnElement[str], other: Column[str]) -> PairLookup:
    both = (person == _pairs.c.person) & (other == _pairs.c.other)
    return PairLookup(select(pictures).where(person == _person, other == _other), select(pictures).join(_pairs, both))


BY_HASH = _pair_lookup(pictures.c.person, pictures.c.sha256)
# as a plain column the person would be looked for first, and may have any number of pictures
BY_SOURCE = _pair_lookup(pictures.c.person.concat(""), pictures.c.source)
_project: BindParameter[Any] = bindparam("project")
ASSETS_BY_KEY = select(assets).where(assets.c.key.in_(_keys))
ASSETS_OF = ASSETS_BY_KEY.where(assets.c.project_id == _project)


def problem_status(problems: Table) -> ColumnElement[str]:
    """Return the status of a problem; an image without a key never came to the service: our check has rejected it."""
    of_row = [pictures.c[name] == problems.c[name] for name in ("person", "code", "message", "source")]
    unsent = exists().where(*of_row, pictures.c.state == FAILED, pictures.c.thumbnail_key.is_(None))
    refused = (problems.c.what == "picture") & (problems.c.status == FAILED) & unsent
    return case((refused, Status.REJECTED.value), else_=problems.c.status)
