"""Calls over a network that follows a script, on virtual time: no socket, each send recorded.

Invariant: a step of the script is an answer, an error to raise, or seconds to take before the next step is played.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any, cast

from attrs import define, field, frozen

from mi_async._core.call import Calls, calls_for
from mi_async._core.call_settings import CallSettings
from mi_async._core.clock import Clock
from mi_async._core.declare import Group, operation
from mi_async._core.hooks import Hooks, hooks_of
from mi_async._core.http_messages import Request, Response
from mi_async._core.limits import LeaseLimiter
from mi_async._core.operation import Quota, Repeat
from mi_async._core.retry import RetryPolicy
from mi_async._core.session_keys import SessionKeys
from mi_async._core.transport import Timeout, Transport
from mi_async.credentials import Credentials
from mi_async.errors import MIError

KEYS = Credentials("access", "s3cr3t-k3y")
EPOCH = 1_700_000_000.0
QUOTA = Quota(50, 1.0)
FOREVER = 1e9
"""Seconds that nobody waits."""

Step = Response | MIError | float


class Things(Group):
    """One operation for each thing that a repeat may do."""

    scope = ()

    @operation("POST /things/tags", repeat=Repeat.SAFE)
    async def tag(self, name: str) -> str:
        """Tag."""
        raise NotImplementedError

    @operation("POST /things", repeat=Repeat.CONFLICTS)
    async def create(self, name: str) -> str:
        """Create."""
        raise NotImplementedError

    @operation("POST /things/imports", repeat=Repeat.DUPLICATES)
    async def register(self, name: str) -> str:
        """Register."""
        raise NotImplementedError

    @operation("POST /things/checks", repeat=Repeat.SAFE, quota=QUOTA)
    async def check(self, name: str) -> str:
        """Check, within a quota."""
        raise NotImplementedError


class RunningClock(Clock):
    """A clock whose wall time runs with the loop's, so that virtual waits show in timestamps."""

    def wall(self) -> float:
        return EPOCH + asyncio.get_running_loop().time()


def seeded(seed: int) -> Random:
    """Random numbers that are the same each time."""
    return Random(seed)  # noqa: S311  simulation, not cryptography


def now() -> float:
    """Virtual seconds since the test began."""
    return asyncio.get_running_loop().time()


def policy(**settings: Any) -> RetryPolicy:
    """A retry policy whose jitter is the same each time."""
    return RetryPolicy(**{"random": seeded(0).random, **settings})


def answer(result: object = "done") -> Response:
    """A success as the service words it."""
    return Response(200, {}, json.dumps({"code": "0", "message": "success", "result": result}).encode())


def refusal(status: int, code: str = "", **headers: str) -> Response:
    """A refusal as the service words it; ``Retry_After="3"`` is a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, json.dumps({"code": code, "message": "no"}).encode())


@frozen
class Sent:
    """One send: when, what, and with which headers."""

    at: float
    request: Request
    headers: Mapping[str, str]


@define
class Script:
    """A transport that plays steps, and answers with success when they are over."""

    steps: list[Step] = field(factory=list)
    sent: list[Sent] = field(init=False, factory=list)
    gets: list[tuple[str, int, float]] = field(init=False, factory=list)
    closed: int = field(init=False, default=0)
    base_url: str = "https://mi.example"

    async def send(self, request: Request, headers: Mapping[str, str]) -> Response:
        self.sent.append(Sent(asyncio.get_running_loop().time(), request, dict(headers)))
        while self.steps:
            step = self.steps.pop(0)
            if isinstance(step, MIError):
                raise step
            if isinstance(step, Response):
                return step
            await asyncio.sleep(step)
        return answer()

    @property
    def origin(self) -> str:
        return "https://api.example"

    async def put(self, url: str, body: bytes, content_type: str, total: float | None) -> Response:
        assert total is None or total > 0
        return await self.send(Request("PUT", url, body), {"Content-Type": content_type})

    async def get(self, url: str, most: int, total: float) -> Response:
        self.gets.append((url, most, total))
        return await self.send(Request("GET", url), {})

    async def aclose(self) -> None:
        self.closed += 1


@frozen
class Stage:
    """The script, the calls over it, and the group of operations that makes them."""

    script: Script
    calls: Calls
    things: Things


@asynccontextmanager
async def stage(
    steps: Iterable[Step] = (),
    *,
    retry: RetryPolicy | None = None,
    total: float | None = 600.0,
    hooks: Hooks | Sequence[Hooks] = (),
    provider: Any = KEYS,
    max_wait: float | None = None,
    clock: Clock | None = None,
    prefix: str = "",
) -> AsyncIterator[Stage]:
    """Calls that are closed at the end, and leave nothing under way and no lease held."""
    clock = clock or RunningClock()
    script = Script(list(steps))
    limiter = LeaseLimiter("things.check", QUOTA, clock)
    options = CallSettings(Timeout(total=total), retry or policy(), hooks_of(hooks), max_wait)
    calls = calls_for(options)(
        transport=cast("Transport", script),
        keys=SessionKeys(provider, clock),
        options=options,
        limiters={"things.check": limiter},
        clock=clock,
        prefix=prefix,
    )
    try:
        yield Stage(script, calls, Things(calls))
    finally:
        await calls.aclose(0)
    assert not calls.in_flight
    assert script.closed == 1
    assert (limiter._in_flight, limiter.state().waiting) == (0, 0)
