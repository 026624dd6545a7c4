"""``--on``: the members of a shared run, started on Dask, with one display and one report of all of them.

Invariant: what is shown and reported is read from the journal, never from what the members return.
"""

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from attrs import define, evolve, field, frozen

from mi_async._core.url_secrets import filled
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine.stats import LastMinute
from mi_async.bulk.journal.place import Journalled, JournalUrl, parsed
from mi_async.bulk.report.report import BulkReport
from mi_async.cli.bulk_display import run_shown
from mi_async.cli.connection import InStorage, InWorkspace
from mi_async.cli.streams import print_note
from mi_async.errors import BulkError, InvalidArgumentError, JournalError
from mi_async.fleet import FleetOperation, Member
from mi_async.integrations.dask import DaskPlace, RunningMembers, running_members
from mi_async.storage.models import SCHEME
from mi_async.text import one_line, span

EVERY = 2.0
"""Seconds between two looks at the journal."""


@frozen
class FleetCommand:
    """Members that a command starts, and the place where they run.

    Attributes:
        member: what is started.
        place: where.
        journal: the journal, as this process reads it.
        grace: seconds that each has to end when it is told to stop.
    """

    member: Member
    place: DaskPlace
    journal: Journalled
    grace: float

    @classmethod
    def of(
        cls, operation: FleetOperation, source: str, options: Mapping[str, Any], service: InWorkspace
    ) -> "FleetCommand":
        """Return what a command is to start.

        Args:
            operation: name of the method of the workspace.
            source: the input.
            options: those of the command, ``on``, ``members`` and ``journal`` too.
            service: the service and its workspace.

        Raises:
            ConfigError: a URL holds a password.
            InvalidArgumentError: the journal is of one process, or an option cannot be sent to others.
        """
        given = dict(options)
        place = DaskPlace.parse(given.pop("on"), given.pop("members"))
        journal = parsed(filled(given["journal"] or ""))
        if not isinstance(journal, JournalUrl):
            message = "--on needs --journal postgresql://user@host/database#name, which all members share"
            raise InvalidArgumentError(message)
        if service.proxy is not None:
            message = "--proxy is of one process; set HTTPS_PROXY where the members run"
            raise InvalidArgumentError(message)
        return cls(_member(operation, source, given, service), place, journal, given["grace"])


def _member(operation: FleetOperation, source: str, given: dict[str, Any], service: InWorkspace) -> Member:
    journal = given.pop("journal")
    given |= {"timeout": service.timeout, "ca_file": service.ca_file, "validate": service.validate}
    return Member(
        service.workspace,
        operation,
        source if source.startswith(SCHEME) else os.path.abspath(source),  # noqa: PTH100  text, to be sent
        journal,
        service.quota_store,
        profile=service.profile,
        base_url=service.base_url,
        storage_url=storage.url if isinstance(service, InStorage) and (storage := service.storage) else None,
        options={name: value for name, value in given.items() if value is not None},
    )


async def run_fleet(command: FleetCommand, total: int | None, before: int, service: InWorkspace) -> BulkReport:
    """Start the members, show what the journal says until they have ended, and return the report.

    Args:
        command: what to start.
        total: items of the input, None if unknown.
        before: number of the last run before.
        service: the service and its workspace.

    Raises:
        BulkError: no member could go on; its report is that of the run so far, if there is one.
        OSError: there is no such scheduler.
    """
    async with running_members(command.member, command.place) as running:
        print_note(f"{running.number:,} members were started")
        failures = await _watched(command, running, total, service)
    report = await report_so_far(command.journal, total, before)
    if report is None or (failures and report.ending):
        why = one_line(failures[0]) if failures else "none has begun"
        error = BulkError(f"{len(failures):,} of {running.number:,} members failed: {why}")
        error.report = report
        raise error
    return report


async def report_so_far(journal: Journalled, total: int | None, before: int) -> BulkReport | None:
    """Return the report of what the members have done, None if none of them has begun.

    Args:
        journal: the journal.
        total: items of the input, None if unknown.
        before: number of the last run before they were started.
    """
    from mi_async.bulk.report.journal_report import report_of  # noqa: PLC0415  brings SQLAlchemy, an extra

    if await asyncio.to_thread(last_run, journal) <= before:
        return None
    return evolve(await asyncio.to_thread(report_of, journal), total=total)


def last_run(journal: Journalled) -> int:
    """Return the number of the last run in a journal, 0 if there is none that can be read."""
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  as above

    with suppress(JournalError), read_journal(journal) as reader:
        return max([run.number for run in reader.runs()], default=0)
    return 0


async def _watched(
    command: FleetCommand, running: RunningMembers, total: int | None, service: InWorkspace
) -> list[str]:
    """Display the run until all members have ended; a stop signal is passed on to them."""
    async with _following(command.journal, total) as run:
        with run_shown(run, service, lambda: f"the members have {span(command.grace)} to end"):
            failures = await _ended(running)
            await run.look()  # the display ends with what the report says
            return failures


async def _ended(running: RunningMembers) -> list[str]:
    """Wait for the end of all members; once cancelled, tell them to stop and wait for that."""
    try:
        return await running.ended()
    except asyncio.CancelledError:
        await running.stop()
        await running.ended()
        raise


@define(eq=False)
class FollowedRun:
    """A shared run, as a display watches it: as the journal was a moment ago.

    Attributes:
        journal: the journal.
        total: items of the input, None if unknown.
    """

    journal: Journalled
    total: int | None
    _progress: BulkProgress = field(init=False, factory=BulkProgress)
    _pictures: LastMinute = field(init=False, factory=LastMinute)
    _bytes: LastMinute = field(init=False, factory=LastMinute)
    _began: float = field(init=False, factory=time.monotonic)

    @property
    def progress(self) -> BulkProgress:
        """Progress of all members."""
        return evolve(self._progress, total=self.total, elapsed=self._elapsed)

    @property
    def latest(self) -> Sequence[BulkOutcome]:
        """Nothing: a journal does not say which problem is the latest; the report has the first ones."""
        return ()

    @property
    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    async def look(self) -> None:
        """Read the journal; one that is not there yet, or does not answer, leaves the progress as it is."""
        from mi_async.bulk.report.journal_report import progress_of  # noqa: PLC0415  brings SQLAlchemy, an extra

        with suppress(JournalError):
            found = await asyncio.to_thread(progress_of, self.journal)
            elapsed, before = self._elapsed, self._progress
            self._pictures.add(max(0, found.pictures - before.pictures), elapsed)
            self._bytes.add(max(0, (found.sent or 0) - (before.sent or 0)), elapsed)
            self._progress = evolve(
                found, rate=self._pictures.rate(elapsed), bandwidth=self._bytes.rate(elapsed) / 60.0
            )


@asynccontextmanager
async def _following(journal: Journalled, total: int | None) -> AsyncGenerator[FollowedRun]:
    """Look at a journal every few seconds until the block ends, and once more then."""
    run = FollowedRun(journal, total)

    async def follow() -> None:
        while True:
            await run.look()
            await asyncio.sleep(EVERY)

    following = asyncio.create_task(follow())
    try:
        yield run
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
