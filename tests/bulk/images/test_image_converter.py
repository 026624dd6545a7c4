"""Pictures that are made to fit: what comes out, what is said of it, and what is refused all the same."""

import asyncio
import random
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from mi_async.bulk.images import converter_worker, image_converter
from mi_async.bulk.images.converter_process import Process
from mi_async.bulk.images.converter_worker import UnfitError
from mi_async.bulk.images.image_converter import ImageConverter
from mi_async.bulk.plan.enroll import plan_people
from mi_async.errors import ConfigError, ImageRejectedError
from mi_async.media.image import FIT_BYTES, MAX_BYTES, MIN_PIXELS
from mi_async.media.image_source import Source
from tests.support.pictures import padded, picture

LIMIT = 40_000


def noise(mode: str, width: int, height: int) -> Image.Image:
    """A picture that no encoder makes small."""
    bands = {"L": 1, "RGB": 3, "RGBA": 4, "CMYK": 4}[mode]
    return Image.frombytes(mode, (width, height), random.Random(1).randbytes(width * height * bands))  # noqa: S311


def encoded(image: Image.Image, kind: str, **save: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **save)
    return stream.getvalue()


MOST = (100_000, 500_000)
"""Pixels that are decoded, and of a JPEG: few, so that tests are quick."""


def shrunk(
    content: bytes, limit: int = LIMIT, most: tuple[int, int] = converter_worker.MOST_DECODED
) -> tuple[dict[str, Any], Image.Image]:
    said, made = converter_worker.shrink(content, limit, 100, most)
    assert len(made) <= limit
    image = Image.open(BytesIO(made))
    image.load()
    assert tuple(said["to"]) == image.size
    return said, image


def test_quality_is_given_up_before_size() -> None:
    content = encoded(noise("L", 256, 256), "JPEG", quality=100)
    made = encoded(noise("L", 256, 256), "JPEG", quality=84)
    said, image = shrunk(content, len(made))
    assert (said["from"], image.size, image.format) == ((256, 256), (256, 256), "JPEG")


def test_a_smaller_picture_keeps_its_shape_and_uses_the_room_that_there_is() -> None:
    content = encoded(noise("RGB", 800, 400), "JPEG", quality=100)
    said, made = converter_worker.shrink(content, LIMIT, 100)
    width, height = said["to"]
    assert (width < 800, abs(width - 2 * height) <= 1) == (True, True)
    assert 0.5 * LIMIT < len(made) <= LIMIT


@pytest.mark.parametrize(
    ("mode", "kind", "out", "out_mode"),
    [
        ("RGB", "JPEG", "JPEG", "RGB"),
        ("L", "JPEG", "JPEG", "L"),
        ("CMYK", "JPEG", "JPEG", "RGB"),
        ("RGB", "PNG", "JPEG", "RGB"),
        ("RGBA", "PNG", "WEBP", "RGBA"),
        ("RGB", "WEBP", "WEBP", "RGB"),
    ],
)
def test_formats(mode: str, kind: str, out: str, out_mode: str) -> None:
    _, image = shrunk(encoded(noise(mode, 400, 300), kind))
    assert (image.format, image.mode) == (out, out_mode)


def test_a_channel_through_which_nothing_shows_is_let_go() -> None:
    image = noise("RGB", 300, 300)
    image.putalpha(255)
    assert shrunk(encoded(image, "PNG"))[1].format == "JPEG"


def test_sixteen_bits_become_eight() -> None:
    data = random.Random(1).randbytes(300 * 300 * 2)  # noqa: S311
    image = Image.frombytes("I;16", (300, 300), data)
    _, made = shrunk(encoded(image, "PNG"))
    assert (made.format, made.mode) == ("JPEG", "L")
    assert 100 < sum(made.tobytes()) / len(made.tobytes()) < 155


def test_a_palette_with_a_hole_keeps_the_hole() -> None:
    image = noise("L", 300, 300).convert("P")
    _, made = shrunk(encoded(image, "PNG", transparency=0))
    assert (made.format, made.mode) == ("WEBP", "RGBA")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_comes_out_upright(orientation: int) -> None:
    image = noise("RGB", 300, 200)
    image.paste((255, 0, 0), (0, 0, 150, 100))  # red where the corner of the stored picture is
    exif = Image.Exif()
    exif[0x0112] = orientation
    said, made = shrunk(encoded(image, "JPEG", quality=95, exif=exif))
    assert ("exif" in made.info, made.getexif().get(0x0112)) == (False, None)
    assert said["from"] == ((300, 200) if orientation <= 4 else (200, 300))
    width, height = made.size
    corner = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}[orientation]
    red = made.getpixel(((width * (1 + 2 * corner[0])) // 4, (height * (1 + 2 * corner[1])) // 4))
    assert isinstance(red, tuple)
    assert red[0] > 200
    assert red[1] < 60


def test_the_colour_profile_stays_where_it_holds() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert shrunk(encoded(noise("RGB", 400, 300), "PNG", icc_profile=profile))[1].info["icc_profile"] == profile
    assert "icc_profile" not in shrunk(encoded(noise("L", 400, 300), "JPEG", icc_profile=profile))[1].info
    assert "icc_profile" not in shrunk(encoded(noise("CMYK", 400, 300), "JPEG", icc_profile=profile))[1].info


def test_of_what_moves_the_first_frame() -> None:
    frames = [noise("RGB", 300, 300), Image.new("RGB", (300, 300))]
    content = encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    said, image = shrunk(content)
    assert (said["first_frame"], getattr(image, "n_frames", 1)) == (True, 1)


def test_a_huge_jpeg_is_decoded_at_half_its_size() -> None:
    said, image = shrunk(encoded(noise("RGB", 600, 400), "JPEG"), most=MOST)
    assert (said["from"], image.size) == ((600, 400), (300, 200))
    said, image = shrunk(encoded(noise("RGB", 400, 1200), "JPEG"), most=MOST)
    assert (said["from"], image.size) == ((400, 1200), (100, 300))


@pytest.mark.parametrize(
    ("content", "reason", "text"),
    [
        (encoded(noise("RGB", 1000, 1000), "JPEG"), "size", "1000 x 1000 px are too many"),
        (encoded(noise("RGB", 400, 300), "PNG"), "size", "400 x 300 px are too many"),
        (encoded(noise("RGB", 200, 200), "JPEG")[:-9000], "format", "cannot be decoded: image file is truncated"),
        (encoded(noise("RGB", 200, 200), "PNG")[:-9000], "format", "cannot be decoded"),
        (b"\xff\xd8\xff" + bytes(100), "format", "cannot be decoded"),
        (encoded(noise("RGB", 102, 310), "JPEG"), "size", "does not fit, however small"),
    ],
    ids=["huge jpeg", "huge png", "cut jpeg", "cut png", "no jpeg", "no room"],
)
def test_what_cannot_be_made_to_fit(content: bytes, reason: str, text: str) -> None:
    with pytest.raises(UnfitError, match=text) as caught:
        converter_worker.shrink(content, 3_000, 100, MOST)
    assert caught.value.reason == reason


@pytest.fixture(scope="module")
def big() -> bytes:
    content = encoded(noise("RGB", 1500, 1300), "PNG")
    assert len(content) > MAX_BYTES
    return content


def process_of(resizing: ImageConverter) -> "subprocess.Popen[bytes]":
    worker = resizing.idle[0]
    assert isinstance(worker, Process)
    return worker.process


async def test_a_resizer_leaves_alone_what_fits(tmp_path: Path) -> None:
    path = tmp_path / "hong.png"
    path.write_bytes(picture("png"))
    async with ImageConverter() as resizing:
        raw, image, note = await resizing(path)
        assert (raw.content, image.content, image.name, note) == (path.read_bytes(), path.read_bytes(), str(path), "")
        _, image, note = await resizing(padded(FIT_BYTES))
        assert (len(image.content), note) == (FIT_BYTES, "")
        assert not resizing.idle


@pytest.mark.parametrize("way", ["path", "bytes", "stream"])
async def test_a_resizer_says_what_it_did(way: str, big: bytes, tmp_path: Path) -> None:
    path = tmp_path / "홍길동.png"
    path.write_bytes(big)
    sources: dict[str, Source] = {"path": path, "bytes": big, "stream": BytesIO(big)}
    async with ImageConverter() as resizing:
        raw, image, note = await resizing(sources[way])
        assert raw.content == big
        assert len(image.content) <= FIT_BYTES
        assert (image.picture.format, image.file_name[-4:]) == ("jpg", ".jpg")
        assert note.startswith(f"made to fit: {len(big) / 1e6:.1f} MB -> ")
        assert note.endswith("png -> jpg")
        assert len(resizing.idle) == 1
        process = process_of(resizing)
    assert process.returncode is not None


async def test_two_at_once_and_the_processes_are_used_again(big: bytes) -> None:
    async with ImageConverter() as resizing:
        results = await asyncio.gather(*(resizing(big) for _ in range(4)))
        assert len({image.content for _, image, _ in results}) == 1
        assert len(resizing.idle) == image_converter.WORKERS


@pytest.mark.parametrize(
    ("content", "reason", "text"),
    [
        (b"?" * (MAX_BYTES + 1), "format", "not a jpg, png or webp image"),
        (encoded(Image.new("RGB", (255, 300)), "PNG") + bytes(MAX_BYTES), "resolution", "255 x 300 px"),
        (
            encoded(noise("RGB", 1500, 1300), "PNG")[: MAX_BYTES + 9],
            "incomplete",
            "a png that is cut off: its end is missing",
        ),
        (b"", "format", "empty"),
    ],
    ids=["no picture", "too small", "cut off", "empty"],
)
async def test_other_rules_hold(content: bytes, reason: str, text: str) -> None:
    async with ImageConverter() as resizing:
        with pytest.raises(ImageRejectedError, match=text) as caught:
            await resizing(content)
    assert caught.value.reason == reason


async def test_more_than_is_read(tmp_path: Path) -> None:
    path = tmp_path / "hong.png"
    path.write_bytes(padded(6 * 2**20 + 1))
    async with ImageConverter(most_bytes=6 * 2**20) as resizing:
        with pytest.raises(ImageRejectedError, match=r"more than the 6 MB .* that are read to make an image fit"):
            await resizing(path)


class Dying(Process):
    """A process that dies of an image."""

    def ask(self, content: bytes) -> tuple[dict[str, Any], bytes]:
        self.process.kill()
        return super().ask(content)


async def test_a_process_that_dies_takes_one_picture_with_it(big: bytes) -> None:
    async with ImageConverter() as resizing:
        await resizing(big)
        process_of(resizing).kill()  # while it rests
        assert (await resizing(big))[2]
        resizing.idle.pop().end()
        resizing.start = Dying.start
        with pytest.raises(ImageRejectedError, match=r"has died \(exit code -9\)"):
            await resizing(big)
        assert not resizing.idle
        resizing.start = Process.start
        assert (await resizing(big))[2]
        resizing.patience = 0.0
        with pytest.raises(ImageRejectedError, match="not made to fit within 0 s"):
            await resizing(big)


async def test_cancellation_leaves_no_process(big: bytes) -> None:
    started: list[Process] = []

    def watched() -> Process:
        started.append(Process.start())
        return started[-1]

    async with ImageConverter(start=watched) as resizing:
        tasks = [asyncio.create_task(resizing(big)) for _ in range(5)]
        while len(started) < image_converter.WORKERS:  # noqa: ASYNC110  nothing tells of a process
            await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        assert {type(error) for error in await asyncio.gather(*tasks, return_exceptions=True)} == {
            asyncio.CancelledError
        }
        assert len(started) == image_converter.WORKERS
        assert all(worker.process.returncode is not None for worker in started)
        assert (await resizing(big))[2], "and it works on"


@pytest.mark.parametrize(
    ("absent", "said"),
    [(("PIL", "pillow_heif"), "Pillow and pillow-heif"), (("pillow_heif",), "pillow-heif"), (("PIL",), "Pillow")],
)
async def test_without_the_extra(absent: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in absent:
        monkeypatch.setitem(sys.modules, module, None)
    wanted = rf"^making images fit needs {said}: pip install 'mi-async\[images\]'$"
    with pytest.raises(ConfigError, match=wanted):
        async with ImageConverter():
            pass
    with pytest.raises(ConfigError, match=wanted):
        plan_people([], fit=True)


def test_the_least_that_it_is_asked_for_is_the_services() -> None:
    assert (FIT_BYTES, MAX_BYTES, MIN_PIXELS) == (5_000_000, 5 * 2**20, 256)


def test_a_signal_to_the_whole_group_leaves_the_process_at_its_work(big: bytes) -> None:
    worker = Process.start()
    try:
        worker.greet()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            worker.process.send_signal(number)
        assert worker.ask(big)[0]["first_frame"] is False
    finally:
        worker.end()
