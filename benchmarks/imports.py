"""What ``import mi_async`` costs, against ``import aiohttp``: CPU time inside a fresh interpreter.

Bare start-up of the interpreter is in neither figure, and everything is compiled before the first measurement.
"""

import tempfile

from harness import CLIENT_CORE, Runs, fastest, goal, options, pin, report, run_clients, table

VARIANTS = ("aiohttp", "aiohttp again", "mi_async")
CLIENT = """
import sys, time
modules, before = len(sys.modules), time.process_time()
__import__(sys.argv[1].partition(" ")[0])
print('{"ms": %f, "modules": %d}' % ((time.process_time() - before) * 1e3, len(sys.modules) - modules))
"""


def show(runs: Runs) -> None:
    base = fastest(runs, "aiohttp", "ms")
    rows = []
    for variant in VARIANTS:
        ms = fastest(runs, variant, "ms")
        rows.append([f"import {variant}", f"{ms:.1f}", f"{ms / base:.2f}", f"{fastest(runs, variant, 'modules'):.0f}"])
    table(["", "CPU ms", "x aiohttp", "modules"], rows)
    goal("import mi_async", fastest(runs, "mi_async", "ms") / base, 1.25)


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
