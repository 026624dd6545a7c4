"""Images of other formats: refused by name, or made to fit; the single call, the bulk run and the plan alike."""

import random
from io import BytesIO
from pathlib import Path
from typing import Any

import PIL
import pillow_heif
import pytest
from PIL import Image, TiffImagePlugin

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.images import converter_worker
from mi_async.bulk.images.converter_worker import UnfitError
from mi_async.bulk.images.image_converter import ImageConverter, convertible, image_loader
from mi_async.bulk.images.inspect import inspect_image
from mi_async.bulk.inputs.readers import read_people
from mi_async.bulk.plan.enroll import plan_people
from mi_async.errors import ImageRejectedError
from mi_async.media.image import FIT_BYTES, MAX_BYTES, ImageHeader
from mi_async.media.image_source import load_image
from mi_async.workflows.upload import Upload
from tests.support.newsroom import newsroom
from tests.support.pictures import padded, picture

LFS = (Path(__file__).parents[2] / "data" / "images" / "lfs.jpg").read_bytes()
TAKEN = "the service takes jpg, png or webp"
FIT = "use --fit (fit=True), or export it as JPEG"


def heic(width: int = 320, height: int = 280, **save: Any) -> bytes:
    stream = BytesIO()
    made = pillow_heif.from_pillow(Image.open(BytesIO(picture("png", width, height))))
    made.save(stream, quality=50, **save)
    return stream.getvalue()


def saved(image: Image.Image, kind: str, **save: Any) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **save)
    return stream.getvalue()


def noise(mode: str, width: int, height: int) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, (width, height), random.Random(1).randbytes(width * height * bands))  # noqa: S311


def raw_photo() -> bytes:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[254] = 1
    return saved(Image.new("RGB", (300, 300)), "TIFF", tiffinfo=tags)


OTHERS = {
    "heic": heic(),
    "avif": picture("avif", 320, 280),
    "tiff": picture("tiff", 320, 280),
    "bmp": picture("bmp", 320, 280),
    "gif": picture("gif", 320, 280),
}
CONTENTS = {
    **OTHERS,
    "small heic": heic(200, 280),
    "small gif": picture("gif", 255, 280),
    "small tiff": picture("tiff", 255, 280),
    "jpg": picture("jpg"),
    "small jpg": picture("jpg", 255, 300),
    "cut gif": picture("gif", 320, 280)[:2000],
    "cut bmp": picture("bmp", 320, 280)[:-60_000],
    "cut tiff": picture("tiff", 320, 280)[:-60_000],
    "cut jpg": picture("jpg")[:-20],
    "cut png": picture("png")[:-20],
    "zero-filled jpg": picture("jpg")[:2000] + bytes(3000),
    "between the megabytes": padded(FIT_BYTES + 1),
    "too big": padded(MAX_BYTES + 1),
    "lfs": LFS,
    "html": b"<!doctype html>",
    "pdf": b"%PDF-1.7",
    "empty": b"",
    "zeros": bytes(100),
    "unknown": b"something else",
}


@pytest.mark.parametrize("name", OTHERS)
async def test_another_format_is_named_with_what_to_do(name: str, tmp_path: Path) -> None:
    path = tmp_path / "hong.jpg"
    path.write_bytes(OTHERS[name])
    with pytest.raises(ImageRejectedError) as caught:
        await load_image(path)
    assert str(caught.value) == f"{path}: {name.upper()} image named .jpg; {TAKEN}; {FIT}"
    assert caught.value.reason == "format"


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (LFS, "a.jpg", f"Git LFS pointer; {TAKEN}; get the file itself with: git lfs pull"),
        (
            b"<html>",
            "a.jpg",
            f"HTML page named .jpg; {TAKEN}; download the file itself again, logged in",
        ),
        (
            b"\0\x05\x16\x07 ",
            "._a.jpg",
            f"macOS metadata (AppleDouble); {TAKEN}; the file itself has the same",
        ),
        (b"%PDF-1.7", "a.pdf", f"PDF document; {TAKEN}; export it as JPEG"),
        (bytes(99), "a.jpg", f"a file of zeros; {TAKEN}; its content never arrived: copy it again"),
        (b"", "a.jpg", "empty"),
    ],
)
async def test_what_is_no_image_is_named(content: bytes, name: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ImageRejectedError) as caught:
        await load_image(path)
    assert str(caught.value).removeprefix(f"{path}: ")[: len(said)] == said


async def test_a_jpeg_is_a_jpeg_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(picture("jpg"))
    assert (await load_image(path)).file_name == "IMG_0001.jpg"


@pytest.mark.parametrize("fit", [False, True])
@pytest.mark.parametrize("name", CONTENTS)
async def test_the_plan_says_what_a_run_does(name: str, fit: bool, tmp_path: Path) -> None:
    path = tmp_path / "hong.jpg"
    path.write_bytes(CONTENTS[name])
    planned = inspect_image(path, fit)
    said, changed = "", False
    async with image_loader(fit=fit) as load:
        try:
            image = await load(path)
            changed = bool(image.note)
            assert len(image.content) <= (FIT_BYTES if fit else MAX_BYTES)
        except ImageRejectedError as error:
            said = str(error)
    assert ("" if planned.problem is None else str(planned.problem)) == said
    if not said:
        assert planned.fits is not changed
    assert inspect_image(path.read_bytes(), fit).problem is None or said


@pytest.mark.parametrize("name", OTHERS)
async def test_another_format_is_converted(name: str) -> None:
    async with ImageConverter() as converter:
        raw, image, note = await converter(OTHERS[name])
    assert raw.content == OTHERS[name]
    assert image.picture == ImageHeader("jpg", 320, 280)
    assert note.startswith("converted: ")
    assert note.endswith(f", {name} -> jpg")


async def test_a_loader_reads_nothing_twice() -> None:
    async with image_loader(fit=True) as load:
        image = await load(OTHERS["bmp"])
        assert image.note.startswith("converted: ")
        assert await load(image) is image
        assert (await load(picture("jpg"))).note == ""


def shrunk(content: bytes) -> tuple[dict[str, Any], Image.Image]:
    converter_worker.register_heif()
    said, made = converter_worker.shrink(content, FIT_BYTES, 256)
    return said, Image.open(BytesIO(made))


def test_of_what_moves_the_first_frame() -> None:
    frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "TIFF", "AVIF"):
        said, image = shrunk(saved(frames[0], kind, save_all=True, append_images=frames[1:]))
        assert (said["first_frame"], getattr(image, "n_frames", 1)) == (True, 1)
        pixel = image.convert("RGB").getpixel((150, 150))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 200


def test_it_comes_out_upright_and_with_its_profile() -> None:
    image = Image.new("RGB", (400, 300), "blue")
    image.paste((255, 0, 0), (0, 0, 200, 150))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    stream = BytesIO()
    pillow_heif.from_pillow(image).save(stream, exif=exif.tobytes(), quality=90)
    for content in (stream.getvalue(), saved(image, "TIFF", exif=exif), saved(image, "AVIF", exif=exif)):
        _, made = shrunk(content)
        assert made.size == (300, 400)
        assert made.getexif().get(0x0112) is None
        pixel = made.getpixel((220, 80))
        assert isinstance(pixel, tuple)
        assert pixel[0] > 200, "the red corner is at the top right"


def test_what_shows_through_stays() -> None:
    image = noise("L", 300, 300).convert("P")
    _, made = shrunk(saved(image, "GIF", transparency=0))
    assert (made.format, made.mode) == ("WEBP", "RGBA")


# Before Pillow 13, an uncompressed YCbCr is refused by its reader, whoever wrote it (python-pillow/Pillow#9770).
PLAIN_YCBCR = pytest.param(
    "YCbCr", "raw", marks=pytest.mark.skipif(int(PIL.__version__.split(".")[0]) < 13, reason="needs Pillow 13")
)


@pytest.mark.parametrize(
    ("mode", "compression"),
    [*((mode, "raw") for mode in ("CMYK", "LAB", "L", "1", "I;16")), ("YCbCr", "tiff_lzw"), PLAIN_YCBCR],
)
def test_colours_of_tiff(mode: str, compression: str) -> None:
    assert shrunk(saved(Image.new(mode, (300, 300)), "TIFF", compression=compression))[1].mode in {"L", "RGB"}


def test_a_raw_photo_is_not_its_preview() -> None:
    with pytest.raises(UnfitError, match=r"a raw photo: export it as JPEG"):
        shrunk(raw_photo())


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = saved(Image.new("1", (9000, 9000)), "GIF")
    assert len(bomb) < 200_000
    with pytest.raises(UnfitError, match="9000 x 9000 px are too many to be made to fit") as caught:
        shrunk(bomb)
    assert caught.value.reason == "size"
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)  # as in a program that keeps Pillow's own limit
    with pytest.raises(UnfitError, match="has too many pixels to be made to fit") as caught:
        shrunk(bomb)
    assert caught.value.reason == "size"


def test_what_cannot_be_converted() -> None:
    assert convertible(picture("jpg")) is None
    assert convertible(b"%PDF-1.7") is None
    assert convertible(heic()[:64]) == ImageHeader("heic", 0, 0)
    with pytest.raises(UnfitError, match="200 x 280 px, less than the 256 px that the service wants"):
        shrunk(heic(200, 280))


async def test_single_calls_convert_what_they_are_told_to(tmp_path: Path) -> None:
    path = tmp_path / "hong.heic"
    path.write_bytes(OTHERS["heic"])
    async with newsroom() as news:
        with pytest.raises(ImageRejectedError, match=r"hong\.heic: HEIC image; the service takes"):
            await news.workspace.enroll_person("Hong", [path])
        seen: list[Upload] = []
        person = await news.workspace.enroll_person("Hong", [path, picture("jpg")], fit=True, progress=seen.append)
        assert {upload.image.note[:9] for upload in seen if upload.image.name == str(path)} == {"converted"}
        assert {upload.image.note for upload in seen if upload.image.name != str(path)} == {""}
        upload = await news.workspace.upload_thumbnail(person.id, BytesIO(OTHERS["gif"]), fit=True)
        assert (upload.image.picture.format, len(upload.thumbnails)) == ("jpg", 3)
        sent = news.server.state.uploads.values()
        assert {(one.format, one.content_type) for one in sent} == {("jpg", "image/jpeg")}


async def test_a_run_converts_a_folder_of_photos(tmp_path: Path) -> None:
    for name, content in OTHERS.items():
        folder = tmp_path / "people" / name
        folder.mkdir(parents=True)
        (folder / f"IMG_1.{name.upper()}").write_bytes(content)
    plan = plan_people(read_people(tmp_path / "people"))
    assert (plan.rejected, dict(plan.reasons)) == (len(OTHERS), {"format": len(OTHERS)})
    plan = plan_people(read_people(tmp_path / "people"), fit=True)
    assert (plan.create, plan.rejected, plan.to_fit) == (len(OTHERS), 0, len(OTHERS))
    async with newsroom() as news:
        run = news.workspace.enroll_many(read_people(tmp_path / "people"), journal=tmp_path / "j", fit=True)
        outcomes = [outcome async for outcome in run]
    assert {outcome.status for outcome in outcomes} == {Status.DONE}
    assert all("converted: " in note for outcome in outcomes for note in outcome.notes)
