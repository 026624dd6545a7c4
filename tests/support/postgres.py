"""A PostgreSQL server of a test run: made once for each process of tests, a schema for each test.

Invariant: nothing of it is left behind; on a machine without PostgreSQL the tests skip, and in CI they fail.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from attrs import define, field

from mi_async.bulk.journal.place import JournalUrl, parsed
from tests.support.bound_process import bound

WAIT = 60.0
"""Seconds for a server to start on a busy machine."""
SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "autovacuum": "off",
    "jit": "off",
    # a killed process loses nothing that the system has
    "fsync": "off",
    "full_page_writes": "off",
}


def programs() -> Path | None:
    """The folder of the server's programs, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    path = found[-1] if found else shutil.which("initdb")
    return None if path is None else Path(path).parent


def other_user() -> str | None:
    """Whom the server runs as: it refuses root."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


@define(eq=False)
class PostgresServer:
    """A server, reached by a socket in its folder.

    Attributes:
        folder: of everything that it has.
    """

    folder: Path
    _programs: Path
    _process: "subprocess.Popen[bytes] | None" = field(init=False, default=None)

    def url(self, schema: str = "", *, password: str = "") -> str:
        """The journal of this schema; the server takes any password."""
        user = f"postgres:{password}" if password else "postgres"
        return f"postgresql://{user}@/postgres?host={quote(str(self.folder), safe='')}{schema and '#'}{schema}"

    def make(self) -> None:
        """Make its files; not in the order of bytes, so that tests notice who relies on that."""
        order = ["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"]
        options = ["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-instructions"]
        for more in (order, ["--locale=C.UTF-8"]):  # some are built without ICU
            shutil.rmtree(self.folder / "data", ignore_errors=True)
            command: list[str | Path] = [self._programs / "initdb", "-D", self.folder / "data", *options, *more]
            if subprocess.run(command, user=other_user(), check=False, capture_output=True, cwd="/").returncode == 0:
                return
        message = f"initdb failed in {self.folder}"
        raise RuntimeError(message)

    def start(self, **settings: str) -> None:
        """Start it, and wait until it answers."""
        more = [part for name, value in (SETTINGS | settings).items() for part in ("-c", f"{name}={value}")]
        command: list[str | Path] = [self._programs / "postgres", "-D", self.folder / "data", "-k", self.folder, *more]
        end = time.monotonic() + WAIT
        while not self._started(command, end):
            if time.monotonic() > end:
                message = (self.folder / "log").read_text(errors="replace")[-2000:]
                raise RuntimeError(message)
            time.sleep(0.05)

    def _started(self, command: Sequence[str | Path], end: float) -> bool:
        """Start a process; False if it gave up: children of one that was killed may still be there."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(bound(command), user=other_user(), stdout=log, stderr=log, cwd="/")
        while self._process.poll() is None and time.monotonic() < end:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self.url(), connect_timeout=5).close()
                return True
            time.sleep(0.02)
        return False

    def kill(self) -> None:
        """Kill it at once, as a loss of power does; its children end by themselves."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it without ceremony: connections break, and it recovers at the next start."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(WAIT)


@contextmanager
def running(found: Path, **settings: str) -> Iterator[PostgresServer]:
    """A server that runs inside the block, from programs in a folder."""
    folder = Path(tempfile.mkdtemp(prefix="mi-pg-", dir="/tmp"))
    server = PostgresServer(folder, found)
    try:
        if (user := other_user()) is not None:
            shutil.chown(folder, user)
        server.make()
        server.start(**settings)
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """A server that runs inside the block; skips the test where PostgreSQL is not installed."""
    import pytest  # noqa: PLC0415  a benchmark runs without it

    found = programs()
    if found is None:
        missing = "needs PostgreSQL: apt-get install postgresql"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    with running(found) as server:
        yield server


def execute(url: str, statement: str) -> list[tuple[Any, ...]]:
    """What the server answers in the schema of a journal."""
    place = parsed(url)
    assert isinstance(place, JournalUrl)
    with psycopg.connect(place.dsn, autocommit=True, options=f"-c search_path={place.schema}") as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def lapse(url: str, run: int) -> None:
    """Let the claims of a process lapse, as after its death."""
    execute(url, f"UPDATE members SET lapses = clock_timestamp() - interval '1 s' WHERE run = {run}")  # noqa: S608  a number
