"""The emulator's query images: of the account, single use, HEIC converted under a key of its own."""

import struct

import pytest

from mi_async.emulator.heic import read_heic
from tests.support.pictures import picture
from tests.support.raw import COMPLETE, QUICK, ROOM, HandClock, Raw, emulated

PRESIGN = "/api/v1/query-assets/uploads/presigned-url"
CHECK = "/api/v1/query-assets/uploads/complete"


def heic(width: int, height: int, *, brand: bytes = b"heic") -> bytes:
    """The boxes of a HEIC file that say its size, a small preview first."""
    small, large = (
        struct.pack(">I4sI", 20, b"ispe", 0) + struct.pack(">II", *size) for size in ((160, 120), (width, height))
    )
    return struct.pack(">I4s4s", 24, b"ftyp", brand) + bytes(12) + small + large + bytes(64)


async def presign(raw: Raw, name: str = "face.jpg") -> tuple[str, str]:
    issued = (await raw.call("POST", PRESIGN, {"assetType": "IMAGE", "assetFileName": name})).result
    assert issued["expirationSeconds"] == 900
    return issued["assetFileKey"], issued["presignedUploadUrl"]


async def test_an_upload() -> None:
    async with emulated() as raw:
        key, url = await presign(raw)
        missing = (await raw.call("POST", CHECK, {"assetKey": key})).result
        assert missing == {"assetKey": key, "uploadStatus": "FAILED", "uploadMessage": "FILE_NOT_EXIST"}
        assert (await raw.put(url, picture("jpg", 224, 224))).status == 200
        assert (await raw.put(url)).status == 403
        assert (await raw.call("POST", CHECK, {"assetKey": key})).result == {
            "assetKey": key,
            "uploadStatus": "COMPLETED",
        }


async def test_a_heic_picture_becomes_a_jpg_once() -> None:
    async with emulated() as raw:
        for name in ("face.heic", "face.jpg"):
            key, url = await presign(raw, name)
            await raw.put(url, heic(640, 480), **{"Content-Type": "image/heic"})
            first, second = [(await raw.call("POST", CHECK, {"assetKey": key})).result for _ in range(2)]
            assert first == second
            assert first["uploadStatus"] == "COMPLETED"
            assert first["assetKey"] != key
            assert first["assetKey"].endswith(".jpg")
            again = (await raw.call("POST", CHECK, {"assetKey": first["assetKey"]})).result
            assert again == first
            search = f"{ROOM}/assets/search"
            for image, status in ((key, 400), (first["assetKey"], 200)):
                assert (await raw.call("POST", search, {"query": {"imageQuery": image}})).status == status


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (picture("jpg", 223, 224), "RESOLUTION_NOT_SUPPORT"),
        (heic(223, 400), "RESOLUTION_NOT_SUPPORT"),
        (b"text", "INVALID_FORMAT"),
        (bytes(5 * 2**20 + 1), "OVER_SIZE_LIMIT"),
    ],
)
async def test_what_is_not_taken(content: bytes, message: str) -> None:
    async with emulated() as raw:
        key, url = await presign(raw)
        await raw.put(url, content)
        told = (await raw.call("POST", CHECK, {"assetKey": key})).result
        assert (told["uploadStatus"], told["uploadMessage"]) == ("FAILED", message)


@pytest.mark.parametrize(
    "body",
    [
        {"assetType": "VIDEO", "assetFileName": "a.mp4"},
        {"assetType": "IMAGE", "assetFileName": ""},
        {"assetType": "IMAGE", "assetFileName": "/.."},
        {"assetType": "IMAGE"},
    ],
)
async def test_what_cannot_be_uploaded(body: dict[str, str]) -> None:
    async with emulated() as raw:
        assert (await raw.call("POST", PRESIGN, body)).refusal == (400, "10001")


async def test_keys_are_of_one_kind() -> None:
    async with emulated() as raw:
        key, url = await presign(raw)
        await raw.put(url)
        thumbnail = await raw.upload()
        assert (await raw.check(key))[0] == "FAILED"
        assert (await raw.call("POST", CHECK, {"assetKey": thumbnail})).result["uploadStatus"] == "FAILED"
        refused = await raw.call("POST", f"{ROOM}/assets/search", {"query": {"imageQuery": thumbnail}})
        assert refused.refusal == (400, "10001")
        assert (await raw.call("POST", COMPLETE, {"thumbnailKey": thumbnail})).result["uploadStatus"] == "COMPLETED"


async def test_a_thumbnail_is_no_heic_picture() -> None:
    async with emulated() as raw:
        assert await raw.check(await raw.upload(heic(640, 480))) == ("FAILED", "INVALID_FORMAT")


PICTURE_NAMED = {"assetType": "IMAGE", "assetFileName": "a.jpg"}


async def test_the_quota_is_the_account_s() -> None:
    async with emulated(QUICK, clock=HandClock()) as raw:
        answers = [(await raw.call("POST", PRESIGN, PICTURE_NAMED)).status for _ in range(51)]
        assert answers == [200] * 50 + [429]


@pytest.mark.parametrize(
    "content", [b"", b"text", heic(1, 1)[:20], heic(1, 1)[:-90], heic(1, 1, brand=b"mp42"), heic(1, 1)[:24]]
)
def test_what_is_no_heic_picture(content: bytes) -> None:
    assert read_heic(content) is None


def test_the_largest_of_its_pictures() -> None:
    read = read_heic(heic(640, 480))
    assert read is not None
    assert (read.format, read.width, read.height) == ("heic", 640, 480)
