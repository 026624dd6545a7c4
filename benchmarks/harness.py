"""What the benchmark scripts share: a server in its own process, fresh client processes, blocks that take turns.

Invariant: variants alternate within one run, client on one core and server on another; a figure is the client's own CPU
time, and only ratios within one run are compared with a goal.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

CLIENT_CORE, SERVER_CORE = 0, 1

STEADY_HEAP = {"MALLOC_TRIM_THRESHOLD_": str(2**26), "MALLOC_MMAP_THRESHOLD_": str(2**25)}
"""Environment in which glibc keeps freed memory.

asyncio takes 256 KiB for each read and gives most of it back. Whether that goes to the system, at 20 us a call, depends
on the layout of the heap, and with it on the seed of str hashes: on chance, in each process anew.
"""

SCALE = float(os.environ.get("MI_ASYNC_BENCH_SCALE", "1"))
"""Share of its usual size at which a script runs. The smoke test runs each at the smallest; its figures say nothing."""

Figures = Mapping[str, float]
Runs = Mapping[str, Sequence[Figures]]
"""By variant, the figures of each repetition."""
Series = dict[str, list[float]]
"""By variant, one figure of each turn."""


def scaled(count: int, least: int = 1) -> int:
    """Return a size of a benchmark at the scale that was asked for."""
    return max(least, math.ceil(count * SCALE))


def sizes(*usual: int, least: int = 2) -> tuple[int, ...]:
    """Return the sizes of a growth table at the scale that was asked for, each of them once."""
    return tuple(sorted({scaled(size, least) for size in usual}))


def pin(core: int, process_id: int = 0) -> None:
    """Keep this process, or another one, on one core of those that this one has, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(process_id, {cores[core % len(cores)]})


def options(description: str | None, repetitions: int = 1) -> argparse.ArgumentParser:
    """Return the arguments that every script takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    most = scaled(repetitions)
    parser.add_argument("--reps", type=int, default=most, help="repetitions of each variant (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the result to this file")
    parser.add_argument("--client", help=argparse.SUPPRESS)  # measure one variant, in this process
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--ca", help=argparse.SUPPRESS)
    return parser


@contextmanager
def server(kind: str, *arguments: str) -> Iterator[int]:
    """Run a server of servers.py for a block; gives its port on the loopback address."""
    command = [sys.executable, str(Path(__file__).with_name("servers.py")), kind, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def certificates() -> Iterator[tuple[str, str, str]]:
    """Make a certificate of the loopback address; gives the files of its authority, of itself and of its key."""
    import trustme  # noqa: PLC0415  only what speaks TLS needs it

    with TemporaryDirectory() as folder:
        ca, certificate, key = (str(Path(folder, name)) for name in ("ca.pem", "certificate.pem", "key.pem"))
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1")
        authority.cert_pem.write_to_path(ca)
        issued.cert_chain_pems[0].write_to_path(certificate)
        issued.private_key_pem.write_to_path(key)
        yield ca, certificate, key


def process(command: Sequence[str], **environment: str) -> str:
    """Run a Python process to its end and return what it printed; no proxy of this machine is in its way."""
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    arguments = [sys.executable, *command]
    return subprocess.run(
        arguments, env=inherited | environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout  # fmt: skip


def run_clients(command: Sequence[str], variants: Sequence[str], repetitions: int, **environment: str) -> Runs:
    """Measure each variant in fresh processes; every repetition starts with another variant.

    A process is the command with the variant as its last argument; it prints its figures as JSON.
    """
    runs: dict[str, list[Figures]] = {variant: [] for variant in variants}
    for repetition in range(repetitions):
        for variant in rotated(variants, repetition):
            runs[variant].append(json.loads(process([*command, variant], **environment)))
    return runs


def rotated(variants: Sequence[str], turn: int) -> list[str]:
    """Return the variants with another one first in each turn, so that none always follows the same."""
    first = turn % len(variants)
    order = [*variants[first:], *variants[:first]]
    return order if turn // len(variants) % 2 == 0 else order[::-1]


async def take_turns(blocks: Mapping[str, Callable[[], Awaitable[float]]], turns: int) -> Series:
    """Measure blocks in turn: those of one turn are neighbours in time, and a pair for ``ratio``."""
    series: Series = {name: [] for name in blocks}
    for turn in range(turns):
        for name in rotated(list(blocks), turn):
            series[name].append(await blocks[name]())
    return series


def fastest(runs: Runs, variant: str, figure: str) -> float:
    return min(run[figure] for run in runs[variant])


def every(runs: Runs, figure: str) -> Series:
    """Return one figure of all repetitions, by variant."""
    return {variant: [run[figure] for run in found] for variant, found in runs.items()}


@frozen
class Ratio:
    """Paired ratios of one thing to another: their median and quartiles."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        """Show the median, and the quartiles behind it."""
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio(series: Mapping[str, Sequence[float]], variant: str, base: str) -> Ratio:
    """Return the ratios of one variant to another, turn by turn."""
    found = [one / other for one, other in zip(series[variant], series[base], strict=True)]
    low, median, high = statistics.quantiles(found, n=4) if len(found) > 1 else found * 3
    return Ratio(median, low, high)
