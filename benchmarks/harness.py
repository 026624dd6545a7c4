"""What the benchmark scripts share: a server in its own process, fresh client processes, ratios of fastest runs.

Invariant: variants alternate within one run, each repetition in a process of its own, client on one core and server on
another; a figure is the client's own CPU time, and only ratios of minima are compared with a goal.
"""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


def scaled(count: int, least: int = 1) -> int:
    """Return a size of a benchmark at the scale that was asked for."""
    return max(least, math.ceil(count * SCALE))


def pin(core: int) -> None:
    """Keep this process on one core, where the system can and there is a choice."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[core % len(cores)]})


def options(description: str | None, repetitions: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=repetitions, help="repetitions of each variant (%(default)s)")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
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


def run_clients(command: Sequence[str], variants: Sequence[str], repetitions: int, **environment: str) -> Runs:
    """Measure each variant in fresh processes; every repetition starts with another variant.

    A process is the command with the variant as its last argument; it prints its figures as JSON.
    """
    runs: dict[str, list[Figures]] = {variant: [] for variant in variants}
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    for repetition in range(repetitions):
        first = repetition % len(variants)
        for variant in [*variants[first:], *variants[:first]]:
            process = [sys.executable, *command, variant]
            done = subprocess.run(process, env=inherited | environment, stdout=subprocess.PIPE, text=True, check=True)
            runs[variant].append(json.loads(done.stdout))
    return runs


def fastest(runs: Runs, variant: str, figure: str) -> float:
    return min(run[figure] for run in runs[variant])


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [[str(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    cells.insert(1, ["-" * width for width in widths])
    for first, *rest in cells:
        padded = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print("| " + " | ".join([first.ljust(widths[0]), *padded]) + " |")


def goal(what: str, value: float, limit: float, unit: str = "x") -> None:
    """Say whether a goal is met."""
    print(f"goal {limit:.2f}{unit}: {'met' if value <= limit else 'missed'} ({what}: {value:.2f}{unit})")


def report(path: Path | None, content: Any) -> None:
    """Write the figures to a file, if one is wanted."""
    if path is not None:
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
