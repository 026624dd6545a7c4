"""Media files that cannot work, and files of many programs that can: real ones, whole and cut."""

import logging
import os
from pathlib import Path

import pytest

from mi_async.bulk.inputs.models import AssetInput
from mi_async.bulk.plan.ingest import plan_assets
from mi_async.errors import MediaRejectedError
from mi_async.media.header import Header
from mi_async.media.limits import KINDS, inspect_media
from tests.support.films import box, element, film, full, heic, moov
from tests.support.pictures import picture

MEDIA = Path(__file__).parents[1] / "data" / "media"
WHOLE = sorted(path.name for path in MEDIA.iterdir() if not path.name.startswith("audio"))
CUT = "it is cut off, or still being written"
FTYP = box(b"ftyp", b"isom", bytes(4))


def inspect(content: bytes, name: str = "clip.mp4") -> Header:
    return inspect_media(lambda offset, length: content[offset : offset + length], len(content), name)


def refused(content: bytes, name: str = "clip.mp4") -> tuple[str, str]:
    with pytest.raises(MediaRejectedError) as caught:
        inspect(content, name)
    assert caught.value.source == name
    return caught.value.reason, str(caught.value).removeprefix(f"{name}: ")


def sample(name: str) -> bytes:
    return (MEDIA / name).read_bytes()


@pytest.mark.parametrize("name", WHOLE)
def test_no_whole_file_is_refused(name: str) -> None:
    found = inspect(sample(name))
    assert (found.format, found.fault) == (Path(name).suffix[1:], None)
    assert found.width in {640, 854, 1920}


@pytest.mark.parametrize("name", ["plain.mp4", "plain.mov", "faststart.mp4", "plain.mkv", "plain.webm", "mkvmerge.mkv"])
def test_a_cut_file_is_refused_wherever_it_is_cut(name: str) -> None:
    content = sample(name)
    for size in range(64, len(content), 61):
        reason, text = refused(content[:size])
        assert (reason, text[-len(CUT) :]) == ("incomplete", CUT)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (sample("plain.mp4")[:600], "it has no index (moov box), and its mdat box lacks its last 257 bytes"),
        (sample("plain.mp4")[:-10], "its moov box lacks its last 10 bytes"),
        (sample("faststart.mp4")[:-10], "its mdat box lacks its last 10 bytes"),
        (sample("fragmented.mp4")[:900], "its moov box lacks its last 367 bytes"),
        (sample("plain.mkv")[:-10], "it lacks its last 10 bytes"),
        (FTYP + box(b"free") + bytes(4) + b"mdat" + bytes(90), "it has no index (moov box)"),
        (film(size=900)[:-400] + bytes(400), "it has no index (moov box)"),
        (FTYP + moov(5, 640, 360), "there are no pictures beside its index (no mdat box)"),
        (heic(640, 480) + box(b"mdat", bytes(100))[:-1], "its mdat box lacks its last 1 bytes"),
        (box(b"ftyp", b"heic", bytes(4)), "it has no index (meta box)"),
        (sample("plain.mkv")[:40], "it ends before its first segment"),
        (picture("jpg", 640, 480)[:-2], "its end is missing"),
        (picture("png", 640, 480)[:-12], "its end is missing"),
    ],
    ids=[
        "mp4 in its mdat",
        "mp4 in its moov",
        "faststart",
        "fragmented in its moov",
        "mkv",
        "being written",
        "preallocated",
        "nothing but an index",
        "heic in its mdat",
        "heic without an index",
        "mkv without a segment",
        "jpg",
        "png",
    ],
)
def test_what_is_not_all_there(content: bytes, text: str) -> None:
    assert refused(content) == ("incomplete", f"{text}: {CUT}")


def test_boxes_of_more_than_four_gigabytes() -> None:
    large = b"\0\0\0\x01mdat" + (5 * 2**30).to_bytes(8, "big")
    text = "its mdat box lacks its last 5,368,708,996 bytes"
    assert refused(FTYP + moov(5, 640, 360) + large + bytes(108)) == ("incomplete", f"{text}: {CUT}")
    small = b"\0\0\0\x01mdat" + (24).to_bytes(8, "big") + bytes(8)
    assert inspect(FTYP + small + moov(5, 640, 360)).fault is None


def test_a_fragmented_film_is_usable_as_far_as_it_goes() -> None:
    fragment = box(b"moof", bytes(64)) + box(b"mdat", bytes(99))
    assert inspect(FTYP + moov(0, 1280, 720) + fragment * 3 + fragment[:-9]).fault is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (sample("audio.mp4"), "has no picture track, only sound"),
        (sample("audio.webm"), "has no picture track, only sound"),
        (FTYP + box(b"moov", bytes(0)) + box(b"mdat"), "has no picture track, only an empty index"),
    ],
)
def test_what_shows_nothing(content: bytes, text: str) -> None:
    assert refused(content) == ("no_video", text)


def handler(kind: bytes) -> bytes:
    return box(b"trak", box(b"mdia", full(b"hdlr", 0, bytes(4), kind, bytes(12))))


@pytest.mark.parametrize(
    "tracks",
    [
        handler(b"soun") + handler(b"vide"),
        handler(b"soun") + handler(b"MPEG"),
        handler(b"soun") + box(b"trak"),
        box(b"cmov", bytes(8)),
    ],
    ids=["pictures", "both in one", "a track that does not tell", "a compressed index"],
)
def test_what_may_show_something_is_taken(tracks: bytes) -> None:
    assert inspect(FTYP + box(b"moov", tracks) + box(b"mdat")).fault is None


def test_what_cannot_be_proved_is_taken() -> None:
    trailer = b"\x7f\xff\xff\xffseft" + bytes(9)  # phones put bytes of their own behind the last box
    assert inspect(sample("plain.mp4") + trailer).fault is None
    assert inspect(sample("faststart.mp4") + trailer).fault is None
    assert inspect(FTYP + b"\0\0\0\x03junk" + bytes(40)).fault is None, "behind damage anything may be"
    ebml, segment = element(0x1A45DFA3, b""), b"\x18\x53\x80\x67\x01" + b"\xff" * 7
    assert inspect(ebml + segment + element(0x1654AE6B, element(0xAE, b"")), "clip.mkv").fault is None
    assert inspect(ebml + b"\0" * 20, "clip.mkv").fault is None


@pytest.mark.parametrize(
    ("content", "name", "text"),
    [
        (b"", "clip.mp4", "empty"),
        (bytes(5000), "clip.mp4", "a file of zeros; {}; its content never arrived: copy it again"),
        (b"<!DOCTYPE html><html>login", "clip.mp4", "HTML page named .mp4; {}; download the file itself again, "),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a.mp4",
            "Git LFS pointer; {}; get the file itself with: git",
        ),
        (b"\0\x05\x16\x07" + bytes(60), "._clip.mp4", "macOS metadata (AppleDouble); {}; the file itself has the same"),
        (b"RIFF....AVI LIST", "clip.avi", "AVI video; {}; encode it as MP4"),
        ((b"G" + bytes(187)) * 3, "clip.mp4", "MPEG transport stream named .mp4; {}; remux it as MP4"),
        (box(b"ftyp", b"avif", bytes(4)), "still.heic", "AVIF image named .heic; {}"),
        (picture("webp", 640, 480), "still.webp", "WebP image; {}; export it as JPEG or PNG"),
        (b"\xffsome\nthing else", "clip.mp4", f'no {KINDS}: it starts with "\\xffsome\\nth"'),
    ],
)
def test_other_files_are_named(content: bytes, name: str, text: str) -> None:
    taken = f"the service takes {KINDS}"
    reason, said = refused(content, name)
    assert (reason, said[: len(text.format(taken))]) == ("format", text.format(taken))


def test_sizes_that_the_documents_leave_open(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        for width, height in ((1920, 1088), (1088, 1920), (1920, 1080)):
            assert inspect(film(60, width, height)).height == height
        assert not caplog.messages
        inspect(sample("scope480.mp4"), "scope\n480.mp4")
    assert caplog.messages == [
        "scope 480.mp4: 854 x 356 px, which may count as less than 360p; it is sent all the same"
    ]
    for width, height in ((1920, 1089), (3840, 1608), (480, 270), (638, 358)):
        assert refused(film(60, width, height)) == ("resolution", f"{width} x {height} px, not from 360p to 1080p")


def test_the_plan_has_the_same_rule(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("cut.mp4", "audio.mp4", "good.mp4", "film.dat")]
    for path, content in zip(
        paths, (sample("plain.mp4")[:-1], sample("audio.mp4"), sample("plain.mp4"), film()), strict=True
    ):
        path.write_bytes(content)
    items = [AssetInput(os.fspath(path)) for path in paths]
    plan = plan_assets(items)
    assert (plan.rejected, plan.uploads, dict(plan.reasons)) == (3, 1, {"incomplete": 1, "no_video": 1, "format": 1})
    plan = plan_assets(items, validate=False)
    assert (plan.rejected, plan.uploads) == (0, 4)
