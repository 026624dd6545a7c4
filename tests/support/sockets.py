"""The sockets of an event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

PATIENCE = 2000
"""Milliseconds: a peer reads at once, but a busy machine may take a while to let it."""


def open_sockets() -> int:
    """How many sockets the running loop watches; one of them is its own."""
    loop: Any = asyncio.get_running_loop()
    return len(loop._selector.get_map())


def open_transports() -> list[asyncio.BaseTransport]:
    """Return the transports of the running loop that nobody has closed, from its own books.

    To look for them among all objects takes longer than most tests. Pipes are in the selector alone.
    """
    loop: Any = asyncio.get_running_loop()
    watched = [handle._callback for key in loop._selector.get_map().values() for handle in key.data if handle]
    pipes = [owner for each in watched if isinstance(owner := getattr(each, "__self__", None), asyncio.BaseTransport)]
    return [one for one in {*loop._transports.values(), *pipes} if not one.is_closing()]


@asynccontextmanager
async def sockets_closed() -> AsyncIterator[None]:
    """Wait, after what is done within, until every socket that it opened in this loop and closed is gone.

    A request that is cancelled while its body is being sent leaves one with something to say. Only a loop that goes on
    closes it; one that ends first leaves a ``ResourceWarning`` to whichever test comes next.
    """
    before = open_sockets()
    try:
        yield
    finally:
        for _ in range(PATIENCE):
            if open_sockets() <= before:
                break
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)  # a transport learns of its end a turn after its last byte
