"""Rows written to a journal in PostgreSQL, against one in a file of SQLite.

Both write the same persons and images by the same calls, in transactions of so many rows, in turn within one process,
and sync each transaction to the same disk. The server is one of its own that the script starts, reached by a socket of
this machine: over a network its latency comes on top of each transaction. Where PostgreSQL is not installed only
SQLite is measured. CPU is that of the client, which for SQLite does all of the work.
"""

import statistics
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen
from harness import CLIENT_CORE, options, pin, rotated, scaled
from results import Table, finish

sys.path.insert(0, str(Path(__file__).parents[1]))  # for the server that tests start
from mi_async._core.clock import Clock
from mi_async.bulk.journal.database import JournalDatabase, backend_at
from mi_async.bulk.journal.place import journal_place
from mi_async.bulk.journal.records import Identity, ImageRecord, PersonRecord, Record
from mi_async.bulk.journal.sharing import Sharing
from tests.support.postgres import programs, running

BATCHES = (1, 16, 100)
"""Rows in one transaction."""
ROWS = scaled(4000, 100)
"""Rows of one measurement."""
LEAST = 20
"""Transactions of one measurement at least."""
WHO = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


@frozen
class Cost:
    """Cost of one row in microseconds: by the clock, and of this process."""

    wall: float
    cpu: float


def records(turn: int, batch: int) -> list[list[Record]]:
    """Return the rows of a measurement, by transaction."""
    made: list[list[Record]] = []
    for start in range(max(ROWS // batch, LEAST)):
        people = [f"홍길동 {turn} {start * batch + number // 2:07}" for number in range(batch)]
        made.append(
            [
                ImageRecord(
                    name, "5" * 64, f"faces/{name}/1.jpg", 98_765, 1_700_000_000, "stored", "k" * 36, stored_at=1.0
                )
                if number % 2
                else PersonRecord(name, "open", 1001, ("Anchor",), origin="people.csv:17", run=1)
                for number, name in enumerate(people)
            ]
        )
    return made


def measured(store: JournalDatabase, turn: int, batch: int) -> Cost:
    """Write rows and return their cost."""
    rows = records(turn, batch)
    wall, cpu = time.perf_counter(), time.process_time()
    for transaction in rows:
        [failure] = store.write([transaction])
        assert failure is None, failure
    count = len(rows) * batch / 1e6
    return Cost((time.perf_counter() - wall) / count, (time.process_time() - cpu) / count)


def main() -> None:
    parser = options(__doc__, 5)
    given = parser.parse_args()
    with ExitStack() as stack:
        places = {"SQLite": str(Path(stack.enter_context(TemporaryDirectory()), "faces.journal"))}
        if (found := programs()) is not None:
            places["PostgreSQL"] = stack.enter_context(running(found, **DURABLE)).url("faces")
        pin(CLIENT_CORE)  # after the server, whose processes would stay on this core too
        stores = {}
        for name, place in places.items():
            stores[name] = store = JournalDatabase(backend_at(journal_place(place), Sharing(), Clock()), WHO, Clock())
            store.open()
            stack.callback(store.close, "")
        costs: dict[tuple[str, int], list[Cost]] = {}
        for turn in range(given.reps + 1):  # the first one is not counted
            for batch in BATCHES:
                for name in rotated(list(stores), turn):
                    cost = measured(stores[name], turn, batch)
                    costs.setdefault((name, batch), []).extend([cost] * (turn > 0))
    figures = {
        f"{name.lower()}.{batch}.{what}": statistics.median(getattr(cost, what) for cost in found)
        for (name, batch), found in costs.items()
        for what in ("wall", "cpu")
    }
    rows = [
        [
            name,
            *[
                f"{figures[f'{name.lower()}.{batch}.wall']:,.0f} ({figures[f'{name.lower()}.{batch}.cpu']:,.0f})"
                for batch in BATCHES
            ],
        ]
        for name in stores
    ]
    table = Table(
        "Microseconds per row, by the clock (client CPU)", ["", *[f"batch {batch}" for batch in BATCHES]], rows
    )
    finish(given.json, figures, table, packages=("sqlalchemy", "psycopg"))


if __name__ == "__main__":
    main()
