"""Images that were uploaded in each minute, for a picture of the rate over time; and which count as uploaded.

Invariant: one query, read a few rows at a time; a minute in which nothing was stored has no row.
"""

from collections.abc import Iterator

from sqlalchemy import BigInteger, cast, func, select

from mi_async.bulk.journal.reader import AT_ONCE, JournalReader
from mi_async.bulk.journal.schema import pictures
from mi_async.bulk.journal.typed_rows import DamagedError
from mi_async.workflows.upload import State

MINUTE = 60
LATEST = 250_000_000_000
"""Seconds since the epoch, in the year 9892: a later time is damage, and no calendar has it."""

TAKEN_OVER = pictures.c.state.in_([State.CONFIRMED.value, State.ATTACHED.value])
"""Images that count, in totals and in rates: the service has taken them over and not refused."""


def stored_minutes(reader: JournalReader) -> Iterator[tuple[int, int]]:
    """Yield minutes since the epoch, the first first, each with its images that count.

    Media files have no such time: a journal of them yields nothing.

    Raises:
        DamagedError: a time is none.
    """
    if reader.has_assets:
        return
    minute = (cast(pictures.c.stored_at, BigInteger) // MINUTE).label("minute")
    known = TAKEN_OVER & (pictures.c.stored_at > 0) & (pictures.c.stored_at < LATEST)
    query = select(minute, func.count()).where(known).group_by(minute).order_by(minute)
    for at, number in reader.connection.execute(query.execution_options(yield_per=AT_ONCE)):
        if type(at) is not int:
            message = f"a time of storage is {at!r}"
            raise DamagedError(message)
        yield at, number
