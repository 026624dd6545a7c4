"""The emulator's storage: what a presigned URL allows, once, and what the completion check says afterwards."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
from attrs import evolve
from yarl import URL

from mi_async import emulator
from mi_async.emulator.storage import HEADER_BYTES
from tests.support.pictures import picture
from tests.support.raw import COMPLETE, PERSONS, PICTURE, PRESIGN, QUICK, HandClock, Raw, emulated

MISSING = ("FAILED", "FILE_NOT_EXIST")


@pytest.mark.parametrize("form", ["jpg", "png", "webp"])
async def test_a_picture_is_stored_checked_and_served(form: str) -> None:
    content = picture(form, 256, 256)
    async with emulated() as raw:
        key, url = await raw.presign(f"hong.{form}")
        assert await raw.check(key) == MISSING
        answer = await raw.put(url, content)
        assert (answer.status, answer.body) == (200, b"")
        assert answer.headers["ETag"] == f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        assert await raw.check(key) == ("COMPLETED", None)
        number = await raw.person("Gildong", [key])
        shown = (await raw.call("GET", f"{PERSONS}/{number}")).result["thumbnails"][0]
        assert (await raw.send("GET", shown["url"])).body == content
        assert (await raw.send("GET", shown["url"] + "0")).status == 403
        assert (await raw.put(shown["url"])).status == 403
        assert (raw.server.log.count("storage.put"), raw.server.log.count("storage.get")) == (2, 2)


async def test_the_presigned_answer() -> None:
    async with emulated() as raw:
        result = (await raw.call("POST", PRESIGN, {"thumbnailFileName": "folder/홍 +%.jpg"})).result
        assert result["expirationSeconds"] == 900
        assert result["thumbnailKey"].startswith("newsroom/")
        assert result["thumbnailKey"].endswith("/홍 +%.jpg")
        assert URL(result["url"], encoded=True).path.endswith(result["thumbnailKey"])
        assert (await raw.put(result["url"])).status == 200
        for name in ("", " ", "..", "/"):
            answer = await raw.call("POST", PRESIGN, {"thumbnailFileName": name})
            assert answer.refusal == (400, "10001")
        keys = {(await raw.presign("same.jpg"))[0] for _ in range(20)}
        assert len(keys) == 20


async def test_a_url_may_be_spelled_in_any_way_that_means_the_same() -> None:
    """aiohttp decodes %2F in a plain string, others sort the query or use lower case: a storage takes them all."""
    async with emulated() as raw:
        for respelled in (
            lambda url: url.replace("%2F", "/"),
            lambda url: url.replace("%2F", "%2f"),
            lambda url: url.replace("hong", "%68ong"),
            lambda url: "?".join([url.split("?")[0], "&".join(reversed(url.split("?")[1].split("&")))]),
        ):
            key, url = await raw.presign()
            assert respelled(url) != url
            assert (await raw.put(respelled(url))).status == 200
            assert await raw.check(key) == ("COMPLETED", None)
        key, url = await raw.presign("a b+c.jpg")
        async with raw.http.put(url, data=BytesIO(PICTURE), headers={"Content-Type": "image/jpeg"}) as answer:
            assert answer.status == 200  # a plain string, as most users of aiohttp write it


async def test_a_url_that_means_something_else_is_refused() -> None:
    async with emulated() as raw:
        _, url = await raw.presign()
        for touched in (
            url[:-1],
            url + "&X-Amz-Signature=0",
            url.replace("Expires=900", "Expires=9000"),
            url + "&x=1",
            url.replace("hong", "kong"),
            url.split("?")[0],
        ):
            answer = await raw.put(touched)
            assert answer.status == 403
            assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body
            assert answer.headers["Content-Type"].startswith("application/xml")
        assert (await raw.put(url)).status == 200


async def test_a_url_is_good_once() -> None:
    async with emulated() as raw:
        key, url = await raw.presign()
        assert (await raw.put(url)).status == 200
        again = await raw.put(url, picture("png"))
        assert again.status == 403
        assert b"<Code>AccessDenied</Code>" in again.body
        assert raw.server.state.uploads[key].content == PICTURE


async def test_two_puts_to_one_url_at_once() -> None:
    async with emulated() as raw:
        _, url = await raw.presign()
        gate = asyncio.Event()

        async def half() -> AsyncIterator[bytes]:
            yield PICTURE[:100]
            await gate.wait()
            yield PICTURE[100:]

        headers = {"Content-Type": "image/jpeg", "Content-Length": str(len(PICTURE))}
        slow = asyncio.create_task(raw.send("PUT", url, data=half(), headers=headers))
        await raw.arrived("storage.put")
        assert (await raw.put(url)).status == 200
        gate.set()
        assert (await slow).status == 403


async def test_a_url_expires() -> None:
    clock = HandClock()
    async with emulated(clock=clock) as raw:
        _, early = await raw.presign()
        _, late = await raw.presign()
        clock.now += 899
        assert (await raw.put(early)).status == 200
        clock.now += 1
        answer = await raw.put(late)
        assert answer.status == 403
        assert b"Request has expired" in answer.body


async def test_a_url_of_a_deleted_workspace() -> None:
    async with emulated() as raw:
        _, url = await raw.presign()
        await raw.call("DELETE", "/api/v1/workspaces/newsroom")
        assert (await raw.put(url)).status == 404


async def test_heads_that_are_refused() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield PICTURE

    async with emulated() as raw:
        key, url = await raw.presign()
        assert (await raw.put(url, PICTURE, **{"x-ncp-iam-access-key": "leaked"})).status == 403
        chunked = await raw.send("PUT", url, data=chunks(), headers={"Content-Type": "image/jpeg"})
        assert (chunked.status, b"MissingContentLength" in chunked.body) == (411, True)
        text = await raw.send("PUT", url, data=b"x", headers={"Content-Type": "text/plain"})
        assert (text.status, b"InvalidArgument" in text.body) == (400, True)
        assert (await raw.send("POST", url, data=BytesIO(PICTURE))).status == 404
        assert (await raw.send("HEAD", url)).status == 404
        assert await raw.check(key) == MISSING
        assert (await raw.put(url)).status == 200


@pytest.mark.parametrize("keep_bytes", [True, False])
@pytest.mark.parametrize(
    ("content", "outcome"),
    [
        (picture("jpg", 256, 300), ("COMPLETED", None)),
        (picture("jpg", 255, 300), ("FAILED", "RESOLUTION_NOT_SUPPORT")),
        (picture("webp", 300, 255), ("FAILED", "RESOLUTION_NOT_SUPPORT")),
        (picture("gif"), ("FAILED", "INVALID_FORMAT")),
        (b"", ("FAILED", "INVALID_FORMAT")),
        (PICTURE[:20], ("FAILED", "INVALID_FORMAT")),
        (PICTURE.ljust(5 * 2**20, b"\0"), ("COMPLETED", None)),
        (PICTURE.ljust(5 * 2**20 + 1, b"\0"), ("FAILED", "OVER_SIZE_LIMIT")),
    ],
    ids=["fits", "narrow", "low", "gif", "empty", "cut", "5 MB", "over 5 MB"],
)
async def test_outcomes(content: bytes, outcome: tuple[str, str | None], *, keep_bytes: bool) -> None:
    async with emulated(evolve(QUICK, keep_bytes=keep_bytes)) as raw:
        key, url = await raw.presign()
        answer = await raw.put(url, content)
        assert answer.headers["ETag"].strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert await raw.check(key) == outcome
        upload = raw.server.state.uploads[key]
        kept = keep_bytes and outcome[0] == "COMPLETED"
        assert (upload.size, upload.content) == (len(content), content if kept else None)


async def test_without_bytes_there_is_nothing_to_serve() -> None:
    async with emulated(evolve(QUICK, keep_bytes=False)) as raw:
        number = await raw.person("Gildong", [await raw.upload(PICTURE.ljust(2 * HEADER_BYTES, b"\0"))])
        shown = (await raw.call("GET", f"{PERSONS}/{number}")).result["thumbnails"][0]
        assert (await raw.send("GET", shown["url"])).status == 404


async def test_a_body_that_breaks_off_is_not_stored() -> None:
    async with emulated() as raw:
        key, url = await raw.presign()
        target = URL(url, encoded=True)
        _, writer = await asyncio.open_connection(target.host, target.port)
        headers = f"Host: x\r\nContent-Type: image/jpeg\r\nContent-Length: {len(PICTURE)}\r\n\r\n"
        writer.write(f"PUT {target.raw_path_qs} HTTP/1.1\r\n{headers}".encode() + PICTURE[:-1])
        await writer.drain()
        await raw.arrived("storage.put")
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.01)
        assert await raw.check(key) == MISSING
        assert (await raw.put(url)).status == 200
        assert await raw.check(key) == ("COMPLETED", None)


async def test_completion_takes_its_time() -> None:
    clock = HandClock()
    async with emulated(emulator.Settings(latency=emulator.Latency.constant(2.5)), clock=clock) as raw:
        good, bad = await raw.upload(), await raw.upload(b"no picture")
        clock.now += 2.49
        assert [await raw.check(key) for key in (good, bad)] == [MISSING, MISSING]
        clock.now += 0.02
        assert [await raw.check(key) for key in (good, bad)] == [("COMPLETED", None), ("FAILED", "INVALID_FORMAT")]


async def test_keys_that_are_not_there() -> None:
    async with emulated(evolve(QUICK, workspaces=("newsroom", "other-room"))) as raw:
        assert await raw.check("newsroom/1/x.jpg") == MISSING
        key = await raw.upload()
        there = await raw.call("POST", COMPLETE.replace("newsroom", "other-room"), {"thumbnailKey": key})
        assert there.result["uploadMessage"] == "FILE_NOT_EXIST"
        nowhere = await raw.call("POST", COMPLETE.replace("newsroom", "no-room"), {"thumbnailKey": key})
        assert nowhere.refusal == (404, "10030")


async def _ready_times(raw: Raw) -> list[float]:
    keys = [await raw.upload() for _ in range(5)]
    return [raw.server.state.uploads[key].ready for key in keys]


async def test_processing_times_follow_the_seed() -> None:
    times = []
    for seed in (1, 1, 2):
        async with emulated(emulator.Settings(seed=seed), clock=HandClock()) as raw:
            times.append(await _ready_times(raw))
    assert times[0] == times[1] != times[2]
    assert len(set(times[0])) == 5
