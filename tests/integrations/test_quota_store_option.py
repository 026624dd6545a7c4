"""The quota store of the command line: by option and by variable, and never with its password."""

import asyncio
import re

import pytest

from mi_async import emulator
from mi_async.cli.app import run
from mi_async.cli.connection import Account
from tests.support.redis_server import RedisServer

SECRET = "pa55-w0rd"


@pytest.mark.parametrize("way", ["option", "variable"])
async def test_a_command_shares_the_quota(
    way: str, store: RedisServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with emulator.serve() as server:
        monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", f"{server.credentials.access_key}")
        monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", server.credentials.secret_key)
        line = ["thumbnails", "presign", "a.jpg", "-w", "newsroom", "--base-url", server.url, "-v"]
        if way == "variable":
            monkeypatch.setenv("MI_ASYNC_QUOTA_STORE", store.url)
        else:
            line += ["--quota-store", store.url]
        assert await asyncio.to_thread(run, line) == 0
        said = capsys.readouterr()
        assert "thumbnailKey" in said.out
        assert re.search(
            r"HTTP 200 in .*, attempt 1, waited \d\.\d\d s for quota", said.err
        )  # a new store lets no one in
    assert store.keys("mi-async:*:thumbnails.presign}:state")


def test_a_url_that_cannot_work_is_a_mistake_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", "access")
    monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", "secret")
    assert run(["workspaces", "list", "--quota-store", f"http://me:{SECRET}@cache:6379"]) == 2
    err = capsys.readouterr().err
    assert "quota_store must be redis://host:6379/0" in err
    assert SECRET not in err
    assert SECRET not in repr(Account(quota_store=f"redis://me:{SECRET}@cache"))


@pytest.mark.parametrize(
    "line",
    [
        ["workspaces", "list", "--quota-store", "redis://:${QUOTA_PASSWORD}@cache"],
        ["enroll-many", ".", "-w", "newsroom", "--journal", "postgresql://media:${QUOTA_PASSWORD}@db/media"],
    ],
)
def test_a_url_may_name_a_variable(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", "access")
    monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("QUOTA_PASSWORD", raising=False)
    assert run(line) != 0
    assert "the variable QUOTA_PASSWORD, which a URL names, is not set" in capsys.readouterr().err
