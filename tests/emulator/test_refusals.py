"""Every documented refusal comes out of the emulator: by its rules, or because a test asks for it."""

from collections.abc import Callable
from io import BytesIO

import pytest
from attrs import evolve
from PIL import Image

import mi_async
from mi_async import emulator
from mi_async.emulator import Fault, Latency, Rejection
from mi_async.emulator.faults import STORAGE_PUT
from mi_async.emulator.plain_images import is_plain
from mi_async.errors import InvalidArgumentError, InvalidRequestError
from tests.support.newsroom import newsroom
from tests.support.pictures import padded, picture, plain_picture
from tests.support.raw import PERSONS, QUICK, Raw, emulated

SERVICE = """
400 10001 10014 10016 10023 10027 10033 10041 10046 10048 10069
400 10072 10073 10074 10075 10077 50003 50010 50011 50012 50013
401 10003
404 10010 10025 10030 10038 40002
409 10026 10045 10049 10062 10068 10076 20012 50005
422 10017 10072
500 99999
"""
GATEWAY = "400 100\n401 200 210\n404 300\n413 430\n429 400 410 420\n500 900\n503 500\n504 510"


def _rows(table: str) -> list[tuple[int, str]]:
    lines = [line.split() for line in table.strip().splitlines()]
    return [(int(status), code) for status, *codes in lines for code in codes]


@pytest.mark.parametrize(("status", "code"), _rows(SERVICE) + _rows(GATEWAY))
async def test_each_documented_error_can_be_asked_for(status: int, code: str) -> None:
    async with emulated() as raw:
        rejection = Rejection(status, code)
        raw.server.faults.next("persons.create", rejection)
        answer = await raw.call("POST", PERSONS, {"name": "One", "thumbnails": []})
        assert answer.refusal == (status, code)
        assert ("error" in answer.json) is (int(code) < 1000)
        assert not list(raw.server.state.persons())  # without effect
        assert raw.server.faults.injected == {rejection: 1}
        assert (await raw.call("POST", PERSONS, {"name": "One", "thumbnails": []})).status == 200


def test_a_code_alone_is_the_documented_error() -> None:
    assert Rejection(10069) == Rejection(
        400, "10069", "Please upload a large, clear image of your face, looking straight ahead."
    )
    assert (Rejection(10072).status, Rejection(422, "10072").status, Rejection(400).status) == (400, 422, 429)
    assert Rejection(400, "10099", "New.").code == "10099"
    for unknown in ((10099,), (418, "10069")):
        with pytest.raises(InvalidArgumentError, match="no documented error 10"):
            Rejection(*unknown)


async def test_a_refusal_is_an_operation_s() -> None:
    server = emulator.Server()
    for place in ("*", STORAGE_PUT):
        with pytest.raises(InvalidArgumentError, match="is no operation"):
            server.faults.next(place, Rejection(10069))
    with pytest.raises(InvalidArgumentError, match=r"no operation 'persons\.make'"):
        server.faults.next("persons.make", Rejection(10069))


async def test_refusals_and_faults_come_in_the_order_in_which_they_were_asked_for() -> None:
    settings = evolve(QUICK, refusals=(("persons.create", Rejection(10073)), ("persons.create", Rejection(10068))))
    async with emulated(settings) as raw:
        raw.server.faults.next("persons.create", Fault.ERROR_BEFORE)
        seen = [(await raw.call("POST", PERSONS, {"thumbnails": []})).refusal for _ in range(3)]
        assert seen == [(400, "10073"), (409, "10068"), (500, "99999")]


PLAIN = [
    plain_picture("jpg"),
    plain_picture("jpg", (4000, 3000)),
    plain_picture("jpg", quality=100, progressive=True, icc_profile=bytes(range(256)) * 40),
    plain_picture("png"),
    plain_picture("png", (4000, 3000)),
    plain_picture("webp"),
    plain_picture("webp", (2000, 2000), lossless=True),
]


@pytest.mark.parametrize("content", PLAIN, ids=range(len(PLAIN)))
def test_an_image_of_one_colour_is_plain(content: bytes) -> None:
    assert is_plain(content)


def grey(shade: Callable[[int, int], int]) -> bytes:
    stream = BytesIO()
    image = Image.new("L", (256, 256))
    image.putdata([shade(x, y) % 256 for y in range(256) for x in range(256)])
    image.save(stream, "png")
    return stream.getvalue()


def rows(_x: int, y: int) -> int:
    return y


def columns(x: int, _y: int) -> int:
    return x


def halves(_x: int, y: int) -> int:
    return y // 128 * 255


@pytest.mark.parametrize("shade", [rows, columns, halves])
def test_a_gradient_and_a_few_stripes_are_plain(shade: Callable[[int, int], int]) -> None:
    assert is_plain(grey(shade))


async def test_an_example_image_is_taken_and_a_plain_one_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with newsroom(evolve(QUICK, latency=Latency.none())) as news:
        images = [emulator.example_image(number) for number in range(20)]
        person = await news.workspace.enroll_person("Hong", images)
        assert len(person.thumbnails) == 20
        assert not caplog.records
        with pytest.raises(InvalidRequestError):
            await news.workspace.enroll_person("Kim", [PLAIN[3]])
    assert "the image shows next to nothing; see example_image(), Settings.detect_faces" in caplog.text


@pytest.mark.parametrize("format", ["jpg", "png", "webp"])  # the simplest of the tests' pictures
def test_a_drawing_is_not(format: str) -> None:  # noqa: A002  as above
    assert not any(is_plain(picture(format, 256, 256, seed)) for seed in range(20))
    assert not is_plain(padded(2**20))


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x04ab", b"RIFF....WEBP", b"GIF89a", PLAIN[0][:200]]
)
def test_what_is_no_whole_image_is_not_plain(content: bytes) -> None:
    assert not is_plain(content)


async def _refused(raw: Raw, key: str) -> tuple[tuple[int, str], str]:
    answer = await raw.call("POST", PERSONS, {"thumbnails": [{"thumbnailKey": key}]})
    return answer.refusal, answer.headers.get("x-emulator-reason", "")


async def test_without_a_face_there_is_no_person() -> None:
    async with emulated() as raw:
        key, face = await raw.upload(PLAIN[0]), await raw.upload()
        assert await raw.check(key) == ("COMPLETED", None)  # the check is about the file, not about what it shows
        assert await _refused(raw, key) == ((400, "10069"), f"no face in '{key}'")
        number = await raw.person("One", [face])
        more = {"thumbnails": [{"thumbnailKey": key}]}
        assert (await raw.call("POST", f"{PERSONS}/{number}/person-thumbnail", more)).refusal == (400, "10069")
        alike = {"thumbnailKey": key}
        assert (await raw.call("POST", f"{PERSONS}/recommend-by-thumbnail", alike)).refusal == (400, "10069")
    async with emulated(evolve(QUICK, detect_faces=False)) as raw:
        assert (await _refused(raw, await raw.upload(PLAIN[0])))[0] == (200, "0")


async def test_a_person_is_full_at_last() -> None:
    async with emulated(evolve(QUICK, thumbnails_per_person=2)) as raw:
        number = await raw.person("One", [await raw.upload()])
        path = f"{PERSONS}/{number}/person-thumbnail"
        two = {"thumbnails": [{"thumbnailKey": await raw.upload()} for _ in range(2)]}
        answer = await raw.call("POST", path, two)
        assert answer.refusal == (409, "10068")
        assert answer.headers["x-emulator-reason"] == f"person {number} would have 3 thumbnails, not up to 2"
        assert (await raw.call("POST", path, {"thumbnails": two["thumbnails"][:1]})).status == 200


async def test_a_client_sees_a_refusal_as_its_error() -> None:
    async with newsroom() as news:
        news.server.faults.next("persons.create", Rejection(10048))
        with pytest.raises(mi_async.NotFoundError, match="Check the linked Object Storage settings"):
            await news.workspace.persons.create("One", thumbnails=[])
