"""Shared runs on a Dask scheduler of its own, one after the other: ``python dask_child.py '[{"source": ..., ...}]'``.

Invariant: what it prints is a list for each run, with a text for each member that failed; its stderr has ``NEXT`` after
each run.
"""

import asyncio
import json
import sys
from typing import Any

from distributed import LocalCluster

import mi_async
from mi_async.integrations.dask import LOCAL_CLUSTER, DaskPlace, running_members

NEXT = "---- next\n"


async def main(given: list[dict[str, Any]]) -> list[list[str]]:
    async with LocalCluster(**LOCAL_CLUSTER, n_workers=2, asynchronous=True) as cluster:
        address = cluster.scheduler_address.removeprefix("tcp://")
        return [await failures(DaskPlace.parse(f"dask://{address}"), **each) for each in given]


async def failures(place: DaskPlace, *, speed: float, workspace: str, source: str, **more: Any) -> list[str]:
    member = mi_async.fleet.member(workspace, more.pop("operation"), source, **more, clock=mi_async.Clock(speed))
    async with running_members(member, place) as running:
        failed = [repr(failure) for failure in await running.ended()]
    sys.stderr.write(NEXT)
    sys.stderr.flush()
    return failed


if __name__ == "__main__":
    json.dump(asyncio.run(main(json.loads(sys.argv[1]))), sys.stdout)
