"""A session with a workspace on an emulator, on time that runs fast: what most tests of workflows begin with."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from attrs import frozen

import mi_async
from mi_async import Clock, Session, Timeout, Workspace, emulator
from mi_async._core.limits import LeaseLimiter
from mi_async.emulator import Latency, Server, Settings
from mi_async.emulator.bodies import BODIES, Bodies
from mi_async.emulator.running import EmulatorThread
from mi_async.workflow_parts import HELD
from mi_async.workflows.context import Context
from tests.support.sockets import sockets_closed

SPEED = 60.0
QUICK = Settings(latency=Latency.constant(0.2))


@frozen
class Newsroom:
    """The server, a session with it, and its workspace."""

    server: Server
    session: Session
    workspace: Workspace

    def thumbnails(self) -> list[tuple[int, str]]:
        """Person id and key of every thumbnail that the service has attached."""
        return list(self.server.state.thumbnails())

    def none_doubled(self) -> bool:
        """Whether every key is attached once at the most."""
        keys = [key for _, key in self.thumbnails()]
        return len(keys) == len(set(keys))


def context_of(news: Newsroom | Workspace) -> Context:
    """Return what the workflows of the workspace get, for tests of their parts."""
    return (news if isinstance(news, Workspace) else news.workspace)._context


@asynccontextmanager
async def newsroom(
    settings: Settings = QUICK, speed: float = SPEED, *, bodies: Bodies = BODIES, **options: Any
) -> AsyncIterator[Newsroom]:
    """Serve and connect, both by a clock of this speed, with timeouts that a machine with other work does not reach."""
    clock = Clock(speed=speed)
    options.setdefault("timeout", Timeout(connect=60 * speed, read=max(60.0, speed), total=60 * speed))
    async with (
        sockets_closed(),
        emulator.serve(settings=settings, clock=clock, bodies=bodies) as server,
        mi_async.connect(server.credentials, base_url=server.url, clock=clock, **options) as session,
    ):
        yield Newsroom(server, session, session.workspace("newsroom"))


@contextmanager
def served_elsewhere(settings: Settings = QUICK, speed: float = SPEED) -> Iterator[Server]:
    """Serve in a thread, so that the test's loop has nothing but the client in it; the server itself is yielded."""
    thread = EmulatorThread(emulator.serve(settings=settings, clock=Clock(speed=speed)))
    try:
        yield thread.start()
    finally:
        thread.stop()


def no_lease_held(session: Session) -> bool:
    """Whether no call of the session is in flight, as its quotas see it."""
    limiters = [limiter for limiter in session._quotas.limiters.values() if isinstance(limiter, LeaseLimiter)]
    return bool(limiters) and all(limiter._in_flight == 0 for limiter in limiters)


def nothing_held(session: Session) -> bool:
    """Return True if no call is in flight, and no image in memory."""
    return session._parts().held._value == HELD and not session._calls.in_flight
