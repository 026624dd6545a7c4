"""Long backups, by `nox -s soak`: the emulator is a process of its own, so that the memory seen is the client's."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mi_async
from mi_async import Credentials, Session
from mi_async.backup import check_backup
from tests.soak.test_memory import MEMORY, resident

pytestmark = pytest.mark.soak

SIZES = (500, 5_000, 50_000)


@contextmanager
def served(sizes: tuple[int, ...]) -> Iterator[tuple[str, Credentials]]:
    """Serve workspaces of so many people; gives the address and the keys."""
    command = [sys.executable, "-m", "tests.support.backup_server", *map(str, sizes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url, access_key, secret_key = json.loads(process.stdout.readline())
        yield url, Credentials(access_key, secret_key)
        process.communicate("")


async def backed_up(session: Session, size: int, folder: Path) -> float:
    """Back up a workspace and do it again; returns the most memory that was seen, MiB."""
    seen: list[float] = []
    room, began = session.workspace(f"room-{size}"), time.monotonic()
    report = await room.back_up(folder, progress=lambda _: seen.append(resident()))
    took = time.monotonic() - began
    assert (report.complete, report.downloaded) == (True, size)
    began = time.monotonic()
    again = await room.back_up(folder, progress=lambda _: seen.append(resident()))
    second = time.monotonic() - began
    assert (again.persons.unchanged, again.downloaded) == (size, 0)
    print(f"{size:,} persons: {took:.0f} s, again {second:.0f} s, {max(seen):.0f} MiB")  # noqa: T201  of a soak
    return max(seen)


@pytest.mark.skipif(not MEMORY.exists(), reason="this system does not tell how much memory a process has")
async def test_a_backup_takes_no_more_memory_the_more_persons_there_are(tmp_path: Path) -> None:
    with served(SIZES) as (url, keys):
        async with mi_async.connect(keys, base_url=url) as session:
            seen = [await backed_up(session, size, tmp_path / str(size)) for size in SIZES]
    assert max(seen) - seen[0] < 30
    assert check_backup(tmp_path / str(SIZES[-1])).ok
