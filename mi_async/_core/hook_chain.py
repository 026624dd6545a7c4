"""Hooks at work: those of a session told in order, one watch over each call, and one over each workflow.

Invariant: what a hook raises is logged and goes no further, unless its Hooks are strict; each start has one end. Loaded
by sessions with hooks only.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, Self

from attrs import define, evolve, field

from mi_async._core.clock import Clock
from mi_async._core.envelope import REQUEST_ID
from mi_async._core.header_rules import header_fault
from mi_async._core.hooks import Attempt, CallEnd, Hooks, Outcome, Service, ServiceCall, Workflow, WorkflowEnd
from mi_async._core.http_messages import Request, Response
from mi_async.errors import APIError, ConfigError, DeadlineExceededError, MIError
from mi_async.text import escaped

_log = logging.getLogger(__name__)

_current: ContextVar[Workflow | None] = ContextVar("_current", default=None)
"""The workflow that the running code belongs to."""
BEGINNINGS, ENDS = ("before", "call_started", "workflow_started"), ("after", "call_ended", "workflow_ended")
"""Events, as :class:`Hooks` names them."""
MOST_FAULTS = 100
"""Faults of headers that are logged; a hook may take their names from anywhere."""
REQUEST_IDS = (REQUEST_ID, "x-amz-request-id")
"""Headers by which the gateway and Object Storage name a request."""


@define(eq=False)
class HookChain:
    """The hooks of a session, or of a view of it, as one.

    Args:
        hooks: told in this order of what begins, and in the reverse order of what ends, so that what they set nests;
            those that are given twice are told once.
        clock: the time.
    """

    hooks: Sequence[Hooks]
    clock: Clock
    _refused: set[str] = field(init=False, factory=set)  # faults of headers that were logged already
    _in_order: Mapping[str, Sequence[tuple[Hooks, Callable[..., Any]]]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Put the hooks of each event in their order, once for all calls."""
        # Given to connect() and to a view of it, hooks would begin two spans of a call and end one of them twice.
        self.hooks = tuple({id(hooks): hooks for hooks in self.hooks}.values())
        self._in_order = {
            event: [
                (hooks, hook)
                for hooks in (self.hooks if event in BEGINNINGS else reversed(self.hooks))
                for hook in getattr(hooks, event)
            ]
            for event in (*BEGINNINGS, *ENDS)
        }

    def watch(self, operation: str, service: Service, max_attempts: int = 1) -> "CallWatch":
        """Return the watch over a call, to be entered."""
        call = ServiceCall(operation, service, max_attempts=max_attempts, workflow=_current.get())
        return CallWatch(self, call)

    def workflows(self, workspace: str) -> Callable[..., AbstractContextManager[dict[str, Any]]]:
        """Return what watches the workflows of a workspace: given a kind and a subject, a context manager."""

        def watch(kind: str, /, **subject: Any) -> AbstractContextManager[dict[str, Any]]:
            return self._workflow(Workflow(kind, workspace, subject, _current.get()))

        return watch

    @contextmanager
    def _workflow(self, workflow: Workflow) -> Generator[dict[str, Any]]:
        """Watch a workflow for a block, which adds to the mapping what comes of it."""
        result, begun = dict[str, Any](), self.clock.monotonic()
        before = _current.set(workflow)

        def ended(error: BaseException | None) -> None:
            seconds = self.clock.real(self.clock.monotonic() - begun)
            self.tell("workflow_ended", workflow, WorkflowEnd(error, seconds, result))

        try:
            try:
                self.tell("workflow_started", workflow)
                yield result
            except BaseException as error:
                ended(error)
                raise
            ended(None)
        finally:
            _current.reset(before)

    def tell(self, event: str, *told: Any) -> None:
        """Call the plain hooks of an event."""
        for hooks, hook in self._in_order[event]:
            try:
                hook(*told)
            except Exception as error:
                if hooks.strict:
                    raise
                hooks.log(event, hook, error)

    async def tell_attempt(self, event: str, *told: Any) -> None:
        """Call the hooks around an attempt, and await those that are async."""
        for hooks, hook in self._in_order[event]:
            try:
                waiting = hook(*told)
                if waiting is not None and inspect.isawaitable(waiting):
                    await (waiting if hooks.strict else _whole(waiting))
            except Exception as error:
                if hooks.strict:
                    raise
                hooks.log(event, hook, error)

    def drop_faulty_headers(self, attempt: Attempt, before: Mapping[str, str]) -> None:
        """Undo what hooks have done to headers that cannot be sent so: it is a failure of a hook.

        Args:
            attempt: as hooks have left it.
            before: its headers until then.

        Raises:
            ConfigError: there is one, and some hooks are strict.
        """
        faults = {name: fault for name, value in attempt.headers.items() if (fault := header_fault(name, value))}
        if faults and any(hooks.strict for hooks in self.hooks):
            raise ConfigError("; ".join(faults.values()))
        for name, fault in faults.items():
            del attempt.headers[name]
            attempt.headers.update({name: before[name]} if name in before else {})
            if fault not in self._refused and len(self._refused) < MOST_FAULTS:
                self._refused.add(fault)
                _log.error("a hook has added a header that is left out: %s", escaped(fault, 200))


async def _whole(waiting: Awaitable[object]) -> None:
    """Wait for an async hook; a cancellation that it swallows, or turns into another error, is raised all the same.

    Else a timeout around the call would not strike, and the call would go on without a deadline.
    """
    task = asyncio.current_task()
    before = 0 if task is None else task.cancelling()
    try:
        await waiting
    except Exception as error:
        if task is not None and task.cancelling() > before:
            raise asyncio.CancelledError from error
        raise
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError


@define(eq=False)
class CallWatch:
    """Watch over one call; a context manager around all of its attempts.

    The outcome of a failed attempt is held back until it is clear whether another attempt follows.

    Attributes:
        waited: seconds for which the call has waited for quota.
    """

    _chain: HookChain
    _call: ServiceCall
    waited: float = field(init=False, default=0.0)
    _begun: float = field(init=False, default=0.0)
    _started: bool = field(init=False, default=False)
    _attempts: int = field(init=False, default=0)
    _untold: tuple[Attempt, Callable[[float | None], Outcome]] | None = field(init=False, default=None)
    _last: Outcome | None = field(init=False, default=None)

    @property
    def operation(self) -> str:
        """ID of the operation."""
        return self._call.operation

    def start(self, method: str, server: str, template: str | None) -> None:
        """Tell of the start; a call that is refused before it is no call."""
        call, self._started = self._call, True
        call.method, call.server, call.template = method, server, template
        self._begun = self._chain.clock.monotonic()
        self._chain.tell("call_started", call)

    async def ask(
        self, request: Request, waited: float = 0.0, headers: Mapping[str, str] = MappingProxyType({})
    ) -> Attempt:
        """Tell of an attempt that begins, and return it with the headers that hooks have added."""
        self._attempts += 1
        attempt = Attempt(self.operation, request, self._attempts, dict(headers), waited, self._call)
        await self._chain.tell_attempt("before", attempt)
        if attempt.headers != headers:
            self._chain.drop_faulty_headers(attempt, headers)
        return attempt

    @contextmanager
    def sending(self, attempt: Attempt, size: int, deadline: float = float("inf")) -> Generator[list[Response]]:
        """Watch the sending of an attempt for a block, which adds the answer to the list.

        Args:
            attempt: as asked.
            size: bytes of its body.
            deadline: of the call, on the clock.
        """
        answers, clock, failure = list[Response](), self._chain.clock, None
        begun = clock.monotonic()
        try:
            yield answers
        except MIError as error:
            failure = error
            raise
        finally:
            now = clock.monotonic()
            response = answers[-1] if answers else None
            if response is None and failure is None and now >= deadline:
                failure = DeadlineExceededError("no answer before the deadline of the call")
            seconds = clock.real(now - begun)
            self._untold = attempt, partial(self._outcome, response, failure, seconds, size)
            del failure  # its traceback has this frame

    async def tell(self, again_in: float | None) -> None:
        """Tell of the end of the attempt that has ended, if there is one: seconds to the next one, None for none."""
        if self._untold is not None:
            (attempt, outcome), self._untold = self._untold, None
            self._last = outcome(None if again_in is None else self._chain.clock.real(again_in))
            await self._chain.tell_attempt("after", attempt, self._last)

    async def __aenter__(self) -> Self:
        """Begin; it is told of with ``start``."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell of the end, if there was a start."""
        if not self._started:
            return
        try:
            await self.tell(None)
        except BaseException as raised:  # a strict hook's, or a cancellation
            self._end(raised)
            raise
        self._end(error)

    def _end(self, error: BaseException | None) -> None:
        last, self._last = self._last, None  # the frames of the error's traceback have this object
        seconds = self._chain.clock.real(self._chain.clock.monotonic() - self._begun)
        waited = self._chain.clock.real(self.waited)
        self._chain.tell("call_ended", self._call, CallEnd(error, seconds, waited, self._attempts, last))

    async def once(self, request: Request, size: int, send: Callable[[], Awaitable[Response]]) -> Response:
        """Make one attempt, by a function that returns the answer."""
        attempt = await self.ask(request)
        with self.sending(attempt, size) as answers:
            answer = await send()
            answers.append(answer)
            return answer

    def _outcome(
        self, response: Response | None, failure: MIError | None, seconds: float, size: int, again_in: float | None
    ) -> Outcome:
        received = 0 if response is None else len(response.body)
        if response is not None and self._call.service != "api":
            response = evolve(response, body=b"")  # a storage that refuses a signature quotes what was signed
        return Outcome(response, failure, seconds, again_in, size, received, _request_id(response, failure))


def _request_id(response: Response | None, failure: MIError | None) -> str | None:
    if isinstance(failure, APIError) and failure.request_id:
        return failure.request_id
    headers = {} if response is None else response.headers
    return next((found for name in REQUEST_IDS if (found := headers.get(name))), None)
