"""A bulk enrollment as a process of its own, to be killed: ``python bulk_child.py '{"url": ..., ...}'``.

Invariant: says "begun" before it touches the journal or the network, and what became of every item at the end.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mi_async
from mi_async.bulk.inputs.models import PersonInput

TAG = "앵커"


def name_of(folder: Path) -> str:
    """The person whose pictures are in a folder; a name that could be no folder's own."""
    return f"홍길동/{folder.name}"


def people(folder: Path) -> Iterator[PersonInput]:
    for one in sorted(folder.iterdir()):
        yield PersonInput(name_of(one), tuple(sorted(one.iterdir())), tags=[TAG])


async def main(
    *, url: str, keys: tuple[str, str], room: str, journal: str, folder: str, speed: float
) -> list[dict[str, Any]]:
    access_key, secret_key = keys
    credentials, clock = mi_async.Credentials(access_key, secret_key), mi_async.Clock(speed)
    async with mi_async.connect(credentials, base_url=url, clock=clock) as session:
        workspace: Any = session.workspace(room)
        return [outcome.as_row() async for outcome in workspace.enroll_many(people(Path(folder)), journal=journal)]


if __name__ == "__main__":
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    json.dump(asyncio.run(main(**json.loads(sys.argv[1]))), sys.stdout)
