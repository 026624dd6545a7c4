"""What imports and commands cost, against ``import aiohttp``, each in fresh processes that take turns.

Public names are loaded when they are first asked for, so the first use pays for what ``import mi_async`` does not. Of
an import the CPU time alone counts, without the start of the interpreter; of a command the whole process does, as it
does for ``python -c "import aiohttp"``: its wall time, and its CPU beside it. Everything is compiled before the first
measurement, but in the table of first starts, where nothing is: neither the standard library nor a package.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from harness import CLIENT_CORE, SERVER_CORE, Series, options, pin, process, ratio, rotated, scaled
from results import Table, finish

AIOHTTP = "import aiohttp"
OPENED = """
import asyncio
from mi_async import Credentials, connect
async def main():
    async with connect(Credentials("ACCESS", "SECRET")):
        pass
asyncio.run(main())
"""
IMPORTS = {
    "aiohttp": AIOHTTP,
    "again": f"{AIOHTTP} # again",
    "package": "import mi_async",
    "connect": "from mi_async import connect",
    "session": OPENED,
}
"""By the name of their figure: statements that are measured."""
CLIENT = """
import sys, time
modules, before = len(sys.modules), time.process_time()
exec(sys.argv[1])
print('{"ms": %f, "modules": %d}' % ((time.process_time() - before) * 1e3, len(sys.modules) - modules))
"""
BASE = "import aiohttp"
LINES = ("--version", "--help", "persons list", "enroll --help", "journal --help")[: scaled(5, 3)]
COMMANDS: Mapping[str, Sequence[str]] = {
    BASE: ["-c", AIOHTTP],
    "again": ["-c", AIOHTTP],
    "pass": ["-c", "pass"],
    **{line: ["-m", "mi_async", *line.split()] for line in LINES},
}
"""By the name of their figure: what Python is started with."""
COLD = (BASE, "--version", "persons list")[: scaled(3)]


@contextmanager
def emulator() -> Generator[dict[str, str]]:
    """Run an emulator in a process of its own; gives the variables with which commands find it."""
    command = [sys.executable, "-m", "mi_async", "emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        pin(SERVER_CORE, child.pid)
        try:
            lines = [child.stdout.readline() for _ in range(5)]
            yield dict(line.split()[1].split("=", 1) for line in lines if line.startswith("export "))
        finally:
            child.kill()


def run_imports(repetitions: int, environment: Mapping[str, str]) -> dict[str, Series]:
    """Measure each import in fresh processes, in turn."""
    found: dict[str, Series] = {"ms": {name: [] for name in IMPORTS}, "modules": {name: [] for name in IMPORTS}}
    for turn in range(repetitions):
        for name in rotated(list(IMPORTS), turn):
            one = json.loads(process(["-c", CLIENT, IMPORTS[name]], **environment))
            for figure, series in found.items():
                series[name].append(one[figure])
    return found


def run_commands(names: Sequence[str], repetitions: int, environment: Mapping[str, str]) -> dict[str, Series]:
    """Measure each command in fresh processes, in turn."""
    found: dict[str, Series] = {"wall": {name: [] for name in names}, "cpu": {name: [] for name in names}}
    for turn in range(repetitions):
        for name in rotated(names, turn):
            before = time.perf_counter(), _children_seconds()
            process(COMMANDS[name], **environment)
            found["wall"][name].append((time.perf_counter() - before[0]) * 1e3)
            found["cpu"][name].append((_children_seconds() - before[1]) * 1e3)
    return found


def run_cold(environment: Mapping[str, str]) -> dict[str, Series]:
    """Measure commands on an installation of which nothing is compiled, with nowhere to keep what they compile."""
    with tempfile.TemporaryDirectory() as empty:
        nothing = {"PYTHONPYCACHEPREFIX": empty, "PYTHONDONTWRITEBYTECODE": "1"}
        return run_commands(COLD, scaled(3), {**environment, **nothing})


def _children_seconds() -> float:
    """Return the CPU seconds of the processes that have ended and were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def imports_table(found: Mapping[str, Series]) -> Table:
    rows = []
    for name, statement in IMPORTS.items():
        ms, modules = (statistics.median(found[figure][name]) for figure in ("ms", "modules"))
        label = "the same, and a session opened and closed" if statement == OPENED else f"`{statement}`"
        rows.append([label, f"{ms:.1f}", str(ratio(found["ms"], name, "aiohttp")), f"{modules:.0f}"])
    return Table("Imports: CPU in a fresh interpreter", ["", "CPU ms", "x aiohttp (quartiles)", "modules"], rows)


def commands_table(title: str, found: Mapping[str, Series]) -> Table:
    rows = []
    for name in found["wall"]:
        wall, cpu = (statistics.median(found[figure][name]) for figure in ("wall", "cpu"))
        line = (
            f"mi-async {name}"
            if COMMANDS[name][0] == "-m"
            else f'python -c "{COMMANDS[name][1]}"{" # again" * (name == "again")}'
        )
        ratios = [str(ratio(found[figure], name, BASE)) for figure in ("wall", "cpu")]
        rows.append([f"`{line}`", f"{wall:.0f}", ratios[0], f"{cpu:.0f}", ratios[1]])
    return Table(title, ["", "wall ms", "x aiohttp (quartiles)", "CPU ms", "x aiohttp"], rows)


def main() -> None:
    given = options(__doc__, repetitions=11).parse_args()
    with emulator() as variables, tempfile.TemporaryDirectory() as compiled:
        pin(CLIENT_CORE)  # inherited by what it starts
        warm = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled if scaled(2) > 1 else ""}
        run_imports(1, warm)
        imports = run_imports(given.reps, warm)
        run_commands(list(COMMANDS), 1, warm | variables)
        commands = run_commands(list(COMMANDS), given.reps, warm | variables)
        cold = run_cold(variables)
    figures = {name: ratio(imports["ms"], name, "aiohttp").median for name in IMPORTS}
    figures |= {name: ratio(commands["wall"], name, BASE).median for name in COMMANDS}
    tables = [commands_table("Commands: the whole process", commands)]
    tables.append(commands_table("First starts: nothing is compiled", cold))
    finish(given.json, figures, imports_table(imports), *tables, packages=("cyclopts", "rich"))


if __name__ == "__main__":
    main()
