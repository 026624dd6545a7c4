"""Serving an emulator: its sockets, from the first moment to the last.

Invariant: at the end nothing is left: no socket, no task; what exists is in the state file, if there is one.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from aiohttp import web

from mi_async._core.clock import Clock
from mi_async.credentials import Credentials
from mi_async.emulator.bodies import BODIES, Bodies
from mi_async.emulator.http_log import HttpLog
from mi_async.emulator.server import Server
from mi_async.emulator.settings import CREDENTIALS, Settings

GRACE = 0.1
"""Real seconds that requests in progress are given when the server closes."""
ACCEPTING = 5
"""Turns of the event loop from a connection that was accepted to the protocol that serves it, and some to spare."""


@asynccontextmanager
async def serve(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    credentials: Credentials = CREDENTIALS,
    settings: Settings | None = None,
    clock: Clock | None = None,
    bodies: Bodies = BODIES,
    state_file: Path | None = None,
) -> AsyncGenerator[Server]:
    """Serve until the block ends.

    Args:
        host: where to listen; the default is reachable from this machine only.
        port: 0 for any free one.
        credentials: the one key pair that is accepted.
        settings: how the server behaves.
        clock: its time, for quotas, processing and expiry; may be sped up.
        bodies: what the operations do, by group.
        state_file: where what exists outlives this server: read at the start, written within about a second of each
            change and at the end.

    Raises:
        OSError: the address cannot be listened on.
        ConfigError: the state file cannot be used.
    """
    server = Server(settings or Settings(), credentials, clock or Clock(), bodies)
    # bodies arrive as they were sent: a storage keeps a compressed one as it is, and the API bounds what it inflates
    runner = web.AppRunner(
        server.application(),
        access_log=None,
        shutdown_timeout=GRACE,
        auto_decompress=False,
        logger=HttpLog(logging.getLogger("aiohttp.server"), {}),
    )
    async with AsyncExitStack() as closing:  # the last one first
        if state_file is not None:
            from mi_async.emulator.state_file import kept_in_file  # noqa: PLC0415  sqlite3, for who asks

            await closing.enter_async_context(kept_in_file(server, state_file))
        closing.push_async_callback(runner.cleanup)
        await runner.setup()
        accepting = await asyncio.get_running_loop().create_server(_protocols(runner), host, port)
        closing.push_async_callback(_accept_no_more, accepting)
        server.listening(*accepting.sockets[0].getsockname()[:2])
        yield server


def _protocols(runner: web.AppRunner) -> web.Server:
    protocols = runner.server
    assert protocols is not None, "the runner is set up"  # noqa: S101  for the type checker
    return protocols


async def _accept_no_more(accepting: asyncio.Server) -> None:
    """Stop listening, after connections that are being accepted have come to their protocol.

    A socket that asyncio has accepted when its server is closed is lost, and never closed (python/cpython#109564).
    """
    with suppress(NotImplementedError, RuntimeError):  # event loops without readers, or that keep their own
        for listening in accepting.sockets:
            asyncio.get_running_loop().remove_reader(listening.fileno())
    for _ in range(ACCEPTING):
        await asyncio.sleep(0)
    accepting.close()


async def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    credentials: Credentials = CREDENTIALS,
    settings: Settings | None = None,
    clock: Clock | None = None,
    ready: Callable[[Server], None] = lambda _: None,
) -> None:
    """Serve until cancelled; ``ready`` is told when the server listens, and where."""
    async with serve(host, port, credentials=credentials, settings=settings, clock=clock) as server:
        ready(server)
        await server.serve_forever()
