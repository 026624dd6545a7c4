"""What the steps of a call cost, each alone, in CPU microseconds; nothing goes over a network.

The goal is for retry and quota together: the way from the call to the transport and back on success with both, less
the same way with neither.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from harness import CLIENT_CORE, Figures, fastest, options, pin, scaled
from results import Table, finish
from servers import ANSWER, RESULT

from mi_async import Credentials, Operation, Quota, RetryPolicy, Timeout
from mi_async._core.call import Calls
from mi_async._core.call_settings import CallSettings
from mi_async._core.clock import Clock
from mi_async._core.envelope import open_envelope
from mi_async._core.http_messages import Response
from mi_async._core.inflight import InFlightCall
from mi_async._core.limits import LeaseLimiter, Limiter
from mi_async._core.running_call import RunningCall
from mi_async._core.session_keys import SessionKeys
from mi_async._core.signing import sign
from mi_async.api import operations
from mi_async.api.thumbnails import Thumbnails

ROUNDS = scaled(2000)
"""Times that a step is done in one measurement."""

PRESIGN, GET, LIST = (
    next(operation for operation in operations() if operation.id == name)
    for name in ("thumbnails.presign", "persons.get", "persons.list")
)
FILE_NAME = "movie-0001.jpg"
PRESIGN_ARGUMENTS = {"workspace_name": "newsroom", "thumbnail_file_name": FILE_NAME}
GET_ARGUMENTS = {"workspace_name": "newsroom", "person_id": 1001}
LIST_ARGUMENTS = {"workspace_name": "newsroom", "page_num": 2, "page_size": 100, "tag_ids": [1, 2, 3]}
KEYS = Credentials("ACCESSKEY0123456789A", "0123456789abcdef0123456789abcdef01234567")
REQUEST, RESPONSE, NOW = PRESIGN.build(PRESIGN_ARGUMENTS), Response(200, {}, ANSWER), 1_700_000_000.0
NEVER_REACHED = Quota(1_000_000, 1.0)


class Immediate(Calls):
    """Calls whose attempts succeed at once: what is left is the deadline, the quota, the retry and the bookkeeping."""

    async def _send(self, *_attempt: object) -> Any:
        """Succeed without a network."""
        return None, RESPONSE


class Plain(Immediate):
    """The same with neither retry nor quota."""

    async def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        """Make one attempt."""
        request = operation.build(arguments)
        self.lifetime.check()
        with InFlightCall(self.in_flight, math.inf) as in_flight:
            return (await self._send(RunningCall(operation, request, None, None, None, in_flight), 1))[0]


async def nothing() -> None:
    """Await nothing."""


async def unsent(operation: Operation, arguments: Mapping[str, Any]) -> Any:
    """Call nobody."""


def awaited() -> dict[str, Callable[[], Awaitable[object]]]:
    """Return steps that are awaited; made in the event loop that runs them."""
    unused: Any = None
    clock = Clock()
    keys, settings = SessionKeys(KEYS, clock), CallSettings(Timeout(), RetryPolicy(), (), None)
    limiters: dict[str, Limiter] = {PRESIGN.id: LeaseLimiter(PRESIGN.id, NEVER_REACHED, clock)}
    limiter = limiters[PRESIGN.id]
    plain = Plain(unused, keys, settings, {}, clock, "")
    with_retry = Immediate(unused, keys, settings, {}, clock, "")
    with_both = Immediate(unused, keys, settings, limiters, clock, "")
    thumbnails = Thumbnails(unsent, workspace_name="newsroom")

    async def lease() -> None:
        await limiter.acquire(600.0)
        limiter.release()

    async def view() -> None:
        with_both.with_options({"timeout": 5.0, "max_wait": 1.0})

    return {
        "bare await": nothing,
        "view: with_options(timeout=5, max_wait=1)": view,
        "typed method to arguments": lambda: thumbnails.presign(FILE_NAME),
        "quota: acquire, release": lease,
        "call, neither retry nor quota": lambda: plain(PRESIGN, PRESIGN_ARGUMENTS),
        "call, retry": lambda: with_retry(PRESIGN, PRESIGN_ARGUMENTS),
        "call, retry and quota": lambda: with_both(PRESIGN, PRESIGN_ARGUMENTS),
    }


PLAIN: dict[str, Callable[[], object]] = {
    "build persons.get": lambda: GET.build(GET_ARGUMENTS),
    "build persons.list": lambda: LIST.build(LIST_ARGUMENTS),
    "build thumbnails.presign": lambda: PRESIGN.build(PRESIGN_ARGUMENTS),
    "sign": lambda: sign(REQUEST, KEYS, NOW),
    "open the envelope": lambda: open_envelope(RESPONSE, PRESIGN.id),
    "parse thumbnails.presign": lambda: PRESIGN.parse(RESULT),
}


def timed(step: Callable[[], object]) -> float:
    before = time.process_time()
    for _ in range(ROUNDS):
        step()
    return (time.process_time() - before) / ROUNDS * 1e6


async def timed_await(step: Callable[[], Awaitable[object]]) -> float:
    before = time.process_time()
    for _ in range(ROUNDS):
        await step()
    return (time.process_time() - before) / ROUNDS * 1e6


async def measure(repetitions: int) -> dict[str, list[Figures]]:
    """Microseconds of each step, round after round."""
    steps = awaited()
    runs: dict[str, list[Figures]] = {name: [] for name in (*PLAIN, *steps)}
    for _ in range(repetitions):
        for name, step in PLAIN.items():
            runs[name].append({"us": timed(step)})
        for name, waiting in steps.items():
            runs[name].append({"us": await timed_await(waiting)})
    return runs


def main() -> None:
    given = options(__doc__, repetitions=25).parse_args()
    pin(CLIENT_CORE)
    runs = asyncio.run(measure(given.reps))
    both, neither = (fastest(runs, f"call, {name}", "us") for name in ("retry and quota", "neither retry nor quota"))
    rows = [[name, f"{fastest(runs, name, 'us'):.2f}"] for name in runs]
    finish(given.json, {"retry and quota": both - neither}, Table("Steps of a call", ["step", "CPU us"], rows))


if __name__ == "__main__":
    main()
