"""Cancel a coroutine at one chosen await."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, TypeVar

from attrs import define, field

T = TypeVar("T")


@define
class CancelAt:
    """Await this in a task of its own: the coroutine is cancelled where it suspends for the n-th time.

    Args:
        coroutine: what to run.
        suspension: from 1.
        late: cancel when what it waited for has come already, instead of while it waits.
    """

    coroutine: Coroutine[Any, Any, Any]
    suspension: int
    late: bool
    seen: int = field(init=False, default=0)

    def __await__(self) -> Generator[Any, Any, Any]:
        """Pass everything on, and count the suspensions."""
        answer: Any = None
        error: BaseException | None = None
        while True:
            try:
                waiting = self.coroutine.send(answer) if error is None else self.coroutine.throw(error)
            except StopIteration as end:
                return end.value
            error = answer = None
            self.seen += 1
            if self.seen == self.suspension and not self.late:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            try:
                answer = yield waiting
            except BaseException as thrown:  # noqa: BLE001  handed on
                error = thrown
            if self.seen == self.suspension and self.late:
                error = asyncio.CancelledError()
