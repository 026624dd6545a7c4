"""PUT of 5 MiB over TLS, 8 in flight: memory above the bodies themselves, and client CPU of one PUT.

Ours is the way that uploads go (its own pool, connections kept for two seconds, the body in slices); raw aiohttp sends
the whole ``bytes`` with its defaults, once on kept connections and once, for a fair comparison, on fresh ones.
"""

import asyncio
import gc
import json
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from harness import CLIENT_CORE, Runs, certificates, every, fastest, options, pin, ratio, run_clients, scaled, server
from results import Table, finish

import mi_async

SIZE = scaled(5 * 2**20, 2**18)
IN_FLIGHT = 8
PUTS = scaled(48)
MIB = 2**20
Put = Callable[[bytes], Awaitable[int]]


@asynccontextmanager
async def raw(url: str, context: ssl.SSLContext, *, fresh: bool = False) -> AsyncIterator[Put]:
    connector = aiohttp.TCPConnector(limit=0, ssl=context, force_close=fresh)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def put(body: bytes) -> int:
            async with session.put(url, data=body, headers={"Content-Type": "image/jpeg"}) as response:
                await response.read()
                return response.status

        yield put


@asynccontextmanager
async def raw_fresh(url: str, context: ssl.SSLContext) -> AsyncIterator[Put]:
    async with raw(url, context, fresh=True) as put:
        yield put


@asynccontextmanager
async def ours(url: str, context: ssl.SSLContext) -> AsyncIterator[Put]:
    # A connector of the caller's is the public way to trust a certificate; this is like the session's own.
    connector = aiohttp.TCPConnector(ssl=context, keepalive_timeout=2.0)
    async with connector, mi_async.connect(mi_async.Credentials("KEY", "SECRET"), connector=connector) as session:

        async def put(body: bytes) -> int:
            return (await session._calls.put(url, body, "image/jpeg")).status  # noqa: SLF001  a step of an upload

        yield put


VARIANTS = {
    "raw": ("raw aiohttp, whole bytes", raw),
    "again": ("raw aiohttp again (A/A: noise)", raw),
    "fresh": ("raw aiohttp, whole bytes, fresh connections", raw_fresh),
    "ours": ("mi_async", ours),
}


async def batch(put: Put, bodies: list[bytes], puts: int) -> None:
    async def sender(body: bytes) -> None:
        for _ in range(puts // len(bodies)):
            assert await put(body) == 200  # noqa: PLR2004  OK

    await asyncio.gather(*map(sender, bodies))


async def client(variant: str, url: str, ca: str) -> dict[str, float]:
    """CPU milliseconds of a PUT, and MiB of memory at the peak above what was there with the bodies."""
    bodies = [os.urandom(SIZE) for _ in range(IN_FLIGHT)]
    async with VARIANTS[variant][1](url, ssl.create_default_context(cafile=ca)) as put:
        await put(b"warm")
        gc.collect()
        forget_peak()
        held, before = memory("VmRSS"), time.process_time()
        await batch(put, bodies, PUTS)
        return {"ms": (time.process_time() - before) / PUTS * 1e3, "mib": memory("VmHWM") - held}


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def memory(name: str) -> float:
    """MiB of this process, by its name in Linux' status file."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) * 1024 / MIB


def shown(runs: Runs) -> Table:
    cpu, rows = every(runs, "ms"), []
    for variant, (label, _) in VARIANTS.items():
        mib = [run["mib"] for run in runs[variant]]
        compared = str(ratio(cpu, variant, "raw"))
        rows.append([label, f"{fastest(runs, variant, 'ms'):.2f}", compared, f"{min(mib):.1f} to {max(mib):.1f}"])
    head = ["", "CPU ms", "x raw (quartiles)", "MiB above the bodies"]
    return Table("PUT of 5 MiB over TLS, 8 in flight", head, rows)


def main() -> None:
    given = options(__doc__, repetitions=5).parse_args()
    if given.client:
        pin(CLIENT_CORE)
        json.dump(asyncio.run(client(given.client, given.url, given.ca)), sys.stdout)
        return
    with certificates() as (ca, *certificate), server("sink", *certificate) as port:
        command = [__file__, "--url", f"https://127.0.0.1:{port}/sink", "--ca", ca, "--client"]
        runs = run_clients(command, list(VARIANTS), given.reps)
    cpu = ratio(every(runs, "ms"), "ours", "raw").median
    finish(given.json, {"memory": max(run["mib"] for run in runs["ours"]), "cpu": cpu}, shown(runs))


if __name__ == "__main__":
    main()
