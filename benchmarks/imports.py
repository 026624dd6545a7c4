"""What ``import mi_async`` and what a session needs cost, against ``import aiohttp``: CPU time in a fresh interpreter.

Public names are loaded when they are first asked for, so the first use pays for what ``import mi_async`` does not.
Bare start-up of the interpreter is in neither figure, and everything is compiled before the first measurement.
"""

import tempfile

from harness import CLIENT_CORE, Runs, fastest, goal, options, pin, report, run_clients, table

AIOHTTP, PACKAGE, SESSION = "import aiohttp", "import mi_async", "from mi_async import connect"
VARIANTS = (AIOHTTP, f"{AIOHTTP} # again", PACKAGE, SESSION)
CLIENT = """
import sys, time
modules, before = len(sys.modules), time.process_time()
exec(sys.argv[1])
print('{"ms": %f, "modules": %d}' % ((time.process_time() - before) * 1e3, len(sys.modules) - modules))
"""


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
    show(runs)
    report(given.json, runs)


if __name__ == "__main__":
    main()
