"""A member as a value: small, without a secret, refused where it could not work; and what it does when it is called."""

import asyncio
import os
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mi_async import BulkError, ConfigError, InvalidArgumentError, PersonInput, Timeout, emulator
from mi_async._core.url_secrets import filled
from mi_async.emulator import Settings
from mi_async.fleet import Member, MemberReport, member
from tests.support.pictures import picture

FACES = "postgresql://media@db/media#faces"
CACHE = "redis://:${REDIS_PASSWORD}@cache:6379/0"
SECRET = "s3cr3t-and-long"


def one(**changes: Any) -> Member:
    """A member as the documents have it."""
    given: dict[str, Any] = {"journal": FACES, "quota_store": CACHE, "fit": True, "timeout": 60.0} | changes
    operation, source = given.pop("operation", "enroll_many"), given.pop("source", "/mnt/faces/people.parquet")
    return member("newsroom", operation, source, **given)


def people() -> Iterator[PersonInput]:
    """An input as a function that every process can import."""
    for number in range(3):
        yield PersonInput(f"person {number}", [picture(seed=number)])


def test_it_is_small_and_holds_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NCLOUD_ACCESS_KEY_ID", "NCLOUD_SECRET_ACCESS_KEY", "PGPASSWORD", "REDIS_PASSWORD"):
        monkeypatch.setenv(name, SECRET)
    hidden = one(journal="postgresql://media:${PGPASSWORD}@db/media?sslmode=require#faces")
    for made in (one(), hidden, one(source=people), one(source=Path("/mnt/faces"))):
        sent = pickle.dumps(made)
        assert len(sent) < 1024
        assert SECRET.encode() not in sent
        assert pickle.loads(sent) == made  # noqa: S301  our own


@pytest.mark.parametrize(
    "changes",
    [
        {"journal": f"postgresql://media:{SECRET}@db/media"},
        {"journal": f"postgresql://db/media?password={SECRET}"},
        {"journal": f"postgresql://db/media?sslpassword={SECRET}#faces"},
        {"quota_store": f"redis://:{SECRET}@cache:6379/0"},
        {"quota_store": f"redis://user:{SECRET}@cache:6379/0"},
        {"quota_store": f"redis://cache:6379/0?password={SECRET}"},
        {"quota_store": f"redis://user:12/{SECRET}@cache/0"},
        {"quota_store": f"redis://:[{SECRET}@cache/0"},
    ],
)
def test_a_password_is_refused_and_not_shown(changes: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"write the name of a variable in its place, \$\{NAME\}") as caught:
        one(**changes)
    assert SECRET not in str(caught.value)


def test_a_url_that_is_none_is_left_to_whoever_opens_it() -> None:
    assert one(quota_store="redis://[cache").quota_store == "redis://[cache"
    assert one(quota_store="redis://user:@cache").quota_store == "redis://user:@cache"


def test_variables_are_looked_up_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "a/b@c")
    assert filled(CACHE) == "redis://:a%2Fb%40c@cache:6379/0"
    monkeypatch.setenv("REDIS_PASSWORD", "a\udcff")  # a byte that is no UTF-8
    assert filled(CACHE) == "redis://:a%FF@cache:6379/0"
    monkeypatch.delenv("REDIS_PASSWORD")
    with pytest.raises(ConfigError, match="the variable REDIS_PASSWORD, which a URL names, is not set"):
        filled(CACHE)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"operation": "merge"}, "operation is one of enroll_many, upload_thumbnails, ingest_many, got 'merge'"),
        ({"shard": 8}, "shard: no option of enroll_many; there are .*shards"),
        ({"total": 8}, "total: no option"),
        ({"operation": "ingest_many", "fit": True}, "fit: no option of ingest_many"),
        ({"operation": "ingest_many", "fit": None, "encoding": "cp949"}, "encoding"),
        (
            {"source": [PersonInput("Kim", ["a.jpg"])]},
            "source is a path, s3://bucket/prefix, or a function .* got list",
        ),
    ],
)
def test_what_no_member_could_do_is_refused_here(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidArgumentError, match=fault):
        one(**changes)


def test_a_journal_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(ConfigError, match="journal: members share postgresql://"):
        one(journal="faces.journal")


async def test_it_is_called_with_anything_and_in_any_thread(schema_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(enforce_quotas=False)
    async with emulator.serve(settings=settings) as server:
        monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", server.credentials.access_key)
        monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", server.credentials.secret_key)
        made = one(journal=schema_url, quota_store=None, base_url=server.url, source=people, fit=False, shards=2)
        report = await asyncio.to_thread(made, 7, named="anything")
        again = await asyncio.to_thread(one, journal=schema_url, quota_store=None, base_url=server.url, source=people)
        assert (await again.run()).counts == {"skipped": 3}
        assert len(list(server.state.persons())) == 3
    assert report == MemberReport(1, report.host, os.getpid(), {"done": 3}, 3, report.seconds)
    assert len(pickle.dumps(report)) < 512
    assert threading.current_thread() is threading.main_thread()


async def test_it_stops_when_it_is_told_to(schema_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with emulator.serve() as server:
        monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", server.credentials.access_key)
        monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", server.credentials.secret_key)
        stop = asyncio.Event()
        stop.set()
        made = one(journal=schema_url, quota_store=None, base_url=server.url, source=people, timeout=Timeout())
        report = await made.run(stop)
    assert report.ending == "stopped"


async def test_a_member_is_not_called_in_a_running_loop() -> None:
    with pytest.raises(BulkError, match="await member"):
        one()()
