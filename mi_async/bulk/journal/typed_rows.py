"""Rows of a journal as records, each value checked: a file that was damaged may hold anything.

Invariant: pure; a record that comes out of here has the types and words that it says, or DamagedError was raised.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

from mi_async._core import json_codec
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.actions import (
    ACTION_KINDS,
    ACTION_STATES,
    REMOVAL_STATES,
    ActionRecord,
    ConfirmationRecord,
    PlanRecord,
    RemovalRecord,
)
from mi_async.bulk.journal.records import (
    FAILED,
    MENDED,
    OPEN,
    AbandonedRecord,
    AssetRecord,
    ImageRecord,
    PersonRecord,
)
from mi_async.bulk.journal.utc_times import is_utc_time
from mi_async.workflows.ingest.models import IngestState
from mi_async.workflows.upload import State

Shapes: TypeAlias = frozenset[tuple[type, ...]]

STATUSES = frozenset({OPEN, *[status.value for status in Status]})
STATES = frozenset({FAILED, MENDED, *[state.value for state in State]})
REACHED = frozenset(state.value for state in IngestState if state.journalled is state)
LAST_SECOND = 253_402_300_799
"""The end of the year 9999, in seconds since 1970: later times cannot be shown."""
MOST = 2**53
"""Runs and bytes beyond which a number is no count."""
_NONE = type(None)


class DamagedError(ValueError):
    """A value that no version of this program writes."""


def _shapes(types: str) -> Shapes:
    """Return the types of rows: s for text, n for a number, f for a float, b for a flag, in capitals if NULL may be."""
    kinds: Mapping[str, tuple[type, ...]] = {
        "s": (str,),
        "n": (int,),
        "f": (float,),
        "S": (str, _NONE),
        "N": (int, _NONE),
        "b": (int, bool),  # SQLite has numbers in the place of booleans
    }
    return frozenset(product(*[kinds[each] for each in types]))


# A look-up of the types of a whole row costs a tenth of a check for each value, for a million rows a second less.
_JOURNAL = _shapes("nssssss")
_RUN = _shapes("nsSsnss")
_PERSON = _shapes("ssNssssn")
_PICTURE = _shapes("sssnnsSbfsss")
_ABANDONED = _shapes("ssss")
_ASSET = _shapes("nsssnnssNsbsssn")
_ACTION = _shapes("nnssssssss")
_PLAN = _shapes("sssns")
_REMOVAL = _shapes("nssssNsnnbb")
_CONFIRMATION = _shapes("ss")
_PROBLEM = _shapes("ssssss")
_COUNT = _shapes("sn")


def _check(row: Sequence[Any], shapes: Shapes, where: str) -> None:
    if tuple(map(type, row)) not in shapes:
        message = f"a value in {where} is of another type, in the row of {row[0]!r:.80}"
        raise DamagedError(message)


def _require(sound: object, row: Sequence[Any], where: str) -> None:
    if not sound:
        message = f"a value in {where} is none that is written there, in the row of {row[0]!r:.80}"
        raise DamagedError(message)


def _listed(text: str, kind: type, row: Sequence[Any], where: str) -> tuple[Any, ...]:
    """Return the members of a JSON list of one type."""
    if text == "[]":
        return ()
    try:
        members: Any = json_codec.loads(text)
    except ValueError:
        members = None
    _require(type(members) is list and all(type(member) is kind for member in members), row, where)
    return tuple(members)


def read_journal_row(row: Sequence[Any]) -> Sequence[Any]:
    """Return the row of ``journal``, checked."""
    _check(row, _JOURNAL, "table journal")
    return row


def read_run(row: Sequence[Any]) -> Sequence[Any]:
    """Return a row of ``runs``, checked."""
    _check(row, _RUN, "table runs")
    _require(0 < row[0] < MOST, row, "table runs")
    return row


def read_problem(row: Sequence[Any]) -> Sequence[Any]:
    """Return a row of the view ``problems``, checked."""
    _check(row, _PROBLEM, "view problems")
    return row


def read_counts(rows: Sequence[Sequence[Any]], words: Collection[str] | None = None) -> dict[str, int]:
    """Return how many rows there are of each word; there are no others than ``words``."""
    for row in rows:
        _check(row, _COUNT, "a count")
        _require(words is None or row[0] in words, row, "a status or state")
    return {row[0]: row[1] for row in rows}


def read_person(row: Sequence[Any]) -> PersonRecord:
    """Return the record that a row of ``persons`` is."""
    _check(row, _PERSON, "table persons")
    person, status, person_id, tags, code, message, origin, run = row
    _require(status in STATUSES and 0 <= run < MOST, row, "table persons")
    given = _listed(tags, str, row, "table persons")
    return PersonRecord(person, status, person_id, given, code, message, origin, run)


def read_image(row: Sequence[Any]) -> ImageRecord:
    """Return the record that a row of ``pictures`` is."""
    _check(row, _PICTURE, "table pictures")
    person, sha256, source, size, mtime_ns, state, key, primary, stored_at, *rest = row
    sound = 0 <= size < MOST and state in STATES and primary in {0, 1} and 0 <= stored_at <= LAST_SECOND
    _require(sound, row, "table pictures")
    return ImageRecord(person, sha256, source, size, mtime_ns, state, key, primary == 1, stored_at, *rest)


def read_abandoned(row: Sequence[Any]) -> AbandonedRecord:
    """Return the record that a row of ``abandoned`` is."""
    _check(row, _ABANDONED, "table abandoned")
    return AbandonedRecord(*row)


def read_asset(row: Sequence[Any]) -> AssetRecord:
    """Return the record that a row of ``assets`` is."""
    _check(row, _ASSET, "table assets")
    project, bucket, key, source, size, mtime_ns, state, status, asset_id, earlier, fresh, *rest = row
    sound = 0 <= size < MOST and state in REACHED and status in STATUSES and fresh in {0, 1} and 0 <= row[-1] < MOST
    _require(sound, row, "table assets")
    known = _listed(earlier, int, row, "table assets")
    record = (project, bucket, key, source, size, mtime_ns, state, status, asset_id, known, fresh == 1, *rest)
    return AssetRecord(*record)


def read_action(row: Sequence[Any]) -> ActionRecord:
    """Return the record that a row of ``actions`` is."""
    _check(row, _ACTION, "table actions")
    record = ActionRecord(*row)
    _require(record.kind in ACTION_KINDS and record.state in ACTION_STATES, row, "table actions")
    return record


def read_plan(row: Sequence[Any]) -> PlanRecord:
    """Return the record that a row of ``plans`` is."""
    _check(row, _PLAN, "table plans")
    _require(0 < row[3] < MOST, row, "table plans")
    return PlanRecord(*row)


def read_confirmation(row: Sequence[Any]) -> ConfirmationRecord:
    """Return the record that a row of ``confirmations`` is."""
    _check(row, _CONFIRMATION, "table confirmations")
    _require(is_utc_time(row[1]), row, "table confirmations")
    return ConfirmationRecord(*row)


def read_removal(row: Sequence[Any]) -> RemovalRecord:
    """Return the record that a row of ``removals`` is."""
    _check(row, _REMOVAL, "table removals")
    *rest, with_object, below_empty = row
    record = RemovalRecord(*[*rest, with_object == 1, below_empty == 1])
    sound = record.state in REMOVAL_STATES and 0 <= record.size < MOST and {with_object, below_empty} <= {0, 1}
    _require(sound, row, "table removals")
    return record
