"""Query images: what is taken, the key of a HEIC picture, and what goes wrong on the way."""

import io
import struct
from pathlib import Path

import pytest

from mi_async import ImageRejectedError, MIError, UploadFailedError, Workspace
from mi_async.emulator import Fault
from mi_async.media.image_source import Source, load_image
from mi_async.workflows.query_image import QUERY_IMAGE, _Groups, _QueryThumbnails, read_heic, upload_query_image
from tests.support.newsroom import Newsroom, context_of, newsroom, no_lease_held
from tests.support.pictures import picture

PLACES = ["query_assets.presign", "storage.put", "query_assets.complete"]


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, kind) + content


def heic(width: int, height: int, brand: bytes = b"heic") -> bytes:
    """The boxes of a HEIC file that say its size, and nothing to see."""
    extents = box(b"ispe", struct.pack(">III", 0, width, height))
    properties = box(b"iprp", box(b"ipco", extents))
    return box(b"ftyp", brand + bytes(4) + b"mif1heic") + box(b"meta", bytes(4) + properties) + box(b"mdat", bytes(64))


async def bring(workspace: Workspace, source: Source) -> str:
    return await upload_query_image(context_of(workspace), workspace._query_uploads, source)


def stored(news: Newsroom) -> list[str]:
    return [key for key, upload in news.server.state.uploads.items() if upload.content is not None]


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
async def test_a_picture_becomes_a_key_to_search_with(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"골 세리머니.{kind}"
    path.write_bytes(picture(kind, 224, 224))
    async with newsroom() as news:
        key = await bring(news.workspace, path)
        assert stored(news) == [key]
        assert news.server.state.uploads[key].content == path.read_bytes()
        assert not any(news.server.log.arrivals[f"thumbnails.{name}"] for name in ("presign", "complete"))


async def test_a_heic_picture_is_searched_with_under_the_key_of_what_it_became() -> None:
    async with newsroom() as news:
        key = await bring(news.workspace, io.BytesIO(heic(640, 480)))
        (sent,) = stored(news)
        assert key != sent
        assert key.endswith(".jpg")
        assert news.server.state.uploads[sent].content_type == "image/heic"
        assert news.server.state.uploads[key].format == "jpg"


@pytest.mark.parametrize(
    ("content", "reason", "said"),
    [
        (picture("jpg", 223, 300), "resolution", "223 x 300 px, less than the 224 px"),
        (heic(640, 223), "resolution", "640 x 223"),
        (picture("gif"), "format", "GIF image; the service takes jpg, png, webp or heic; export it as JPEG"),
        (b"something else", "format", "not a jpg, png, webp or heic image"),
        (picture("jpg")[:20], "format", "a jpg that is cut off"),
        (heic(640, 480, brand=b"avif"), "format", "AVIF image; the service takes jpg"),
        (b"", "format", "empty"),
        (bytes(5 * 2**20 + 1), "size", "5 MB"),
    ],
)
async def test_what_breaks_a_rule_is_refused_before_any_request(content: bytes, reason: str, said: str) -> None:
    async with newsroom() as news:
        with pytest.raises(ImageRejectedError, match=said) as caught:
            await bring(news.workspace, content)
        assert caught.value.reason == reason
        assert not any(news.server.log.arrivals.values())


async def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageRejectedError, match=r"none\.jpg: cannot be read"):
        await load_image(tmp_path / "none.jpg", QUERY_IMAGE)


def test_a_heic_picture_without_a_size_is_left_to_the_service() -> None:
    read = read_heic(heic(640, 480)[:24])
    assert read is not None
    assert (read.width, read.height, read.content_type) == (0, 0, "image/heic")


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("place", PLACES)
async def test_one_fault_anywhere_is_survived(place: str, fault: Fault) -> None:
    async with newsroom() as news:
        news.server.faults.next(place, fault)
        try:
            key = await bring(news.workspace, picture())
        except MIError as error:
            assert not isinstance(error, UploadFailedError)  # noqa: PT017  a fault that the policy does not repeat
            assert error.created == {}  # noqa: PT017
        else:
            assert key in stored(news)
        assert no_lease_held(news.session)


async def test_an_upload_that_the_service_refuses_names_its_key() -> None:
    async with newsroom() as news:
        damaged = heic(640, 480)[:24] + bytes(64)  # no size in it: only the service finds out
        with pytest.raises(UploadFailedError) as caught:
            await bring(news.workspace, damaged)
        assert caught.value.key in news.server.state.uploads
        assert caught.value.created == {}


async def test_the_steps_ask_for_nothing_but_query_images() -> None:
    async with newsroom() as news:
        groups = _Groups(_QueryThumbnails(news.session.query_assets, {}))
        with pytest.raises(RuntimeError, match=r"needs no persons\.get"):
            await groups.persons.get(1)
