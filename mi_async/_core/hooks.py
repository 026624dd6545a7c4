"""Hooks: functions that are told of each call, of its attempts, and of each workflow; values only.

Invariant: what a hook is told holds neither a signature, nor a key, nor the query of a presigned URL; the body of an
answer of the API alone is as it came, and no repr shows it.
"""

import inspect
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, Literal, TypeAlias

from attrs import Factory, define, field, frozen

from mi_async._core.http_messages import Request, Response
from mi_async._core.values import Value
from mi_async.errors import ConfigError, MIError

_log = logging.getLogger(__name__)

Service: TypeAlias = Literal["api", "upload", "storage"]
"""Destination of a call: the API, a presigned URL, or Object Storage."""

_numbers = count(1)


@define(eq=False)
class Workflow:
    """One workflow, from its start to its end; the same object for both.

    Attributes:
        kind: ``enroll_person``, ``upload_thumbnail``, ``ingest_asset``, ``search_scenes``, ``job`` (a wait for one),
            or a bulk run: ``enroll_many``, ``upload_thumbnails``, ``ingest_many``.
        workspace: name of the workspace.
        subject: names and IDs that it was given, by the kind; may hold names of people and of files.
        parent: the workflow that it is a part of; None for none.
        id: unique in this process.
        state: free for hooks to keep something in, under keys of their own.
    """

    kind: str
    workspace: str
    subject: Mapping[str, Any] = field(factory=dict)
    parent: "Workflow | None" = None
    id: int = field(factory=lambda: next(_numbers))
    state: dict[Any, Any] = field(factory=dict, repr=False)


@frozen(eq=False, repr=False)
class WorkflowEnd(Value):
    """The end of a workflow.

    Attributes:
        error: what it ended with, a cancellation too; None on success. ``error.created`` says what exists by then.
        seconds: real seconds from its start.
        result: names and IDs of what came of it, by the kind.
    """

    error: BaseException | None
    seconds: float
    result: Mapping[str, Any] = field(factory=dict)


@define(eq=False)
class ServiceCall:
    """One call, over all of its attempts and its waits; the same object for all of them.

    Attributes:
        operation: ID of the operation; ``thumbnails.put`` and ``query_assets.put`` for a PUT to a presigned URL,
            ``thumbnails.get`` for the download of an image from one;
            ``storage.`` and the name that boto3 has for it for a request to Object Storage: ``storage.upload_part``.
        service: where it goes.
        method: of HTTP.
        server: scheme, host and port, such as ``https://mi.apigw.ntruss.com``.
        template: path with names in braces, as documented; None where there is none.
        max_attempts: attempts that the policy allows.
        workflow: the workflow that it belongs to; None for none.
        id: unique in this process.
        state: free for hooks to keep something in, under keys of their own.
    """

    operation: str
    service: Service = "api"
    method: str = ""
    server: str = ""
    template: str | None = None
    max_attempts: int = 1
    workflow: Workflow | None = None
    id: int = field(factory=lambda: next(_numbers))
    state: dict[Any, Any] = field(factory=dict, repr=False)


@frozen(eq=False, repr=False)
class Attempt(Value):
    """One attempt of a call, before it is signed.

    Attributes:
        operation: that of the call.
        request: method, target and body. Of a PUT and of a request to Object Storage the target is the URL without
            its query, and there is no body.
        number: from 1.
        headers: may be added to; sent with a request to the API, and with no other. What cannot be sent, or is set by
            the session (signature, body, host), is left out and logged.
        waited: real seconds for which it waited for its quota.
        call: the call that it belongs to.
    """

    operation: str
    request: Request
    number: int
    headers: dict[str, str] = field(factory=dict, repr=False)
    waited: float = 0.0
    call: ServiceCall = field(
        default=Factory(lambda self: ServiceCall(self.operation, method=self.request.method), takes_self=True)
    )


@frozen(eq=False, repr=False)
class Outcome(Value):
    """The end of an attempt.

    Attributes:
        response: the answer, None when there was none; without its body where it is not the API's.
        error: the failure, None on success.
        seconds: from sending to the end of the answer.
        again_in: real seconds to the next attempt, None when there is none.
        sent: bytes of the request's body.
        received: bytes of the answer's body, decompressed.
        request_id: that of the service or of the storage; None where it sent none.
    """

    response: Response | None
    error: MIError | None
    seconds: float
    again_in: float | None = None
    sent: int = 0
    received: int = 0
    request_id: str | None = None


@frozen(eq=False, repr=False)
class CallEnd(Value):
    """The end of a call.

    Attributes:
        error: what it ended with, a cancellation too; None on success.
        seconds: real seconds from its start, waits and all attempts included.
        waited: real seconds for which its attempts waited for quota.
        attempts: attempts that were made; 0 where it was given up before it had its quota.
        outcome: that of the last attempt; None where there was none.
    """

    error: BaseException | None
    seconds: float
    waited: float
    attempts: int
    outcome: Outcome | None


Told: TypeAlias = Awaitable[None] | None
"""Result of a hook around attempts: nothing, or something to await."""


def _plain(_hooks: object, attribute: Any, value: Iterable[object]) -> None:
    """Refuse hooks that would have to be awaited where nothing can be."""
    # of an object that is called, its class has the function
    if any(inspect.iscoroutinefunction(each) for hook in value for each in (hook, vars(type(hook)).get("__call__"))):
        message = f"Hooks({attribute.name}=[...]) are called and not awaited: give plain functions"
        raise ConfigError(message)


@frozen(eq=False, repr=False)
class Hooks(Value):
    """Functions to tell of calls and workflows; in the caller's task, with the caller's context variables.

    A hook that fails breaks nothing: its error is logged, once for each hook and class of error.

    Args:
        before: called with the :class:`Attempt` after the wait for the quota and before signing; awaited if async.
        after: called with the :class:`Attempt` and its :class:`Outcome` once it is clear whether another attempt
            follows; awaited if async. Failures are outcomes too.
        call_started: plain functions, called with the :class:`ServiceCall` before its first wait.
        call_ended: plain functions, called with the :class:`ServiceCall` and its :class:`CallEnd`.
        workflow_started: plain functions, called with the :class:`Workflow`.
        workflow_ended: plain functions, called with the :class:`Workflow` and its :class:`WorkflowEnd`.
        strict: True to raise what a hook raises, which ends the call; for tests.

    Raises:
        ConfigError: an async function where it would not be awaited.
    """

    before: Sequence[Callable[[Attempt], Told]] = ()
    after: Sequence[Callable[[Attempt, Outcome], Told]] = ()
    call_started: Sequence[Callable[[ServiceCall], None]] = field(default=(), validator=_plain)
    call_ended: Sequence[Callable[[ServiceCall, CallEnd], None]] = field(default=(), validator=_plain)
    workflow_started: Sequence[Callable[[Workflow], None]] = field(default=(), validator=_plain)
    workflow_ended: Sequence[Callable[[Workflow, WorkflowEnd], None]] = field(default=(), validator=_plain)
    strict: bool = False
    _logged: set[Any] = field(init=False, factory=set, repr=False, hash=False)  # failures that were logged already

    def __bool__(self) -> bool:
        """Return True if there is any hook."""
        around = (self.before, self.after, self.call_started, self.call_ended)
        return any((*around, self.workflow_started, self.workflow_ended))

    def log(self, event: str, hook: object, error: Exception) -> None:
        """Log what a hook raised, the first time that it raises this class of error."""
        known = (event, id(hook), type(error))
        if known not in self._logged:
            self._logged.add(known)
            name = getattr(hook, "__qualname__", type(hook).__qualname__)
            _log.error("hook %s (%s) failed; the work goes on", name, event, exc_info=error)


def hooks_of(given: Any) -> tuple[Hooks, ...]:
    """Return the hooks that were given, as Hooks or several of them; those without any are left out.

    Raises:
        ConfigError: it is something else.
    """
    several: tuple[Any, ...] = (given,) if isinstance(given, Hooks) or not isinstance(given, Iterable) else tuple(given)
    for one in several:
        if not isinstance(one, Hooks):
            message = f"hooks must be mi_async.Hooks(before, after, ...) or a list of them, not {type(one).__name__}"
            raise ConfigError(message)
    return tuple(one for one in several if one)
