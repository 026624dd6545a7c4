"""A backup as a process of its own, to be killed: ``python backup_child.py '{"url": ..., ...}'``.

Invariant: says "begun" before it touches the folder or the network, and what it reports at the end.
"""

import asyncio
import json
import sys
from typing import Any

import mi_async


async def main(
    *, url: str, keys: tuple[str, str], room: str, journal: str, folder: str, speed: float
) -> list[dict[str, Any]]:
    access_key, secret_key = keys
    credentials, clock = mi_async.Credentials(access_key, secret_key), mi_async.Clock(speed)
    async with mi_async.connect(credentials, base_url=url, clock=clock) as session:
        report = await session.workspace(room).back_up(folder)
    return [report.as_dict() | {"journal": journal}]


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    json.dump(asyncio.run(main(**given)), sys.stdout)
