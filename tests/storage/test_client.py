"""The client of S3: of its own mind, off the event loop, and honest about what is wrong here."""

import os
import re
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiobotocore.session import AioSession
from botocore.loaders import JSONFileLoader

from mi_async import Clock
from mi_async._core.trust import trust
from mi_async.bulk.engine.failures import FailureKind, kind
from mi_async.errors import AuthenticationError, ConfigError, InvalidArgumentError, MIError
from mi_async.storage import checkpoint, client
from mi_async.storage.client import ASKED
from mi_async.storage.connection import COMPLETION
from mi_async.storage.local_file import LocalFile
from mi_async.storage.models import Network, Storage
from mi_async.storage.responses import ObjectHead
from mi_async.storage.upload import send
from tests.support.canned import canned, http
from tests.support.storage import Bucket
from tests.support.talking import nobody_there
from tests.support.tls import ca_file
from tests.support.uploading import PLACE, SIZE, opened, sent

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(os.urandom(SIZE))
    return path


BESIDE = (
    "AWS_S3_USE_ARN_REGION",
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
    "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "REQUESTS_CA_BUNDLE",
)
"""Names that the library reads without saying so in its table."""


def names_in_the_environment() -> list[str]:
    given = [option[1] for option in AioSession.SESSION_VARIABLES.values()]
    return [name for names in given for name in ([names] if isinstance(names, str) else names or ())] + list(BESIDE)


async def test_no_name_in_the_environment_is_read(s3: Bucket, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = names_in_the_environment()
    assert {"AWS_RETRY_MODE", "AWS_DEFAULTS_MODE", "AWS_ACCOUNT_ID_ENDPOINT_MODE"} < set(names)
    for name in names:
        monkeypatch.setenv(name, "bogus")
    assert (await sent(s3.url, clip)).sent == SIZE
    assert {headers["HTTP_USER_AGENT"].split()[0] for headers in s3.headers if "HTTP_X_AMZ_DATE" in headers} == {
        "mi-async"
    }


def test_no_models_of_the_user_are_read() -> None:
    session = client.library_session()
    loader = session.get_component("data_loader")
    assert loader.search_paths == [loader.BUILTIN_DATA_PATH]


@pytest.mark.parametrize("content", [None, "", "no certificate"])
async def test_a_file_of_certificates_that_cannot_be_used(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, "utf-8")
    async with opened(nobody_there().replace("http", "https"), ca_file=str(path)) as store:
        with pytest.raises(ConfigError, match="ca_file") as caught:
            await store.head(PLACE)
    assert kind(caught.value) is FailureKind.SYSTEMIC


async def test_a_bucket_that_no_request_can_name(s3: Bucket) -> None:
    async with opened(s3.url) as store:
        with pytest.raises(InvalidArgumentError) as caught:
            async for _ in store.objects("Bad Bucket", "in/"):
                pass
    assert kind(caught.value) is FailureKind.PERMANENT
    assert not caught.value.ambiguous
    assert not s3.asked


async def test_no_foreign_error_comes_from_making_the_client(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: Any) -> None:
        message = "https://user:secret@proxy"
        raise ValueError(message)

    monkeypatch.setattr(client, "library_config", broken)
    async with opened(s3.url) as store:
        with pytest.raises(MIError, match="ValueError") as caught:
            await store.head(PLACE)
    assert isinstance(caught.value, ConfigError)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "proxy", "own", "expected"),
    [
        ("http://s.example", None, True, "none"),
        ("http://s.example", "http://p.example", False, "none"),
        ("http://s.example", "https://p.example", False, "session"),
        ("http://s.example", "https://p.example", True, "storage"),
        ("https://s.example", None, False, "session"),
        ("https://s.example", None, True, "storage"),
    ],
)
def test_which_certificates_are_trusted(tmp_path: Path, url: str, proxy: str | None, own: bool, expected: str) -> None:
    context = ssl.create_default_context()
    path = ca_file(tmp_path) if own else None
    found = client.certificates(Storage(url, ca_file=path), Network(5, 5, proxy, ssl_context=context))
    if expected == "storage":
        assert found is not None
        assert len(found.get_ca_certs()) == 1
    else:
        assert found is (context if expected == "session" else None)
    if url.startswith("https"):
        assert client.certificates(Storage(url), Network(5, 5)) is trust(None)


async def test_nothing_that_blocks_is_done_on_the_loop(s3: Bucket, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where: dict[str, set[bool]] = {}

    def watch(owner: Any, name: str, *, reads: bool = False) -> None:
        real = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            found = None
            try:
                found = real(*arguments, **options)
                return found
            finally:
                if found is not None or not reads:  # looking whether there is a file takes no time
                    where.setdefault(name, set()).add(threading.current_thread() is threading.main_thread())

        monkeypatch.setattr(owner, name, watched)

    watch(JSONFileLoader, "_load_file", reads=True)
    watch(os, "fsync")
    watch(LocalFile, "check_unchanged")
    watch(checkpoint, "open_regular_file")
    watch(Path, "unlink")
    await sent(s3.url, clip)
    assert set(where) == {"_load_file", "fsync", "check_unchanged", "open_regular_file", "unlink"}
    assert where == {name: {False} for name in where}


async def test_the_completion_may_take_long(s3: Bucket, clip: Path) -> None:
    seen: dict[str, float | None] = {}

    def before_send(event_name: str, **_more: Any) -> None:
        seen[event_name.rpartition(".")[2]] = ASKED.get().read

    async with opened(s3.url) as store:
        await store.head(PLACE)
        client_ = store.connection._client
        assert client_ is not None
        client_.s3.meta.events.register_first("before-send.s3", before_send)
        with LocalFile.open(clip) as file:
            await send(store, file, PLACE)
    assert seen.pop("CompleteMultipartUpload") == COMPLETION
    assert set(seen.values()) == {None}


class Late(Clock):
    """Twenty minutes behind."""

    def wall(self) -> float:
        return super().wall() - 1200


async def test_a_wrong_clock_is_named(s3: Bucket) -> None:
    s3.refuse = lambda kind, _query: ("403 Forbidden", "RequestTimeTooSkewed") if kind == "begin POST" else None
    async with opened(s3.url, clock=Late(speed=1000)) as store:
        with pytest.raises(AuthenticationError, match="s behind the service's") as caught:
            await store.begin(PLACE, {})
    assert caught.value.clock_offset is not None
    assert 1190 < caught.value.clock_offset < 1210


def refusing_late(seconds: float, *, bare: bool) -> Callable[[bytes], bytes]:
    """A storage whose clock is ahead; it takes what is signed by it."""

    def answer(request: bytes) -> bytes:
        now = datetime.now(UTC) + timedelta(seconds=seconds)
        signed = re.search(rb"(?i)x-amz-date: (\w+)", request)
        assert signed is not None
        moment = datetime.strptime(signed[1].decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs((moment - now).total_seconds()) < 60:
            return http(b"")
        body = b"" if bare else b"<Error><Code>RequestTimeTooSkewed</Code><Message>Too far.</Message></Error>"
        head = f"HTTP/1.1 403 Forbidden\r\nDate: {format_datetime(now, usegmt=True)}\r\nConnection: close\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

    return answer


@pytest.mark.parametrize("ahead", [7200.0, -1200.0])
@pytest.mark.parametrize("bare", [True, False])
async def test_a_wrong_clock_costs_one_request(ahead: float, bare: bool) -> None:
    async with canned(refusing_late(ahead, bare=bare)) as server, opened(server.url) as store:
        if bare:
            assert await store.head(PLACE) == ObjectHead(0, "")
        else:
            await store.abort(PLACE, "u")
        assert len(server.received) == 2
        await store.abort(PLACE, "u")
        assert len(server.received) == 3


async def test_it_is_signed_by_the_clock_that_the_api_has_shown() -> None:
    async with canned(refusing_late(7200.0, bare=False)) as server, opened(server.url) as store:
        store.connection.offset = lambda: 7200.0
        await store.abort(PLACE, "u")
        assert len(server.received) == 1


async def test_a_storage_that_takes_no_time_at_all_says_by_how_much() -> None:
    def never(_request: bytes) -> bytes:
        now = format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)
        body = "<Error><Code>RequestTimeTooSkewed</Code><Message>Too far.</Message></Error>"
        head = f"HTTP/1.1 403 Forbidden\r\nDate: {now}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        return (head + body).encode()

    async with canned(never) as server, opened(server.url) as store:
        with pytest.raises(AuthenticationError, match=r"this machine's clock is 10[78]\d\d s behind the service's"):
            await store.begin(PLACE, {})
        assert len(server.received) == 2
