"""Parts of a session that only workflows need: the poller of jobs, Object Storage, and the locks of its objects.

Invariant: made in the session's event loop or for it, with the first workflow; a session that makes single calls never
imports this.
"""

import asyncio
import ssl
from functools import partial
from typing import TYPE_CHECKING

from attrs import define, field

from mi_async._core.call import Calls
from mi_async._core.keyed_locks import KeyedLocks
from mi_async._core.session_quotas import SessionQuotas
from mi_async.api import WorkspaceGroups
from mi_async.api.workspaces import Workspaces
from mi_async.settings import ConnectSettings
from mi_async.storage.connection import Connection
from mi_async.storage.models import Network
from mi_async.storage.object_store import ObjectStore
from mi_async.text import MaskedURL
from mi_async.version import VERSION
from mi_async.workflows.context import UNWATCHED, Context
from mi_async.workflows.ingest.object_locks import ObjectLocks
from mi_async.workflows.jobs.poller import Poller

if TYPE_CHECKING:
    from mi_async._core.hook_chain import HookChain

HELD = 24
"""Images that a session holds in memory at once, from reading one to the end of its PUT: at most 120 MB of them."""
PARALLEL = 8
"""Images of one person that are in flight at once."""


@define(eq=False)
class WorkflowParts:
    """Parts that the workflows of a session share.

    Args:
        settings: of the session.
        calls: of the session.
        quotas: of the session.
        trust: certificates for Object Storage.
        proxy: for Object Storage.
        loop: of the session.

    Attributes:
        held: limit on images in memory.
        store: Object Storage.
    """

    _settings: ConnectSettings
    _calls: Calls
    _quotas: SessionQuotas
    _trust: ssl.SSLContext | None = field(repr=False)
    _proxy: MaskedURL | None = field(repr=False)
    _loop: asyncio.AbstractEventLoop
    held: asyncio.Semaphore = field(init=False, factory=lambda: asyncio.Semaphore(HELD))
    _object_locks: ObjectLocks = field(init=False, factory=ObjectLocks)
    _person_locks: KeyedLocks[tuple[str, str]] = field(init=False, factory=KeyedLocks)
    _image_locks: KeyedLocks[tuple[str, int, str]] = field(init=False, factory=KeyedLocks)
    _poller: Poller = field(init=False)
    store: ObjectStore = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the poller and the storage."""
        self._poller = Poller(self._settings.clock, self._quotas.pace, self._loop)
        self.store = ObjectStore(self._connection(), self._settings.retry)

    def context(self, name: str, calls: Calls) -> Context:
        """Return the dependencies of the workflows of a workspace, who make these calls."""
        settings = self._settings
        return Context(
            entry=WorkspaceGroups(calls, name),
            groups=WorkspaceGroups(calls.patient, name),
            guarded=lambda guard: WorkspaceGroups(partial(calls.patient, guard=guard), name),
            put=calls.put,
            get=calls.get,
            clock=settings.clock,
            polling=settings.polling,
            held=self.held,
            parallel=PARALLEL,
            retries=calls.retries,
            poller=self._poller,
            quotas=self._quotas.states,
            endpoint=str(settings.base_url),
            account=calls.account,
            object_locks=self._object_locks,
            person_locks=self._person_locks,
            image_locks=self._image_locks,
            store=self._watched_store(calls.chain),
            describe=lambda: Workspaces(calls.patient).get(name),
            validate=calls.validate,
            workflow=UNWATCHED if calls.chain is None else calls.chain.workflows(name),
        )

    async def leave_jobs(self) -> None:
        """End the waits for jobs, which go on at the service."""
        await self._poller.aclose()

    def _watched_store(self, chain: "HookChain | None") -> ObjectStore:
        """Return the storage whose requests these hooks are told of."""
        if chain is None:
            return self.store
        from mi_async.storage.watched_requests import WatchedRequests  # noqa: PLC0415  most sessions have no hooks

        return self.store.watched_by(WatchedRequests(chain, self.store.storage.url, self.store.policy.max_attempts))

    def _connection(self) -> Connection:
        settings, calls = self._settings, self._calls
        timeout = settings.timeout
        return Connection(
            settings.storage,
            keys=calls.keys.current,  # one pair of keys, fetched once, for the API and the storage
            in_flight=calls.in_flight,
            check_usable=calls.lifetime.check,
            clock=settings.clock,
            network=Network(timeout.connect, timeout.read, self._proxy, f"mi-async/{VERSION}", self._trust),
            offset=lambda: calls.keys.offset,  # learnt from the API's refusals
            unset=settings.no_storage,
        )
