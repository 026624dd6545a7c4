"""What a report of an error may show, with its causes and with local variables, as Sentry and rich have them."""

import asyncio
import errno
from pathlib import Path

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from yarl import URL

import mi_async
from mi_async import RetryPolicy, Timeout, emulator
from mi_async._core.address import Address
from mi_async._core.http_messages import Request
from mi_async._core.network_errors import is_local_shortage, mapped
from mi_async.emulator import Fault, Latency, Settings
from mi_async.errors import ConnectError, MIError
from mi_async.media.image_source import load_image
from mi_async.text import MaskedURL
from mi_async.workflows.upload import State, Upload, walk
from tests.support.canned import DROP, SILENCE, Play, canned, http, success
from tests.support.newsroom import context_of
from tests.support.pictures import picture
from tests.support.reports import told
from tests.support.talking import KEYS, ONCE, QUERY, asked, nobody_there, shown_by, transport
from tests.support.tls import proxied, server_context

pytestmark = pytest.mark.usefixtures("leaves_nothing")

SECRETS = ("X-Amz-", "s1gn4tur3", "s3cr3t-k3y", "p4ssw0rd", "signature-v2'")


def assert_silent(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    report = told(error) + caplog.text
    assert "in _call\n" in report or "in put\n" in report  # the frames of the package are there
    for secret in SECRETS:
        assert secret not in report, report[max(0, report.index(secret) - 300) : report.index(secret) + 80]


async def put(session: mi_async.Session, url: str) -> None:
    """PUT to a presigned URL as an upload does."""
    context = context_of(session.workspace("newsroom"))
    image = await load_image(picture("jpg"))
    await walk(context, Upload(image, 1001, state=State.PRESIGNED, key="k", url=MaskedURL(url)), State.STORED)


FLAW: dict[str, Play] = {
    "dropped": DROP,
    "silent": SILENCE,
    "not http": b"SSH-2.0\r\n\r\n",
    "truncated": http(b"{", length=100),
    "redirect": b"HTTP/1.1 307 x\r\nLocation: http://x.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "refused": http(b"no", status="403 Forbidden"),
    "busy": http(b"no", status="503 Busy"),
    "too large": http(b"x" * 2_000_000),
    "reset": lambda _request: (_ for _ in ()).throw(ConnectionResetError()),
}


@pytest.mark.parametrize("flaw", FLAW)
@pytest.mark.parametrize("way", ["call", "put"])
async def test_no_report_of_a_failure_shows_a_secret(flaw: str, way: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    async with canned(FLAW[flaw]) as server:
        retry, limits = RetryPolicy(max_attempts=1), Timeout(read=0.05)
        async with mi_async.connect(
            KEYS, base_url=server.url, retry=retry, timeout=limits, max_response=1_000_000
        ) as session:
            with pytest.raises(MIError) as caught:
                await (asked(session) if way == "call" else put(session, f"{server.url}/a.jpg{QUERY}"))
    assert_silent(caught.value, caplog)


@pytest.mark.parametrize("way", ["call", "put"])
@pytest.mark.parametrize("flaw", ["nobody", "untrusted", "no tls", "no handshake", "proxy gone", "proxy refuses"])
async def test_no_report_of_a_connection_that_fails_shows_a_secret(
    flaw: str, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    async with (
        canned(http(b"{}"), tls=server_context()) as tls,
        canned(http(b"{}")) as plain,
        canned(SILENCE) as mute,
        proxied("user:right") as proxy,
    ):
        urls = {
            "nobody": nobody_there().replace("http", "https"),
            "untrusted": tls.url,
            "no tls": plain.url.replace("http", "https"),
            "no handshake": mute.url.replace("http", "https"),
        }
        url = urls.get(flaw, "https://mi.example")
        given = {"proxy gone": nobody_there(), "proxy refuses": proxy.url.replace("user:right@", "")}.get(flaw)
        through = given and given.replace("http://", "http://user:p4ssw0rd@")
        limits = Timeout(connect=0.3)
        async with mi_async.connect(KEYS, base_url=url, retry=ONCE, timeout=limits, proxy=through) as session:
            with pytest.raises(MIError) as caught:
                await (asked(session) if way == "call" else put(session, f"{url}/a.jpg{QUERY}"))
    assert_silent(caught.value, caplog)
    assert "p4ssw0rd" not in shown_by(session)


@pytest.mark.parametrize("way", ["call", "put"])
async def test_no_report_of_a_cancellation_shows_a_secret(way: str, caplog: pytest.LogCaptureFixture) -> None:
    async with canned(SILENCE) as server, mi_async.connect(KEYS, base_url=server.url) as session:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.1):
                await (asked(session) if way == "call" else put(session, f"{server.url}/a.jpg{QUERY}"))
    assert_silent(caught.value, caplog)


async def test_a_presigned_url_that_cannot_be_read_is_in_no_report(caplog: pytest.LogCaptureFixture) -> None:
    answer = success(f'{{"thumbnailKey": 7.5, "url": "https://bucket.example/a.jpg{QUERY}"}}')
    async with canned(answer) as server, mi_async.connect(KEYS, base_url=server.url, retry=ONCE) as session:
        with pytest.raises(MIError) as caught:
            await session.workspace("newsroom").thumbnails.presign("a.jpg")
    for secret in SECRETS:
        assert secret not in told(caught.value) + caplog.text


async def test_an_upload_that_fails_to_the_end_shows_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    source = tmp_path / "hong\x1b[2J.jpg"
    source.write_bytes(picture("jpg"))
    retry = RetryPolicy(max_attempts=2, base=0.001, cap=0.001)
    async with emulator.serve(settings=Settings(latency=Latency.none())) as server:
        server.faults.next("storage.put", Fault.DROP_BEFORE, times=9)
        async with mi_async.connect(server.credentials, base_url=server.url, retry=retry) as session:
            with pytest.raises(MIError) as caught:
                await session.workspace("newsroom").upload_thumbnail(1001, source)
    report = told(caught.value) + caplog.text
    assert "X-Amz-Signature" not in report
    assert server.credentials.secret_key not in report
    assert "\x1b" not in caplog.text


def test_a_cause_that_quotes_the_request_is_dropped() -> None:
    url = URL(f"https://bucket.example/a.jpg{QUERY}", encoded=True)
    errors: list[Exception] = [
        aiohttp.InvalidURL(url),
        aiohttp.ClientOSError(104, f"Can not write request body for {url}"),
        aiohttp.ServerDisconnectedError(f"GET /a.jpg{QUERY}"),
        aiohttp.ClientPayloadError(url.raw_query_string),
    ]
    for error in errors:
        failure = mapped(error, Address(url))
        assert failure.__cause__ is None
        assert "X-Amz" not in str(failure)
    kept = aiohttp.ClientOSError(104, "reset")
    kept.__cause__ = OSError(f"to {url}")
    assert mapped(kept, Address(url)).__cause__ is kept
    assert kept.__cause__ is None


def test_a_cause_that_names_the_password_of_a_proxy_is_replaced_by_what_the_system_said() -> None:
    said = OSError(errno.ECONNREFUSED, "Connection refused")
    proxy = URL("http://user:p4ssw0rd@proxy.example:8080")
    key = ConnectionKey("mi.example", 443, True, True, proxy, None, None)  # noqa: FBT003  aiohttp's own
    failure = mapped(aiohttp.ClientProxyConnectionError(key, said), Address(URL("https://mi.example/x")))
    assert failure.__cause__ is said
    assert "p4ssw0rd" not in told(failure)
    bare = aiohttp.ClientConnectionError(key)  # without an error of the system
    assert mapped(bare, Address(URL("https://mi.example/x"))).__cause__ is None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
def test_a_machine_that_is_full_is_named(number: int) -> None:
    failure = mapped(OSError(number, "full"), Address(URL("https://mi.example/x")))
    assert isinstance(failure, ConnectError)
    assert str(failure).startswith("https://mi.example:443/x: this ")
    assert " left" in str(failure)
    assert is_local_shortage(failure)
    wrapped, refused = ConnectError("no connection"), ConnectError("no connection")
    wrapped.__cause__ = failure
    refused.__cause__ = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    assert [is_local_shortage(each) for each in (wrapped, refused, ConnectError("none"))] == [True, False, False]


async def test_no_cookie_is_kept() -> None:
    """A gateway may set one; the next call must not depend on which server the first has met."""
    answer = http(b"{}").replace(b"\r\n\r\n", b"\r\nSet-Cookie: node=7; Path=/\r\n\r\n", 1)
    async with canned(answer) as server:
        named = server.url.replace("127.0.0.1", "localhost")  # an address by number gets no cookies in any case
        async with transport(named) as network:
            for _ in range(2):
                await network.send(Request("GET", "/api/v1/things"), {})
                await network.put(f"{named}/a.jpg{QUERY}", b"x", "image/png", 5)
    assert len(server.received) == 4
    assert not any(b"\r\ncookie:" in each.lower() for each in server.received)
