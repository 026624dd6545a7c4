"""``examples/nightly_archive.sh`` against an emulator: what it leaves in the folder, run twice."""

import asyncio
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import mi_async
from mi_async.emulator import Latency, Server, Settings
from tests.docs.test_examples import ROOT
from tests.support.footage import footage
from tests.support.terminal import JPG, environment, served

INSTANT = Latency.none()
SETTINGS = Settings(latency=INSTANT, importing=INSTANT, queueing=INSTANT, analysing=INSTANT)
SCRIPT = ROOT / "examples" / "nightly_archive.sh"


def night(server: Server, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run the script as cron does, with ``mi-async`` of this Python."""
    commands = folder.parent / "bin"
    commands.mkdir(exist_ok=True)
    command = commands / "mi-async"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m mi_async "$@"\n', encoding="utf-8")
    command.chmod(0o700)
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NCLOUD_", "MI_ASYNC_"))}
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), "newsroom", str(folder)],
        env={
            **variables,
            **environment(server),
            "PATH": f"{commands}:{os.environ['PATH']}",
            "HOME": str(folder.parent),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.slow
def test_a_night_leaves_a_backup_the_month_and_a_table_that_is_not_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    with served(SETTINGS) as server:

        async def prepare() -> None:
            clock = mi_async.Clock(speed=200)
            async with mi_async.connect(server.credentials, base_url=server.url, clock=clock) as session:
                newsroom = session.workspace("newsroom")
                await footage(newsroom, "clip-1.mp4", "b.png")
                await newsroom.enroll_person("홍길동", [JPG])

        asyncio.run(prepare())
        ended = night(server, folder)
        assert (ended.returncode, ended.stdout) == (0, "")
        assert {line.split()[0] for line in ended.stderr.splitlines()} == {"wrote"}
        backup = json.loads((folder / "newsroom" / "backup.json").read_text(encoding="utf-8"))
        assert backup["complete"] is True
        (usage,) = folder.glob("usage-*.csv")
        rows = list(csv.DictReader(usage.read_text(encoding="utf-8-sig").splitlines()))
        assert [(row["project"], row["analyses"]) for row in rows] == [("Base project", "2"), ("", "0")]
        (table,) = folder.glob("faces-*.csv")
        table.write_text("filled in by somebody", encoding="utf-8")
        again = night(server, folder)
        assert again.returncode == 0
        assert "filled in by somebody" in [each.read_text(encoding="utf-8") for each in folder.glob("faces-*.csv")]
