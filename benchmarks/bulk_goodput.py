"""Goodput of bulk runs: thumbnails a minute as a share of the 1,000 that the completion check allows.

The client is a process of its own with default settings; the service is the emulator here, both on a clock that runs
fast. Every request and every answer is 0 to 100 ms on its way. Counted is, at the server, when a check first told that
an upload is completed.

Steady state is from the end of the second minute after the first presign (after a shift: of the third minute after it)
to the last presign: until admission ends. The whole run is from the first presign to the last completion.
"""

import asyncio
import os
import statistics
import sys
from collections.abc import Mapping
from typing import Any

from attrs import evolve, field, frozen
from bulk_service import CHECKS, MINUTE, PICTURES, PRESIGNS, Service, service
from harness import SCALE, options, sizes
from results import Table, finish

from mi_async.emulator import Latency, Mixture, Settings

CEILING = 1000.0
"""Completion checks a minute."""
JITTER = 0.1
SETTLING, RECOVERY = 2 * MINUTE, 3 * MINUTE
MOST_REFUSED = 1.0
"""429s per thousand thumbnails."""
MOST_PACED = 5_000
USUAL, SPEED = sizes(5_000, 20_000, least=40), 8.0 if SCALE >= 1 else 20.0
"""Thumbnails of a run, and how fast its clock is."""
SLOWER = 1.5
"""Times the least mean delay that a run may have which does not fill the quota."""
BUSY = 0.6
"""Share of a core beyond which the machine and not the schedule may be what is measured."""
LATE = 50.0
"""Milliseconds of the clock by which the client's timers are late on average; beyond, the machine was too busy."""


@frozen
class Scenario:
    """A behaviour of the service.

    Attributes:
        name: for the table.
        latency: of the processing.
        goal: percent of the ceiling, None for none.
        shift: when the processing becomes ten times as long, in seconds from the first upload; None for never.
        enrolls: whether persons are enrolled, and not pictures given to persons.
        pace: thumbnails a minute that the input gives, 0 for as many as are taken.
        optimum: least mean delay in seconds from done to known that any schedule of checks can have at that pace, by
            simulation, None where there is no goal for it.
    """

    name: str
    latency: Latency | Mixture
    goal: float | None
    shift: float | None = None
    enrolls: bool = False
    pace: float = 0.0
    optimum: float | None = None

    @property
    def shifts(self) -> Mapping[float, float]:
        """The shift as the emulator takes it."""
        return {} if self.shift is None else {self.shift: 10.0}


TYPICAL = Latency.lognormal(median=0.8, p95=4)
SCENARIOS = (
    Scenario("0.8 s, p95 4 s", TYPICAL, 97),
    Scenario("0.8 s, p95 4 s, enroll_many", TYPICAL, 97, enrolls=True),
    Scenario("0.3 s, p95 1 s", Latency.lognormal(median=0.3, p95=1), 95),
    Scenario("3 s, p95 10 s", Latency.lognormal(median=3, p95=10), 95),
    Scenario(
        "0.5 s, a tenth 20 s",
        Mixture(((0.9, Latency.lognormal(median=0.5, p95=1.5)), (0.1, Latency.lognormal(median=20, p95=30)))),
        95,
    ),
    Scenario("8 s, p95 40 s", Latency.lognormal(median=8, p95=40), 93),
    Scenario("0.8 s, then tenfold", TYPICAL, 93, shift=5 * MINUTE),
    Scenario("0.8 s, 1 % never finish", Mixture(((0.99, TYPICAL), (0.01, Latency.never()))), None),
    Scenario("0.8 s, 300 a minute", TYPICAL, None, pace=300, optimum=0.25),
    Scenario("0.8 s, 600 a minute", TYPICAL, None, pace=600, optimum=0.65),
)


@frozen
class Figures:
    """What came of one run; shares are percent, ``late`` is milliseconds by which the client's timers were late."""

    scenario: Scenario
    items: int
    steady: float
    minutes: float
    whole: float
    refused: float
    useful: float
    delay: float
    pool: float
    memory: float
    client: float
    server: float
    late: float
    counts: dict[str, int]
    by_minute: list[int] = field(factory=list)

    def row(self) -> list[str]:
        """Return the figures as cells."""
        goal = "" if self.scenario.goal is None else f"{self.scenario.goal:g}"
        return [
            self.scenario.name,
            f"{self.items:,}",
            goal,
            f"{self.steady:.1f}",
            f"{self.minutes:.1f}",
            f"{self.whole:.1f}",
            f"{self.refused:.2f}",
            f"{self.useful:.1f}",
            f"{self.delay:.2f}",
            f"{self.pool:.0f}",
            f"{self.memory:.0f}",
            f"{self.client:.0f}",
            f"{self.server:.0f}",
            f"{self.late:.0f}",
        ]

    def faults(self) -> list[str]:
        """Return what is not as it should be."""
        goal = self.scenario.goal
        wrong = [
            (goal is not None and self.steady < goal, f"goodput {self.steady:.1f} % < {goal} %"),
            (self.refused > MOST_REFUSED, f"{self.refused:.2f} refusals per thousand"),
            (
                max(self.client, self.server) > 100 * BUSY or self.late > LATE,
                "the machine was busy, and may be what was measured: take a lower --speed",
            ),
            (
                self.scenario.optimum is not None and self.delay > SLOWER * self.scenario.optimum,
                f"delay {self.delay:.2f} s > {SLOWER} * {self.scenario.optimum} s",
            ),
            (set(self.counts) != {"done"} and goal is not None, f"items ended {self.counts}"),
        ]
        return [f"{self.scenario.name}, {self.items:,}: {text}" for is_so, text in wrong if is_so]


HEAD = ["processing (median)", "items", "goal %", "steady %", "over min", "whole %", "429 per 1,000", "useful %"]
HEAD += ["delay s", "pool", "MiB", "client CPU %", "server CPU %", "late ms"]


async def measure(scenario: Scenario, items: int, speed: float, seed: int, journal: str | None) -> Figures:
    settings = Settings(seed=seed, latency=scenario.latency, shifts=scenario.shifts, jitter=JITTER, keep_bytes=False)
    async with service(settings, speed) as here:
        first = 0 if scenario.enrolls else here.add_persons(-(-items // len(PICTURES)))
        job = here.job(items, first_person=first, pace=scenario.pace)
        if journal is not None:
            job = evolve(job, journal=f"{journal}#goodput_{os.getpid()}_{SCENARIOS.index(scenario)}_{items}")
        client = await here.client(job)
        return evaluate(scenario, items, here, client.figures, client.server_cpu)


def evaluate(scenario: Scenario, items: int, here: Service, client: dict[str, Any], server_cpu: float) -> Figures:
    log, seen, speed = here.server.log, here.seen, here.server.clock.speed
    begin, end = log.arrivals[PRESIGNS][0], log.arrivals[PRESIGNS][-1]
    start = begin + (SETTLING if scenario.shift is None else scenario.shift + RECOVERY)
    window = max(0.0, end - start) / MINUTE
    whole = (seen.done[-1] - begin) / MINUTE
    return Figures(
        scenario,
        items,
        steady=100 * seen.between(start, end) / window / CEILING if window else 0.0,
        minutes=window,
        whole=100 * len(seen.done) / whole / CEILING,
        refused=1000 * sum(log.throttled.values()) / items,
        useful=100 * len(seen.done) / log.count(CHECKS),
        delay=statistics.fmean(seen.delays),
        pool=max((now["pool"] for now in client["seen"]), default=0),
        memory=client["memory"],
        client=100 * client["cpu"] / client["wall"],
        server=100 * server_cpu / client["wall"],
        late=1000 * speed * statistics.fmean([now["late"] for now in client["seen"]] or [0.0]),
        counts=client["counts"],
        by_minute=[
            seen.between(begin + MINUTE * number, begin + MINUTE * (number + 1)) for number in range(int(whole) + 1)
        ],
    )


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=USUAL, help="thumbnails (%(default)s)")
    parser.add_argument("--speed", type=float, default=SPEED, help="of the clock (%(default)s)")
    parser.add_argument("--only", default=None, help="run this scenario alone, by its whole name")
    parser.add_argument("--seed", type=int, default=1, help="of the emulator (%(default)s)")
    parser.add_argument("--journal", default=None, help="URL of a PostgreSQL database without #name; default: a file")
    parser.add_argument("--minutes", action="store_true", help="print completions minute by minute, too")
    given = parser.parse_args()
    results: list[Figures] = []
    chosen = SCENARIOS if SCALE >= 1 else SCENARIOS[:1]
    for scenario in chosen if given.only is None else [one for one in SCENARIOS if one.name == given.only]:
        for items in given.items:
            if scenario.shift is not None and items < CEILING * (scenario.shift + RECOVERY + SETTLING) / MINUTE:
                continue  # over before the shift shows
            if scenario.pace and items > MOST_PACED:
                continue  # takes long and shows nothing more
            results.append(asyncio.run(measure(scenario, items, given.speed, given.seed, given.journal)))
            print(" | ".join(results[-1].row()), file=sys.stderr, flush=True)
            if given.minutes:
                print(results[-1].by_minute, flush=True)
    faults = [fault for figures in results for fault in figures.faults()]
    note = "Every goal is met." if not faults else f"Not as it should be: {'; '.join(faults)}."
    table = Table("Goodput as a share of the quota", HEAD, [figures.row() for figures in results], note)
    finish(given.json, {figures.scenario.name: figures.steady for figures in results}, table)


if __name__ == "__main__":
    main()
