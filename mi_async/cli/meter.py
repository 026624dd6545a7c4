"""What a run asked of the service: requests, times and quota per operation.

Law: a hook that only looks.
"""

from collections import defaultdict
from statistics import median

from attrs import define, field
from rich import box
from rich.table import Table

from mi_async._core.hooks import Attempt, Outcome
from mi_async.session import Session
from mi_async.text import duration


@define(eq=False)
class Meter:
    """Counts attempts; is a hook to run after each.

    Attributes:
        session: whose quotas are watched.
        seconds: of each attempt, by operation id.
        peaks: most slots of a quota that were taken at once, by operation id.
    """

    session: Session | None = None
    seconds: dict[str, list[float]] = field(init=False, factory=lambda: defaultdict(list))
    peaks: dict[str, int] = field(init=False, factory=lambda: defaultdict(int))

    async def __call__(self, attempt: Attempt, outcome: Outcome) -> None:
        """Count one attempt."""
        self.seconds[attempt.operation].append(outcome.seconds)
        state = self.session.quota.get(attempt.operation) if self.session is not None else None
        if state is not None:
            self.peaks[attempt.operation] = max(self.peaks[attempt.operation], state.used)


def operations_table(meter: Meter) -> Table:
    """One row per operation that was called."""
    table = Table(box=box.ROUNDED, header_style="bold")
    for name in ("operation", "requests", "median", "max", "quota used", "429s"):
        table.add_column(name, justify="left" if name == "operation" else "right", no_wrap=True)
    quotas = meter.session.quota if meter.session is not None else {}
    for operation, seconds in meter.seconds.items():
        state = quotas.get(operation)
        used = f"{meter.peaks[operation]} of {state.calls:,} / {state.period:g} s" if state is not None else ""
        refused = str(state.refused) if state is not None else ""
        table.add_row(operation, str(len(seconds)), duration(median(seconds)), duration(max(seconds)), used, refused)
    return table
