"""Object storage for the emulator: an S3 server on this machine, and a look at the objects of any S3 storage.

Invariant: the server is reachable from this machine only, and gone with everything in it at the end. It needs the extra
``emulator``.
"""

import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from http.client import HTTPConnection
from threading import Thread

from attrs import evolve

from mi_async._core.clock import Clock
from mi_async._core.extras import require
from mi_async._core.inflight import InFlightCalls
from mi_async._core.retry import RetryPolicy
from mi_async.credentials import CredentialsProvider
from mi_async.emulator.objects import EmulatedObject, Look, by_name
from mi_async.errors import MIError
from mi_async.storage.connection import Connection
from mi_async.storage.models import Network, Storage, StoredObject
from mi_async.storage.object_store import ObjectStore

BUCKET = "footage"
HOST = "127.0.0.1"

_log = logging.getLogger(__name__)


@contextmanager
def local_storage() -> Generator[Storage]:
    """Serve moto on a free port, with an empty bucket; blocks while it starts.

    Raises:
        ConfigError: moto is not installed.
    """
    require("emulator")
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]  # slow
        DomainDispatcherApplication,
        create_backend_app,
    )
    from werkzeug.serving import make_server  # noqa: PLC0415  same

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = make_server(HOST, 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        _make_bucket(server.server_port)
        yield Storage(f"http://{HOST}:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _make_bucket(port: int) -> None:
    connection = HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request("PUT", f"/{BUCKET}")
        connection.getresponse().read()
    finally:
        connection.close()


@asynccontextmanager
async def looking_at(storage: Storage, keys: CredentialsProvider) -> AsyncGenerator[Look]:
    """Yield the function for ``Settings.objects``; its connections are closed at the end.

    It asks only whether an object is there and how large it is; what an analysis finds follows from its name. An object
    counts as missing, too, if the storage does not answer, with a warning.
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
