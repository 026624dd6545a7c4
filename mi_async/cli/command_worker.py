"""Commands that are run for finished assets, one at a time, beside a watch.

Invariant: an asset is in the file before its command is started, so that none is lost to a crash; its command may be
run twice then. No shell: the words of a command are its program and arguments, and no fact about an asset is one.
"""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress

from attrs import define, field

from mi_async.cli.finished_assets import CommandFile, CommandState, FinishedAsset
from mi_async.cli.streams import print_line
from mi_async.errors import JournalError
from mi_async.text import escaped

TRIES = 5
"""Times that a command is run for an asset until it succeeds."""
LONGEST_PAUSE = 600.0
"""Seconds until a command that has failed is run again, at most."""
GRACE = 5.0
"""Seconds that a command has to end when the watch is stopped."""
STDERR = 2


@define(eq=False)
class CommandWorker:
    """Runs a command for each asset that it is given.

    Attributes:
        words: program and arguments.
        file: remembers for which assets it was run.
        pause: seconds before the second try; doubled for each that follows.
    """

    words: Sequence[str]
    file: CommandFile
    pause: float
    _waiting: "asyncio.Queue[tuple[FinishedAsset, int]]" = field(init=False, factory=asyncio.Queue)
    _left: int = field(init=False, default=0)
    _all_done: asyncio.Event = field(init=False, factory=asyncio.Event)
    # not None iff work has ended by itself: nobody would run what is added then, nor end a wait for it
    _failure: JournalError | None = field(init=False, default=None)

    async def catch_up(self, finished: Sequence[FinishedAsset]) -> None:
        """Take what the journal has as finished: all of it was before the first watch; later, what a crash has lost."""
        if self.file.is_new:
            ids = [asset.asset_id for asset in finished]
            return await asyncio.to_thread(self.file.write, CommandState.BEFORE, ids)
        for asset in finished:
            await self.add(asset)
        return None

    async def add(self, asset: FinishedAsset) -> None:
        """Take an asset, unless its command was run already.

        Raises:
            JournalError: the file cannot be written, or could not before.
        """
        self._check()
        if self.file.state(asset.asset_id) in {None, CommandState.WAITING}:
            await asyncio.to_thread(self.file.write, CommandState.WAITING, [asset.asset_id])
            self._left += 1
            self._waiting.put_nowait((asset, 1))

    async def finish(self) -> None:
        """Wait until the command was run for every asset.

        Raises:
            JournalError: the file could not be written.
        """
        self._check()
        while self._left:
            self._all_done.clear()
            await self._all_done.wait()
            self._check()

    async def work(self) -> None:
        """Run the commands until it is cancelled; the one that runs then is asked to end, and is run again later.

        It ends by itself if the file cannot be written, which the next caller of another method learns.
        """
        try:
            await self._work()
        except JournalError as error:
            print_line(f"no command is run any more: {error}")
            self._failure = error
            self._all_done.set()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _work(self) -> None:
        while True:
            asset, tries = await self._waiting.get()
            fault = await self._run(asset)
            if fault and tries < TRIES:
                seconds = min(self.pause * 2.0 ** (tries - 1), LONGEST_PAUSE)
                print_line(f"{self._named(asset)}: {fault}; again in {seconds:g} s")
                asyncio.get_running_loop().call_later(seconds, self._waiting.put_nowait, (asset, tries + 1))
                continue
            if fault:
                print_line(f"{self._named(asset)}: {fault}; given up after {tries} tries")
            state = CommandState.FAILED if fault else CommandState.DONE
            await asyncio.to_thread(self.file.write, state, [asset.asset_id])
            self._left -= 1
            self._all_done.set()

    def _named(self, asset: FinishedAsset) -> str:
        return f"--run {escaped(self.words[0])} for asset {asset.asset_id}"

    async def _run(self, asset: FinishedAsset) -> str:
        """Run the command once; return why it has failed, '' if it has not. What it prints goes to stderr."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self.words, stdin=asyncio.subprocess.PIPE, stdout=STDERR, env={**os.environ, **asset.variables}
            )
        except OSError as error:
            return f"cannot be started: {error.strerror}"
        try:
            await process.communicate(asset.line)
        except asyncio.CancelledError:
            await _ended(process)
            raise
        return "" if process.returncode == 0 else f"exit code {process.returncode}"


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Ask a command to end, and kill it if it does not."""
    for stop in (process.terminate, process.kill):
        with suppress(ProcessLookupError):
            stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
            return
