"""One call, in one direction: quota, sign, send, open the answer; and a retry where that may help.

Invariant: every attempt pays for quota and is signed afresh after every wait.
"""

import logging
import math
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from attrs import Factory, define, evolve, field

from mi_async._core.call_settings import CallOptions, CallSettings
from mi_async._core.clock import Clock
from mi_async._core.envelope import open_envelope
from mi_async._core.failed_attempt import retryable
from mi_async._core.http_messages import Raw, Request, Response
from mi_async._core.inflight import InFlightCall, InFlightCalls
from mi_async._core.key_advice import explain_refusal
from mi_async._core.limits import Limiter
from mi_async._core.live_object import Lifetime, refuse_pickling
from mi_async._core.operation import Operation
from mi_async._core.retry import THROTTLED, Retries
from mi_async._core.running_call import Guard, RunningCall
from mi_async._core.session_keys import SessionKeys
from mi_async._core.signing import SignedHeaders, sign
from mi_async._core.transport import JSON, Transport
from mi_async.credentials import Credentials
from mi_async.errors import (
    MIError,
    QuotaError,
    QuotaStoreError,
    QuotaWaitError,
    TransportError,
)

if TYPE_CHECKING:
    from mi_async._core.hook_chain import CallWatch, HookChain

_log = logging.getLogger(__name__)

WORTH_SAYING = 0.1
"""Seconds of a wait for quota that are logged."""
LONGEST_DOWNLOAD = 600.0
"""Seconds for an image, where the calls have no limit or a longer one."""

Answer: TypeAlias = tuple[Any, Response]
"""The parsed result and where it came from."""


def _parsed(parsed: Any, _response: Response) -> Any:
    return parsed


def _raw(parsed: Any, response: Response) -> Raw[Any]:
    return Raw(response.status, response.headers, response.body, parsed)


@define(eq=False)
class Calls:
    """Makes calls over one transport; made by the session in its event loop.

    Args:
        transport: the network.
        keys: of the session.
        options: what its calls are told.
        limiters: by operation ID.
        clock: the time.
        prefix: percent-encoded path that goes before every target and is signed with it.
        validate: True if arguments are held against their documented bounds.
        moved: by ID, operations that are at another path than the documented one.
        lifetime: of the session.
        in_flight: its calls of the same time limit.
        retries: of its calls; all share one budget.

    Attributes:
        chain: its hooks; None without hooks.
    """

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(self, "connect() where it runs")  # every group of operations refuses by it

    transport: Transport
    keys: SessionKeys
    options: CallSettings
    limiters: Mapping[str, Limiter]
    clock: Clock
    prefix: str
    validate: bool = True
    moved: Mapping[str, Operation] = field(factory=dict)
    lifetime: Lifetime = field(factory=Lifetime)
    in_flight: InFlightCalls = field(default=Factory(lambda self: InFlightCalls(self.clock), takes_self=True))
    retries: Retries = field(default=Factory(lambda self: Retries(self.options.retry, self.clock), takes_self=True))
    chain: "HookChain | None" = field(init=False, default=None)

    def with_options(self, given: CallOptions) -> "Calls":
        """Return a view that tells its calls something else, and shares all the rest."""
        options, told = self.options.changed(given), self.options
        shared = {name: getattr(self, name) for name in SHARED}
        return calls_for(options)(
            options=options,
            in_flight=self.in_flight if options.timeout == told.timeout else self.in_flight.apart(),
            retries=self.retries if options.retry is told.retry else evolve(self.retries, policy=options.retry),
            **shared,
        )

    # Plain functions that return a coroutine where they can: each frame that waits costs half a point of a call.

    def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Coroutine[Any, Any, Any]:
        """Make one call, with the retries that the policy and the operation allow, and return its parsed result."""
        return self._call(operation, arguments, self.options.max_wait, _parsed)

    def raw(self, operation: Operation, arguments: Mapping[str, Any]) -> Coroutine[Any, Any, Raw[Any]]:
        """Make one call as always and return the response with the parsed result."""
        return self._call(operation, arguments, self.options.max_wait, _raw)

    def patient(
        self, operation: Operation, arguments: Mapping[str, Any], guard: Guard | None = None
    ) -> Coroutine[Any, Any, Any]:
        """Make one call of a workflow that has begun: it waits for its quota as long as its deadline allows.

        Args:
            operation: what is called.
            arguments: by parameter.
            guard: waited for before each attempt, once it has its permit; what it raises ends the call.
        """
        return self._call(operation, arguments, None, _parsed, guard)

    async def _call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        max_wait: float | None,
        result_of: Callable[[Any, Response], Any],
        guard: Guard | None = None,
        *,
        watch: "CallWatch | None" = None,
    ) -> Any:
        if self.moved:
            operation = self.moved.get(operation.id, operation)
        request = operation.build(arguments, validate=self.validate)
        if self.prefix:
            request = Request(request.method, self.prefix + request.target, request.body)
        self.lifetime.check()
        if watch is not None:
            watch.start(operation.method, self.transport.origin, operation.path)
        total, begun = self.options.timeout.total, self.clock.monotonic()
        deadline = math.inf if total is None else begun + total
        with InFlightCall(self.in_flight, deadline) as in_flight:
            call = RunningCall(operation, request, self.limiters.get(operation.id), max_wait, guard, in_flight, watch)
            try:
                answer = await self._attempt(call, 1)
            except MIError as error:
                if not retryable(error, operation.repeat):
                    raise
                first = error
                call.fail(error, self.clock.monotonic())
            else:
                self.retries.budget.earn()
                call.end(begun, self.clock)
                return result_of(*answer)
            answer = await call.retry(self.retries, first, partial(self._again, call))
            call.end(begun, self.clock)
            return result_of(*answer)

    async def _again(self, call: RunningCall, number: int) -> Answer:
        """Make another attempt, and record its failure."""
        call.begin_again(number, self.clock.monotonic())
        try:
            return await self._attempt(call, number)
        except MIError as error:
            call.fail(error, self.clock.monotonic())
            raise

    async def put(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        operation: str = "thumbnails.put",  # noqa: ARG002  for hooks
    ) -> Response:
        """PUT to a presigned URL: once, since the URL is good for one."""
        self.lifetime.check()
        total = self.options.timeout.total
        with InFlightCall(self.in_flight, math.inf):
            return await self.transport.put(url, body, content_type, None if total is None else self.clock.real(total))

    async def get(self, url: str, most: int) -> Response:
        """GET a presigned URL: once, since whoever knows what it is of asks for a new one; any status is an answer."""
        self.lifetime.check()
        total = self.options.timeout.total
        seconds = LONGEST_DOWNLOAD if total is None else min(total, LONGEST_DOWNLOAD)
        with InFlightCall(self.in_flight, math.inf):
            return await self.transport.get(url, most, self.clock.real(seconds))

    def _attempt(self, call: RunningCall, number: int) -> Coroutine[Any, Any, Answer]:
        return self._send(call, number) if call.limiter is None else self._send_within_quota(call, call.limiter, number)

    async def _send_within_quota(self, call: RunningCall, limiter: Limiter, number: int) -> Answer:
        if not limiter.take():
            await self._stand_in_line(call, limiter)
        answered = False
        try:
            result = await self._send(call, number)
            answered = True
        except MIError as error:
            answered = not (isinstance(error, TransportError) and error.ambiguous)
            if isinstance(error, QuotaError) and error.status == THROTTLED:
                limiter.pause(self._pause(error, limiter, number))
            raise
        finally:
            limiter.release(answered=answered)
        return result

    async def _stand_in_line(self, call: RunningCall, limiter: Limiter) -> None:
        in_flight, max_wait = call.in_flight, call.max_wait
        why = limiter.state().reason if _log.isEnabledFor(logging.DEBUG) else ""  # before it stands in the line itself
        begun = self.clock.monotonic()
        left = in_flight.deadline - begun
        patience = left if max_wait is None else min(left, max_wait)
        # The timer of all calls strikes when the limiter does, or before it: its error must be that of the limiter.
        in_flight.unsent = lambda: call.unsent(limiter.refusal())
        try:
            await limiter.acquire(None if patience == math.inf else max(patience, 0.0))
        except (QuotaWaitError, QuotaStoreError) as error:
            if patience < left:
                raise
            raise call.unsent(error)  # noqa: B904  has its cause
        finally:
            in_flight.unsent = None
            in_flight.waited = waited = self.clock.monotonic() - begun
            call.waited += waited
            if call.watch is not None:
                call.watch.waited += waited
        if waited >= WORTH_SAYING:
            _log.debug("%s: waited %.1f s for its quota: %s", call.operation.id, waited, why)

    def _pause(self, error: QuotaError, limiter: Limiter, number: int) -> float:
        """Return the seconds for which a 429 pauses everybody: what it asks for, else at least a tenth of the window.

        Capped like the wait of a single call: one answer that asks for a day, or for the year 9999, must not disable
        the operation for the life of the session.
        """
        least = max(self.options.retry.backoff(number), limiter.state().period / 10)
        if error.retry_after is None:
            return least
        return min(error.retry_after, max(self.options.retry.retry_after_ceiling, least))

    async def _send(self, call: RunningCall, number: int, added: Mapping[str, str] | None = None) -> Answer:
        operation, request = call.operation, call.request
        keys = self.keys.lasting or await self.keys.current()
        offset = self.keys.offset  # may be corrected by another call before the answer to this one is here
        response, added = None, self.options.headers if added is None else added
        try:
            if call.guard is not None:
                await call.guard(operation)  # the last thing before the request: the wait for quota may have been long
            response = await self.transport.send(request, self._headers(request, keys, offset, added))
            return operation.parse(open_envelope(response, operation.id, operation.beside)), response
        except MIError as error:
            if error.__suppress_context__:  # what `from None` hides is let go of: it holds bodies, and many a foreign
                error.__context__ = None  # error cannot be pickled, which Dask and Celery do with the context too
            _log.debug("%s: attempt %d failed: %s", operation.id, number, error)
            if response is not None:
                call.refused = response
                self.keys.learn_offset(error, response, offset)
                explain_refusal(error, keys, str(self.transport.base_url))
            raise

    def _headers(
        self, request: Request, keys: Credentials, offset: float, added: Mapping[str, str]
    ) -> Mapping[str, str]:
        headers = sign(request, keys, self.clock.wall() + offset)
        return headers if not added else SignedHeaders({**added, **headers, **JSON})

    async def account(self) -> str:
        """Return the access key, or ``temporary`` for one that expires: the next one means the same account."""
        self.lifetime.check()
        return await self.keys.account()

    async def aclose(self, grace: float) -> None:
        """Refuse new calls, give those in flight ``grace`` seconds, end the rest and close the pools."""
        if self.lifetime.ended:
            return
        self.lifetime.ended = True
        try:
            await self.in_flight.drain(grace)
        finally:
            await self.transport.aclose()


SHARED = ("transport", "keys", "limiters", "clock", "prefix", "validate", "moved", "lifetime")
"""Attributes that the views of a session have in common."""


def calls_for(options: CallSettings) -> type[Calls]:
    """Return the class of calls with these options: those with hooks have a path of their own."""
    if not options.hooks:
        return Calls
    from mi_async._core.watched_calls import WatchedCalls  # noqa: PLC0415  most sessions have no hooks

    return WatchedCalls
