"""Client CPU of a call with everything on, and of the calls of other SDKs, against the same request by raw aiohttp.

Ours pays for credentials, signature, a quota that is kept and never reached, retry policy, deadline, envelope and
models. Raw is what a careful person writes by hand (`calls.py`). Both get the same bytes from the same server, no
two calls ask for the same ID, and both keep to aiohttp's default of 100 connections. Blocks of calls of both take turns
within one process, several processes for each setting; a figure is the median of the ratios of neighbouring blocks,
with the quartiles behind it. A/A is raw aiohttp against itself, over a session of its own: a difference as small as its
distance from 1 means nothing.

The default heap is the interpreter's and glibc's; on the steady one the collector does not look at what was there
before the first block (`gc.freeze()`), and glibc keeps what it was given back.

Raw aiohttp that signs by hand, and does nothing else, takes its turns with both: it is the least that a call of this
service can cost by aiohttp, and what ours costs above it is the price of all the rest.

Raw reads an answer into dicts, ours into models: at a page of 100 persons that is most of the difference. Other SDKs do
one small request each, with an answer of about the size of a person, at their defaults: models, retries, and signatures
where they sign. What they cost is the price of their call, no verdict on their HTTP library.
"""

import asyncio
import gc
import itertools
import json
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib.util import find_spec
from typing import Any

import calls
import peers
from attrs import field, frozen
from calls import SHAPES
from harness import (
    CLIENT_CORE,
    STEADY_HEAP,
    Series,
    certificates,
    options,
    pin,
    process,
    ratio,
    scaled,
    server,
    take_turns,
)
from results import Table, finish

CONCURRENCY = (1, 32, 256)
EACH = {1: scaled(128), 32: scaled(8), 256: scaled(2)}
"""Calls of each of the tasks of a block: a block takes 20 to 50 ms."""
TURNS = {1: scaled(8, 2), 32: scaled(10, 2), 256: scaled(5, 2)}
"""Blocks of each variant in one process."""
HEAVY = {"page": 16, "typical": 2}
"""Times that a page, or a call of a peer, costs a small call; its blocks are shorter by it."""
MAIN = ("get", "post")
OURS, SIGNED = "ours", "signed"
NOISE = ("get.32", "post.32")


@frozen
class Setting:
    """What a series of processes measures.

    Attributes:
        title: for tables.
        shapes: of calls.
        tls: over TLS.
        uvloop: on uvloop instead of asyncio's loop.
        steady: on a steady heap.
        concurrency: calls in flight.
    """

    title: str
    shapes: Sequence[str] = MAIN
    tls: bool = False
    uvloop: bool = False
    steady: bool = False
    concurrency: Sequence[int] = field(default=CONCURRENCY)


SETTINGS = {
    "": Setting("asyncio, default heap", tuple(SHAPES)),
    "steady.": Setting("asyncio, steady heap", tuple(SHAPES), steady=True, concurrency=(32,)),
    "tls.": Setting("asyncio, TLS", tls=True),
    "uvloop.": Setting("uvloop", uvloop=True),
    "tls.uvloop.": Setting("uvloop, TLS", tls=True, uvloop=True, concurrency=(32,)),
}
"""By what goes before the names of their figures."""


async def block(call: calls.Call, concurrency: int, each: int, numbers: Iterator[int]) -> float:
    """Return CPU microseconds of a call: some tasks at once, each with so many calls."""

    async def caller() -> None:
        for _ in range(each):
            await call(next(numbers))

    before = time.process_time()
    await asyncio.gather(*(caller() for _ in range(concurrency)))
    return (time.process_time() - before) / (each * concurrency) * 1e6


async def measure(variant: str, prefix: str, url: str, ca: str | None) -> dict[str, Series]:
    """Measure a variant between two of raw aiohttp, by shape and concurrency."""
    setting, found = SETTINGS[prefix], dict[str, Series]()
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        if variant in peers.PEERS:
            peer = peers.PEERS[variant]
            typical = {"raw": peers.twin(peer, url), "again": peers.twin(peer, url), variant: peer.open(url)}
            sides = {name: {"typical": await enter(side)} for name, side in typical.items()}
            return {"": await turns(sides, "typical", 32, steady=False)}
        opened = {"raw": calls.raw, "again": calls.raw, OURS: calls.ours, SIGNED: calls.signed}
        sides = {name: dict(await enter(side(url, ca))) for name, side in opened.items()}
        for shape, concurrency in itertools.product(setting.shapes, setting.concurrency):
            there = {name: side for name, side in sides.items() if shape in side}
            found[f"{shape}.{concurrency}"] = await turns(there, shape, concurrency, steady=setting.steady)
    return found


async def turns(sides: Mapping[str, calls.Calls], shape: str, concurrency: int, *, steady: bool) -> Series:
    each, blocks = -(-EACH[concurrency] // HEAVY.get(shape, 1)), {}
    for number, (name, side) in enumerate(sides.items()):
        numbers = itertools.count(10_000_000 * (number + 1))
        blocks[name] = partial(block, side[shape], scaled(concurrency), each, numbers)
        await blocks[name]()  # opens the connections
        await blocks[name]()
    gc.collect()
    if steady:
        gc.freeze()
    return await take_turns(blocks, TURNS[concurrency])


def client(spec: str, url: str, ca: str | None) -> None:
    variant, _, prefix = spec.partition(" ")
    setting = SETTINGS[prefix]
    factory: Any = None
    if setting.uvloop:
        import uvloop  # noqa: PLC0415  only where it is measured

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        print(json.dumps(runner.run(measure(variant, prefix, url, ca))))


def run(variant: str, prefix: str, repetitions: int, urls: Sequence[str], ca: str) -> dict[str, Series]:
    """Measure in fresh processes; gives the turns of all of them, by shape and concurrency."""
    setting, found = SETTINGS[prefix], dict[str, Series]()
    where = ["--url", urls[1], "--ca", ca] if setting.tls else ["--url", urls[0]]
    environment = STEADY_HEAP if setting.steady else {}
    for _ in range(repetitions):
        one: dict[str, Series] = json.loads(
            process([__file__, *where, "--client", f"{variant} {prefix}"], **environment)
        )  # fmt: skip
        for what, series in one.items():
            pooled = found.setdefault(what, {name: [] for name in series})
            for name, figures in series.items():
                pooled[name] += figures
    return found


def row(label: str, series: Series, variant: str) -> list[str]:
    us = {name: statistics.median(figures) for name, figures in series.items()}
    compared, noise = ratio(series, variant, "raw"), ratio(series, "again", "raw")
    return [label, f"{us['raw']:.0f}", f"{us[variant]:.0f}", str(compared), str(noise)]


def our_row(label: str, series: Series) -> list[str]:
    """Return the row of ours, which ends with raw aiohttp that signs by hand, and ours against that."""
    signing = [str(ratio(series, SIGNED, "raw")), str(ratio(series, OURS, SIGNED))] if SIGNED in series else ["", ""]
    return row(label, series, OURS) + signing


def figures(name: str, series: Series, variant: str) -> dict[str, float]:
    found, noise = ratio(series, variant, "raw"), ratio(series, "again", "raw")
    return {name: found.median, f"{name}.low": found.low, f"{name}.high": found.high, f"{name}.aa": noise.median}


def label(what: str) -> str:
    shape, _, concurrency = what.partition(".")
    return f"{SHAPES[shape]}, C={concurrency}"


def tables(found: Mapping[str, dict[str, Series]], rivals: Mapping[str, Series]) -> Iterator[Table]:
    head = ["", "raw us", "us", "x raw (quartiles)", "A/A"]
    for prefix, by_what in found.items():
        rows = [our_row(label(what), series) for what, series in by_what.items()]
        yield Table(
            f"mi_async: {SETTINGS[prefix].title}", [*head, "signed by hand, x raw", "ours, x signed by hand"], rows
        )
    labels = {name: f"{peer.label}: {peer.method} {peer.path}" for name, peer in peers.PEERS.items()}
    left_out = ", ".join(peers.missing())
    note = f"Not installed, and left out: {left_out}." if left_out else ""
    rows = [row(labels[name], series, name) for name, series in rivals.items()]
    yield Table("Other SDKs, each against its own request by raw aiohttp: C=32", head, rows, note)


def main() -> None:
    given = options(__doc__, repetitions=3).parse_args()
    if given.client:
        pin(CLIENT_CORE)
        client(given.client, given.url, given.ca)
        return
    settings = [prefix for prefix, setting in SETTINGS.items() if find_spec("uvloop") or not setting.uvloop]
    missing = peers.missing()
    rivals = [name for name, peer in peers.PEERS.items() if peer.package not in missing]
    rivals = rivals[: scaled(len(rivals), 2)]
    with certificates() as (ca, *certificate), server("api") as plain, server("api", *certificate) as tls:
        urls = [f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{tls}"]
        found = {prefix: run(OURS, prefix, given.reps, urls, ca) for prefix in settings}
        against = {name: run(name, "", -(-given.reps // 2), urls, ca)[""] for name in rivals}
    told: dict[str, float] = {}
    for prefix, by_what in found.items():
        for what, series in by_what.items():
            told |= figures(prefix + what, series, OURS)
            if SIGNED in series:
                told |= figures(f"{prefix}{SIGNED}.{what}", series, SIGNED)
                told[f"{prefix}{what}.over"] = ratio(series, OURS, SIGNED).median
    for name, series in against.items():
        told |= figures(f"peer.{name}", series, name)
    told |= {f"{shape}.growth": told[f"{shape}.256"] / told[f"{shape}.32"] for shape in MAIN}
    told["noise"] = max(abs(told[f"{what}.aa"] - 1) for what in NOISE)
    finish(given.json, told, *tables(found, against), packages=peers.PACKAGES)


if __name__ == "__main__":
    main()
