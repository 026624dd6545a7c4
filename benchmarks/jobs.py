"""A thousand analyses awaited at once: the session's one poller, against one poller per job.

Both ask at the same ages of a job; the one shares a pace among all jobs, the other has none, as a loop of one's own
around ``indexes.status`` has none. The emulator runs in a process of its own, and both on time that passes ``--speed``
times as fast; all seconds but those of CPU are seconds of that time.
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from harness import CLIENT_CORE, SERVER_CORE, Figures, Runs, fastest, options, pin, report, run_clients, scaled, table

import mi_async
from mi_async import Clock, Hooks, Session
from mi_async._core.concurrency import each
from mi_async._core.hooks import Attempt
from mi_async.emulator import Latency, Settings, serve
from mi_async.workflows.jobs.kinds import INDEX

JOBS = scaled(1000)
VARIANTS = {"shared": "one poller for all", "each": "one poller per job"}
SETTINGS = Settings(
    latency=Latency.none(),
    importing=Latency.none(),
    queueing=Latency(30.0),
    analysing=Latency.lognormal(median=600.0, p95=1500.0),
)


async def emulate(speed: float) -> None:
    """Serve; a line on stdin is answered with when each analysis ends, on the machine's clock times the speed."""
    async with serve(settings=SETTINGS, clock=Clock(speed)) as server:
        print(server.url, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            room = server.state.workspaces["newsroom"]
            ends = {asset.id: asset.analysis.job.ends for _, asset in room.assets() if asset.analysis is not None}
            print(json.dumps(ends), flush=True)


class Arrivals:
    """When requests were sent, once it is switched on."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.moments: list[float] | None = None

    async def __call__(self, _attempt: Attempt) -> None:
        """Note one."""
        if self.moments is not None:
            self.moments.append(self.clock.monotonic())


async def wait_shared(
    _session: Session, _clock: Clock, jobs: Sequence[mi_async.Job[Any]], over: Callable[[str], None]
) -> None:
    async for job in mi_async.as_completed(jobs):
        await job
        over(job.id)


async def wait_each(
    session: Session, clock: Clock, jobs: Sequence[mi_async.Job[Any]], over: Callable[[str], None]
) -> None:
    async def loop(job: mi_async.Job[Any]) -> None:
        _, workspace, project_id, asset_id = job.id.split(":")
        indexes = session.workspace(workspace).indexes
        begun = clock.monotonic()
        while True:
            await clock.sleep(INDEX.polling.delay(clock.monotonic() - begun))
            if (await indexes.status(int(project_id), int(asset_id))).status.is_terminal:
                await indexes.get(int(project_id), int(asset_id))
                return over(job.id)

    await asyncio.gather(*map(loop, jobs))


async def client(variant: str, url: str, speed: float, ends: Callable[[], dict[str, float]]) -> Figures:
    clock = Clock(speed)
    arrivals = Arrivals(clock)
    noticed: dict[str, float] = {}
    keys = mi_async.emulator.CREDENTIALS
    timeout = mi_async.Timeout(total=600 * speed)
    hooks = Hooks(before=[arrivals])
    async with mi_async.connect(keys, base_url=url, clock=clock, hooks=hooks, timeout=timeout) as session:
        jobs = await begin(session)
        arrivals.moments = []
        cpu, started = time.process_time(), clock.monotonic()
        wait = {"shared": wait_shared, "each": wait_each}[variant]
        await wait(session, clock, jobs, lambda token: noticed.__setitem__(token.rpartition(":")[2], clock.monotonic()))
        cpu = time.process_time() - cpu
        took = clock.monotonic() - started
    truth = ends()
    late = sorted(noticed[asset] - truth[asset] for asset in noticed)
    assert len(late) == JOBS
    return {
        "requests": len(arrivals.moments),
        "mean": len(arrivals.moments) / took,
        "peak": most_within(arrivals.moments, 10.0) / 10.0,
        "late": sum(late) / JOBS,
        "p95": late[math.ceil(0.95 * JOBS) - 1],
        "max": late[-1],
        "cpu": cpu,
    }


async def begin(session: Session) -> list[mi_async.Job[Any]]:
    """Request the analyses."""
    newsroom = session.workspace("newsroom")
    project = (await newsroom.projects.list()).projects[0].project_id

    async def one(number: int) -> mi_async.Job[Any]:
        asset = await newsroom.assets.register(project, key=f"{number}.mp4", bucket_name="footage")
        return await newsroom.analyze(project, asset.asset_id)

    return await each(one, range(JOBS), 32)


def most_within(moments: Sequence[float], window: float) -> int:
    most = first = 0
    for number, moment in enumerate(moments):
        while moments[first] <= moment - window:
            first += 1
        most = max(most, number - first + 1)
    return most


def measure(variant: str, speed: float) -> Figures:
    pin(CLIENT_CORE)
    command = [sys.executable, __file__, "--serve", "--speed", str(speed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def ends() -> dict[str, float]:
            stdin.write("\n")
            stdin.flush()
            answer: dict[str, float] = json.loads(stdout.readline())
            return answer

        try:
            return asyncio.run(client(variant, stdout.readline().strip(), speed, ends))
        finally:
            process.terminate()


def show(runs: Runs) -> None:
    head = ["1,000 analyses", "requests", "a second", "peak", "noticed after", "95 %", "at most", "CPU"]
    rows = []
    for variant, label in VARIANTS.items():
        one = {name: fastest(runs, variant, name) for name in runs[variant][0]}
        rate = [f"{one['requests']:,.0f}", f"{one['mean']:.2f}", f"{one['peak']:.1f}"]
        rows.append([label, *rate, *(f"{one[name]:.0f} s" for name in ("late", "p95", "max")), f"{one['cpu']:.2f} s"])
    names = ("requests", "mean", "peak", "late", "p95", "max", "cpu")
    ratios = [fastest(runs, "shared", name) / fastest(runs, "each", name) for name in names]
    table(head, [*rows, ["ratio", *(f"{ratio:.2f}" for ratio in ratios)]])


def main() -> None:
    parser = options(__doc__, repetitions=1)
    parser.add_argument("--speed", type=float, default=20.0, help="seconds that pass in a real one (%(default)s)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)  # be the emulator
    given = parser.parse_args()
    if given.serve:
        pin(SERVER_CORE)
        asyncio.run(emulate(given.speed))
    elif given.client:
        json.dump(measure(given.client, given.speed), sys.stdout)
    else:
        runs = run_clients([__file__, "--speed", str(given.speed), "--client"], list(VARIANTS), given.reps)
        show(runs)
        report(given.json, runs)


if __name__ == "__main__":
    main()
