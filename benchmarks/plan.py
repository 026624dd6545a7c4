"""Items planned from a CSV in a second of CPU, against the same headers read by os.open and os.read, and the memory.

Each size is planned in a process of its own. The pictures are real JPEG files, and the rows have paths of their own,
hard links to a few of them. What is read is in the cache of the system both times, so that no disk is measured.

    python benchmarks/plan.py --sizes 10000 100000
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import report, scaled, table

SIZES = (10_000, 100_000)
PICTURES = 8
LINKS = scaled(20_000)
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


def run(measure: str, path: Path) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", measure, "--path", str(path)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="rows of the table")
    parser.add_argument("--json", type=Path, help="write every figure to this file")
    parser.add_argument("--measure", choices=list(MEASURES), help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        MEASURES[given.measure](given.path)
        return
    figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay_out(folder)
        for rows in given.sizes:
            path = write_table(folder, rows)
            figures[rows] = {measure: run(measure, path) for measure in MEASURES}
            path.unlink()
    cells = [
        [
            f"{rows:,}",
            *(f"{one[measure]['rate']:,.0f}" for measure in MEASURES),
            f"{one['raw']['rate'] / one['plan']['rate']:.1f}",
            f"{one['plan']['wall']:,.0f}",
            f"{one['plan']['rss']:.0f}",
        ]
        for rows, one in figures.items()
    ]
    table(["rows", "raw headers/CPU s", "read/CPU s", "planned/CPU s", "x raw", "planned/s", "peak RSS MiB"], cells)
    report(given.json, figures)


if __name__ == "__main__":
    main()
