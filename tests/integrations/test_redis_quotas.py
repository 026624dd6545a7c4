"""RedisQuotas against a real server: settings, passwords, scripts that are gone, failures in words."""

import asyncio
import contextlib
import pickle
import secrets
import ssl
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
import trustme

import mi_async
from mi_async import Quota, QuotaStoreError, RedisQuotas, emulator
from mi_async._core.clock import Clock
from mi_async._core.quota_store import Exchange, Granted, StoreConnection
from mi_async._core.session_quotas import SessionQuotas
from mi_async._core.shared_limiter import SharedLimiter
from mi_async.credentials import Credentials
from mi_async.emulator import Latency, Settings
from mi_async.errors import ConfigError
from mi_async.integrations.redis_quotas import RedisConnection
from tests.support.newsroom import newsroom
from tests.support.redis_server import RedisServer, free_port, redis_server

SECRET = "pa55-w0rd"
TEN = Quota(10, 0.2)


@contextlib.asynccontextmanager
async def connected(store: RedisQuotas) -> AsyncIterator[StoreConnection]:
    connection = store.open(secrets.token_hex(6))
    try:
        yield connection
    finally:
        await connection.aclose()


def asking(**changed: Any) -> Exchange:
    given: dict[str, Any] = {
        "holder": "here",
        "sequence": 1,
        "calls": 10,
        "period": 0.2,
        "burst": 2,
        "lapse": 5.0,
        "transit": 0.0,
        "in_use": 0,
        "wanted": 1,
        "pause": 0.0,
        "ended": (),
        "tickets": (),
    }
    return Exchange(**given | changed)


async def failure(store: RedisQuotas) -> QuotaStoreError:
    async with connected(store) as connection:
        with pytest.raises(QuotaStoreError) as caught:
            await connection.exchange("things.do", asking())
    return caught.value


# ---- settings


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "give RedisQuotas a URL"),
        ({"url": "redis://x", "client": object()}, "one of the two"),
        ({"client": object(), "password": SECRET}, "password: options of a client of ours"),
        ({"url": "redis://x", "on_loss": "panic"}, "on_loss must be"),
        ({"url": "redis://x", "account": ""}, "account must be a name"),
        ({"url": f"http://me:{SECRET}@x"}, "quota_store must be redis://host:6379/0"),
        ({"url": f"redis://me:{SECRET}@x:port/0"}, "not one with a password"),
        ({"url": f"redis://me:12/{SECRET}@x/0"}, "not one with a password"),
        ({"url": f"redis://me:1@{SECRET}/2@x/0"}, "not one with a password"),
        ({"url": f"redis://me:1@{SECRET}?2@x/0"}, "not one with a password"),
        ({"url": f"redis://me:1@{SECRET}#2@x/0"}, "not one with a password"),
        ({"url": "cache:6379"}, "quota_store must be"),
        ({"url": f"redis://me:{SECRET}@x/0", "nonsense": 1}, "quota_store must be"),
        ({"url": 6379}, "quota_store must be"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        RedisQuotas(**given).open("tag")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"quota_store": 6379}, "quota_store must be a URL"),
        ({"quota_store": "cache"}, "quota_store must be redis://"),
        ({"quota_share": 0}, "quota_share must be a number above 0"),
        ({"quota_share": "1/4"}, "quota_share must be a number"),
        ({"quota_share": 1 / 51}, "less than one call"),
        ({"quota_share": 0.5, "quota_store": "redis://x"}, "quota_store or quota_share, not both"),
    ],
)
def test_connect_refuses_what_cannot_work(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        mi_async.connect(Credentials("key", "secret"), **settings)


def test_a_password_is_never_shown() -> None:
    for url in (
        f"redis://me:{SECRET}@cache:6379/0",
        f"rediss://:{SECRET}@cache/0",
        f"redis://cache/0?password={SECRET}",
    ):
        assert SECRET not in repr(RedisQuotas(url))
        assert "cache" in repr(RedisQuotas(url))
        assert SECRET not in repr(mi_async.connect(Credentials("key", "secret"), quota_store=url))
    assert repr(RedisQuotas("unix:///run/redis.sock")) == "RedisQuotas('unix:///run/redis.sock')"


async def test_shares_of_a_quota_are_whole_calls_and_never_more_than_it() -> None:
    async with emulator.serve() as server:
        for workers in (1, 3, 4, 7):
            async with mi_async.connect(server.credentials, base_url=server.url, quota_share=1 / workers) as session:
                for state in session.quota.values():
                    whole = {50: 50, 1000: 1000}[(round(state.period) == 1 and 50) or 1000]
                    assert whole // workers == state.calls
                    assert not state.shared


# ---- a real server


async def test_one_exchange_and_a_script_that_is_gone(store: RedisServer) -> None:
    async with connected(RedisQuotas(store.url)) as connection:
        first = await connection.exchange("things.do", asking())
        assert (first.permits, first.holders, first.refused) == (0, 1, 0)
        await asyncio.sleep(0.3)
        assert isinstance(connection, RedisConnection)
        client: Any = connection.client
        await client.script_flush()
        second = await connection.exchange("things.do", asking(sequence=2, tickets=first.tickets))
        assert second.permits == 1
        assert await client.ttl(f"mi-async:{{{connection.tag}:things.do}}:state") > 600_000
        again = await connection.exchange("things.do", asking(sequence=2, tickets=first.tickets))
        assert again.permits == 0  # the same once more, as a library would send it
        third = await connection.exchange("things.do", asking(sequence=3, wanted=0))
        assert third.free == second.free + 1  # the permit whose grant was lost on its way is free again


async def test_presence_is_counted(store: RedisServer) -> None:
    async with connected(RedisQuotas(store.url)) as connection:
        assert await connection.present("pace:jobs", "a", 10.0) == 1
        assert await connection.present("pace:jobs", "b", 0.05) == 2
        await asyncio.sleep(0.1)
        assert await connection.present("pace:jobs", "a", 10.0) == 1
        assert await connection.present("pace:jobs", "a", 0.0) == 0


async def test_a_client_of_ones_own_is_used_and_left_open(store: RedisServer) -> None:
    client = redis.asyncio.Redis.from_url(store.url)
    async with connected(RedisQuotas(client=client)) as connection:
        assert (await connection.exchange("things.do", asking())).holders == 1
    assert await client.ping()
    await client.aclose()


async def test_a_server_that_is_not_there_is_an_error_that_passes() -> None:
    error = await failure(RedisQuotas(f"redis://me:{SECRET}@127.0.0.1:{free_port()}/0"))
    assert not error.permanent
    assert "does not answer" in str(error)
    assert SECRET not in "".join(traceback.format_exception(error))
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301  our own


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path, requirepass=SECRET) as server:
        yield server


async def test_a_password_opens_and_a_wrong_one_is_said_at_once(guarded: RedisServer) -> None:
    async with connected(RedisQuotas(guarded.url, password=SECRET)) as connection:
        assert (await connection.exchange("things.do", asking())).holders == 1
    for store, says in (
        (RedisQuotas(guarded.url), "wants a password"),
        (RedisQuotas(guarded.url, password="wr0ng"), "cannot be used"),
    ):
        error = await failure(store)
        assert error.permanent
        assert says in str(error)
        assert "wr0ng" not in "".join(traceback.format_exception(error))


async def test_tls_is_verified(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    for name, blob in (("key.pem", certificate.private_key_pem), ("ca.pem", authority.cert_pem)):
        blob.write_to_path(tmp_path / name)
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    port = free_port()
    options = {"port": "0", "tls-port": str(port), "tls-auth-clients": "no", "tls-ca-cert-file": "ca.pem"}
    options |= {"tls-key-file": "key.pem", "tls-cert-file": "cert.pem"}
    with redis_server(tmp_path, **options):
        url = f"rediss://127.0.0.1:{port}/0"
        async with connected(RedisQuotas(url, ssl_ca_certs=str(tmp_path / "ca.pem"))) as connection:
            assert (await connection.exchange("things.do", asking())).holders == 1
        error = await failure(RedisQuotas(url))
        assert error.permanent
        assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert ssl.OPENSSL_VERSION


async def test_tls_on_a_port_without_it_names_the_server_and_the_scheme(store: RedisServer) -> None:
    error = await failure(RedisQuotas(store.url.replace("redis:", "rediss:")))
    assert not error.permanent
    assert "does not answer" in str(error)
    assert "does it speak TLS?" in str(error)
    assert "rediss://127.0.0.1" in str(error)


async def test_a_session_checks_its_store_once_and_nothing_where_it_has_none(
    guarded: RedisServer, store: RedisServer
) -> None:
    keys = Credentials("key", "secret")
    async with mi_async.connect(keys, quota_store=guarded.url) as session:
        with pytest.raises(QuotaStoreError, match="wants a password") as caught:
            await session.check_quota_store()
        assert caught.value.permanent
    for place in (store.url, None):
        async with mi_async.connect(keys, quota_store=place) as session:
            await session.check_quota_store()
    assert not store.keys("mi-async:*check*")


async def test_a_replica_or_no_store_at_all(tmp_path: Path) -> None:
    with redis_server(tmp_path, replicaof=f"127.0.0.1 {free_port()}") as server:
        error = await failure(RedisQuotas(server.url))
        assert not error.permanent
        assert "does not answer" in str(error)
    async with emulator.serve() as web:
        error = await failure(RedisQuotas(web.url.replace("http", "redis")))
        assert error.permanent or "does not answer" in str(error)


# ---- sessions


async def test_sessions_of_one_account_share_and_others_do_not(store: RedisServer) -> None:
    async with emulator.serve() as server, contextlib.AsyncExitStack() as stack:
        name = secrets.token_hex(4)
        first, second, other = [
            await stack.enter_async_context(
                mi_async.connect(
                    server.credentials, base_url=server.url, quota_store=RedisQuotas(store.url, account=account)
                )
            )
            for account in (name, name, f"{name} of others")
        ]
        calls = [session.workspace("newsroom").thumbnails for session in (first, second, other) for _ in range(20)]
        seen = [0, 0, 0]
        for done in asyncio.as_completed([thumbnails.presign("a.jpg") for thumbnails in calls]):
            await done
            states = [session.quota["thumbnails.presign"] for session in (first, second, other)]
            seen = [max(before, state.holders) for before, state in zip(seen, states, strict=True)]
        assert seen == [2, 2, 1]
        assert all(state.shared for state in states)


async def test_a_session_asks_about_jobs_at_its_part_of_the_pace(store: RedisServer) -> None:
    slow = Settings(importing=Latency(1e6))
    async with (
        newsroom(slow, 5.0, quota_store=store.url) as first,
        mi_async.connect(
            first.server.credentials, base_url=first.server.url, clock=Clock(5.0), quota_store=store.url
        ) as second,
        asyncio.TaskGroup() as waiting,
    ):
        project = next(iter(first.server.state.workspaces["newsroom"].projects))

        async def job(session: mi_async.Session, name: str) -> asyncio.Task[Any]:
            started = await session.workspace("newsroom").import_asset(project, key=name, bucket_name="footage")
            return waiting.create_task(left(started))

        async def left(started: Any) -> None:
            with contextlib.suppress(mi_async.SessionError, asyncio.CancelledError):
                await started

        tasks = [await job(first.session, "first.mp4")]
        await asyncio.wait_for(_until(lambda: bool(store.keys("*{*:pace:long}:alive"))), 30)
        tasks += [await job(second, f"{number}.mp4") for number in range(60)]
        await asyncio.sleep(1.0)  # what the queue had saved up is gone
        asked, begin = first.server.log.count("assets.import_status"), time.monotonic()
        await asyncio.sleep(2.0)
        rate = (first.server.log.count("assets.import_status") - asked) / (time.monotonic() - begin) / 5.0
        for task in tasks:
            task.cancel()
    assert 1.0 < rate < 4.0  # half of 5 a second, and one job of the other; alone it asks at all of it


async def _until(there: Callable[[], bool]) -> None:
    while not there():  # noqa: ASYNC110  a server tells nobody
        await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_with_a_share_a_session_goes_on_without_the_store_and_comes_back(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        quotas = RedisQuotas(server.url, on_loss="share")
        async with newsroom(quota_store=quotas, speed=1.0) as news:
            thumbnails = news.workspace.thumbnails
            await thumbnails.presign("a.jpg")
            server.kill()
            assert (await asyncio.wait_for(thumbnails.presign("b.jpg"), 60)).url
            assert [call.url for call in await asyncio.gather(*(thumbnails.presign(f"{n}.jpg") for n in range(5)))]
            server.start()
            await asyncio.wait_for(_until(lambda: bool(server.keys("mi-async:*:state"))), 30)
            await asyncio.gather(*(thumbnails.presign(f"{n}.jpg") for n in range(5)))
            assert news.session.quota["thumbnails.presign"].shared
            assert not news.server.log.throttled


async def test_keys_that_expire_need_an_account(store: RedisServer) -> None:
    class Temporary:
        async def credentials(self) -> Credentials:
            return Credentials("key", "secret", expires_at=4e9)

    with pytest.raises(ConfigError, match="keys that expire do not name their account"):
        await mi_async.connect(Temporary(), quota_store=store.url)
    session = await mi_async.connect(Temporary(), quota_store=RedisQuotas(store.url, account="ours"))
    await session.aclose()


async def test_a_call_fails_in_words_while_the_store_is_away_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with redis_server(tmp_path) as store:
        async with (
            emulator.serve() as server,
            mi_async.connect(server.credentials, base_url=server.url, quota_store=store.url, max_wait=0.5) as session,
        ):
            thumbnails = session.workspace("newsroom").thumbnails
            with pytest.raises(mi_async.QuotaWaitError):  # a new store lets nothing through for a second
                await thumbnails.presign("a.jpg")
            await asyncio.sleep(1.3)
            await thumbnails.presign("a.jpg")
            store.kill()
            with pytest.raises(QuotaStoreError, match="does not answer"):
                await thumbnails.presign("a.jpg")
            store.start()
            with pytest.raises(mi_async.QuotaWaitError):
                await thumbnails.presign("a.jpg")
            await asyncio.sleep(1.3)
            assert (await thumbnails.presign("a.jpg")).url


def test_each_loop_has_a_connection_of_its_own(store: RedisServer) -> None:
    shared = RedisQuotas(store.url)

    async def main() -> int:
        quotas = SessionQuotas({"things.do": TEN}, Clock())
        quotas.keep_in(shared, "two-loops")
        limiter = quotas.limiters["things.do"]
        assert isinstance(limiter, SharedLimiter)
        await limiter.acquire(30)
        limiter.release()
        await quotas.aclose()
        await quotas.aclose()
        return limiter.state().holders

    assert [asyncio.run(main()) for _ in range(2)] == [1, 1]


def test_an_answer_reads_as_numbers() -> None:
    granted = Granted.read([b"1", 2_000_000, 0, 0, 7, 0, 500_000, b"10", b"2000010", b"3000010"])
    assert (granted.permits, granted.retry, granted.holders, granted.paused) == (1, 2.0, 1, 0.5)
    assert granted.turn(0, 1.0) == 2.0
    assert granted.turn(3, 1.0) == 5.0
