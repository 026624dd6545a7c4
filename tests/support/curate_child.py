"""A curation as a process of its own, to be killed: ``python curate_child.py '{"url": ..., ...}'``.

Invariant: says "begun" before it touches the journal or the network, and what became of every item at the end. It plans
and confirms if the journal holds no plan, and resumes otherwise, as ``mi-async curate name`` does.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import mi_async
from mi_async.bulk.curate.history import plan_of
from mi_async.bulk.curate.planner import digest_of, read_rows


async def main(
    *, url: str, keys: tuple[str, str], room: str, journal: str, folder: str, speed: float
) -> list[dict[str, Any]]:
    """Carry out the table ``faces.csv`` of a folder."""
    access_key, secret_key = keys
    credentials, clock = mi_async.Credentials(access_key, secret_key), mi_async.Clock(speed)
    rows = read_rows(Path(folder, "faces.csv"))
    async with mi_async.connect(credentials, base_url=url, clock=clock) as session:
        workspace = session.workspace(room)
        known = Path(journal).exists() and plan_of(journal, room, digest_of(rows)) is not None
        plan = None if known else await workspace.plan_curation(rows, journal=journal)
        run = workspace.curate(plan, confirm=None if plan is None else plan.code, journal=journal)
        return [outcome.as_row() async for outcome in run]


if __name__ == "__main__":
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    json.dump(asyncio.run(main(**json.loads(sys.argv[1]))), sys.stdout)
