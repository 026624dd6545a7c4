"""A thousand analyses awaited at once: the session's one poller, against one poller per job.

All ask at the same ages of a job. The session's poller shares a pace among all jobs; so do pollers of one's own, a loop
around ``indexes.status`` for each job, which wait in one queue for the same five requests a second. Without the pace
(``--free``) they show what noticing costs where no rate is kept. The emulator runs in a process of its own, and all on
time that passes ``--speed`` times as fast; all seconds but those of CPU are seconds of that time.
"""

import argparse
import asyncio
import json
import math
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from harness import CLIENT_CORE, SCALE, SERVER_CORE, Figures, Runs, fastest, options, pin, run_clients, scaled
from results import Table, finish

import mi_async
from mi_async import Clock, Hooks, Session
from mi_async._core.concurrency import each
from mi_async._core.hooks import Attempt
from mi_async.emulator import Latency, Settings, serve
from mi_async.workflows.jobs.kinds import INDEX

JOBS = scaled(1000)
RATE = 5.0
"""Requests a second that the session's poller makes at most."""
SPEED = 100.0 if SCALE >= 1 else 600.0
VARIANTS = {
    "shared": "the session's poller",
    "paced": "one poller per job, at the same rate",
    "free": "one poller per job, at any rate",
}
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


class Pace:
    """Turns to make a request, first come, first served."""

    def __init__(self, clock: Clock, rate: float) -> None:
        self.clock, self.interval, self.next = clock, 1 / rate, 0.0

    async def __call__(self) -> None:
        """Wait for a turn."""
        now = self.clock.monotonic()
        turn = max(now, self.next)
        self.next = turn + self.interval
        if turn > now:
            await self.clock.sleep(turn - now)


async def wait_shared(
    _session: Session, _clock: Clock, jobs: Sequence[mi_async.Job[Any]], over: Callable[[str], None]
) -> None:
    async for job in mi_async.as_completed(jobs):
        await job
        over(job.id)


async def wait_paced(
    session: Session, clock: Clock, jobs: Sequence[mi_async.Job[Any]], over: Callable[[str], None], rate: float = RATE
) -> None:
    pace = Pace(clock, rate)

    async def loop(job: mi_async.Job[Any]) -> None:
        _, workspace, project_id, asset_id = job.id.split(":")
        indexes = session.workspace(workspace).indexes
        begun = clock.monotonic()
        while True:
            await clock.sleep(INDEX.polling.delay(clock.monotonic() - begun))
            await pace()
            if (await indexes.status(int(project_id), int(asset_id))).status.is_terminal:
                await pace()
                await indexes.get(int(project_id), int(asset_id))
                return over(job.id)

    await asyncio.gather(*map(loop, jobs))


WAITS: Mapping[str, Callable[..., Awaitable[None]]] = {
    "shared": wait_shared,
    "paced": wait_paced,
    "free": partial(wait_paced, rate=math.inf),
}


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
        await WAITS[variant](
            session, clock, jobs, lambda token: noticed.__setitem__(token.rpartition(":")[2], clock.monotonic())
        )
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


def shown(runs: Runs) -> Table:
    names = ("requests", "mean", "peak", "late", "p95", "max", "cpu")
    rows = []
    for variant in runs:
        one = {name: fastest(runs, variant, name) for name in names}
        rate = [f"{one['requests']:,.0f}", f"{one['mean']:.2f}", f"{one['peak']:.1f}"]
        late = [f"{one[name]:.0f} s" for name in ("late", "p95", "max")]
        rows.append([VARIANTS[variant], *rate, *late, f"{one['cpu']:.2f} s"])
    head = ["", "requests", "a second", "busiest 10 s", "noticed after", "95 %", "at most", "CPU"]
    return Table(f"{JOBS:,} analyses of 10 minutes awaited at once", head, rows)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--speed", type=float, default=SPEED, help="seconds that pass in a real one (%(default)s)")
    parser.add_argument("--free", action="store_true", help="measure pollers without a pace, too; take --speed 20")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)  # be the emulator
    given = parser.parse_args()
    if given.serve:
        pin(SERVER_CORE)
        asyncio.run(emulate(given.speed))
        return
    if given.client:
        json.dump(measure(given.client, given.speed), sys.stdout)
        return
    variants = list(VARIANTS) if given.free else list(VARIANTS)[:2]
    runs = run_clients([__file__, "--speed", str(given.speed), "--client"], variants, given.reps)
    names = ("late", "requests", "cpu")
    figures = {name: fastest(runs, "shared", name) / fastest(runs, "paced", name) for name in names}
    finish(given.json, figures, shown(runs))


if __name__ == "__main__":
    main()
