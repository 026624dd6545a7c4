"""A bulk run over media files as a process of its own, to be killed: ``python footage_child.py '{"url": ..., ...}'``.

Invariant: says "begun" before it touches the journal or the network, and what became of every item at the end.
"""

import asyncio
import json
import sys
from typing import Any

import mi_async
from mi_async.bulk.inputs.media_files import read_assets


async def main(
    *,
    url: str,
    keys: tuple[str, str],
    room: str,
    journal: str,
    folder: str,
    speed: float,
    storage: str,
    bucket: str,
) -> list[dict[str, Any]]:
    access_key, secret_key = keys
    async with mi_async.connect(
        mi_async.Credentials(access_key, secret_key),
        base_url=url,
        clock=mi_async.Clock(speed),
        storage=mi_async.Storage(storage),
    ) as session:
        run = session.workspace(room).ingest_many(read_assets(folder), journal=journal, bucket=bucket)
        return [outcome.as_row() async for outcome in run]


if __name__ == "__main__":
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    json.dump(asyncio.run(main(**json.loads(sys.argv[1]))), sys.stdout)
