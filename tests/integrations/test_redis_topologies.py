"""Clients of one's own: a node of a cluster, and a Sentinel that has found another primary."""

import asyncio
import contextlib
import secrets
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
import redis.asyncio.cluster
import redis.asyncio.sentinel

from mi_async import Quota, RedisQuotas
from mi_async._core.clock import Clock
from mi_async._core.session_quotas import SessionQuotas
from mi_async.integrations.redis_quotas import RedisClient
from tests.support.programs import program
from tests.support.redis_server import free_port, redis_server

pytestmark = pytest.mark.slow
TEN = Quota(10, 0.2)


@contextlib.asynccontextmanager
async def shared(client: RedisClient) -> AsyncIterator[SessionQuotas]:
    quotas = SessionQuotas({"things.do": TEN, "things.check": TEN}, Clock())
    quotas.keep_in(RedisQuotas(client=client), secrets.token_hex(6))
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
            async with shared(client) as quotas:
                await called(quotas, 3)
                first.kill()
                await called(quotas, 3)
            await client.aclose()
            for each in found.sentinels:
                await each.aclose()
            assert await replica.keys("mi-async:*:state")
        finally:
            sentinel.kill()
            await sentinel.wait()
        await replica.aclose()


async def replicas_of(sentinel: Any) -> Any:
    with contextlib.suppress(redis.RedisError):
        return await sentinel.discover_slaves("quotas")
    return []
