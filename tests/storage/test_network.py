"""The way to the storage: what goes over the wire, what is trusted, and what is never followed."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
import trustme
from aiohttp import web
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from mi_async import Clock, Credentials, RetryPolicy
from mi_async._core import trust
from mi_async._core.address import Address
from mi_async._core.http_messages import Request
from mi_async._core.inflight import InFlightCalls
from mi_async._core.network_errors import EXHAUSTED, mapped
from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.errors import ConfigError, ConnectError, MIError, PermissionDeniedError
from mi_async.storage.connection import Connection
from mi_async.storage.local_file import Piece
from mi_async.storage.models import Call, Network, Storage
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.responses import ObjectHead
from mi_async.storage.signature import sign
from tests.support.canned import DROP, SILENCE, Hasty, canned, http, in_clean_up
from tests.support.reports import told
from tests.support.storage_calls import CALLS, PIECE, PLACE
from tests.support.talking import nobody_there
from tests.support.tls import proxied, server_context
from tests.support.uploading import opened

KEYS = Credentials("ACCESS", "s3cr3t-k3y")


async def test_nothing_waits_for_an_interim_answer() -> None:
    async with canned(http(b"", kind="application/xml")) as server, opened(server.url, attempts=1) as store:
        for call in CALLS.values():
            with suppress(MIError):  # an empty answer is none to most of them
                async with asyncio.timeout(60):  # one that waits for it does so for ever
                    await call(store)
        assert len(server.received) >= len(CALLS)
        for number in range(len(server.received)):
            assert server.header("Expect", number) is None
            assert server.header("Transfer-Encoding", number) is None


async def test_a_part_arrives_at_a_server_that_never_says_continue() -> None:
    answer = b'HTTP/1.1 200 OK\r\nETag: "' + PIECE.md5.encode() + b'"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
    async with canned(answer) as server, opened(server.url) as store:
        head = await store.put_part(PLACE, "u", 1, PIECE, lambda _: None)
    assert head.etag == PIECE.md5
    assert server.received[0].endswith(b"\r\n\r\nfilm")
    assert server.header("Content-Length") == "4"
    assert server.header("Content-MD5") == "1dPbF2Uofu9315J8yVb1Cg=="
    assert server.header("X-Amz-Content-SHA256") == "UNSIGNED-PAYLOAD"
    assert server.header("Content-Type") is None


async def test_an_answer_before_the_part_was_sent_is_one_in_the_clean_up_of_a_cancelled_task_too() -> None:
    body = bytes(16 * 2**20)
    piece = Piece(body, md5(body, usedforsecurity=False).hexdigest())
    async with (
        canned(http("", status="403 Forbidden"), kind=Hasty) as server,
        opened(server.url, attempts=1) as store,
    ):
        with pytest.raises(PermissionDeniedError):
            await in_clean_up(lambda: store.put_part(PLACE, "u", 1, piece, lambda _: None))


REDIRECTS = ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]


@pytest.mark.parametrize("status", [*REDIRECTS, "300 Multiple Choices", "304 Not Modified"])
async def test_no_redirect_is_followed(status: str) -> None:
    async with canned(http("")) as elsewhere:
        host = elsewhere.url.removeprefix("http://")
        head = f"HTTP/1.1 {status}\r\nLocation: {elsewhere.url}/other?X-Amz-Signature=s1gn\r\n"
        answer = f"{head}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
        async with canned(answer) as server, opened(server.url) as store:
            for name, call in CALLS.items():
                server.received.clear()
                with pytest.raises(ConfigError) as caught:
                    await call(store)
                assert len(server.received) == 1, name
                said = str(caught.value)
                assert f"HTTP {status[:3]}, the storage redirects to {host}; this is not followed: set the" in said
                assert "s1gn" not in said
                assert kind(caught.value) is FailureKind.SYSTEMIC
        assert elsewhere.received == []


async def test_another_region_is_named_and_not_gone_to() -> None:
    moved = b"HTTP/1.1 301 Moved\r\nx-amz-bucket-region: us-standard\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    async with canned(moved) as server, opened(server.url) as store:
        for name, call in CALLS.items():
            server.received.clear()
            with pytest.raises(ConfigError, match="set the region 'us-standard'"):
                await call(store)
            assert len(server.received) == 1, name


MISPLACED = {
    "AuthorizationHeaderMalformed": ("400 Bad Request", "<Region>us-standard</Region>"),
    "IllegalLocationConstraintException": ("400 Bad Request", "<Region>us-standard</Region>"),
    "PermanentRedirect": ("301 Moved Permanently", "<Endpoint>us.example</Endpoint><Region>us-standard</Region>"),
    "TemporaryRedirect": ("307 Temporary Redirect", "<Endpoint>us.example</Endpoint><Region>us-standard</Region>"),
}


async def test_a_refusal_for_the_region_asks_nobody_again() -> None:
    async with canned(http("")) as server, opened(server.url) as store:
        for code, (status, members) in MISPLACED.items():
            body = f"<Error><Code>{code}</Code>{members}</Error>"
            server.plays[:] = [http(body, status=status, kind="application/xml")]
            server.received.clear()
            with pytest.raises(ConfigError, match="set the region 'us-standard'"):
                await store.begin(PLACE, {})
            assert len(server.received) == 1, code


@asynccontextmanager
async def secured() -> AsyncIterator[tuple[str, trustme.CA]]:
    """A storage with a certificate of a company's own authority; every object of it has four bytes."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=b"film", headers={"ETag": f'"{PIECE.md5}"'})

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"https://127.0.0.1:{port}", authority
    finally:
        await runner.cleanup()


@asynccontextmanager
async def reached(url: str, network: Network, ca_file: str | None = None) -> AsyncIterator[ObjectStore]:
    clock = Clock(speed=1000)
    storage = Storage(url, ca_file=ca_file)
    connection = Connection(storage, KEYS.credentials, InFlightCalls(clock), lambda: None, clock, network)
    store = ObjectStore(connection, RetryPolicy(max_attempts=1))
    try:
        yield store
    finally:
        await store.aclose()


async def test_the_certificates_of_the_system_are_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with secured() as (url, authority):
        path = tmp_path / "company.pem"
        authority.cert_pem.write_to_path(str(path))
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        trust._usual.cache_clear()  # they are read once in a process
        try:
            async with reached(url, Network(5, 5)) as store:
                head = await store.head(PLACE)
        finally:
            trust._usual.cache_clear()
    assert head is not None
    assert head.size == 4


async def test_the_context_of_the_session_is_used() -> None:
    async with secured() as (url, authority):
        context = ssl.create_default_context()
        authority.configure_trust(context)
        async with reached(url, Network(5, 5, ssl_context=context)) as store:
            assert await store.head(PLACE) is not None


async def test_the_ca_file_of_the_storage_goes_first(tmp_path: Path) -> None:
    async with secured() as (url, authority):
        path = tmp_path / "company.pem"
        authority.cert_pem.write_to_path(str(path))
        async with reached(url, Network(5, 5, ssl_context=ssl.create_default_context()), str(path)) as store:
            assert await store.head(PLACE) is not None


async def test_a_certificate_that_is_not_trusted_is_named() -> None:
    async with secured() as (url, _), reached(url, Network(5, 5)) as store:
        with pytest.raises(ConnectError) as caught:
            await store.head(PLACE)
    assert str(caught.value) == (
        f"head_object of {PLACE} at {url}: the certificate of 127.0.0.1 is not trusted: unable to get local issuer "
        "certificate; name the file of its CA with connect(ca_file=...), --ca-file or SSL_CERT_FILE"
    )
    assert caught.value.permanent


async def test_a_proxy_is_gone_through() -> None:
    async with canned(http(b"film")) as proxy:
        through = proxy.url.replace("http://", "http://user:s3cr3t-pw@")
        async with reached("http://storage.example", Network(5, 5, through)) as store:
            assert await store.read(PLACE, 0, 4) == b"film"
        assert proxy.request_lines[0].startswith("GET http://storage.example/footage/")
        assert proxy.header("Proxy-Authorization") is not None
        assert "s3cr3t-pw" not in repr(store.connection)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_a_password_says_so(scheme: str) -> None:
    url = f"{scheme}://storage.example"
    async with proxied("user:right") as proxy:
        wrong = proxy.url.replace("user:right", "user:wr0ng")
        async with reached(url, Network(5, 5, wrong)) as store:
            with pytest.raises(ConnectError) as caught:
                await store.head(PLACE)
        assert proxy.given == ["user:wr0ng"]
    assert str(caught.value) == (
        f"head_object of {PLACE} at {url}: the proxy answered 407; it wants a user and a password, "
        "as in http://user:password@host:port"
    )
    assert kind(caught.value) is FailureKind.SYSTEMIC
    assert "wr0ng" not in told(caught.value)


FLAWS = ["dropped", "silent", "not http", "truncated", "too large", "nobody", "untrusted", "no tls"]
THROUGH = ["proxy gone", "proxy refuses", "proxy drops", "untrusted behind a proxy", "cancelled"]


@pytest.mark.parametrize("flaw", FLAWS + THROUGH)
async def test_no_report_shows_a_signature_or_the_password_of_a_proxy(
    flaw: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    plays = {"silent": SILENCE, "cancelled": SILENCE, "not http": b"SSH-2.0\r\n\r\n"}
    plays |= {"truncated": http(b"{", length=100), "too large": http(os.urandom(2000))}
    async with (
        canned(plays.get(flaw, DROP)) as server,
        canned(SILENCE, tls=server_context()) as tls,
        proxied("user:p4ssw0rd", to=("127.0.0.1", int(tls.url.rpartition(":")[2]))) as proxy,
    ):
        url = {"nobody": nobody_there(), "untrusted": tls.url, "no tls": server.url.replace("http", "https")}.get(flaw)
        gates = {
            "proxy gone": nobody_there().replace("//", "//user:p4ssw0rd@"),
            "proxy refuses": proxy.url.replace("user:", "other:"),
            "proxy drops": server.url.replace("//", "//user:p4ssw0rd@"),
            "untrusted behind a proxy": proxy.url,
        }
        url = url or ("https://storage.example" if flaw in gates else server.url)
        read = 5.0 if flaw == "cancelled" else 0.1
        async with reached(url, Network(5, read, gates.get(flaw), largest=1000)) as store:
            with pytest.raises(MIError) as caught:
                await store.connection.ask("get_object", PLACE, seconds=0.2 if flaw == "cancelled" else 60.0)
    report = told(caught.value) + caplog.text
    assert "in ask\n" in report  # the frames of the package are there
    for secret in ("Signature=", "s3cr3t-k3y", "p4ssw0rd"):
        assert secret not in report, report[max(0, report.index(secret) - 300) : report.index(secret) + 80]


async def test_a_late_second_answer_is_not_given_to_the_next_request() -> None:
    connections, go = [], asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(0)
        number = len(connections)
        with suppress(EOFError, OSError):
            while await reader.readuntil(b"\r\n\r\n"):
                connections[number - 1] += 1
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % number)
                if number == 1:
                    await go.wait()
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 666\r\n\r\n")
                    await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with reached(url, Network(5, 5)) as store:
            assert await store.head(PLACE) == ObjectHead(1, "")
            go.set()
            for _ in range(100):  # the server writes, and the client's loop reads it
                await asyncio.sleep(0)
            assert await store.head(PLACE) == ObjectHead(2, "")
            assert await store.head(PLACE) == ObjectHead(2, "")
    assert connections == [1, 2]


async def test_a_proxy_that_refuses_is_named_without_its_password() -> None:
    url = f"http://user:s3cr3t-pw@127.0.0.1:{_free()}"
    async with reached("http://storage.example", Network(5, 5, url)) as store:
        with pytest.raises(ConnectError, match=r": the proxy 127\.0\.0\.1:\d+ cannot be reached: ") as caught:
            await store.head(PLACE)
    assert not caught.value.permanent
    assert "s3cr3t-pw" not in told(caught.value)


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=20)


@given(st.sampled_from(["GET", "PUT", "HEAD"]), NAMES, st.sampled_from(["", "uploads", "partNumber=3&uploadId=a%2Fb"]))
@settings(max_examples=30, deadline=None)
def test_it_is_signed_as_botocore_does(method: str, key: str, query: str) -> None:
    url = f"https://kr.object.ncloudstorage.com:8443/footage/{quote(key, safe='/~')}" + (f"?{query}" if query else "")
    headers = {"Content-MD5": "1dPbF2Uofu9315J8yVb1Cg==", "x-amz-meta-a": "  b   c "}
    theirs = AWSRequest(method, url, dict(headers), b"")
    auth = S3SigV4Auth(BotoCredentials("ACCESS", "s3cr3t-k3y"), "s3", "kr-standard")
    auth.add_auth(theirs)
    moment = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    ours = sign(Request(method, url, b""), headers, keys=KEYS, region="kr-standard", now=moment)
    assert ours["X-Amz-Date"] == theirs.headers["X-Amz-Date"]
    assert ours["Authorization"] == theirs.headers["Authorization"]


def test_hosts_are_signed_as_they_are_sent() -> None:
    signed = {
        sign(Request("GET", url, None), {}, keys=KEYS, region="r", now=0.0)["Authorization"][-64:]
        for url in ("http://[::1]:80/a", "http://[::1]/a")
    }
    assert len(signed) == 1


@pytest.mark.parametrize(
    ("error", "ambiguous", "text"),
    [
        (ConnectionResetError(104, "reset"), True, "[Errno 104] reset"),
        (aiohttp.ServerDisconnectedError(), True, "Server disconnected"),
        (aiohttp.ClientPayloadError("http://x?sig"), True, "the answer is truncated or cannot be decoded"),
        (aiohttp.InvalidURL("http://x?sig"), False, "not a URL that can be requested"),
        (ValueError("a header of http://x?sig"), False, "no such request can be made"),
        (OSError(errno.EMFILE, "full"), False, EXHAUSTED[errno.EMFILE]),
        (TimeoutError(), True, "no answer in time"),
    ],
)
def test_what_breaks_on_the_way_is_ours(error: Exception, ambiguous: bool, text: str) -> None:
    call = Call("head_object", PLACE, "https://storage.example")
    ours = mapped(error, Address(URL("https://storage.example/footage/clip.mp4")), call)
    assert ours.ambiguous is ambiguous
    assert str(ours) == f"head_object of {PLACE} at https://storage.example: {text}"


async def test_a_call_ends_in_its_time() -> None:
    async with canned(SILENCE) as server, opened(server.url, attempts=1) as store:
        with pytest.raises(TimeoutError, match="no end in time") as caught:
            await store.connection.ask("head_object", PLACE, seconds=0.05)
    assert isinstance(caught.value, MIError)


async def test_a_storage_that_falls_silent_is_left_after_the_read_timeout() -> None:
    async with (
        canned(SILENCE) as server,
        opened(server.url, attempts=1, network=Network(5, 0.05)) as store,
        asyncio.timeout(60),
    ):
        for operation, body in (("head_object", None), ("put_object", PIECE)):
            with pytest.raises(TimeoutError, match="no answer in time"):
                await store.connection.ask(operation, PLACE, body)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "pieces", [[b"HTTP/1.1 103 Early Hints\r\n\r\n"], [CHUNKED, b"zz\r\n"], [CHUNKED, b"2\r\n{}\r\n"]]
)
async def test_a_storage_that_falls_silent_after_a_beginning_is_left_too(pieces: list[bytes]) -> None:
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            for _ in range(10):  # turns of the loop, in which the client of this process reads
                await asyncio.sleep(0)
        await over.wait()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = "http://{}:{}".format(*server.sockets[0].getsockname())
    try:
        async with opened(url, attempts=1, network=Network(5, 0.05)) as store, asyncio.timeout(30):
            with pytest.raises(TimeoutError, match="no answer in time"):
                await store.connection.ask("head_object" if len(pieces) == 1 else "get_object", PLACE)
    finally:
        over.set()
        server.close()


async def test_an_answer_without_end_is_left() -> None:
    network = Network(5, 20, largest=1000)
    async with canned(http(os.urandom(2000))) as server, opened(server.url, attempts=1, network=network) as store:
        with pytest.raises(MIError, match="larger than 1000 bytes"):
            await store.read(PLACE, 0, 2000)
