"""What a workflow needs of a session: the groups of a workspace, the storage, the time, and how to poll.

Law: values and protocols; wired in session.py alone.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeVar

from attrs import frozen

from mi_async._core.clock import Clock
from mi_async._core.limits import QuotaState
from mi_async._core.wire import Response
from mi_async.api import WorkspaceGroups
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.errors import ConfigError, MIError
from mi_async.storage.object_store import ObjectStore
from mi_async.workflows.ingest.object_locks import ObjectLocks
from mi_async.workflows.jobs.poller import Poller

T = TypeVar("T")


class Put(Protocol):
    """PUT a body to a presigned URL, once."""

    async def __call__(self, url: str, body: bytes, content_type: str) -> Response:
        """Send the body; any HTTP status is an answer."""
        ...


@frozen
class Polling:
    """How the completion check is repeated: geometric in the age of the upload.

    Args:
        first: seconds from the upload to the first check.
        factor: the age at the next check is the age at this one times this.
        longest: seconds; checks are never further apart.
        timeout: seconds after which an upload that is still not there has failed.
    """

    first: float = 0.3
    factor: float = 1.4
    longest: float = 15.0
    timeout: float = 180.0

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        if not (self.first > 0 and self.factor > 1 and self.longest > 0 and self.timeout > 0):
            message = f"polling needs first, longest and timeout above 0 and a factor above 1: {self}"
            raise ConfigError(message)

    def delay(self, age: float) -> float:
        """Seconds until the next check of an upload of this age."""
        return self.first if age < self.first else min(self.longest, age * (self.factor - 1))


@frozen
class Context:
    """A workspace as workflows see it.

    Attributes:
        entry: the operations as the caller has them, for the first step: it may fail fast for want of quota.
        groups: the operations for all that follows: what has begun is carried on, however long the line.
        put: the storage.
        clock: the time.
        polling: how completion is awaited.
        held: the session's gate around pictures in memory: from reading one to the end of its PUT.
        parallel: uploads of one workflow that may be under way at once.
        attempts: tries of a step that must look before it repeats (PUT, attach).
        poller: the session's, for whatever goes on at the service.
        quotas: live state of every quota, by operation id.
        endpoint: base URL of the service.
        account: asks for the access key, or ``temporary`` for one that lapses.
        desk: where the session's ingestions take turns.
        store: Object Storage, for media files.
        describe: asks for the workspace itself, which names its bucket.
        validate: whether arguments are held against their documented bounds.
        token: a random word that makes a file name unique, so that its thumbnail can be told from any other.
    """

    entry: WorkspaceGroups
    groups: WorkspaceGroups
    put: Put
    clock: Clock
    polling: Polling
    held: asyncio.Semaphore
    parallel: int
    attempts: int
    poller: Poller
    quotas: Callable[[], Mapping[str, QuotaState]]
    endpoint: str
    account: Callable[[], Awaitable[str]]
    object_locks: ObjectLocks
    store: ObjectStore
    describe: Callable[[], Awaitable[WorkspaceInfo]]
    validate: bool = True
    token: Callable[[int], str] = secrets.token_hex

    async def answers(self) -> bool:
        """Return True if the service answers a question that changes nothing."""
        try:
            await self.groups.projects.list()
        except MIError:
            return False
        return True


def known(value: T | None) -> T:
    """A member that an earlier step has filled."""
    if value is None:
        message = "a step was taken out of order"
        raise RuntimeError(message)
    return value


def tell_created(error: BaseException, **created: Any) -> None:
    """Say on an error, a cancellation included, what a workflow has created so far: ``error.created``, by kind.

    What an inner step has told already is kept; lists are joined.
    """
    told = dict(vars(error).get("created", {}))
    for kind, value in created.items():
        if isinstance(value, list):
            told[kind] = list(dict.fromkeys([*value, *told.get(kind, [])]))
        else:
            told.setdefault(kind, value)
    vars(error)["created"] = told
