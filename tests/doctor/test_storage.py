"""The checks of Object Storage against a real S3 implementation that refuses one kind of request each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from mi_async.doctor import CheckStatus, Diagnosis, diagnose
from mi_async.emulator import CREDENTIALS, Server, serve
from mi_async.storage.models import Storage
from tests.support.storage import BUCKET, Bucket, bucket

pytestmark = pytest.mark.slow  # a storage beside the emulator

OK, WARNING, FAILED, NOT_TRIED = CheckStatus
DENIED = ("403 Forbidden", "AccessDenied")
BUCKET_CHECKS = ("bucket", "list", "read", "write")


@pytest.fixture(scope="module")
def running() -> Iterator[Bucket]:
    with bucket() as served:
        yield served


@pytest.fixture
def stored(running: Bucket) -> Bucket:
    running.empty()
    return running


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serve() as emulated:
        yield emulated


async def diagnosed(server: Server, url: str, name: str | None = BUCKET) -> Diagnosis:
    return await diagnose(CREDENTIALS, base_url=server.url, storage=Storage(url), bucket=name, environ={})


def found(diagnosis: Diagnosis) -> list[str]:
    return [diagnosis[name].status.value for name in BUCKET_CHECKS]


async def test_a_bucket_with_all_permissions(server: Server, stored: Bucket) -> None:
    diagnosis = await diagnosed(server, stored.url)
    assert found(diagnosis) == ["ok"] * 4, str(diagnosis)
    assert diagnosis["bucket"].text == f"{BUCKET} at {stored.url}"
    assert diagnosis["write"].text == "s3:PutObject, s3:ListMultipartUploadParts, s3:AbortMultipartUpload"
    assert stored.unfinished() == 0
    assert stored.asked["object PUT"] == stored.asked["part PUT"] == 0


@pytest.mark.parametrize(
    ("kind", "statuses", "name", "text"),
    [
        ("bucket GET", ["warning", "failed", "ok", "ok"], "list", "s3:ListBucket is missing"),
        ("object HEAD", ["ok", "ok", "failed", "ok"], "read", "s3:GetObject is missing"),
        ("begin POST", ["ok", "ok", "ok", "failed"], "write", "s3:PutObject is missing"),
        ("upload GET", ["ok", "ok", "ok", "failed"], "write", "s3:ListMultipartUploadParts is missing"),
    ],
)
async def test_a_permission_that_is_missing_is_named(
    *, kind: str, statuses: list[str], name: str, text: str, server: Server, stored: Bucket
) -> None:
    stored.refuse = lambda asked, _query: DENIED if asked == kind else None
    diagnosis = await diagnosed(server, stored.url)
    assert found(diagnosis) == statuses, str(diagnosis)
    assert diagnosis[name].text == text
    assert "console: Sub Account" in diagnosis[name].remedy
    assert stored.unfinished() == 0


async def test_an_upload_that_cannot_be_given_up_is_named(server: Server, stored: Bucket) -> None:
    stored.refuse = lambda asked, _query: DENIED if asked == "upload DELETE" else None
    diagnosis = await diagnosed(server, stored.url)
    assert diagnosis["write"].text.startswith("s3:AbortMultipartUpload is missing; the empty upload ")
    assert diagnosis["write"].text.endswith(" is left behind")
    assert stored.unfinished() == 1


async def test_nothing_at_all_is_allowed(server: Server, stored: Bucket) -> None:
    stored.refuse = lambda _asked, _query: DENIED
    diagnosis = await diagnosed(server, stored.url)
    assert found(diagnosis) == ["warning", "failed", "warning", "failed"], str(diagnosis)


@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        (("404 Not Found", "NoSuchBucket"), "check the name of the bucket"),
        (("403 Forbidden", "SignatureDoesNotMatch"), "check the keys"),
        (("301 Moved Permanently", "PermanentRedirect"), "set endpoint and region"),
    ],
)
async def test_a_bucket_that_cannot_be_reached(
    refusal: tuple[str, str], remedy: str, server: Server, stored: Bucket
) -> None:
    stored.refuse = lambda _asked, _query: refusal
    diagnosis = await diagnosed(server, stored.url)
    assert found(diagnosis) == ["failed", *["not tried"] * 3], str(diagnosis)
    assert diagnosis["bucket"].remedy.startswith(remedy)


async def test_a_storage_that_does_not_answer(server: Server) -> None:
    diagnosis = await diagnosed(server, "http://127.0.0.1:9")
    assert diagnosis["bucket"].status is FAILED
    assert "the endpoint" in diagnosis["bucket"].remedy


@pytest.mark.parametrize("kind", ["object HEAD", "begin POST", "upload GET"])
async def test_a_storage_that_fails(kind: str, server: Server, stored: Bucket) -> None:
    stored.refuse = lambda asked, _query: ("500 Internal Server Error", "InternalError") if asked == kind else None
    diagnosis = await diagnosed(server, stored.url)
    assert not diagnosis.ok
    assert "is missing" not in str(diagnosis)


async def test_no_bucket_is_named(server: Server, stored: Bucket) -> None:
    diagnosis = await diagnosed(server, stored.url, None)
    assert diagnosis["bucket"].status is NOT_TRIED
    assert diagnosis["bucket"].text.startswith("no bucket was named")


async def test_the_bucket_of_the_workspace(server: Server, stored: Bucket) -> None:
    diagnosis = await diagnose(
        CREDENTIALS, base_url=server.url, storage=Storage(stored.url), workspace="newsroom", environ={}
    )
    assert diagnosis["bucket"].status is NOT_TRIED
