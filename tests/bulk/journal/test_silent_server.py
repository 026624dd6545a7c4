"""A PostgreSQL that takes a request and says nothing: no run waits for it without end."""

import asyncio
import math
import os
import signal
import threading
import uuid
from collections.abc import Generator
from contextlib import closing, contextmanager

import pytest

from mi_async._core.clock import Clock
from mi_async.bulk.journal.bounded_connection import BoundedConnection
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.place import JournalUrl, parsed
from mi_async.bulk.journal.postgres_connection import connect_to_schema, driver_below, open_schema_to_change
from mi_async.bulk.journal.reader import read_journal
from mi_async.bulk.journal.records import Identity, PersonRecord
from mi_async.bulk.journal.server_wait import CLOSING, SilenceLimit
from mi_async.errors import JournalError
from tests.support.postgres import execute

NEWSROOM = Identity("https://x.test/api", "AKIA1234WXYZ", "newsroom", "enroll")
CAP = 60.0


class Told(Clock):
    """A clock whose steady time is told."""

    now = 0.0

    def steady(self) -> float:
        return self.now


@contextmanager
def stopped(url: str, name: str) -> Generator[None]:
    """Have the server's process for an application stand still."""
    ((pid,),) = execute(url, f"SELECT pid FROM pg_stat_activity WHERE application_name = '{name}'")  # noqa: S608  ours
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.mark.slow
async def test_a_run_that_ends_gives_up_a_process_of_the_server_that_stands_still(schema_url: str) -> None:
    name = f"still-{uuid.uuid4().hex}"
    journal = await Journal.open(schema_url.replace("#", f"&application_name={name}#"), NEWSROOM)
    with stopped(schema_url, name):
        writing = asyncio.create_task(journal.write(PersonRecord("Hong")))
        await asyncio.wait_for(journal.aclose("finished"), CAP)
        await writing
    with read_journal(schema_url) as reader:
        assert [person.person for person, _ in reader.entries()] == ["Hong"]
        assert [run.ending for run in reader.runs()] == ["finished"]


def test_silence_has_a_limit_and_a_short_one_when_the_run_is_ending() -> None:
    clock, hurry = Told(), threading.Event()
    limit = SilenceLimit(clock, 60.0, hurry)
    clock.now = 60.0
    assert not limit.is_over(0.0)
    clock.now = 60.1
    assert limit.is_over(0.0)
    assert not limit.is_over(60.0)
    hurry.set()
    assert not limit.is_over(60.1 - CLOSING)
    assert limit.is_over(60.0 - CLOSING)
    assert SilenceLimit(clock, 1.0, hurry).is_over(59.0)


async def test_nobody_waits_without_end_outside_of_a_run(schema_url: str) -> None:
    name = f"still-{uuid.uuid4().hex}"
    await (await Journal.open(schema_url, NEWSROOM)).aclose("finished")
    place = parsed(schema_url.replace("#", f"&application_name={name}#"))
    assert isinstance(place, JournalUrl)
    with pytest.raises(JournalError, match="says nothing"):
        ask_stopped(place, schema_url, name)


def test_an_answer_that_comes_little_by_little_is_no_silence(schema_url: str) -> None:
    place = parsed(schema_url)
    assert isinstance(place, JournalUrl)
    with closing(connect_to_schema(place, SilenceLimit(longest=1.0))) as connection:
        slow = "SELECT repeat('x', 4000), pg_sleep(0.01) FROM generate_series(1, 150)"
        assert len(connection.exec_driver_sql(slow).all()) == 150


def ask_stopped(place: JournalUrl, url: str, name: str) -> None:
    """Ask a server that stands still, with a limit that a test can wait for."""
    with open_schema_to_change(place) as connection, stopped(url, name):
        driver = driver_below(connection)
        assert isinstance(driver, BoundedConnection)
        assert 0 < driver.limit.longest < math.inf
        driver.limit = SilenceLimit(longest=0.1)
        connection.exec_driver_sql("SELECT 1")


async def test_who_changes_a_journal_and_stands_still_keeps_no_lock(schema_url: str) -> None:
    await (await Journal.open(schema_url, NEWSROOM)).aclose("finished")
    place = parsed(schema_url)
    assert isinstance(place, JournalUrl)
    with open_schema_to_change(place) as connection:
        assert connection.exec_driver_sql("SHOW idle_in_transaction_session_timeout").scalar_one() == "30s"
