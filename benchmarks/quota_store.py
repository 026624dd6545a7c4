"""One quota shared by many processes through a store, against a server that counts: goodput, fairness, waits.

    python benchmarks/quota_store.py                        the table; needs redis-server
    python benchmarks/quota_store.py --only "8 processes"   the rows whose name begins so

Each row: real sessions in processes of their own, a Redis of its own, a server that delays each request on its way and
counts arrivals after that. The bound is that of the law, T/(T + hold), with the mean hold of the same run. A row with a
429, or with more arrivals in any window than the quota, fails the script.
"""

import json
import math
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import Any

import quota_service
from attrs import define, frozen
from harness import SCALE, options
from results import Table, finish

SERVICE = quota_service.__file__
WARM = 3.0
"""Seconds that do not count: a new store begins slowly."""
Child = subprocess.Popen[str]


@frozen
class Row:
    """One row of the table.

    Attributes:
        name: of the row.
        processes: callers of each process.
        jitter: seconds; a round trip takes up to as long.
        seconds: of the run.
        quota: calls and period.
        mishap: what happens in the middle, to the store and the processes.
        shared: False for sessions without a store.
    """

    name: str
    processes: Sequence[int]
    jitter: float
    seconds: float
    quota: tuple[int, float] = (50, 1.0)
    mishap: "Callable[[Store, list[Child]], None] | None" = None
    shared: bool = True


@define
class Store:
    """A redis-server."""

    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, empty."""
        program = shutil.which("redis-server") or sys.exit("needs redis-server: apt-get install redis-server")
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "appendonly": "no"}
        command = [program, *(word for name, value in options.items() for word in (f"--{name}", value))]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def command(self, *words: str) -> None:
        """Run a command of Redis."""
        parts = b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words)
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(b"*%d\r\n%s" % (len(words), parts))
            connection.recv(100)


def restarted(store: Store, _clients: list[Child]) -> None:
    """Kill the store for three seconds; it comes back empty."""
    store.kill()
    time.sleep(3)
    store.start()


def stopped(store: Store, _clients: list[Child], seconds: float = 3.0) -> None:
    """Let the store stand still."""
    store.send(signal.SIGSTOP)
    time.sleep(seconds)
    store.send(signal.SIGCONT)


def flushed(store: Store, _clients: list[Child], times: int = 4) -> None:
    """Empty the store several times."""
    for _ in range(times):
        store.command("FLUSHALL")
        time.sleep(0.7)


def half_killed(_store: Store, clients: list[Child]) -> None:
    """Kill half of the processes."""
    for client in clients[: len(clients) // 2]:
        client.kill()


def half_stopped(_store: Store, clients: list[Child]) -> None:
    """Let half of the processes stand still for eight seconds."""
    for number in (signal.SIGSTOP, signal.SIGCONT):
        for client in clients[: len(clients) // 2]:
            client.send_signal(number)
        time.sleep(8 if number == signal.SIGSTOP else 0)


MAIN = "8 processes, 0 to 100 ms"
TITLE = "One quota of 50 a second, many processes"
HEAD = ["", "served", "429s", "most in a window", "goodput", "bound", "of the bound", "Jain", "p50 wait of the last"]
NOTE = "The bound is T/(T + hold), with the mean hold of the row; no row with a store may have a 429."
SMALLEST = Row("3 processes, 0 to 20 ms", [4] * 3, 0.02, 2)
ROWS = (
    Row("no store: 4 processes, no jitter", [20] * 4, 0.0, 12, shared=False),
    Row("8 processes, 0 to 20 ms", [20] * 8, 0.02, 20),
    Row("8 processes, 0 to 100 ms", [20] * 8, 0.1, 20),
    Row("8 processes, 0 to 300 ms", [20] * 8, 0.3, 20),
    Row("7 x 20 callers and one alone, 0 to 100 ms", [*[20] * 7, 1], 0.1, 20),
    Row("8 processes, half of them killed", [20] * 8, 0.1, 24, mishap=half_killed),
    Row("8 processes, half of them stopped for 8 s", [20] * 8, 0.1, 24, mishap=half_stopped),
    Row("4 processes, store killed for 3 s", [20] * 4, 0.1, 24, mishap=restarted),
    Row("4 processes, store stopped for 3 s", [20] * 4, 0.1, 24, mishap=stopped),
    Row("4 processes, store emptied 4 times", [20] * 4, 0.1, 24, mishap=flushed),
    Row("1,000 a minute, 8 x 40 callers, half of them killed", [40] * 8, 0.3, 150, (1000, 60.0), half_killed),
)


@contextmanager
def child(*arguments: str) -> Iterator[Child]:
    """Run the other script for a block."""
    command = [sys.executable, SERVICE, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: Child) -> str:
    """Read a line of a process."""
    assert process.stdout is not None
    return process.stdout.readline()


def run(row: Row) -> dict[str, Any]:
    """Run a row, and return its figures."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        store = Store(found.getsockname()[1])
    with ExitStack() as stack:
        stack.callback(store.kill)
        if row.shared:
            store.start()
        calls, period = row.quota
        given = {"calls": calls, "period": period, "jitter": row.jitter}
        server = stack.enter_context(child("serve", json.dumps(given)))
        told = {"url": f"http://127.0.0.1:{int(first_line(server))}", "quota": row.quota, "seconds": row.seconds}
        told["store"] = f"redis://127.0.0.1:{store.port}/0" if row.shared else None
        clients = [
            stack.enter_context(child("call", json.dumps(told | {"callers": callers}))) for callers in row.processes
        ]
        for client in clients:
            assert first_line(client) == "begun\n"
        if row.mishap is not None:
            time.sleep(row.seconds / 3)
            row.mishap(store, clients)
        ended = [json.loads(line) if (line := first_line(client)) else None for client in clients]
        seen = json.loads(server.communicate()[0])
    return figures(row, [each for each in ended if each is not None], seen)


def figures(row: Row, ended: list[dict[str, Any]], seen: dict[str, Any]) -> dict[str, Any]:
    """Return what a run came to."""
    calls, period = row.quota
    under_way = [seconds for each in ended for seconds in each["under_way"]]
    counts = [len(each["under_way"]) for each in ended]
    hold = sum(under_way) / max(1, len(under_way))
    served = seen["served"]
    steady = [moment for moment in served if moment >= served[0] + max(WARM, period)]
    share = 0.0
    if len(steady) > 1:
        share = (len(steady) - 1) / (steady[-1] - steady[0]) * period / calls
    waits = [seconds for each in ended[-1:] for seconds in each["waits"]]
    return {
        "served": len(served),
        "refused": seen["refused"],
        "most": seen["most"],
        "share": share,
        "bound": period / (period + hold),
        "fairness": sum(counts) ** 2 / (len(counts) * max(1, sum(count**2 for count in counts))),
        "wait": median(waits or [0.0]),
    }


def cells(row: Row, found: dict[str, Any]) -> list[str]:
    """Return a row of the table."""
    shares = [f"{value:.1%}" for value in (found["share"], found["bound"], found["share"] / found["bound"])]
    counts = [str(found[name]) for name in ("served", "refused", "most")]
    return [row.name, *counts, *shares, f"{found['fairness']:.4f}", f"{found['wait']:.2f} s"]


def main() -> None:
    parser = options(__doc__, repetitions=1)
    parser.add_argument("--only", default="", help="rows whose name begins so")
    given = parser.parse_args()
    if shutil.which("redis-server") is None:
        if os.environ.get("CI") == "true":
            sys.exit("needs redis-server: apt-get install redis-server")
        finish(
            given.json,
            {"refused": math.nan, "share": math.nan},
            Table(TITLE, [""], [["not run: redis-server is not installed"]]),
        )
        return
    rows = [row for row in ROWS if row.name.startswith(given.only)] if SCALE == 1 else [SMALLEST]
    found = {}
    for row in rows:
        found[row.name] = run(row)
        print(*cells(row, found[row.name]), sep="  ", flush=True)
        broken = row.shared and (found[row.name]["refused"] or found[row.name]["most"] > row.quota[0])
        assert not broken, f"{row.name}: the quota was broken"
    shared = [found[row.name] for row in rows if row.shared]
    main_row = found.get(MAIN, shared[0] if shared else None)
    figures_of_all = {"refused": float(sum(each["refused"] for each in shared))}
    if main_row is not None:
        figures_of_all["share"] = main_row["share"] / main_row["bound"]
    table = Table(TITLE, HEAD, [cells(row, found[row.name]) for row in rows], NOTE)
    finish(given.json, figures_of_all, table, packages=["redis", "hiredis"])


if __name__ == "__main__":
    main()
