"""Live objects: bound to a process and its event loop, so that they refuse to be pickled or copied.

Invariant: the refusal says what to send instead; the interpreter would name some lock inside.
"""

import asyncio
from typing import NoReturn

from attrs import define, field

from mi_async.errors import InvalidArgumentError, SessionError


@define(eq=False)
class Lifetime:
    """Life of a session: in one event loop, until it is closed.

    Attributes:
        ended: True once nothing may begin any more.
    """

    ended: bool = field(init=False, default=False)
    _loop: asyncio.AbstractEventLoop = field(init=False, factory=asyncio.get_running_loop)

    def check(self) -> None:
        """Refuse a closed session, or one of another event loop.

        Raises:
            SessionError: it is one of the two.
        """
        if self.ended:
            message = "the session is closed"
            raise SessionError(message)
        if asyncio.get_running_loop() is not self._loop:
            message = "the session belongs to another event loop: connect() once in each loop"
            raise SessionError(message)


def refuse_pickling(value: object, instead: str) -> NoReturn:
    """Refuse for ``__reduce__``, which pickle, copy, multiprocessing, Dask and Ray ask.

    Args:
        value: what it is asked of.
        instead: what the caller can do.

    Raises:
        InvalidArgumentError: always.
    """
    kind = type(value).__name__
    message = f"{kind} cannot be pickled or copied, it belongs to its process and event loop: {instead}"
    raise InvalidArgumentError(message)
