"""Mutation tests: make one mistake at a time in a copy of the package and see whether the tests notice it.

    python -m tests.mutants.run [--sample 20] [--seed 1] [--only limits.py] [core storage workflows bulk]

The tests of a room are run once with coverage; each mutant is then judged by the tests that reach its line, until the
first that fails. A mutant that nobody notices survives: it is printed, and written to the result file. One process at
a time. mutmut and cosmic-ray mutate everything (about 2,500 mutants here); neither draws a sample that stays the same.

Invariant: the clone is not touched; mutants are written into the copy, whose processes find them there too.
"""

import argparse
import importlib
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import asdict, define, frozen

from tests.mutants.operators import Mutant, mutants_of
from tests.mutants.targets import ROOMS, Room

CLONE = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
COPIED = ("mi_async", "tests", "docs", "benchmarks", "pyproject.toml", "README.md")
WARM = ("aiohttp", "aiohttp.web", "aiobotocore.session", "hypothesis", "moto.server", "PIL.Image", "sqlalchemy", "yarl")
"""Libraries that are loaded once, before the first fork; none of ours."""
PLAIN = (
    *("-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:schemathesis", "-p", "no:randomly"),
    *("-W", "ignore:Module already imported"),  # by us, before the fork
)
LEAST_SECONDS = 30.0
MEMORY = 32 * 2**30
"""Bytes of addresses that a mutant may take before it fails."""
FEW_TESTS = 20
MOST_TESTS = 100
"""Tests that judge a mutant: for a line that more of them reach, the nearest."""


@frozen
class Verdict:
    """The fate of one mutant: killed, survived, timed out, or equivalent."""

    module: str
    line: int
    name: str
    fate: str
    by: str = ""
    tests: int = 0
    seconds: float = 0.0


@define(eq=False)
class Selector:
    """Pytest plugin: runs the given tests only, in their order, and notes durations and the first failure."""

    wanted: Mapping[str, int] | None = None
    notes: Path | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep and sort what is wanted."""
        if self.wanted is not None:
            places = self.wanted
            items[:] = sorted((item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a line for each test, and for each failure."""
        if self.notes is not None and (report.failed or report.when == "call"):
            with self.notes.open("a") as notes:
                notes.write(json.dumps([report.nodeid, report.outcome, report.duration]) + "\n")


@define
class Bench:
    """The copy in which mutants are made, and the tests that reach each line of it."""

    root: Path
    reached: dict[str, dict[int, list[str]]]
    durations: dict[str, float]

    @classmethod
    def of(cls, room: Room, root: Path, kept: Path) -> "Bench":
        """Copy the clone and run the tests of a room once, with coverage by test; or take an earlier baseline."""
        for name in COPIED:
            source = CLONE / name
            copy = shutil.copytree if source.is_dir() else shutil.copy2
            copy(source, root / name)
        if kept.exists():
            reached, durations = json.loads(kept.read_text())
            by_line = {module: {int(line): tests for line, tests in lines.items()} for module, lines in reached.items()}
            return cls(root, by_line, durations)
        bench = cls(root, {}, {})
        include = ",".join(f"{root}/mi_async/{module}" for module in room.modules)
        config = root / "coverage.ini"
        config.write_text(f"[run]\nbranch = false\ninclude = {include}\ndynamic_context = none\n")
        cover = ["--cov", f"--cov-config={config}", "--cov-context=test", "--cov-report="]
        notes = root / "baseline.jsonl"
        code = bench.pytest([*cover, *(f"tests/{each}" for each in room.tests)], Selector(notes=notes), 3_600.0)
        rows = [json.loads(line) for line in notes.read_text().splitlines()]
        failed = [nodeid for nodeid, outcome, _ in rows if outcome == "failed"]
        print(f"baseline: {len(rows)} tests, exit code {code}, left out because they fail: {failed}", flush=True)
        bench.durations = {nodeid: duration for nodeid, outcome, duration in rows if outcome == "passed"}
        for each in failed:
            bench.durations.pop(each, None)
        bench._read(room)
        kept.write_text(json.dumps([bench.reached, bench.durations]))
        return bench

    def _read(self, room: Room) -> None:
        data: Any = importlib.import_module("coverage").CoverageData(str(self.root / ".coverage"))
        data.read()
        for module in room.modules:
            lines = data.contexts_by_lineno(str(self.root / "mi_async" / module))
            self.reached[module] = {
                line: sorted({context.partition("|")[0] for context in contexts} & set(self.durations))
                for line, contexts in lines.items()
            }

    def judges(self, module: str, line: int) -> list[str]:
        """Return the tests that reach a line: those of its own file first, then the quickest.

        What runs once in a process, at import or in a cached function, is reached by the first test alone as coverage
        sees it; so a line that few tests reach is judged by others too.
        """
        reached = set(self.reached[module].get(line, []))
        tests = reached if len(reached) > FEW_TESTS else set(self.durations)
        stem = Path(module).stem

        def order(nodeid: str) -> tuple[bool, bool, bool, float]:
            file = Path(nodeid.partition("::")[0]).stem
            return (nodeid not in reached, stem not in file, "costs" not in file, self.durations[nodeid])

        return sorted(tests, key=order)[:MOST_TESTS]

    def judge(self, module: str, mutant: Mutant) -> Verdict:
        """Make the mistake, run the tests, and take it back."""
        path = self.root / "mi_async" / module
        original = path.read_text()
        tests = self.judges(module, mutant.reached)
        limit = LEAST_SECONDS + 4 * sum(self.durations[each] for each in tests)
        notes = self.root / "notes.jsonl"
        notes.unlink(missing_ok=True)
        begun = time.monotonic()
        try:
            path.write_text(mutant.source)
            selector = Selector({nodeid: place for place, nodeid in enumerate(tests)}, notes)
            files = dict.fromkeys(nodeid.partition("::")[0] for nodeid in tests)
            code = self.pytest(["-x", *files], selector, limit)
        finally:
            path.write_text(original)
        fate = {0: "survived", None: "timed out", 5: "not run"}.get(code, "killed")
        rows = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
        by = next((nodeid for nodeid, outcome, _ in rows if outcome == "failed"), "")
        took = round(time.monotonic() - begun, 1)
        return Verdict(module, mutant.line, mutant.name, fate, by, len(tests), took)

    def pytest(self, arguments: Sequence[str], selector: Selector, limit: float) -> int | None:
        """Run pytest in a fork of this process; None when the time is up."""
        child = os.fork()
        if child == 0:
            self._be_child(arguments, selector, limit)
        until = time.monotonic() + limit
        while time.monotonic() < until:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                _end_group(child)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        _end_group(child)
        os.waitpid(child, 0)
        return None

    def _be_child(self, arguments: Sequence[str], selector: Selector, limit: float) -> None:
        code = 3
        try:
            os.setsid()  # what a test starts ends with it
            os.chdir(self.root)
            sys.path[:] = [str(self.root), *(each for each in sys.path if Path(each).resolve() != CLONE)]
            os.environ["PYTHONPATH"] = str(self.root)
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
            sys.dont_write_bytecode = True
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 5, int(limit) + 5))
            with (self.root / "output.txt").open("w") as output:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
            for name in [each for each in sys.modules if each.partition(".")[0] in {"mi_async", "tests"}]:
                del sys.modules[name]
            code = int(pytest.main([*PLAIN, *arguments], plugins=[selector]))
            sys.stdout.flush()
        except BaseException:  # noqa: BLE001  the fork must end here
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)


def _end_group(leader: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def sampled(module: str, source: str, count: int, seed: int) -> list[Mutant]:
    """Draw mutants of a module: the same for the same source and seed."""
    found = mutants_of(source)
    chosen = random.Random(f"{seed} {module}").sample(range(len(found)), min(count, len(found)))  # noqa: S311
    return [found[index] for index in sorted(chosen)]


def equivalents() -> dict[str, str]:
    """Return reasons by module and name of a mutant that no test can notice."""
    table: dict[str, dict[str, str]] = tomllib.loads(EQUIVALENT.read_text())
    return {f"{module} {name}": reason for module, entries in table.items() for name, reason in entries.items()}


def run(name: str, given: argparse.Namespace) -> list[Verdict]:
    """Judge a sample of the mutants of a room."""
    room, results = ROOMS[name], given.results.resolve()
    kept = results.with_name(f"{name}.baseline.json")
    if not given.reuse:
        kept.unlink(missing_ok=True)
    verdicts: list[Verdict] = []
    known = equivalents()
    modules = [each for each in room.modules if not given.only or Path(each).name in given.only]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        bench = Bench.of(room, Path(folder).resolve(), kept)
        for module in modules:
            source = (bench.root / "mi_async" / module).read_text()
            names = {f"{module} {mutant.name}" for mutant in mutants_of(source)}
            for stale in [each for each in known if each.startswith(f"{module} ") and each not in names]:
                print(f"no such mutant any more: {stale}", flush=True)
            for mutant in sampled(module, source, given.sample, given.seed):
                if f"{module} {mutant.name}" in known:
                    verdict = Verdict(module, mutant.line, mutant.name, "equivalent", known[f"{module} {mutant.name}"])
                else:
                    verdict = bench.judge(module, mutant)
                verdicts.append(verdict)
                with results.open("a") as out:
                    out.write(json.dumps(asdict(verdict), ensure_ascii=False) + "\n")
                if verdict.fate not in {"killed", "timed out", "equivalent"}:
                    print(f"{verdict.fate}: {module}:{mutant.line} {mutant.name} ({verdict.tests} tests)", flush=True)
            print(figures(module, [each for each in verdicts if each.module == module]), flush=True)
    return verdicts


def figures(title: str, verdicts: Sequence[Verdict]) -> str:
    """Return one line: how many of the mutants that can be noticed were."""
    fates = Counter(each.fate for each in verdicts)
    real = len(verdicts) - fates["equivalent"]
    killed = fates["killed"] + fates["timed out"]
    share = f"{killed / real:.0%}" if real else "-"
    return f"{title}: {killed} of {real} ({share}); {fates['equivalent']} equivalent, {fates['timed out']} by time-out"


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge a sample, and fail when more than one in twenty survives."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rooms", nargs="*", choices=[*ROOMS, []], help="all by default")
    parser.add_argument("--sample", type=int, default=20, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", default=[], help="file name of a module")
    parser.add_argument("--results", type=Path, default=Path(".mutants/results.jsonl"), help="one mutant a line")
    parser.add_argument("--reuse", action="store_true", help="take the baseline of the last run: lines have not moved")
    given = parser.parse_args(arguments)
    for name in WARM:
        importlib.import_module(name)
    given.results.parent.mkdir(parents=True, exist_ok=True)
    given.results.unlink(missing_ok=True)
    verdicts: list[Verdict] = []
    for name in given.rooms or ROOMS:
        verdicts += run(name, given)
    print(figures("all", verdicts))
    real = [each for each in verdicts if each.fate != "equivalent"]
    survived = [each for each in real if each.fate not in {"killed", "timed out"}]
    return int(len(survived) > len(real) / 20)


if __name__ == "__main__":
    sys.exit(main())
