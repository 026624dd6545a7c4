"""Run the benchmarks one after another, keep their results, and write README.md and the pictures from them.

    python benchmarks/suite.py                       the quick ones: 12 minutes on two idle cores
    python benchmarks/suite.py call imports          these alone
    python benchmarks/suite.py bulk_goodput --whole  at full length
    python benchmarks/suite.py --write               run nothing, write README.md and the pictures

Results go to ``benchmarks/results/``, one file a script; those of scripts that are not run stay as they are. The last
lines say which goals are met.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter

import picture
import readme
from goals import GOALS, LEFT_OUT
from results import Result, judged, scripts

HERE = Path(__file__).parent
RESULTS = HERE / "results"
MOST = 600.0
"""Seconds that a script may take in the quick run."""
SHORTER: Mapping[str, Sequence[str]] = {
    "bulk_memory": ["1000", "10000"],
    "bulk_goodput": ["--items", "5000", "--only", "0.8 s, p95 4 s"],
    "quota_store": ["--only", "8 processes, 0 to 100 ms"],
    "storage": ["--reps", "1"],
}
"""Arguments of the quick run, where the whole would take too long."""


def in_order() -> list[str]:
    """Return the names of all scripts: those with goals first, in the order of these."""
    known = scripts()
    return sorted(known, key=[*(goal.script for goal in GOALS), *known].index)


def run(script: str, folder: Path, arguments: Sequence[str], most: float | None) -> bool:
    """Run a script to its end; returns False if it failed, or took more than so many seconds."""
    print(f"\n=== {script} {' '.join(arguments)}".rstrip(), flush=True)
    begun = perf_counter()
    command = [sys.executable, str(HERE / f"{script}.py"), *arguments, "--json", str(folder / f"{script}.json")]
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            done = process.wait(most) == 0
        except BaseException as error:  # its servers and clients end with it
            os.killpg(process.pid, signal.SIGKILL)
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            done = False
    print(f"=== {script}: {'done' if done else 'FAILED'} after {perf_counter() - begun:.0f} s", flush=True)
    return done


def load(folder: Path) -> dict[str, Result]:
    """Return the results that there are, by script."""
    return {path.stem: Result.load(path) for path in sorted(folder.glob("*.json"))}


def write(folder: Path, results: Mapping[str, Result]) -> None:
    """Write what is made from the results beside their folder."""
    (folder.parent / "README.md").write_text(readme.text(results), encoding="utf-8")
    for each in picture.PICTURES:
        if (drawn := picture.svg(each, results)) is not None:
            (folder.parent / each.name).write_text(drawn, encoding="utf-8")


def verdicts(results: Mapping[str, Result]) -> Iterator[str]:
    """Yield a line for each goal, and one for all."""
    met = 0
    for goal, value, verdict in judged(results):
        met += verdict.startswith("met")
        yield f"{verdict:26} {goal.show(value):>12} {goal.bound:>14}  {goal.what}"
    yield f"{met} of {len(GOALS)} goals are met"


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = in_order()
    parser.add_argument("scripts", nargs="*", help=f"of {', '.join(known)}")
    parser.add_argument("--whole", action="store_true", help="at full length")
    parser.add_argument("--write", action="store_true", help="run nothing")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results; README.md goes beside it")
    given = parser.parse_args()
    if unknown := set(given.scripts) - set(known):
        parser.error(f"no such script: {', '.join(sorted(unknown))}")
    chosen = given.scripts or [name for name in known if name not in LEFT_OUT or given.whole]
    failed, begun = [], perf_counter()
    for script in () if given.write else chosen:
        arguments, most = ([], None) if given.whole else (SHORTER.get(script, []), MOST)
        if not run(script, given.results, arguments, most):
            failed.append(script)
        write(given.results, load(given.results))  # so that a run that is ended leaves what belongs together
    results = load(given.results)
    write(given.results, results)
    print(f"\n{perf_counter() - begun:.0f} s in all\n", *verdicts(results), sep="\n")
    if failed:
        sys.exit(f"failed, with figures of an earlier run above if any: {', '.join(failed)}")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
