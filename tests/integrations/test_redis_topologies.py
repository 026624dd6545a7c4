"""Clients of one's own: a node of a cluster, a Sentinel that has found another primary, a replica that is late."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
import redis.asyncio.cluster
import redis.asyncio.sentinel

from mi_async import Quota, QuotaStoreError, RedisQuotas
from mi_async._core.clock import Clock
from mi_async._core.session_quotas import SessionQuotas
from mi_async.integrations.redis_quotas import RedisClient
from tests.support.network import most_in_a_window
from tests.support.programs import program
from tests.support.redis_server import free_port, redis_server

pytestmark = pytest.mark.slow
TEN = Quota(10, 0.2)


@contextlib.asynccontextmanager
async def shared(client: RedisClient) -> AsyncIterator[SessionQuotas]:
    """The quotas of a session; each test has servers of its own, so they are those of all its sessions."""
    quotas = SessionQuotas({"things.do": TEN, "things.check": TEN}, Clock())
    quotas.keep_in(RedisQuotas(client=client), "account")
    try:
        yield quotas
    finally:
        await quotas.aclose()


async def called(quotas: SessionQuotas, times: int) -> None:
    for limiter in quotas.limiters.values():
        for _ in range(times):
            await asyncio.wait_for(limiter.acquire(30), 30)
            limiter.release()


async def test_a_cluster_keeps_the_keys_of_a_quota_in_one_slot(tmp_path: Path) -> None:
    with redis_server(tmp_path, **{"cluster-enabled": "yes", "cluster-port": str(free_port())}) as node:
        admin: Any = redis.asyncio.Redis(port=node.port, decode_responses=True)
        await admin.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        async with asyncio.timeout(60):
            while True:
                if "ok" in str(await admin.execute_command("CLUSTER", "INFO")).partition("cluster_slots")[0]:
                    break
                await asyncio.sleep(0.05)
        client = redis.asyncio.cluster.RedisCluster(host="127.0.0.1", port=node.port)
        async with shared(client) as quotas:
            await called(quotas, 3)
            assert all(state.holders == 1 for state in quotas.states().values())
        await client.aclose()
        await admin.aclose()


async def test_a_sentinel_names_another_primary_and_callers_go_on(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second", "sentinel")]
    for folder in folders:
        folder.mkdir()
    with redis_server(folders[0]) as first, redis_server(folders[1]) as second:
        replica: Any = redis.asyncio.Redis(port=second.port)
        await replica.execute_command("REPLICAOF", "127.0.0.1", str(first.port))
        port = free_port()
        config = folders[2] / "sentinel.conf"
        config.write_text(
            f"port {port}\nbind 127.0.0.1\nsentinel monitor quotas 127.0.0.1 {first.port} 1\n"
            "sentinel down-after-milliseconds quotas 500\nsentinel failover-timeout quotas 3000\n"
        )
        command = [program("redis-server", package="redis-server"), str(config), "--sentinel"]
        sentinel = await asyncio.create_subprocess_exec(*command, cwd=folders[2], stdout=subprocess.DEVNULL)
        try:
            make: Any = redis.asyncio.sentinel.Sentinel
            found = make([("127.0.0.1", port)], socket_timeout=1.0)
            async with asyncio.timeout(30):
                while True:
                    if await replicas_of(found):
                        break
                    await asyncio.sleep(0.1)
            client = found.master_for("quotas")
            async with shared(client) as one, shared(client) as other, calling(one, other) as arrivals:
                await until(arrivals, 30)
                first.kill()
                await until(arrivals, len(arrivals) + 30)
            await client.aclose()
            for each in found.sentinels:
                await each.aclose()
            assert await replica.keys("mi-async:*:state")
            assert most_in_a_window(arrivals, TEN) <= TEN.calls
        finally:
            sentinel.kill()
            await sentinel.wait()
        await replica.aclose()


async def test_a_replica_that_took_over_late_lets_nobody_through_twice(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with redis_server(folders[0]) as first, redis_server(folders[1]) as second:
        replica: Any = redis.asyncio.Redis(port=second.port)
        await replica.execute_command("REPLICAOF", "127.0.0.1", str(first.port))
        clients: list[Any] = [redis.asyncio.Redis(port=first.port) for _ in range(2)]
        async with shared(clients[0]) as one, shared(clients[1]) as other, calling(one, other) as arrivals:
            async with asyncio.timeout(60):
                while not await replica.keys("mi-async:*:state"):  # noqa: ASYNC110  as below
                    await asyncio.sleep(0.02)
            await replica.execute_command("REPLICAOF", "NO", "ONE")  # what comes now it does not hear
            await until(arrivals, len(arrivals) + 15)
            first.kill()
            for client in clients:
                client.connection_pool.connection_kwargs["port"] = second.port
                await client.connection_pool.disconnect()
                client.connection_pool.reset()  # each connection keeps the address that it was made for
            await until(arrivals, len(arrivals) + 30)
        for client in (*clients, replica):
            await client.aclose()
    assert most_in_a_window(arrivals, TEN) <= TEN.calls


@contextlib.asynccontextmanager
async def calling(*sessions: SessionQuotas) -> AsyncIterator[list[float]]:
    """Callers who never rest, of several sessions; the moments at which they were let through."""
    arrivals: list[float] = []

    async def call(quotas: SessionQuotas) -> None:
        limiter = quotas.limiters["things.do"]
        while True:
            try:
                await limiter.acquire(60)
            except QuotaStoreError:
                await asyncio.sleep(0.02)
                continue
            arrivals.append(asyncio.get_running_loop().time())
            await asyncio.sleep(0)
            limiter.release()

    tasks = [asyncio.create_task(call(quotas)) for quotas in sessions for _ in range(4)]
    try:
        yield arrivals
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until(arrivals: list[float], number: int) -> None:
    async with asyncio.timeout(60):
        while len(arrivals) < number:  # noqa: ASYNC110  callers tell nobody
            await asyncio.sleep(0.02)


async def replicas_of(sentinel: Any) -> Any:
    with contextlib.suppress(redis.RedisError):
        return await sentinel.discover_slaves("quotas")
    return []
