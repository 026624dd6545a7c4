"""What imports and commands cost, against ``import aiohttp``: CPU time in a fresh interpreter.

Public names are loaded when they are first asked for, so the first use pays for what ``import mi_async`` does not.
Bare start-up of the interpreter is in no figure of an import, and in each of a command: there the whole process
counts, as it does for ``python -c "import aiohttp"``. Everything is compiled before the first measurement.
"""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from harness import CLIENT_CORE, Runs, fastest, goal, options, pin, report, run_clients, table

AIOHTTP, PACKAGE, SESSION = "import aiohttp", "import mi_async", "from mi_async import connect"
VARIANTS = (AIOHTTP, f"{AIOHTTP} # again", PACKAGE, SESSION)
CLIENT = """
import sys, time
modules, before = len(sys.modules), time.process_time()
exec(sys.argv[1])
print('{"ms": %f, "modules": %d}' % ((time.process_time() - before) * 1e3, len(sys.modules) - modules))
"""

BASE = f'python -c "{AIOHTTP}"'
GOALS = {"--version": 0.5, "--help": 1.5, "persons list": 2.5}
"""Commands that have a goal, and how many times the CPU of BASE each may take."""
COMMANDS: Mapping[str, Sequence[str]] = {
    BASE: ["-c", AIOHTTP],
    f"{BASE} # again": ["-c", AIOHTTP],
    **{line: ["-m", "mi_async", *line.split()] for line in (*GOALS, "enroll --help", "journal --help")},
}


@contextmanager
def emulator(environment: Mapping[str, str]) -> Generator[dict[str, str]]:
    """Run an emulator in a process of its own; gives the variables with which commands find it."""
    command = [sys.executable, "-m", "mi_async", "emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | environment, text=True) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(5)]
            yield dict(line.split()[1].split("=", 1) for line in lines if line.startswith("export "))
        finally:
            process.kill()


def run_commands(repetitions: int, environment: Mapping[str, str]) -> Runs:
    """Measure each command in fresh processes; every repetition starts with another one."""
    runs: dict[str, list[dict[str, float]]] = {line: [] for line in COMMANDS}
    lines = list(COMMANDS)
    for repetition in range(repetitions):
        first = repetition % len(lines)
        for line in [*lines[first:], *lines[:first]]:
            before = _children_seconds()
            subprocess.run(
                [sys.executable, *COMMANDS[line]], env=os.environ | environment, stdout=subprocess.DEVNULL, check=True
            )
            runs[line].append({"ms": (_children_seconds() - before) * 1e3})
    return runs


def _children_seconds() -> float:
    """Return the CPU seconds of the processes that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show_commands(runs: Runs) -> None:
    base = fastest(runs, BASE, "ms")
    ratios = {line: fastest(runs, line, "ms") / base for line in runs}
    table(
        ["", "CPU ms", "x aiohttp"], [[line, f"{ratio * base:.0f}", f"{ratio:.2f}"] for line, ratio in ratios.items()]
    )
    for line, limit in GOALS.items():
        goal(f"mi-async {line}", ratios[line], limit)


def show(runs: Runs) -> None:
    base = fastest(runs, AIOHTTP, "ms")
    rows = []
    for variant in VARIANTS:
        ms = fastest(runs, variant, "ms")
        rows.append([variant, f"{ms:.1f}", f"{ms / base:.2f}", f"{fastest(runs, variant, 'modules'):.0f}"])
    table(["", "CPU ms", "x aiohttp", "modules"], rows)
    goal(PACKAGE, fastest(runs, PACKAGE, "ms") / base, 1.25)


def main() -> None:
    given = options(__doc__, repetitions=15).parse_args()
    pin(CLIENT_CORE)  # inherited by what it starts
    with tempfile.TemporaryDirectory() as compiled:
        environment = {"PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        run_clients(["-c", CLIENT], VARIANTS, 1, **environment)
        runs = run_clients(["-c", CLIENT], VARIANTS, given.reps, **environment)
        with emulator(environment) as variables:
            run_commands(1, environment | variables)
            commands = run_commands(given.reps, environment | variables)
    show(runs)
    show_commands(commands)
    report(given.json, {**runs, **commands})


if __name__ == "__main__":
    main()
