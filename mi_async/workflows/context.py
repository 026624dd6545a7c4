"""Dependencies of the workflows, as one value: the groups of a workspace, the storage, the time, retries and polling.

Invariant: values and protocols; wired in session.py alone.
"""

import asyncio
import inspect
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeVar

from attrs import frozen

from mi_async._core.clock import Clock
from mi_async._core.http_messages import Response
from mi_async._core.keyed_locks import KeyedLocks
from mi_async._core.limits import QuotaState
from mi_async._core.polling import Polling
from mi_async._core.retry import Retries
from mi_async._core.running_call import Guard
from mi_async.api import WorkspaceGroups
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.errors import InvalidArgumentError, MIError
from mi_async.storage.object_store import ObjectStore
from mi_async.workflows.image_download import Get
from mi_async.workflows.ingest.object_locks import ObjectLocks
from mi_async.workflows.jobs.poller import Poller

T = TypeVar("T")


class Put(Protocol):
    """PUT a body to a presigned URL, once."""

    async def __call__(self, url: str, body: bytes, content_type: str, *, operation: str = ...) -> Response:
        """Send the body; any HTTP status is an answer. Hooks know it by the operation, ``thumbnails.put``."""
        ...


class WorkflowWatch(Protocol):
    """Watch a workflow for a block."""

    def __call__(self, kind: str, /, **subject: Any) -> AbstractContextManager[dict[str, Any]]:
        """Return the watch, to be entered."""
        ...


def _unwatched(_kind: str, /, **_subject: Any) -> AbstractContextManager[dict[str, Any]]:
    return nullcontext({})


UNWATCHED: WorkflowWatch = _unwatched
"""Watch of a session without hooks."""


@frozen
class Context:
    """A workspace as workflows see it.

    Attributes:
        entry: the operations as the caller has them, for the first step: it may fail fast for want of quota.
        groups: the operations for all that follows: what has begun waits for its quota as long as it takes.
        guarded: returns ``groups`` with a guard that is asked before each attempt.
        put: sends a body to a presigned URL.
        get: gets what a presigned URL names.
        clock: the time.
        polling: schedule of completion checks.
        held: the session's limit on images in memory, held from reading one to the end of its PUT.
        parallel: most uploads of one workflow in flight.
        retries: the session's, for steps that must look before they are retried (PUT, attach, register).
        poller: the session's, for jobs at the service.
        quotas: live state of every quota, by operation ID.
        endpoint: base URL of the service.
        account: returns the access key, or ``temporary`` for one that expires.
        object_locks: the session's, for ingestions of the same object.
        person_locks: the session's, for persons of the same name, by workspace and name.
        image_locks: the session's, for one image of one person, by workspace, ID and MD5; '' for the person itself.
        store: Object Storage, for media files.
        describe: returns the workspace as the service has it, with the bucket that it is linked to.
        validate: False to skip the check of arguments against their documented bounds.
        token: random word that makes a file name unique, so that its thumbnail can be told from any other.
        workflow: watches a workflow for a block, given its kind and what it is about; the block adds to the mapping
            what comes of it. Hooks are told, where there are any.
    """

    entry: WorkspaceGroups
    groups: WorkspaceGroups
    guarded: Callable[[Guard], WorkspaceGroups]
    put: Put
    get: Get
    clock: Clock
    polling: Polling
    held: asyncio.Semaphore
    parallel: int
    retries: Retries
    poller: Poller
    quotas: Callable[[], Mapping[str, QuotaState]]
    endpoint: str
    account: Callable[[], Awaitable[str]]
    object_locks: ObjectLocks
    person_locks: KeyedLocks[tuple[str, str]]
    image_locks: KeyedLocks[tuple[str, int, str]]
    store: ObjectStore
    describe: Callable[[], Awaitable[WorkspaceInfo]]
    validate: bool = True
    token: Callable[[int], str] = secrets.token_hex
    workflow: WorkflowWatch = UNWATCHED

    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""
        try:
            await self.groups.projects.list()
        except MIError:
            return False
        return True


def known(value: T | None) -> T:
    """Return a member that an earlier step has filled."""
    if value is None:
        message = "a step was taken out of order"
        raise RuntimeError(message)
    return value


def refuse_async(progress: Callable[..., object] | None) -> None:
    """Refuse a progress function that would have to be awaited.

    Raises:
        InvalidArgumentError: it is one.
    """
    if inspect.iscoroutinefunction(progress):
        message = "progress is called and not awaited: give a plain function"
        raise InvalidArgumentError(message)
