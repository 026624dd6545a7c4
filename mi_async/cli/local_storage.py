"""An S3 server on this machine, with one bucket, for as long as an emulator runs.

Invariant: reachable from this machine only, and gone with everything in it at the end. Needs the extra ``emulator``.
"""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Thread

from mi_async._core.extras import require
from mi_async.storage.models import Storage

BUCKET = "footage"
HOST = "127.0.0.1"


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
