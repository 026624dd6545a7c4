"""pgbouncer in front of a PostgreSQL of the tests, in its transaction mode, with one session of the server for all."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.support.bound_process import bound
from tests.support.postgres import WAIT, PostgresServer, other_user
from tests.support.programs import program

SETTINGS = """[databases]
postgres = host={server} dbname=postgres user=postgres pool_size=1
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
auth_type = any
pool_mode = transaction
logfile = {folder}/log
"""


@contextmanager
def pooled(server: PostgresServer, folder: Path) -> Iterator[str]:
    """The URL of the pooler, without ``#name``; the test is skipped where it is not installed."""
    found = program("pgbouncer", package="pgbouncer", beside=[Path("/usr/sbin")])
    settings = folder / "pgbouncer.ini"
    settings.write_text(SETTINGS.format(server=server.folder, folder=folder))
    folder.chmod(0o777)  # it runs as another user
    url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}&port=6432"
    with subprocess.Popen(bound([found, "-q", settings]), user=other_user()) as process:
        try:
            end = time.monotonic() + WAIT
            while not _answers(url):
                assert time.monotonic() < end, (folder / "log").read_text()
                time.sleep(0.05)
            yield url
        finally:
            process.kill()


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True
