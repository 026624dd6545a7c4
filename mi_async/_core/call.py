"""One call, in one direction: quota, sign, send, open the answer; and a retry where that may help.

Invariant: every attempt pays for quota and is signed afresh after every wait.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from attrs import Factory, define, field

from mi_async._core.clock import Clock
from mi_async._core.envelope import date, open_envelope
from mi_async._core.hooks import Attempt, Hooks, Outcome
from mi_async._core.http_messages import Raw, Request, Response
from mi_async._core.inflight import InFlightCall, InFlightCalls
from mi_async._core.key_advice import explain_refusal
from mi_async._core.limits import Limiter
from mi_async._core.live_object import refuse_pickling
from mi_async._core.operation import Operation
from mi_async._core.retry import THROTTLED, Retries, RetryPolicy, retryable
from mi_async._core.signing import SignedHeaders, sign
from mi_async._core.transport import JSON, Timeout, Transport
from mi_async.credentials import Credentials, CredentialsProvider
from mi_async.errors import (
    AuthenticationError,
    CredentialsError,
    DeadlineExceededError,
    MIError,
    QuotaError,
    QuotaStoreError,
    QuotaWaitError,
    SessionError,
    TransportError,
)

_log = logging.getLogger(__name__)

Answer: TypeAlias = tuple[Any, Response]
"""The parsed result and where it came from."""

EXPIRY_MARGIN = 120.0
"""Seconds before they expire at which temporary keys are fetched anew."""

SKEW_WORTH_LEARNING = 30.0
"""Seconds: a smaller change of the clock offset cannot explain a rejected timestamp."""

Guard: TypeAlias = Callable[[Operation], Awaitable[None]]
"""Called before each attempt of an operation; it raises an error where the request must not be sent."""


def _at_deadline(error: MIError, in_flight: InFlightCall) -> MIError:
    """Return the error of a call whose deadline passes before it has its quota: this attempt was not sent."""
    if isinstance(error, QuotaStoreError) and (error.permanent or not in_flight.may_have_acted):
        return error
    message = f"the deadline of the call would pass while it waits for quota: {error}"
    late = DeadlineExceededError(message)
    late.ambiguous = in_flight.may_have_acted
    late.__cause__ = error
    return late


def _parsed(parsed: Any, _response: Response) -> Any:
    return parsed


def _raw(parsed: Any, response: Response) -> Raw[Any]:
    return Raw(response.status, response.headers, response.body, parsed)


@define(eq=False)
class Calls:
    """Makes calls over one transport; made by the session in its event loop.

    Args:
        transport: the network.
        provider: where keys come from.
        timeout: ``total`` is the deadline of a call.
        policy: when failed attempts are retried.
        limiters: by operation ID.
        hooks: run around each attempt.
        clock: the time.
        max_wait: seconds that a call may wait for quota; None for as long as its deadline.
        prefix: percent-encoded path that goes before every target and is signed with it.
        validate: True if arguments are held against their documented bounds.
        moved: by ID, operations that are at another path than the documented one.
    """

    __reduce__ = refuse_pickling("connect() where it runs")  # every group of operations refuses by it

    transport: Transport
    provider: CredentialsProvider
    timeout: Timeout
    policy: RetryPolicy
    limiters: Mapping[str, Limiter]
    hooks: Hooks
    clock: Clock
    max_wait: float | None
    prefix: str
    validate: bool = True
    moved: Mapping[str, Operation] = field(factory=dict)
    in_flight: InFlightCalls = field(
        init=False, default=Factory(lambda self: InFlightCalls(self.clock), takes_self=True)
    )
    retries: Retries = field(
        init=False, default=Factory(lambda self: Retries(self.policy, self.clock), takes_self=True)
    )
    _loop: asyncio.AbstractEventLoop = field(init=False, factory=asyncio.get_running_loop)
    _closed: bool = field(init=False, default=False)
    _keys: Credentials | None = field(init=False, default=None)
    _keys_good_until: float = field(init=False, default=math.inf)
    _fetching: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _offset: float = field(init=False, default=0.0)  # seconds by which the service's clock is ahead of ours

    # Plain functions that return a coroutine where they can: each frame that waits costs half a point of a call.

    def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Coroutine[Any, Any, Any]:
        """Make one call, with the retries that the policy and the operation allow, and return its parsed result."""
        return self._call(operation, arguments, self.max_wait, _parsed)

    def raw(self, operation: Operation, arguments: Mapping[str, Any]) -> Coroutine[Any, Any, Raw[Any]]:
        """Make one call as always and return the response with the parsed result."""
        return self._call(operation, arguments, self.max_wait, _raw)

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
    ) -> Any:
        if self.moved:
            operation = self.moved.get(operation.id, operation)
        request = operation.build(arguments, validate=self.validate)
        if self.prefix:
            request = Request(request.method, self.prefix + request.target, request.body)
        self.check_usable()
        total = self.timeout.total
        deadline = math.inf if total is None else self.clock.monotonic() + total
        with InFlightCall(self.in_flight, deadline) as in_flight:
            try:
                answer = await self._attempt(operation, request, 1, in_flight, max_wait=max_wait, guard=guard)
            except MIError as error:
                if not retryable(error, operation.repeat):
                    raise
                first = error
                in_flight.fail(error)
            else:
                self.retries.budget.earn()
                return result_of(*answer)

            async def again(number: int) -> Answer:
                try:
                    return await self._attempt(operation, request, number, in_flight, max_wait=max_wait, guard=guard)
                except MIError as error:
                    in_flight.fail(error)
                    raise

            paced = operation.id in self.limiters
            repeat = operation.repeat
            answer = await self.retries.call(first, again, repeat=repeat, deadline=deadline, paced=paced)
            return result_of(*answer)

    async def put(self, url: str, body: bytes, content_type: str) -> Response:
        """PUT to a presigned URL: once, since the URL is good for one."""
        self.check_usable()
        total = self.timeout.total
        with InFlightCall(self.in_flight, math.inf):
            return await self.transport.put(url, body, content_type, None if total is None else self.clock.real(total))

    @property
    def closed(self) -> bool:
        """True once it makes no calls any more."""
        return self._closed

    def check_usable(self) -> None:
        """Refuse a closed session, or one of another event loop."""
        if self._closed:
            message = "the session is closed"
            raise SessionError(message)
        if asyncio.get_running_loop() is not self._loop:
            message = "the session belongs to another event loop: connect() once in each loop"
            raise SessionError(message)

    def _attempt(
        self,
        operation: Operation,
        request: Request,
        number: int,
        in_flight: InFlightCall,
        *,
        max_wait: float | None,
        guard: Guard | None,
    ) -> Coroutine[Any, Any, Answer]:
        if operation.id in self.limiters:
            return self._send_within_quota(operation, request, number, in_flight, max_wait=max_wait, guard=guard)
        return self._send(operation, request, number, in_flight, guard)

    async def _send_within_quota(
        self,
        operation: Operation,
        request: Request,
        number: int,
        in_flight: InFlightCall,
        *,
        max_wait: float | None,
        guard: Guard | None,
    ) -> Answer:
        limiter = self.limiters[operation.id]
        if not limiter.take():
            await self._stand_in_line(limiter, in_flight, max_wait)
        answered = False
        try:
            result = await self._send(operation, request, number, in_flight, guard)
            answered = True
        except MIError as error:
            answered = not (isinstance(error, TransportError) and error.ambiguous)
            if isinstance(error, QuotaError) and error.status == THROTTLED:
                limiter.pause(self._pause(error, limiter, number))
            raise
        finally:
            limiter.release(answered=answered)
        return result

    async def _stand_in_line(self, limiter: Limiter, in_flight: InFlightCall, max_wait: float | None) -> None:
        begun = self.clock.monotonic()
        left = in_flight.deadline - begun
        patience = left if max_wait is None else min(left, max_wait)
        # The timer of all calls strikes when the limiter does, or before it: its error must be that of the limiter.
        in_flight.unsent = lambda: _at_deadline(limiter.refusal(), in_flight)
        try:
            await limiter.acquire(None if patience == math.inf else max(patience, 0.0))
        except (QuotaWaitError, QuotaStoreError) as error:
            if patience < left:
                raise
            raise _at_deadline(error, in_flight)  # noqa: B904  has its cause
        finally:
            in_flight.unsent = None
        in_flight.waited = self.clock.monotonic() - begun

    def _pause(self, error: QuotaError, limiter: Limiter, number: int) -> float:
        """Return the seconds for which a 429 pauses everybody: what it asks for, else at least a tenth of the window.

        Capped like the wait of a single call: one answer that asks for a day, or for the year 9999, must not disable
        the operation for the life of the session.
        """
        least = max(self.policy.backoff(number), limiter.state().period / 10)
        if error.retry_after is None:
            return least
        return min(error.retry_after, max(self.policy.retry_after_ceiling, least))

    async def _send(
        self, operation: Operation, request: Request, number: int, in_flight: InFlightCall, guard: Guard | None
    ) -> Answer:
        keys = self._keys
        if keys is None or keys.expires_at is not None:
            keys = await self._current_keys()
        attempt, started = None, 0.0
        if self.hooks:
            attempt = Attempt(operation.id, request, number, waited=self.clock.real(in_flight.waited))
            await self.hooks.ask(attempt)
            started = self.clock.monotonic()
        offset = self._offset  # may be corrected by another call before the answer to this one is here
        response = failure = None
        try:
            if guard is not None:
                await guard(operation)  # the last thing before the request: the wait for quota may have been long
            response = await self.transport.send(request, self._headers(request, keys, offset, attempt))
            return operation.parse(open_envelope(response, operation.id, operation.beside)), response
        except MIError as error:
            failure = error
            if error.__suppress_context__:  # what `from None` hides is let go of: it holds bodies, and many a foreign
                error.__context__ = None  # error cannot be pickled, which Dask and Celery do with the context too
            _log.debug("%s: attempt %d failed: %s", operation.id, number, error)
            if response is not None:
                self._learn_offset(error, response, offset)
                explain_refusal(error, keys, str(self.transport.base_url))
            raise
        finally:
            if attempt is not None:
                outcome = self._outcome(response, failure, started, in_flight.deadline)
                await self.hooks.tell(attempt, outcome)

    def _outcome(self, response: Response | None, failure: MIError | None, started: float, deadline: float) -> Outcome:
        """Return what hooks are told of an attempt."""
        now = self.clock.monotonic()
        if response is None and failure is None and now >= deadline:
            failure = DeadlineExceededError("no answer before the deadline of the call")
        return Outcome(response, failure, self.clock.real(now - started))

    def _headers(
        self, request: Request, keys: Credentials, offset: float, attempt: Attempt | None
    ) -> Mapping[str, str]:
        headers = sign(request, keys, self.clock.wall() + offset)
        return headers if attempt is None else SignedHeaders({**attempt.headers, **headers, **JSON})

    def _learn_offset(self, error: MIError, response: Response, used: float) -> None:
        """Learn the service's clock from a refusal whose timestamp was off, and mark the error as worth one retry.

        The offset that the refused attempt used is compared, and not the one of now: of a hundred calls that are
        refused at once the first corrects the clock, and all of them are worth a retry.
        """
        if not isinstance(error, AuthenticationError) or (moment := date(response)) is None:
            return
        offset = moment - self.clock.wall()
        if abs(offset - used) >= SKEW_WORTH_LEARNING:
            self._offset = offset
            error.clock_corrected = True
        if abs(offset) >= SKEW_WORTH_LEARNING:
            error.name_offset(offset)

    async def account(self) -> str:
        """Return the access key, or ``temporary`` for one that expires: the next one means the same account."""
        self.check_usable()
        keys = self._keys or await self._current_keys()
        return keys.access_key if keys.expires_at is None else "temporary"

    async def _current_keys(self) -> Credentials:
        """Return keys that are still good, fetched once however many calls wait for them."""
        async with self._fetching:
            keys = self._keys
            if keys is None or self._keys_good_until <= self.clock.wall():
                keys = self._keys = await self._fetch_keys()
            return keys

    async def _fetch_keys(self) -> Credentials:
        try:
            keys: object = await self.provider.credentials()
        except MIError:
            raise
        except Exception as error:  # whatever a user's provider raises
            message = f"the credentials provider failed: {type(error).__name__}"
            raise CredentialsError(message) from error
        if not isinstance(keys, Credentials):
            message = f"the credentials provider gave a {type(keys).__name__}, not mi_async.Credentials"
            raise CredentialsError(message)
        left = math.inf if keys.expires_at is None else keys.expires_at - self.clock.wall()
        if left <= 0:
            message = "the credentials provider gave keys that have expired already"
            raise CredentialsError(message)
        # Keys that live shorter than twice the margin would otherwise be fetched again for every call.
        self._keys_good_until = self.clock.wall() + max(left - EXPIRY_MARGIN, left / 2)
        return keys

    async def aclose(self, grace: float) -> None:
        """Refuse new calls, give those in flight ``grace`` seconds, end the rest and close the pools."""
        if self._closed:
            return
        self._closed = True
        try:
            await self.in_flight.drain(grace)
        finally:
            await self.transport.aclose()
