"""Confirmation of plans on the command line: shown, then confirmed by a typed code or ``--confirm``.

Invariant: nothing but the code of this very plan confirms it; without a terminal there is nobody who could type it.
"""

import asyncio
import os
import sys
import threading
from typing import Annotated, Protocol, TypeAlias

from cyclopts import Parameter

from mi_async._core.confirmation import CODE, check_confirmed
from mi_async.cli.streams import stderr
from mi_async.errors import PlanNotConfirmedError
from mi_async.text import escaped

Confirm: TypeAlias = Annotated[
    str | None,
    Parameter(name="--confirm", help="Code of the plan, as --dry-run prints it; by default it is asked for."),
]
"""Option of each command that has plans to confirm."""
IN_COMMAND = "look at the plan with --dry-run, whose last line has its code, then confirm it with --confirm CODE"
"""Form of a confirmation without a terminal; without its code, which would be a way round the look at the plan."""
LONGEST_LINE = 4096


class ShownPlan(Protocol):
    """A plan as this module needs it; ``str()`` of it is its table."""

    @property
    def code(self) -> str:
        """Code that confirms it; '' if nothing of it is irreversible."""
        ...


async def confirmed(plan: ShownPlan, given: str | None, *, what: str) -> str:
    """Return the code of a plan that its user has confirmed; on a terminal the plan is shown and its code asked for.

    Args:
        plan: the plan.
        given: value of ``--confirm``.
        what: what would happen, for messages: ``37 persons would be merged for good``.

    Raises:
        PlanNotConfirmedError: it is not confirmed; nothing was done.
    """
    if plan.code and given is None and sys.stdin is not None and sys.stdin.isatty() and stderr().isatty():
        given = await _typed(plan, what)
        if given.strip().lower() != plan.code:
            message = f"{what}; the code of the plan was not typed, and nothing was done"
            raise PlanNotConfirmedError(message)
    if given and not plan.code and not CODE.fullmatch(given.strip().lower()):
        # A code is no mistake there: the same command resumes, and by then its plan may have been carried out.
        message = f"{escaped(repr(given), 40)} is the code of no plan, and nothing in this one needs any"
        raise PlanNotConfirmedError(message)
    check_confirmed(plan.code, given, what=what, how=IN_COMMAND)
    return plan.code


def code_line(plan: ShownPlan) -> str:
    """Return the last line of a dry run: how the plan is confirmed, or that it needs no confirmation."""
    if not plan.code:
        return "nothing in this plan is irreversible; it needs no confirmation"
    return f"to do this, run the command with --confirm {plan.code} in place of --dry-run"


async def _typed(plan: ShownPlan, what: str) -> str:
    """Show a plan and return the line that is typed after it."""
    out = stderr()
    out.write(f"{plan}\n{what}. To confirm, type {plan.code}: ")
    out.flush()
    return await _line()


async def _line() -> str:
    """Return a line from the terminal, '' at its end.

    Read in a daemon thread: a stop signal cancels the wait, and neither the loop nor the interpreter waits for a thread
    that hangs in the operating system. ``os.read`` and not ``sys.stdin``, whose lock such a thread would hold at exit.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[bytes] = loop.create_future()
    descriptor = sys.stdin.fileno()

    def settle(read: bytes) -> None:
        if not line.done():
            line.set_result(read)

    def read() -> None:
        try:
            found = os.read(descriptor, LONGEST_LINE)
        except OSError:
            found = b""  # the terminal is gone, and with it whoever could confirm
        loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=read, name="mi_async confirmation", daemon=True).start()
    return (await line).decode("utf-8", "replace")
