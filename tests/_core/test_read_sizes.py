"""Reads of connections: small ones, and answers that need many of them."""

import socket
import ssl
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mi_async
from mi_async._core.http_messages import Request
from mi_async._core.trust import trust
from tests.support.canned import canned, http
from tests.support.talking import KEYS, ONCE, WORKSPACE, asked, transport
from tests.support.tls import ca_file, server_context

SMALL = 128 * 2**10
"""Bytes: from here on glibc asks the system for each buffer."""


@contextmanager
def frugal_server(tls: ssl.SSLContext | None) -> Iterator[str]:
    """Answer on one connection that is kept, from a thread that takes no large buffer itself."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            plain, _ = listening.accept()
            with plain if tls is None else tls.wrap_socket(plain, server_side=True) as connection:
                while connection.recv(4096):
                    connection.sendall(WORKSPACE.replace(b"Connection: close\r\n", b""))

        thread = threading.Thread(target=talk)
        thread.start()
        yield f"http{'' if tls is None else 's'}://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(60)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
async def test_a_call_takes_no_large_buffer(tmp_path: Path, *, tls: bool) -> None:
    with frugal_server(server_context() if tls else None) as url:
        trusted = ca_file(tmp_path) if tls else None
        async with mi_async.connect(KEYS, base_url=url, ca_file=trusted, retry=ONCE) as session:
            await asked(session)  # opens the connection, whose own buffers are taken once
            tracemalloc.start()
            try:
                await asked(session)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert peak < SMALL


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("length", [0, 1, 2**14, 2**16, 2**16 + 1, 900_000])
async def test_an_answer_of_any_length_is_read_whole(tmp_path: Path, length: int, *, tls: bool) -> None:
    body = (bytes(range(256)) * (length // 256 + 1))[:length]
    trusted = trust(str(ca_file(tmp_path)))
    async with (
        canned(http(body), tls=server_context() if tls else None) as server,
        transport(server.url, trust=trusted) as network,
    ):
        assert (await network.send(Request("GET", "/"), {})).body == body
