"""What the steps of a call cost, each alone, in CPU microseconds; nothing goes over a network.

The goal is for retry and quota together: the way from the call to the transport and back on success, with both, less
the same way with neither.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from harness import CLIENT_CORE, fastest, goal, options, pin, report, table
from servers import ANSWER, RESULT

from mi_async import Credentials, Hooks, Operation, Quota, RetryPolicy, Timeout
from mi_async._core.call import Calls
from mi_async._core.clock import Clock
from mi_async._core.envelope import open_envelope
from mi_async._core.limits import LeaseLimiter
from mi_async._core.signing import sign
from mi_async._core.wire import Request, Response
from mi_async.api import operations
from mi_async.api.thumbnails import Thumbnails

ROUNDS = 2000
"""Times that a step is done in one measurement."""

PRESIGN, GET, LIST = (
    next(operation for operation in operations() if operation.id == name)
    for name in ("thumbnails.presign", "persons.get", "persons.list")
)
KEYS = Credentials("ACCESSKEY0123456789A", "0123456789abcdef0123456789abcdef01234567")
SCOPE = {"workspace_name": "newsroom"}
FILE_NAME = "movie-0001.jpg"
PRESIGN_ARGUMENTS = SCOPE | {"thumbnail_file_name": FILE_NAME}
REQUEST = PRESIGN.build(PRESIGN_ARGUMENTS)
NEVER_REACHED = Quota(16_000, 0.1)

Step = Callable[[], Awaitable[object]]


class Immediate(Calls):
    """Calls whose attempts succeed at once: what is left is the deadline, the quota, the retry and the bookkeeping."""

    async def _send(self, operation: Operation, request: Request, number: int, deadline: float) -> Any:
        return None


def immediate(quotas: Mapping[str, Quota]) -> Calls:
    unused: Any = None
    limiters = {name: LeaseLimiter(name, quota, Clock()) for name, quota in quotas.items()}
    return Immediate(unused, KEYS, Timeout(), RetryPolicy(), limiters, Hooks(), Clock(), None, "")
