"""``ingest-many --watch``: the new media files of a folder or bucket, as they come, and a command for each.

Invariant: runs until it is stopped, and ends well then; deletes and replaces nothing.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from typing import Any

from attrs import define

from mi_async.bulk.engine.outcome import AssetOutcome, Status
from mi_async.bulk.journal.place import Journalled, journal_file
from mi_async.bulk.plan.dedup import existing
from mi_async.cli import event_loop, output
from mi_async.cli.bulk_options import RunOptions
from mi_async.cli.bulk_run import journal_for
from mi_async.cli.command_worker import CommandWorker
from mi_async.cli.connection import InStorage
from mi_async.cli.finished_assets import CommandFile, FinishedAsset
from mi_async.cli.ingest import AssetOptions
from mi_async.cli.signals import TerminatedError
from mi_async.cli.streams import print_line, print_note
from mi_async.cli.sync_options import SyncFlags
from mi_async.errors import InvalidArgumentError
from mi_async.sync.watch import WatchPass
from mi_async.text import escaped
from mi_async.workflows.ingest.options import IngestOptions

SUFFIX = ".commands"
"""Of the file that remembers commands, after the journal's name."""
OF_ONE_RUN = ("dry_run", "on", "report", "max_failures")
"""Options of a run that a watch does not have."""


def watch_command(source: str, assets: AssetOptions, flags: SyncFlags, options: RunOptions, service: InStorage) -> None:
    """Watch a source until SIGTERM or Ctrl-C.

    Raises:
        InvalidArgumentError: options that do not go together.
        MIError: a failure that no later look will mend.
    """
    defaults = RunOptions()
    if given := [name for name in OF_ONE_RUN if getattr(options, name) != getattr(defaults, name)]:
        message = f"--{given[0].replace('_', '-')} is of a single run, and a watch makes many: leave it out"
        raise InvalidArgumentError(message)
    watch = _Watch(source, assets, flags, options, service, Counter())
    try:
        event_loop.run(watch.run())
    except TerminatedError:  # how a service manager ends it: no failure
        print_note("stopped by SIGTERM")
    counts = {status.value: watch.counts[status] for status in Status}
    output.show({"source": source, "passes": watch.passes, **counts}, service.output)


@define(eq=False)
class _Watch:
    """A watch as the command line has it.

    Attributes:
        source: folder or prefix.
        assets: options of each file.
        flags: options of the watch.
        options: options of each run.
        service: the service and its workspace.
        counts: files by how they ended.
        passes: looks so far.
    """

    source: str
    assets: AssetOptions
    flags: SyncFlags
    options: RunOptions
    service: InStorage
    counts: Counter[Status]
    passes: int = 0

    @property
    def journal(self) -> Journalled:
        """The journal."""
        return journal_for(self.source, self.options)

    async def run(self) -> None:
        """Watch until the last look, or until it is cancelled."""
        service, flags = self.service, self.flags
        print_note(
            f"watching {self.source} for {self.assets.target} of workspace {service.workspace}; journal: {self.journal}"
        )
        async with service.session(storage=service.storage) as session, self._commands() as commands:
            journal: Any = self.journal
            watch = session.workspace(service.workspace).watch(
                self.source,
                journal=journal,
                interval=flags.interval,
                passes=flags.passes,
                progress=self._end_pass,
                grace=self.options.grace,
                **self.assets.as_arguments(),
            )
            async with aclosing(watch) as outcomes:
                async for outcome in outcomes:
                    self._print(outcome)
                    if commands is not None and outcome.status is Status.DONE and outcome.asset_id is not None:
                        await commands.add(self._facts(outcome, outcome.asset_id))
            if commands is not None:
                await commands.finish()

    def _print(self, outcome: AssetOutcome) -> None:
        self.counts[outcome.status] += 1
        problems = "".join(f"; {problem.code}: {problem.message}" for problem in outcome.problems)
        line = f"{escaped(outcome.key)}: {outcome.status.value}{problems}"
        (print_note if outcome.status is Status.DONE else print_line)(line)

    def _end_pass(self, done: WatchPass) -> None:
        self.passes = done.number
        (print_line if done.failure or done.unreadable else print_note)(str(done))

    def _facts(self, outcome: AssetOutcome, asset_id: int) -> FinishedAsset:
        return FinishedAsset(
            asset_id, outcome.key, outcome.place, outcome.origin, outcome.state, self.service.workspace
        )

    @asynccontextmanager
    async def _commands(self) -> AsyncGenerator[CommandWorker | None]:
        """Run the commands of finished assets beside a block; those that were lost to a crash first."""
        if not self.flags.words:
            yield None
            return
        path = journal_file(self.journal)
        if path is None:
            message = "--run needs a journal in a file, beside which it remembers for which assets it was run"
            raise InvalidArgumentError(message)
        file = await asyncio.to_thread(partial(CommandFile.opened, f"{path}{SUFFIX}"))
        worker = CommandWorker(self.flags.words, file, self.flags.interval)
        task = asyncio.create_task(worker.work())
        try:
            await worker.catch_up(await asyncio.to_thread(self._finished))
            yield worker
        finally:
            task.cancel()
            await asyncio.wait([task])
            file.close()

    def _finished(self) -> list[FinishedAsset]:
        """Return the assets that the journal has as done; blocks."""
        if existing(self.journal) is None:
            return []
        goal = IngestOptions(analyze=self.assets.analyze, summarize=self.assets.summarize).goal
        from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

        with read_journal(self.journal) as reader:
            # by their state, as a run skips them: one that was stopped may have had no time to write down the end
            done = [row for row in reader.assets() if row.reached.includes(goal)]
        name = self.service.workspace
        return [
            FinishedAsset(row.asset_id, row.key, row.place, row.source, row.state, name)
            for row in done
            if row.asset_id is not None
        ]
