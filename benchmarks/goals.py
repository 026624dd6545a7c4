"""The goals of the benchmarks, in one place; what is measured and told is in the scripts.

Invariant: data alone. ``figure`` is a name among the figures of the script's result.
"""

from collections.abc import Mapping

from attrs import frozen


@frozen
class Goal:
    """A bound for one figure.

    Attributes:
        what: the figure in words.
        script: that measures it.
        figure: its name in the result of the script.
        limit: the most that it may be, or the least where more is better.
        stretch: a limit that would be better still.
        before: its value before the work on it, as it was measured then; '' where there was none.
        unit: behind the value; ``x`` is a ratio.
        least: True if more is better.
        why: subject of the paragraph that says why it is missed, if it is; ``readme.py`` has them.
    """

    what: str
    script: str
    figure: str
    limit: float
    stretch: float | None = None
    before: str = ""
    unit: str = "x"
    least: bool = False
    why: str = ""

    @property
    def bound(self) -> str:
        """The limit, as it is shown."""
        return f"{'>=' if self.least else '<='} {self.show(self.limit)}"

    def met(self, value: float, limit: float | None = None) -> bool:
        """Return True if a value keeps the limit, or another one."""
        limit = self.limit if limit is None else limit
        return value >= limit if self.least else value <= limit

    def verdict(self, value: float | None) -> str:
        """Return what a value means for the goal, in words."""
        if value is None:
            return "not measured"
        if self.stretch is not None and self.met(value, self.stretch):
            return "met, and the stretch goal"
        return "met" if self.met(value) else "MISSED"

    def show(self, value: float | None) -> str:
        """Return a value, or a limit, with its unit."""
        if value is None:
            return ""
        return f"{value:,.0f}{self.unit}" if abs(value) >= 1000 else f"{round(value, 3):.5g}{self.unit}"  # noqa: PLR2004  legible


GOALS = (
    Goal("GET person against raw aiohttp, C=32", "call", "get.32", 1.15, 1.00, "1.38 to 1.47", why="A call"),
    Goal("POST presign, the same", "call", "post.32", 1.03, 0.95, "1.22 to 1.24", why="A call"),
    Goal("GET person over TLS", "call", "tls.get.32", 1.15, None, "1.41 to 1.49", why="A call"),
    Goal("POST presign over TLS", "call", "tls.post.32", 1.15, why="A call"),
    Goal("GET person with uvloop", "call", "uvloop.get.32", 1.15, None, "1.41 to 1.49", why="uvloop"),
    Goal("POST presign with uvloop", "call", "uvloop.post.32", 1.15, why="uvloop"),
    Goal(
        "GET person, growth from C=32 to 256 above raw's own",
        "call",
        "get.growth",
        1.05,
        None,
        "1.06 to 1.23",
        why="Growth",
    ),
    Goal("POST presign, the same growth", "call", "post.growth", 1.05, why="Growth"),
    Goal("A/A: distance of raw aiohttp from itself, worst of GET and POST at C=32", "call", "noise", 0.02, unit=""),
    Goal("`from mi_async import connect` against `import aiohttp`", "imports", "connect", 1.25, 1.10, "1.72"),
    Goal('`mi-async --version` against `python -c "import aiohttp"`', "imports", "--version", 0.5, None, "3.4"),
    Goal("`mi-async --help`, the same", "imports", "--help", 1.5, None, "3.6"),
    Goal("`mi-async persons list` against the emulator, the same", "imports", "persons list", 2.5),
    Goal(
        "enrolled thumbnail of 20 kB, CPU against its four raw requests",
        "bulk_cpu",
        "20 kB",
        3.0,
        2.5,
        "4.3",
        why="A thumbnail",
    ),
    Goal(
        "dry run of a table of 30,000 rows, rows a second of CPU",
        "plan",
        "rate",
        25_000,
        None,
        "15,000",
        unit="",
        least=True,
    ),
    Goal("page of 100, bytes to models against by hand", "structuring", "page", 1.15, None, "1.32"),
    Goal(
        "1,000 analyses noticed, mean delay against one poller each at the same pace", "jobs", "late", 1.5, None, "3.0"
    ),
    Goal("retry and quota of a call that succeeds", "micro", "retry and quota", 2.0, unit=" us"),
    Goal("memory above the bodies, 8 PUTs of 5 MiB over TLS", "put", "memory", 16.0, unit=" MiB"),
    Goal("parts sent again after a kill half-way", "storage", "again", 0.0, unit=""),
    Goal(
        "goodput of a bulk run in steady state, processing 0.8 s",
        "bulk_goodput",
        "0.8 s, p95 4 s",
        97.0,
        unit=" %",
        least=True,
    ),
    Goal("quota of 8 processes at 0 to 100 ms, goodput against its bound", "quota_store", "share", 0.95, least=True),
    Goal("429s of all that share a quota in a store", "quota_store", "refused", 0.0, unit=""),
    Goal("peak memory of a bulk run", "bulk_memory", "peak", 150.0, unit=" MiB"),
    Goal("difference of that between lengths", "bulk_memory", "growth", 30.0, unit=" MiB"),
)
"""Those of a call, of imports and of bulk runs first; the others are older and shall stay met."""

LEFT_OUT: Mapping[str, str] = {"journal": "its figures are those of the disk, which it waits for, and it has no goal"}
"""Scripts that the quick run leaves out, with the reason."""
