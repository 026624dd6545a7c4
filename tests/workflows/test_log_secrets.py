"""Secrets: in no entry of the log at any level, and in nothing that hooks are told, but bodies of answers."""

import logging
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from mi_async import Hooks, RetryPolicy, Storage
from mi_async.emulator import Fault, Faults, Latency, Settings
from mi_async.errors import MIError
from tests.support.films import film
from tests.support.newsroom import newsroom
from tests.support.pictures import picture
from tests.support.storage import BUCKET, Bucket

QUICK = Settings(latency=Latency.constant(0.2), importing=Latency.constant(1.0), slow_body=0.5, seed=3)
EVENTS = ("before", "after", "call_started", "call_ended", "workflow_started", "workflow_ended")


async def test_no_entry_of_the_log_and_no_hook_is_told_a_secret(
    s3: Bucket, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.NOTSET)
    for logger in ("mi_async", "botocore", "aiobotocore", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger)
    told = list[str]()

    def tell(*values: Any) -> None:
        told.append(repr(values))

    given: dict[str, Any] = {event: [tell] for event in EVENTS}
    s3.refuse = lambda _kind, _query: ("503 Slow Down", "SlowDown") if len(told) % 3 == 0 else None
    settings = evolve(QUICK, objects=s3.look, random_faults=Faults.uniform(0.3))
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(film(size=100_000))
    retry = RetryPolicy(max_attempts=10)
    async with newsroom(settings, 200.0, storage=Storage(s3.url), hooks=Hooks(**given), retry=retry) as news:
        secret = news.server.credentials.secret_key
        for seed in range(4):
            try:
                person = await news.workspace.enroll_person(f"Person {seed}", [picture("jpg", seed=seed)])
                await news.workspace.upload_thumbnail(person.id, picture("png", seed=seed))
                await news.workspace.ingest_asset(clip, bucket=BUCKET, key=f"{seed}.mp4", analyze=False)
            except MIError as error:
                told.append(repr(error))
        news.server.faults.next("thumbnails.presign", Fault.RATE_LIMITED)
        await news.workspace.thumbnails.presign("a.jpg")
    report = caplog.text + "\n".join(told)
    for operation in ("thumbnails.put", "storage.put_object", "persons.create"):
        assert operation in report
    assert "again in" in caplog.text
    for word in (secret, "X-Amz-Signature", "X-Amz-Credential", "AWS4-HMAC", "x-ncp-apigw-signature-v2"):
        assert word.lower() not in report.lower(), report[max(0, report.lower().index(word.lower()) - 500) :][:700]
