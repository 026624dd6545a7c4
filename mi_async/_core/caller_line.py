"""The callers of one process that wait for permits of a shared quota.

Invariant: strictly first come, first served; a caller that gave up gets nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from attrs import define, field

from mi_async.errors import MIError


@define(eq=False)
class WaitingCaller:
    """Caller that waits for a permit.

    Attributes:
        until: time until which it waits; infinity for no limit.
        permit: gets the time up to which the permit may begin a call, or None if the caller must ask elsewhere.
    """

    until: float
    permit: asyncio.Future[float | None]


@define(eq=False)
class CallerLine:
    """Callers in the order in which they came."""

    _callers: deque[WaitingCaller] = field(init=False, factory=deque)

    def __len__(self) -> int:
        """Return the number of waiting callers."""
        return len(self._callers)

    def join(self, until: float) -> WaitingCaller:
        """Add a caller at the end."""
        caller = WaitingCaller(until, asyncio.get_running_loop().create_future())
        self._callers.append(caller)
        return caller

    def place(self, caller: WaitingCaller) -> int:
        """Return the place of a caller in the line, from 0; also 0 for one that was served."""
        return self._callers.index(caller) if caller in self._callers else 0

    def leave(self, caller: WaitingCaller) -> bool:
        """Remove a caller that gives up; return True if it had been given a permit already."""
        permit = caller.permit
        if permit.done() and not permit.cancelled():
            return permit.exception() is None and permit.result() is not None
        if caller in self._callers:
            self._callers.remove(caller)
        return False

    def serve(self, permit: float | None) -> bool:
        """Give a permit to the first; return False if nobody waits."""
        while self._callers:
            caller = self._callers.popleft()
            if not caller.permit.done():
                caller.permit.set_result(permit)
                return True
        return False

    def refuse(self, error: Callable[[int, WaitingCaller], MIError | None]) -> None:
        """Fail the callers for which ``error``, given place and caller, returns an error."""
        for place, caller in enumerate(tuple(self._callers)):
            if not caller.permit.done() and (found := error(place, caller)) is not None:
                self._callers.remove(caller)
                caller.permit.set_exception(found)
