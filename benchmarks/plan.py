"""Items planned from a CSV in a second of CPU, against the same headers read by os.open and os.read, and the memory.

Each repetition is a process of its own, and they take turns. The pictures are real JPEG files, and the rows have paths
of their own, hard links to a few of them. What is read is in the cache of the system each time, so that no disk is
measured.

    python benchmarks/plan.py --sizes 10000 100000 1000000
"""

import argparse
import csv
import json
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path

from harness import CLIENT_CORE, Runs, options, pin, run_clients, scaled, sizes
from results import Table, finish

SIZES = sizes(1_000, 10_000, 30_000, least=40)
PICTURES = 8
LINKS = scaled(20_000, 40)
"""Paths of their own; a larger input names them again."""
FIRST = 8 * 2**10


def lay_out(folder: Path) -> None:
    """Pictures, and the links to them."""
    from PIL import Image  # noqa: PLC0415  only here

    for number in range(PICTURES):
        image = Image.effect_noise((400 + number, 400), 80.0).convert("RGB")
        image.save(folder / f"picture-{number}.jpg", quality=85)
    for number in range(LINKS):
        os.link(folder / f"picture-{number % PICTURES}.jpg", folder / f"{number}.jpg")


def write_table(folder: Path, rows: int) -> Path:
    path = folder / f"{rows}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "thumbnail", "description", "tags"])
        writer.writerows(
            [f"홍길동 {row:07}", f"{row % LINKS}.jpg", "Anchor of the evening", "Anchor|Korea"] for row in range(rows)
        )
    return path


def measure_raw(path: Path) -> None:
    """Do the least that it takes: read each header, and do nothing with it."""
    with path.open(encoding="utf-8", newline="") as file:
        names = [os.path.join(path.parent, row[1]) for row in csv.reader(file)][1:]  # noqa: PTH118  as in the package
    began = now()
    for name in names:
        opened = os.open(name, os.O_RDONLY)
        os.read(opened, FIRST)
        os.close(opened)
    say(began, len(names))


def measure_read(path: Path) -> None:
    """Read the rows alone."""
    from mi_async.bulk.inputs.readers import read_people  # noqa: PLC0415  not part of the raw figure

    began = now()
    say(began, sum(1 for _ in read_people(path)))


def measure_plan(path: Path) -> None:
    from mi_async.bulk.inputs.readers import read_people  # noqa: PLC0415  as above
    from mi_async.bulk.plan.enroll import plan_people  # noqa: PLC0415  as above

    began = now()
    plan = plan_people(read_people(path))
    assert plan.ok, str(plan)
    assert plan.create == plan.pictures == plan.items
    say(began, plan.items)


MEASURES = {"raw": measure_raw, "read": measure_read, "plan": measure_plan}


def now() -> tuple[float, float]:
    return time.process_time(), time.perf_counter()


def say(began: tuple[float, float], rows: int) -> None:
    cpu, wall = (after - before for before, after in zip(began, now(), strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "rate": rows / cpu, "wall": rows / wall, "rss": peak}))


def median(runs: Runs, measure: str, figure: str) -> float:
    return statistics.median(run[figure] for run in runs[measure])


def cells(rows: int, runs: Runs) -> list[str]:
    rates = {measure: median(runs, measure, "rate") for measure in MEASURES}
    planned = [run["rate"] for run in runs["plan"]]
    return [
        f"{rows:,}",
        *(f"{rates[measure]:,.0f}" for measure in MEASURES),
        f"{min(planned):,.0f} to {max(planned):,.0f}",
        f"{rates['raw'] / rates['plan']:.1f}",
        f"{median(runs, 'plan', 'wall'):,.0f}",
        f"{median(runs, 'plan', 'rss'):.0f}",
    ]


def main() -> None:
    parser = options(__doc__, repetitions=5)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="rows of the table")
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    pin(CLIENT_CORE)
    if given.client:
        MEASURES[given.client](given.path)
        return
    found: dict[int, Runs] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder)
        for rows in given.sizes:
            path = write_table(folder, rows)
            found[rows] = run_clients([__file__, "--path", str(path), "--client"], list(MEASURES), given.reps)
            path.unlink()
    head = ["rows", "raw headers/CPU s", "read/CPU s", "planned/CPU s", "of it", "x raw", "planned/s", "peak RSS MiB"]
    figures = {"rate": median(found[max(found)], "plan", "rate")}
    finish(given.json, figures, Table("Dry run of a table", head, [cells(*one) for one in found.items()]))


if __name__ == "__main__":
    main()
