"""Peak memory of a bulk run by its length: persons from a generator, quotas lifted, a service that forgets.

    python bulk_memory.py                          1, 10 and 100 thousand persons
    python bulk_memory.py 10000 100000 1000000     the last takes an hour or so

The client is a process of its own, and its figure is the system's: the most that was ever resident (Linux).
"""

import asyncio

from bulk_service import service
from harness import options, sizes
from results import Table, finish

from mi_async.emulator import Latency, Settings

SPEED = 20.0
SETTINGS = Settings(latency=Latency.lognormal(median=0.8, p95=4), enforce_quotas=False, keep_bytes=False)
USUAL = sizes(1_000, 10_000, 100_000, least=100)


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
    parser = options(__doc__)
    parser.add_argument("items", type=int, nargs="*", default=USUAL, help="persons (%(default)s)")
    given = parser.parse_args()
    results = [asyncio.run(measure(items)) for items in given.items]
    head = ["persons", "peak MiB", "largest pool", "journal bytes each", "persons a second", "client CPU %"]
    rows = [
        [f"{row['items']:,}", f"{row['memory']:.1f}", *(f"{row[name]:.0f}" for name in list(row)[2:])]
        for row in results
    ]
    peaks = [row["memory"] for row in results]
    figures = {"peak": max(peaks), "growth": max(peaks) - min(peaks)}
    finish(given.json, figures, Table("Memory of a bulk run by its length", head, rows))


if __name__ == "__main__":
    main()
