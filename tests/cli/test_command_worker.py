"""Commands of a watch whose file cannot be written: the watch learns it, and waits for nothing."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from mi_async.cli.command_worker import CommandWorker
from mi_async.cli.finished_assets import CommandFile, FinishedAsset
from mi_async.errors import JournalError

FULL = Path("/dev/full")
LIMIT = 60.0
ASSET = FinishedAsset(7, "a.mp4", "s3://footage/a.mp4", "/footage/a.mp4", "imported", "newsroom")

pytestmark = pytest.mark.skipif(not FULL.exists(), reason="a disk that is full is a device of Linux")


async def test_a_full_disk_ends_the_watch_and_nobody_waits_for_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tmp_path / "commands").open("ab") as handle:
        full = os.open(FULL, os.O_WRONLY)
        file = CommandFile(is_new=False, states={}, file=handle)
        worker = CommandWorker([sys.executable, "-c", "pass"], file, 0.0)
        await worker.add(ASSET)
        os.dup2(full, handle.fileno())
        os.close(full)
        task = asyncio.create_task(worker.work())
        with pytest.raises(JournalError, match="commands: cannot be written: No space left on device"):
            await asyncio.wait_for(worker.finish(), LIMIT)
        await asyncio.wait_for(task, LIMIT)
        with pytest.raises(JournalError):
            await worker.add(ASSET)
        file.close()
    assert "no command is run any more" in capsys.readouterr().err
