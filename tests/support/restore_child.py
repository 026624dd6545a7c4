"""A backup or a restore as a process of its own, to be killed: ``python restore_child.py '{"url": ..., ...}'``.

Invariant: says "begun" before it touches the folder, the journal or the network, and how it ended at the end.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import mi_async


async def main(
    *, url: str, keys: tuple[str, str], room: str, journal: str, folder: str, speed: float
) -> list[dict[str, Any]]:
    """Restore the folder into the room; without a journal back the room up into the folder."""
    credentials, clock = mi_async.Credentials(*keys), mi_async.Clock(speed)
    async with mi_async.connect(credentials, base_url=url, clock=clock) as session:
        workspace = session.workspace(room)
        if journal:
            ended = (await workspace.restore(folder, journal=journal)).ok
        else:
            ended = (await workspace.back_up(folder)).complete
    return [{"status": "done" if ended else "parked", "peak": peak_memory()}]


def peak_memory() -> int:
    """Return the most memory that this process has had, in KiB; ``ru_maxrss`` would count its parent's, too."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    json.dump(asyncio.run(main(**json.loads(sys.argv[1]))), sys.stdout)
