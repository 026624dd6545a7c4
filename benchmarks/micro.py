"""What the steps of a call cost, each alone: declaration, build, sign, quota, retry, envelope, model.

The goal is for retry and quota together: a call over a transport that answers at once, less one with neither.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from harness import CLIENT_CORE, Runs, fastest, goal, options, pin, report, table
from servers import ANSWER, RESULT

from mi_async import Credentials, Hooks, Quota, RetryPolicy, Timeout
from mi_async._core.call import Calls
from mi_async._core.clock import Clock
from mi_async._core.envelope import open_envelope
from mi_async._core.limits import LeaseLimiter, Limiter
from mi_async._core.operation import Operation
from mi_async._core.signing import sign
from mi_async._core.wire import Request, Response
from mi_async.api import operations
from mi_async.api.thumbnails import Thumbnails

PRESIGN, GET, LIST = (
    next(operation for operation in operations() if operation.id == name)
    for name in ("thumbnails.presign", "persons.get", "persons.list")
)
KEYS = Credentials("ACCESSKEY0123456789A", "0123456789abcdef0123456789abcdef01234567")
PRESIGN_ARGUMENTS = {"workspace_name": "newsroom", "thumbnail_file_name": "movie-0001.jpg"}
GET_ARGUMENTS = {"workspace_name": "newsroom", "person_id": 1001}
LIST_ARGUMENTS = {"workspace_name": "newsroom", "page_num": 2, "page_size": 100, "tag_ids": [1, 2, 3]}
REQUEST = PRESIGN.build(PRESIGN_ARGUMENTS)
RESPONSE = Response(200, {}, ANSWER)
NOW = 1_700_000_000.0


class Immediate(Calls):
    """Calls whose attempts succeed at once: what is left is the deadline, the quota, the retry and the bookkeeping."""

    async def _send(self, operation: Operation, request: Request, number: int, deadline: float) -> Any:
        return None


def immediate(limiters: Mapping[str, Limiter]) -> Immediate:
    unused: Any = None
    return Immediate(unused, KEYS, Timeout(), RetryPolicy(), limiters, Hooks(), Clock(), None, "")


async def nothing(_operation: Operation, _arguments: Mapping[str, Any]) -> Any:
    return None
