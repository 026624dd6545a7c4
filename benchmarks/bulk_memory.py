"""Peak memory of a bulk run by its length: persons from a generator, quotas lifted, a service that forgets.

    python bulk_memory.py                          10 thousand and 100 thousand persons
    python bulk_memory.py 10000 100000 1000000     the last takes an hour or so

The client is a process of its own, and its figure is the system's: the most that was ever resident (Linux).
"""

import argparse
import asyncio
import json
from pathlib import Path

from bulk_service import service
from harness import goal, table

from mi_async.emulator import Latency, Settings

SPEED = 20.0
SETTINGS = Settings(latency=Latency.lognormal(median=0.8, p95=4), enforce_quotas=False, keep_bytes=False)
GROWTH, MOST = 30.0, 150.0
"""MiB by which sizes may differ, and MiB that none may take."""


async def measure(items: int) -> dict[str, float]:
    async with service(SETTINGS, SPEED, forgetful=True) as here:
        client = await here.client(here.job(items, quotas=False))
        journal = sum(path.stat().st_size for path in here.folder.iterdir())
        assert client.figures["counts"] == {"done": items}, client.figures["counts"]
    wall = client.figures["wall"]
    return {
        "items": items,
        "memory": client.figures["memory"],
        "pool": max((now["pool"] for now in client.figures["seen"]), default=0),
        "journal": journal / items,
        "rate": items / wall,
        "client": 100 * client.share,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", type=int, nargs="*", default=[10_000, 100_000], help="persons (%(default)s)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    given = parser.parse_args()
    results = [asyncio.run(measure(items)) for items in given.items]
    head = ["persons", "peak MiB", "largest pool", "journal bytes each", "persons a second", "client CPU %"]
    table(
        head,
        [
            [f"{row['items']:,}", f"{row['memory']:.1f}", *(f"{row[name]:.0f}" for name in list(row)[2:])]
            for row in results
        ],
    )
    peaks = [row["memory"] for row in results]
    goal("difference between sizes", max(peaks) - min(peaks), GROWTH, " MiB")
    goal("the most", max(peaks), MOST, " MiB")
    if given.json:
        given.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
