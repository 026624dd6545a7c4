"""The emulator met by what is no proper request: no 500, no traceback, and a refusal that says what is wrong."""

import asyncio
import gzip
import json
import logging
import zlib
from urllib.parse import urlsplit

import pytest
from attrs import evolve

from mi_async._core.http_messages import Request
from mi_async._core.signing import sign
from mi_async.api.thumbnails import PresignedUrl, Thumbnails
from mi_async.emulator.bodies import BODIES
from mi_async.emulator.bodies.thumbnails import EmulatedThumbnails
from tests.support.pictures import picture
from tests.support.raw import PERSONS, PRESIGN, QUICK, ROOM, TAGS, Raw, emulated

INVALID = (400, "10001")
NAME = json.dumps({"name": "Anchor"}).encode()
AS_JSON = {"Content-Type": "application/json"}


async def _post(raw: Raw, body: bytes, **headers: str) -> tuple[tuple[int, str], str]:
    signed = sign(Request("POST", TAGS), raw.server.credentials, raw.server.state.wall())
    # no Content-Type but ours: aiohttp would add one of its own
    options = {"data": body, "headers": signed | headers, "skip_auto_headers": ["Content-Type"]}
    answer = await raw.send("POST", raw.server.url + TAGS, **options)
    return answer.refusal, answer.headers.get("x-emulator-reason", "")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "the body has no Content-Type; it needs application/json"),
        ({"Content-Type": "text/plain"}, "Content-Type 'text/plain' is not application/json"),
        (
            {"Content-Type": "application/x-www-form-urlencoded"},
            "Content-Type 'application/x-www-form-urlencoded' is not application/json",
        ),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "Content-Type 'multipart/form-data; boundary=x' is"),
        ({**AS_JSON, "Content-Encoding": "br"}, "Content-Encoding 'br' is not supported"),
        ({**AS_JSON, "Content-Encoding": "gzip"}, "the compressed body is damaged"),
        ({**AS_JSON, "Content-Encoding": "deflate"}, "the compressed body is damaged"),
    ],
)
async def test_a_body_that_is_no_json_by_its_headers(headers: dict[str, str], reason: str) -> None:
    async with emulated() as raw:
        refusal, said = await _post(raw, NAME, **headers)
        assert refusal == INVALID
        assert said.startswith(reason)
        assert not raw.server.state.workspaces["newsroom"].tags


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", gzip.compress(NAME)), ("x-gzip", gzip.compress(NAME)), ("deflate", zlib.compress(NAME)), ("", NAME)],
    ids=["gzip", "x-gzip", "deflate", "plain"],
)
async def test_a_compressed_body_is_read(encoding: str, packed: bytes) -> None:
    async with emulated() as raw:
        assert (await _post(raw, packed, **AS_JSON, **{"Content-Encoding": encoding}))[0] == (200, "0")
        types = {"Content-Type": "application/json; charset=UTF-8"}
        assert (await _post(raw, b'{"name":"Other"}', **types))[0] == (200, "0")


async def test_compressed_bodies_that_are_cut_or_huge() -> None:
    async with emulated() as raw:
        packed = {**AS_JSON, "Content-Encoding": "gzip"}
        assert (await _post(raw, gzip.compress(NAME)[:-9], **packed))[0] == INVALID
        bomb = gzip.compress(b" " * 50_000_000)
        refusal, said = await _post(raw, bomb, **packed)
        assert (refusal, said) == ((413, "430"), "the body has more than 1048576 bytes when it is decompressed")


async def test_the_storage_keeps_a_compressed_body_as_it_is() -> None:
    async with emulated() as raw:
        packed = gzip.compress(picture("jpg"))
        key, url = await raw.presign()
        assert (await raw.put(url, packed, **{"Content-Encoding": "gzip"})).status == 200
        assert raw.server.state.uploads[key].size == len(packed)
        assert await raw.check(key) == ("FAILED", "INVALID_FORMAT")


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", f"{PERSONS}?pageNum={'9' * 20}", None),
        ("GET", f"{PERSONS}?pageNum={'9' * 5000}", None),
        ("GET", f"{PERSONS}?pageNum=-{'9' * 20}", None),
        ("GET", f"{PERSONS}/{'9' * 20}", None),
        ("GET", f"{PERSONS}?pageNum=%D9%A1", None),  # an Arabic digit is no integer on the wire
        ("POST", f"{PERSONS}/search", b'{"pageNum":' + b"9" * 20 + b"}"),
        ("POST", TAGS, b"[" * 100_000),
        ("POST", TAGS, b'{"name":' * 50_000),
        ("POST", TAGS, b'{"name":"\xff\xfe"}'),
        ("POST", TAGS, b'{"name":"\\ud800"}'),
        ("POST", TAGS, b'{"name":NaN}'),
        ("POST", TAGS, b"\xef\xbb\xbf[]"),
        ("POST", TAGS, b"null"),
        ("POST", TAGS, b" "),
    ],
)
async def test_values_beyond_reason(method: str, target: str, body: bytes | None) -> None:
    async with emulated() as raw:
        assert (await raw.call(method, target, body)).refusal == INVALID


@pytest.mark.parametrize("target", [PERSONS, TAGS, "/api/v1/workspaces", f"{ROOM}/projects/101/assets"])
async def test_a_listing_needs_its_page_number(target: str) -> None:
    async with emulated() as raw:
        answer = await raw.call("GET", target)
        assert (answer.refusal, answer.json["message"]) == (INVALID, "Invalid Request. (required at $.pageNum)")
        assert (await raw.call("GET", f"{target}?pageNum=1")).status == 200


async def test_a_person_search_needs_its_page_number_and_a_query_image_its_type() -> None:
    async with emulated() as raw:
        assert "$.pageNum" in (await raw.call("POST", f"{PERSONS}/search", {})).json["message"]
        path = "/api/v1/query-assets/uploads/presigned-url"
        assert "$.assetType" in (await raw.call("POST", path, {"assetFileName": "a.jpg"})).json["message"]


SIGNED = "{signed}"
RAW: list[bytes] = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\n: empty name\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"y" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
    b"GET /%00%ff%FE/%zz/..%2f.. HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //example.com/%0d%0aforged: HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /storage/thumbnails/%00%ff?X-Amz-Signature=%ff&%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PUT /storage/thumbnails/a?&&==&X-Amz-Signature HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\nx",
    b"GET /openapi.json HTTP/1.1\r\nHost: " + b"x" * 300 + b"/../\r\nConnection: close\r\n\r\n",
    b"POST " + TAGS.encode() + b" HTTP/1.1\r\n{signed}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST " + TAGS.encode() + b" HTTP/1.1\r\n{signed}Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
    b"POST " + TAGS.encode() + b" HTTP/1.1\r\n{signed}Content-Length: 100\r\n\r\n{}",
]


@pytest.mark.parametrize("sent", RAW, ids=range(len(RAW)))
async def test_what_is_no_http(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with emulated(evolve(QUICK, cors=("https://example.com",))) as raw:
        place = urlsplit(raw.server.url)
        headers = sign(Request("POST", TAGS), raw.server.credentials, raw.server.state.wall()) | AS_JSON
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(sent.replace(b"{signed}", lines.encode()))
        await writer.drain()
        writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        assert not answer.startswith(b"HTTP/1.1 5"), answer[:300]
        assert b"Traceback" not in answer
        assert (await raw.call("GET", ROOM)).status == 200  # it goes on for others
    records = [record for record in caplog.records if record.name.startswith(("aiohttp", "mi_async", "asyncio"))]
    assert not [record for record in records if record.exc_info or record.levelno > logging.INFO]
    assert all("\n" not in record.getMessage() and "\r" not in record.getMessage() for record in records)


async def test_what_fails_inside_is_still_told(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(EmulatedThumbnails):
        async def presign(self, thumbnail_file_name: str) -> PresignedUrl:
            raise ZeroDivisionError(thumbnail_file_name)

    async with emulated(bodies={**BODIES, Thumbnails: Broken}) as raw:
        assert (await raw.call("POST", PRESIGN, {"thumbnailFileName": "a.jpg"})).status == 500
    assert "ZeroDivisionError" in caplog.text
