"""Planning of a curation: reads the persons that a table is about, and decides.

Invariant: changes nothing at the service. Holds as many persons as the table names, however many there are.
"""

import asyncio
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from hashlib import sha256
from typing import TypeAlias

from mi_async._core.concurrency import each
from mi_async._core.names import clean_name
from mi_async.bulk.curate.decisions import Archive, CurationConflict, decide, following, named_in
from mi_async.bulk.curate.history import merged_in
from mi_async.bulk.curate.plan import CurationPlan
from mi_async.bulk.inputs.models import BadInput
from mi_async.bulk.inputs.readers import read_curation
from mi_async.bulk.journal.place import Journalled
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.absence import person_of
from mi_async.workflows.context import Context
from mi_async.workflows.curation.table import CurationRow

TableRows: TypeAlias = Iterable[CurationRow | BadInput]
LOOKS = 8
"""Persons that are asked for at once."""


def read_rows(
    table: str | os.PathLike[str] | TableRows, *, encoding: str | None = None
) -> list[CurationRow | BadInput]:
    """Return the rows of a table; blocks.

    Raises:
        InvalidArgumentError: it cannot be read, or is none.
    """
    if isinstance(table, str | os.PathLike):
        return list(read_curation(table, encoding=encoding))
    rows = list(table)
    others: list[object] = [row for row in rows if not isinstance(row, CurationRow | BadInput)]
    for row in others[:1]:
        if row is not None:
            message = f"a curation takes CurationRow, not {type(row).__name__}; or give the path of a table"
            raise InvalidArgumentError(message)
    return rows


async def plan_table(
    context: Context,
    table: str | os.PathLike[str] | TableRows,
    *,
    encoding: str | None = None,
    journal: Journalled | None = None,
) -> CurationPlan:
    """Return the plan for a table; see ``Workspace.plan_curation``."""
    rows = await asyncio.to_thread(read_rows, table, encoding=encoding)
    merged = await asyncio.to_thread(merged_in, journal, context.groups.name)
    return await plan_rows(context, rows, merged)


async def plan_rows(
    context: Context, rows: Sequence[CurationRow | BadInput], merged: Mapping[int, int]
) -> CurationPlan:
    """Return the plan for the rows of a table.

    Args:
        context: the workspace.
        rows: of the table.
        merged: persons that earlier runs have merged, with those into which they were.
    """
    answers = [row for row in rows if isinstance(row, CurationRow)]
    unreadable = [CurationConflict(row.origin, None, row.message) for row in rows if isinstance(row, BadInput)]
    decided = decide(answers, await _archive(context, answers, merged))
    return CurationPlan(
        endpoint=context.endpoint,
        workspace=context.groups.name,
        answers=digest_of(answers),
        changes=decided.changes,
        conflicts=(*unreadable, *decided.conflicts),
        already=decided.already,
        empty=decided.empty,
    )


def digest_of(rows: Iterable[CurationRow | BadInput]) -> str:
    """Return the digest of the answers of a table, wherever they stand in it, without rows that are not filled in."""
    answers = {
        (row.person_id, row.name, row.same_as)
        for row in rows
        if isinstance(row, CurationRow) and (row.name is not None or row.same_as is not None)
    }
    lines = sorted(f"{person} {same_as} {name!a}" for person, name, same_as in answers)
    return sha256("\n".join(lines).encode()).hexdigest()


async def _archive(context: Context, rows: Sequence[CurationRow], merged: Mapping[int, int]) -> Archive:
    """Read the persons that answers name, by ID or by name: one pass over the listing, of 1,000 persons a request.

    By a listing and not by searches, since a search takes a part of a name, of two characters at least, and finds
    nobody by some of them. Who was passed over because the pages moved meanwhile is asked for.
    """
    wanted = {following(person, merged) for person in named_in(rows)}
    names = {clean_name(row.name) for row in rows if row.name is not None}
    if not wanted:
        return Archive({}, {})
    found: dict[int, str | None] = {}
    holders: dict[str, tuple[int, ...]] = {}
    async with aclosing(context.groups.persons.all()) as persons:
        async for person in persons:
            name = None if person.name is None else clean_name(person.name)
            if name in names:
                holders[name] = (*holders.get(name, ()), person.id)
            if person.id in wanted or name in names:
                found[person.id] = person.name
    missed = await each(lambda number: person_of(context, number), sorted(wanted - set(found)), LOOKS)
    found.update({person.id: person.name for person in missed if person is not None})
    return Archive(found, holders, merged)
