"""Database of a journal, as the rest of the package needs it: a file of SQLite, or a schema of PostgreSQL.

Invariant: synchronous, and of one thread; each call of ``read`` and ``write`` is one transaction.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from mi_async._core.extras import require
from mi_async.bulk.journal.connection import open_file_snapshot, open_file_to_change
from mi_async.bulk.journal.place import Journalled, JournalUrl, journal_place
from mi_async.bulk.journal.records import Identity
from mi_async.bulk.journal.sharing import OpenShards
from mi_async.bulk.journal.statements import PairLookup, RecordKind
from mi_async.errors import JournalError

T = TypeVar("T")
Pairs = Sequence[tuple[str, str]]


class JournalBackend(Protocol):
    """A database that holds one journal.

    Attributes:
        kinds: tables and statements of the records.
        shards: parts of the input that processes share; 0 where one works on all of it. Known once a run has begun.
    """

    kinds: Mapping[type, RecordKind]

    @property
    def shards(self) -> int:
        """Described above."""
        ...

    @property
    def name(self) -> str:
        """Name for messages, without a password."""
        ...

    def open(self, stack: ExitStack, stored: Identity, now: str) -> None:
        """Connect, and make the journal if there is none; the stack closes what it opens.

        Raises:
            JournalError: it cannot be used, or something else is there.
        """
        ...

    def prepare(self, stored: Identity) -> None:
        """Bring a journal of this target up to date, and the connection into the state in which a run writes."""
        ...

    def begin_run(self, connection: Connection, facts: Mapping[str, Any]) -> int:
        """Begin a run within a transaction and return its number.

        Raises:
            JournalError: another run is under way that this one must not meet.
        """
        ...

    def alone(self, connection: Connection) -> None:
        """Keep others from beginning a run until the transaction ends.

        Raises:
            JournalError: a run is under way.
        """
        ...

    def read(self, work: Callable[[Connection], T]) -> T:
        """Return what work reads; it sees one moment, and may be called again."""
        ...

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do work and commit it; it may be called again, also after it was committed and nobody heard of that."""
        ...

    def claim(self, work: Callable[[Connection], T]) -> T:
        """Do work of the run and commit it; it may be called again, as by ``write``.

        Raises:
            JournalError: others have taken over the work of this process, or the database fails.
        """
        ...

    def upsert(self, rows: Mapping[type, Sequence[tuple[object, ...]]]) -> None:
        """Put rows in the place of those with the same keys, all in one transaction."""
        ...

    def find_pairs(self, connection: Connection, lookup: PairLookup, pairs: Pairs) -> Sequence[Sequence[Any]]:
        """Return the rows of all pairs that exist."""
        ...

    def end_run(self, connection: Connection, number: int, ended: str, ending: str) -> None:
        """Record the end of this process's run within a transaction, and leave the rest of the work to others."""
        ...

    def close(self) -> None:
        """Do what is left to do once the run has ended."""
        ...

    def hurry(self) -> None:
        """Wait for the database no longer than a few seconds from now on; may be called in any thread."""
        ...

    @property
    def interval(self) -> float | None:
        """Seconds after which ``beat`` is to be called again; None for never."""
        ...

    def take_shard(self) -> int | None:
        """Claim a shard that nobody has, None if there is none."""
        ...

    def finish_shard(self, shard: int) -> None:
        """Record that a shard of this process is done."""
        ...

    def open_shards(self) -> OpenShards:
        """Count the shards that are not done."""
        ...

    def confirm(self) -> None:
        """Renew the claims of this process, unless that was done a short while ago."""
        ...

    def beat(self) -> None:
        """Tell others that this process lives, if that is due."""
        ...

    def error_of(self, error: BaseException) -> JournalError:
        """Return the error for a failure; its cause is the failure of the database itself."""
        ...

    def errors(self) -> AbstractContextManager[None]:
        """Turn failures of the database into JournalError."""
        ...


def journal_exists(journal: Journalled) -> bool:
    """Return True if there is a journal, or something in its place.

    Raises:
        JournalError: nobody can tell.
        ConfigError: the extra ``postgres`` is not installed.
    """
    place = journal_place(journal)
    if not isinstance(place, JournalUrl):
        return place.exists()
    require("postgres")
    from mi_async.bulk.journal.postgres_connection import schema_exists  # noqa: PLC0415  brings psycopg, an extra

    return schema_exists(place)


@contextmanager
def open_snapshot(journal: Journalled) -> Generator[Connection]:
    """Open one moment of a journal to read it, also during a run; nothing can be written.

    Raises:
        JournalError: it is none, or of another version.
        ConfigError: the extra ``postgres`` is not installed.
    """
    place = journal_place(journal)
    if isinstance(place, JournalUrl):
        require("postgres")
        from mi_async.bulk.journal.postgres_connection import open_schema_snapshot  # noqa: PLC0415  as above

        opened = open_schema_snapshot(place)
    else:
        opened = open_file_snapshot(place)
    with opened as connection:
        yield connection


@contextmanager
def open_to_change(journal: Journalled, *, checked: bool = False) -> Generator[Connection]:
    """Open a journal in a transaction that is committed at the end of the block; no run is under way meanwhile.

    Args:
        journal: its path or URL.
        checked: True for a file whose pages were found sound a moment ago.

    Raises:
        JournalError: there is none, a run is under way on it, or it cannot be written.
        ConfigError: the extra ``postgres`` is not installed.
    """
    place = journal_place(journal)
    if isinstance(place, JournalUrl):
        require("postgres")
        from mi_async.bulk.journal.postgres_connection import open_schema_to_change  # noqa: PLC0415  as above

        opened = open_schema_to_change(place)
    else:
        opened = open_file_to_change(place, checked=checked)
    with opened as connection:
        yield connection
