"""Files that a client has sent to a web service, as sources: by their own names, within bounds, on real servers."""

import asyncio
import importlib
import io
import socket
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn
from aiohttp import web
from aiohttp.test_utils import TestServer
from fastapi import FastAPI, UploadFile

from mi_async.emulator import Latency, Settings
from mi_async.errors import ImageRejectedError
from mi_async.media.image import MAX_BYTES
from mi_async.media.image_check import Image
from mi_async.media.image_source import load_image, name_of
from mi_async.media.readable_source import PART_PIECE, reader_of
from tests.support.newsroom import newsroom
from tests.support.pictures import padded, picture

JPEG = picture("jpg", 300, 280)
NAMES = [
    ("홍길동.jpeg", "홍길동.jpeg", "홍길동.jpg"),
    ("C:\\fakepath\\hong.gil.jpg", "hong.gil.jpg", "hong.gil.jpg"),
    ("../../etc/passwd", "passwd", "passwd.jpg"),
    ("a b;c.png", "a b;c.png", "a b;c.jpg"),
]


def form(*images: tuple[str, bytes]) -> aiohttp.FormData:
    """Return a form of files, all in the field ``files``."""
    data = aiohttp.FormData(quote_fields=False)
    for name, content in images:
        data.add_field("files", io.BytesIO(content), filename=name, content_type="image/jpeg")
    return data


@asynccontextmanager
async def uvicorned(app: FastAPI) -> AsyncGenerator[str]:
    """Serve with uvicorn on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, 60)


@asynccontextmanager
async def received_by_aiohttp(data: aiohttp.FormData | aiohttp.MultipartWriter, *, whole: bool) -> AsyncGenerator[Any]:
    """Send a form to a server of aiohttp; yields what its handler made of the files, or what it raised."""
    seen: list[Image | Exception] = []

    async def load(source: Any) -> None:
        try:
            seen.append(await load_image(source))
        except ImageRejectedError as error:
            seen.append(error)

    async def handler(request: web.Request) -> web.Response:
        if whole:
            for field in (await request.post()).getall("files"):
                await load(field)
        else:
            async for part in await request.multipart():
                await load(part)
        return web.Response()

    app = web.Application(client_max_size=2**26)
    app.router.add_post("/", handler)
    async with TestServer(app) as server, aiohttp.ClientSession() as client:
        async with client.post(server.make_url("/"), data=data) as answer:
            assert answer.status == 200, await answer.text()
        yield seen


async def test_fastapi_enrolls_what_it_was_sent() -> None:
    async with newsroom(Settings(latency=Latency.none())) as news:
        app = FastAPI()

        async def enroll(files: list[UploadFile]) -> list[str]:
            try:
                person = await news.workspace.enroll_person("Hong", files)
            except ImageRejectedError as error:
                return [str(error)]
            return [thumbnail.url for thumbnail in person.thumbnails]

        app.post("/")(enroll)
        large = padded(2 * 2**20)  # beyond what Starlette holds in memory: a file on the disk
        async with uvicorned(app) as url, aiohttp.ClientSession() as client:
            async with client.post(url, data=form(("hong.jpeg", JPEG), ("큰 사진.jpg", large))) as answer:
                assert len(await answer.json()) == 2
            names = [key.rpartition("/")[2] for key in news.server.state.uploads]
            assert sorted(name[: name.index("-")] for name in names) == ["hong", "큰_사진"]
            async with client.post(url, data=form(("ok.jpg", JPEG), ("bad.jpg", b"GIF89a"))) as answer:
                (said,) = await answer.json()
                assert said.startswith("bad.jpg: GIF image named .jpg")


@pytest.mark.parametrize("whole", [True, False])
async def test_aiohttp_gives_its_files_in_two_ways(whole: bool) -> None:
    data = form(*[(given, JPEG) for given, _, _ in NAMES], ("large.jpg", padded(MAX_BYTES)))
    async with received_by_aiohttp(data, whole=whole) as seen:
        *images, large = seen
        assert [(image.name, image.file_name) for image in images] == [(name, kept) for _, name, kept in NAMES]
        assert {image.content for image in images} == {JPEG}
        assert len(large.content) == MAX_BYTES


@pytest.mark.parametrize("whole", [True, False])
async def test_a_file_that_is_too_large_is_not_read_to_its_end(whole: bool) -> None:
    async with received_by_aiohttp(form(("a.jpg", JPEG + bytes(2**23)), ("b.jpg", JPEG)), whole=whole) as seen:
        refused, image = seen
        assert (refused.source, refused.reason) == ("a.jpg", "size")
        assert image.content == JPEG


async def test_a_part_in_base64_and_one_without_a_name() -> None:
    with aiohttp.MultipartWriter("mixed") as writer:
        large = padded(4 * PART_PIECE)
        writer.append(io.BytesIO(large), {"Content-Transfer-Encoding": "base64"})
        writer.append(io.BytesIO(JPEG), {"Content-Encoding": "gzip"})
        writer.append(io.BytesIO(JPEG + bytes(2**26)), {"Content-Encoding": "gzip"})
        writer.append(JPEG)
        async with received_by_aiohttp(writer, whole=False) as seen:
            coded, packed, bomb, plain = seen
            assert (coded.content, packed.content) == (large, JPEG)
            assert (plain.name, plain.file_name, plain.content) == ("<BodyPartReader>", "thumbnail.jpg", JPEG)
            assert (bomb.source, bomb.reason in {"size", "unreadable"}) == ("<BodyPartReader>", True)


async def test_django_and_spooled_files() -> None:
    uploadedfile = importlib.import_module("django.core.files.uploadedfile")  # Django has no types
    image = await load_image(uploadedfile.SimpleUploadedFile("hong.jpeg", JPEG, "image/jpeg"))
    assert (image.name, image.file_name, image.content) == ("hong.jpeg", "hong.jpg", JPEG)
    for most in (10, 2**20):
        with tempfile.SpooledTemporaryFile(most) as spooled:
            spooled.write(JPEG)
            spooled.seek(0)
            image = await load_image(spooled)
            assert (image.name, image.file_name, image.content) == ("<SpooledTemporaryFile>", "thumbnail.jpg", JPEG)


def test_a_file_name_goes_before_the_name_of_a_field() -> None:
    class Field:
        name = "files"
        file = io.BytesIO(JPEG)

        def __init__(self, filename: Any) -> None:
            self.filename = filename

    names = {"a.jpg": "a.jpg", "": "<Field>", None: "<Field>", "folder/": "<Field>", 7: "<Field>"}
    assert {given: name_of(Field(given)) for given in names} == names
    assert reader_of(Field("a.jpg")) is Field.file
    for nothing in (object(), 7, type("Odd", (), {"filename": "a", "file": 5})()):
        assert reader_of(nothing) is None
