"""Members of a shared run on a Dask scheduler of its own: ``python dask_child.py '{"source": ..., ...}'``.

Invariant: what it prints is a line of JSON for each member that failed, and nothing if all ended well.
"""

import asyncio
import json
import sys
from typing import Any

from distributed import LocalCluster

import mi_async
from mi_async.integrations.dask import LOCAL_CLUSTER, DaskPlace, running_members


async def main(*, speed: float, **more: Any) -> list[str]:
    member = mi_async.fleet.member(
        more.pop("workspace"), more.pop("operation"), more.pop("source"), **more, clock=mi_async.Clock(speed)
    )
    async with LocalCluster(**LOCAL_CLUSTER, n_workers=2, asynchronous=True) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        async with running_members(member, DaskPlace.parse(f"dask://{address}")) as running:
            return [repr(failure) for failure in await running.ended()]


if __name__ == "__main__":
    json.dump(asyncio.run(main(**json.loads(sys.argv[1]))), sys.stdout)
