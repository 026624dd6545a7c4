"""Client CPU of one call with everything on, against the same request by raw aiohttp.

The call is ``thumbnails.presign``: credentials, signature, a quota that is kept but never reached, the retry policy,
the deadline, the envelope and the model. Raw is ``session.post(url, json=...)`` and ``await response.json()``, with
stdlib json and no limit on connections. Both get the same bytes from the same server.
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
from harness import (
    CLIENT_CORE,
    STEADY_HEAP,
    Runs,
    fastest,
    goal,
    options,
    pin,
    report,
    run_clients,
    scaled,
    server,
    table,
)

import mi_async

CONCURRENCY = (1, 32, 256)
CALLS, BLOCKS = scaled(1024), scaled(8)
"""Calls of one block, a multiple of every concurrency; the fastest block of a repetition counts."""

FILE_NAME = "movie-0001.jpg"
Call = Callable[[], Awaitable[object]]


@asynccontextmanager
async def raw(url: str) -> AsyncIterator[Call]:
    target = url + "/api/v1/workspaces/newsroom/person-thumbnail/uploads/presigned-url"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call() -> object:
            async with session.post(target, json={"thumbnailFileName": FILE_NAME}) as response:
                return await response.json()

        yield call


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Call]:
    keys = mi_async.Credentials("ACCESSKEY0123456789A", "0123456789abcdef0123456789abcdef01234567")
    quotas = {"thumbnails.presign": mi_async.Quota(1_000_000, 1.0)}
    async with mi_async.connect(keys, base_url=url, quotas=quotas) as session:
        thumbnails = session.workspace("newsroom").thumbnails

        async def call() -> object:
            return await thumbnails.presign(FILE_NAME)

        yield call


VARIANTS = {
    "raw": ("raw aiohttp, stdlib json", raw),
    "again": ("raw aiohttp again (A/A: noise)", raw),
    "ours": ("mi_async, everything on", ours),
}


async def batch(call: Call, concurrency: int, calls: int) -> None:
    async def caller() -> None:
        for _ in range(calls // concurrency):
            await call()

    await asyncio.gather(*(caller() for _ in range(concurrency)))


async def client(variant: str, url: str) -> dict[str, float]:
    """CPU microseconds of one call, by concurrency."""
    figures: dict[str, float] = {}
    async with VARIANTS[variant][1](url) as call:
        for concurrency in CONCURRENCY:
            await batch(call, concurrency, 2 * max(CONCURRENCY))  # opens the connections
            gc.collect()
            figures[str(concurrency)] = min([await block(call, concurrency) for _ in range(BLOCKS)])
    return figures


async def block(call: Call, concurrency: int) -> float:
    before = time.process_time()
    await batch(call, concurrency, CALLS)
    return (time.process_time() - before) / CALLS * 1e6


def show(runs: Runs) -> None:
    head = ["client CPU of a call"] + [f"C={c} {unit}" for c in CONCURRENCY for unit in ("us", "x raw")]
    rows: list[list[str]] = []
    for variant, (label, _) in VARIANTS.items():
        row = [label]
        for figure in map(str, CONCURRENCY):
            us = fastest(runs, variant, figure)
            row += [f"{us:.1f}", f"{us / fastest(runs, 'raw', figure):.2f}"]
        rows.append(row)
    table(head, rows)
    at_32 = fastest(runs, "ours", "32")
    goal("a call against raw aiohttp at C=32", at_32 / fastest(runs, "raw", "32"), 1.20)
    goal("stretch: the same", at_32 / fastest(runs, "raw", "32"), 1.10)
    goal("growth from C=32 to C=256", fastest(runs, "ours", "256") / at_32, 1.15)


def main() -> None:
    given = options(__doc__, repetitions=9).parse_args()
    if given.client:
        pin(CLIENT_CORE)
        json.dump(asyncio.run(client(given.client, given.url)), sys.stdout)
        return
    with server("api") as port:
        command = [__file__, "--url", f"http://127.0.0.1:{port}", "--client"]
        runs = run_clients(command, list(VARIANTS), given.reps, **STEADY_HEAP)
    show(runs)
    report(given.json, runs)


if __name__ == "__main__":
    main()
