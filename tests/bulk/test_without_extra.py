"""Workflows of many items where the extra ``bulk`` is not installed: each says what to install."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CALLS = """
import asyncio
import sys
from importlib.machinery import PathFinder

find_spec = PathFinder.find_spec


def without_extra(name, path=None, target=None):
    return None if name.partition(".")[0] in {"sqlalchemy", "filelock"} else find_spec(name, path, target)


PathFinder.find_spec = without_extra

from mi_async import ConfigError, Storage, connect
from mi_async.emulator import CREDENTIALS, serve


async def watched(room):
    async for outcome in room.watch("folder", journal="j", passes=2, interval=0, bucket="footage", analyze=False):
        print(outcome)


async def synced(room):
    plan = await room.plan_sync("folder", journal="j", settle=0)
    await room.sync(plan, bucket="footage", analyze=False)


async def curated(room):
    await room.curate(None, journal="j")


CALLS = (
    lambda room: room.enroll_many([], journal="j"),
    lambda room: room.upload_thumbnails([], journal="j"),
    lambda room: room.ingest_many([], journal="j"),
    lambda room: room.compare_many([], found=print, journal="j"),
    lambda room: room.rebuild_journal([], journal="j"),
    curated,
    synced,
    watched,
)


async def main():
    async with serve() as server, connect(CREDENTIALS, base_url=server.url, storage=Storage(server.url)) as session:
        room = session.workspace("newsroom")
        await room.projects.create(name="footage")
        for call in CALLS:
            try:
                await call(room)
            except ConfigError as error:
                print(error)


asyncio.run(main())

import mi_async.bulk
import mi_async.pictures

for module in (mi_async.bulk, mi_async.pictures):
    for name in module.__all__:
        try:
            getattr(module, name)
        except ConfigError as error:
            print(name, error)
"""
NEED_IT = [
    "progress_of",
    "read_journal",
    "rebuild_journal",
    "report_of",
    "retry_failed",
    "journal_page",
    "save_journal_page",
]
"""Names that are loaded when they are asked for, and need the extra."""


def test_each_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.mp4").write_bytes(b"film")
    ended = subprocess.run(
        [sys.executable, "-c", CALLS], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=120
    )
    assert ended.stderr == ""
    said = "a journal needs sqlalchemy and filelock: pip install 'mi-async[bulk]'"
    assert ended.stdout.splitlines() == [said] * 8 + [f"{name} {said}" for name in NEED_IT]
