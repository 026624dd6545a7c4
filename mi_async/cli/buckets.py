"""What an emulator finds in the buckets of an S3 storage: whether an object is there, and how large it is.

Law: only asks; what an analysis would find in the object follows from its name, as it does without a storage.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from attrs import evolve

from mi_async._core.clock import Clock
from mi_async._core.inflight import InFlightCalls
from mi_async._core.retry import RetryPolicy
from mi_async.credentials import CredentialsProvider
from mi_async.emulator.objects import EmulatedObject, Look, by_name
from mi_async.errors import MIError
from mi_async.storage.connection import Connection
from mi_async.storage.models import Network, Storage, StoredObject
from mi_async.storage.object_store import ObjectStore

_log = logging.getLogger(__name__)


@asynccontextmanager
async def looking_at(storage: Storage, keys: CredentialsProvider) -> AsyncGenerator[Look]:
    """Give the function for ``Settings.objects``; its connections are closed at the end.

    An object is taken as missing, too, when the storage cannot be asked; a warning says so.
    """
    clock = Clock()
    connection = Connection(
        storage,
        keys=keys.credentials,
        in_flight=InFlightCalls(clock),
        check_usable=lambda: None,
        clock=clock,
        network=Network(connect=5.0, read=10.0),
    )
    store = ObjectStore(connection, RetryPolicy(max_attempts=1))

    async def look(bucket: str, key: str) -> EmulatedObject | None:
        try:
            head = await store.head(StoredObject(bucket, key))
        except MIError as error:
            _log.warning("%s", error)
            return None
        made_up = await by_name(bucket, key)
        return None if made_up is None or head is None else evolve(made_up, size=head.size)

    try:
        yield look
    finally:
        await store.aclose()
