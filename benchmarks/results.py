"""Result of a benchmark script: tables and named figures, printed, held against the goals, and written as JSON.

Invariant: a result says when and on what it was made; whoever shows it needs nothing else.
"""

import datetime as dt
import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import Any

from attrs import asdict, frozen
from goals import GOALS, Goal
from harness import SCALE

PACKAGES = ("aiohttp", "yarl", "multidict", "attrs", "cattrs", "orjson", "tenacity", "aiolimiter", "uvloop")
"""Packages of which a call consists."""
MEASURES = re.compile(r"^ +\w+ = options\(__doc__", re.MULTILINE)
_begun, _load = perf_counter(), os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0


@frozen
class Table:
    """A table of a result; its cells are texts, as they are shown.

    Attributes:
        title: of it.
        head: of its columns.
        rows: below.
        note: what must be known to read it, as Markdown; '' for nothing.
    """

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def lines(self) -> Iterator[str]:
        """Yield the table as Markdown, the first column to the left."""
        cells = [[str(cell) for cell in row] for row in (self.head, *self.rows)]
        widths = [max(len(row[column]) for row in cells) for column in range(len(self.head))]
        cells.insert(1, [widths[0] * "-", *((width - 1) * "-" + ":" for width in widths[1:])])
        for first, *rest in cells:
            padded = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
            yield "| " + " | ".join([first.ljust(widths[0]), *padded]) + " |"


@frozen
class Machine:
    """What a result was made on.

    Attributes:
        date: when it was finished, UTC.
        load: load average of the last minute when the script began: other work than its own.
        python: version and implementation.
        processor: name.
        cores: that the machine has.
        system: name and release.
        packages: versions, of those that are installed.
        scale: share of the usual size.
        seconds: that the script took.
    """

    date: str
    load: float
    python: str
    processor: str
    cores: int
    system: str
    packages: Mapping[str, str]
    scale: float
    seconds: float

    @classmethod
    def here(cls, packages: Sequence[str]) -> "Machine":
        """Return what this process runs on."""
        return cls(
            date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M"),
            load=round(_load, 2),
            python=f"{platform.python_implementation()} {platform.python_version()}",
            processor=_processor(),
            cores=os.cpu_count() or 1,
            system=f"{platform.system()} {platform.release()}",
            packages={name: found for name in packages if (found := version(name))},
            scale=SCALE,
            seconds=round(perf_counter() - _begun, 1),
        )


@frozen
class Result:
    """Result of one script.

    Attributes:
        script: name.
        machine: what it was made on.
        figures: by name; a goal names one.
        tables: for people.
    """

    script: str
    machine: Machine
    figures: Mapping[str, float]
    tables: Sequence[Table]

    @classmethod
    def load(cls, path: Path) -> "Result":
        """Read a result that was written."""
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        machine, tables = Machine(**found.pop("machine")), [Table(**table) for table in found.pop("tables")]
        return cls(machine=machine, tables=tables, **found)

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def finish(
    path: Path | None, figures: Mapping[str, float], *tables: Table, packages: Sequence[str] = ()
) -> None:  # fmt: skip
    """Print the tables and what they mean for the script's goals; write the result, if a file is named.

    Args:
        path: of the JSON file.
        figures: by name.
        tables: in the order in which they are read.
        packages: whose versions matter beside those of a call.
    """
    script = Path(sys.argv[0]).stem
    for table in tables:
        print(f"\n{table.title}\n", *table.lines(), sep="\n")
    for goal in GOALS:
        if goal.script == script:
            value = figures.get(goal.figure)
            print(f"{goal.what}: {goal.show(value)}, goal {goal.bound}: {goal.verdict(value)}")
    if path is not None:
        rounded = {name: round(value, 4) for name, value in figures.items()}
        Result(script, Machine.here((*PACKAGES, *packages)), rounded, tables).write(path)


def judged(results: Mapping[str, Result]) -> Iterator[tuple[Goal, float | None, str]]:
    """Yield each goal with its figure, None if there is none, and what that means."""
    for goal in GOALS:
        result = results.get(goal.script)
        value = None if result is None else result.figures.get(goal.figure)
        small = result is not None and result.machine.scale < 1
        yield goal, value, "measured too small" if small else goal.verdict(value)


def scripts() -> list[str]:
    """Return the names of all scripts that measure something: those that take the arguments of ``harness.options``."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return [path.stem for path in files if MEASURES.search(path.read_text(encoding="utf-8"))]


def version(package: str) -> str | None:
    """Return the version of a package, None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
