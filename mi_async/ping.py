"""The cheapest signed call, and what it shows of the way to the service.

Invariant: changes nothing at the service, and has no quota to wait for.
"""

from attrs import frozen

from mi_async._core.call import Calls
from mi_async._core.declare import raw
from mi_async._core.envelope import REQUEST_ID, date
from mi_async._core.values import Value
from mi_async.api.workspaces import Workspaces


@frozen(eq=False, repr=False)
class Ping(Value):
    """Marks of an accepted call.

    Attributes:
        seconds: from its beginning to the end of its answer; with the connection, where a new one was made, and with
            its retries.
        clock_offset: seconds by which the service's clock is ahead of this machine's, give or take half a second and
            half of ``seconds``; None when the answer has no date.
        workspaces: how many the keys may see.
        request_id: the gateway's, where it sent one.
    """

    seconds: float
    clock_offset: float | None
    workspaces: int
    request_id: str | None


async def ping(calls: Calls) -> Ping:
    """List one workspace, and look at the answer."""
    clock = calls.clock
    begun, moment = clock.monotonic(), clock.wall()
    answer = await raw(Workspaces(calls).list)(page_size=1)
    took = clock.monotonic() - begun
    theirs = date(answer.headers)  # cut off to a whole second, so half of one later on average
    offset = None if theirs is None else theirs + 0.5 - (moment + took / 2)
    return Ping(clock.real(took), offset, answer.parsed.total_count, answer.headers.get(REQUEST_ID))
