"""Public types of the session, its settings and the workflows: checked by mypy and pyright, never run."""

# pyright: reportUnnecessaryTypeIgnoreComment=true
# pyright: reportPrivateUsage=true

import io
from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import mi_async


class Vault:
    """A provider of one's own."""

    async def credentials(self) -> mi_async.Credentials:
        return mi_async.Credentials("access", "secret", expires_at=1.0)


async def note(attempt: mi_async.Attempt) -> None:
    attempt.headers["traceparent"] = f"{attempt.operation} {attempt.number}"


async def look(_: mi_async.Attempt, outcome: mi_async.Outcome) -> None:
    assert_type(outcome.error, mi_async.MIError | None)
    assert_type(outcome.seconds, float)


async def both_ways_of_connecting() -> None:
    async with mi_async.connect() as session:
        assert_type(session, mi_async.Session)
    session = await mi_async.connect(Vault())
    assert_type(session, mi_async.Session)
    assert_type(session.quota, Mapping[str, mi_async.QuotaState])
    assert_type(session.workspace("newsroom"), mi_async.Workspace)
    await session.aclose()


def every_setting() -> None:
    mi_async.connect(
        mi_async.Credentials.from_env({}),
        base_url="http://127.0.0.1:8080",
        timeout=mi_async.Timeout(),
        retry=mi_async.RetryPolicy(max_attempts=1),
        quotas={"thumbnails.presign": mi_async.Quota(10, 1.0), "thumbnails.complete": None},
        max_wait=0.5,
        polling=mi_async.Polling(),
        proxy="http://proxy.example:3128",
        hooks=mi_async.Hooks(before=[note], after=[look]),
        clock=mi_async.Clock(),
    )
    mi_async.connect("access", "secret")  # type: ignore[arg-type, call-arg]
    mi_async.connect(object())  # type: ignore[arg-type]


def keys() -> None:
    assert_type(mi_async.Credentials.from_env(), mi_async.Credentials)
    assert_type(mi_async.Credentials.from_profile("work", path=Path("configure")), mi_async.Credentials)
    provider: mi_async.CredentialsProvider = Vault()
    provider = mi_async.Credentials("access", "secret")
    del provider


async def workflows(newsroom: mi_async.Workspace) -> None:
    upload = await newsroom.upload_thumbnail(1001, "hong.jpg", primary=True, if_exists="reuse", progress=print)
    assert_type(upload, mi_async.Upload)
    assert_type(upload.state, mi_async.State)
    assert_type(upload.existing, mi_async.PersonThumbnail | None)
    assert_type(upload.thumbnails, tuple[mi_async.PersonThumbnail, ...])
    sources: list[mi_async.Source] = [Path("a.jpg"), b"", bytearray(), memoryview(b""), io.BytesIO()]
    person = await newsroom.enroll_person("Gildong Hong", sources, description="A hero.", tags=["Anchor"])
    assert_type(person, mi_async.Person)
    await newsroom.upload_thumbnail("1001", "hong.jpg")  # type: ignore[arg-type]
    await newsroom.upload_thumbnail(1001, 7)  # type: ignore[arg-type]


def errors(error: mi_async.MIError, refusal: mi_async.APIError, conflict: mi_async.ConflictError) -> None:
    assert_type(error.ambiguous, bool)
    assert_type((refusal.status, refusal.code, refusal.retry_after), tuple[int, str, float | None])
    assert_type(conflict.possibly_created, bool)


async def options_of_calls(session: mi_async.Session) -> None:
    view = session.with_options(timeout=5, max_wait=None, retry=mi_async.RetryPolicy(), headers={"X-Tenant": "a"})
    assert_type(view, mi_async.Session)
    newsroom = view.workspace("newsroom").with_options(hooks=mi_async.Hooks(before=[note]), timeout=None)
    assert_type(newsroom, mi_async.Workspace)
    assert_type(await newsroom.with_options(timeout=2.5).persons.get(1), mi_async.Person)
    patient: mi_async.CallOptions = {"timeout": 900, "max_wait": 600}
    session.with_options(**patient)
    session.with_options(time_out=5)  # type: ignore[call-arg]
    session.with_options(timeout="5")  # type: ignore[arg-type]
    assert_type(await session.ping(), mi_async.Ping)


def answers_of_a_web_service(error: mi_async.MIError) -> None:
    assert_type(mi_async.http_status(error), int)
    assert_type(mi_async.retry_after(error), int | None)
