"""Sources of a picture: everything that one may hand in, and what is said when it will not do."""

import io
import os
import threading
from collections.abc import Callable
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from mi_async._core.files import open_sized
from mi_async.errors import ImageRejectedError, InvalidArgumentError
from mi_async.media.image import MAX_BYTES, ImageHeader
from mi_async.media.image_check import Image
from mi_async.media.image_source import check_image, load_image
from mi_async.media.readable_source import Readable
from tests.support.pictures import padded, picture
from tests.support.streams import AsyncStream, LaterStream, Stream

JPEG = picture("jpg", 300, 280)


class NamedPath(os.PathLike[str]):
    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


async def rejected(source: Any) -> ImageRejectedError:
    with pytest.raises(ImageRejectedError) as caught:
        await load_image(source)
    return caught.value


def chopped(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "홍길동.jpg"
    path.write_bytes(JPEG)
    return path


WAYS: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "str": str,
    "path-like": NamedPath,
    "bytes": lambda path: path.read_bytes(),
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "part of a memoryview": lambda path: memoryview(b"--" + path.read_bytes() + b"--")[2:-2],
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "short reads": lambda path: Stream(chopped(path.read_bytes(), 999)),
    "byte by byte, then all": lambda path: Stream([*chopped(path.read_bytes()[:50], 1), path.read_bytes()[50:]]),
    "bytearrays": lambda path: Stream([bytearray(path.read_bytes())]),
    "asynchronous": lambda path: AsyncStream(Stream(chopped(path.read_bytes(), 4096))),
    "awaitable": lambda path: LaterStream([path.read_bytes()]),
}


@pytest.mark.parametrize("way", WAYS)
async def test_every_kind_of_source(way: str, file: Path) -> None:
    image = await load_image(WAYS[way](file))
    assert image.content == JPEG
    assert isinstance(image.content, bytes)
    assert image.picture == ImageHeader("jpg", 300, 280)
    assert image.md5 == md5(JPEG, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("buffering", [-1, 0])
async def test_an_open_file(file: Path, buffering: int) -> None:
    with file.open("rb", buffering=buffering) as opened:
        image = await load_image(opened)
        assert not opened.closed, "it is the caller's"
    assert (image.content, image.name, image.file_name) == (JPEG, str(file), "홍길동.jpg")


@pytest.mark.parametrize(
    ("source", "name", "file_name"),
    [
        (JPEG, "<bytes>", "thumbnail.jpg"),
        (memoryview(JPEG), "<bytes>", "thumbnail.jpg"),
        (Stream([JPEG]), "<Stream>", "thumbnail.jpg"),
        (Stream([JPEG], name=7), "<Stream>", "thumbnail.jpg"),
        (Stream([JPEG], name=""), "<Stream>", "thumbnail.jpg"),
        (Stream([JPEG], name=b"hong.jpeg"), "hong.jpeg", "hong.jpg"),
        (Stream([JPEG], name="<stdin>"), "<stdin>", "thumbnail.jpg"),
        (Stream([JPEG], name="사람/홍길동.jpeg"), "사람/홍길동.jpeg", "홍길동.jpg"),
        (Stream([JPEG], name="../../hong"), "../../hong", "hong.jpg"),
        (Stream([JPEG], name="a.tar.gz"), "a.tar.gz", "a.tar.jpg"),
        (Stream([JPEG], name="hong\udcff.jpg"), "hong\udcff.jpg", "hong?.jpg"),
    ],
)
async def test_what_it_is_called(source: Any, name: str, file_name: str) -> None:
    image = await load_image(source)
    assert (image.name, image.file_name) == (name, file_name)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
async def test_the_content_decides_and_not_the_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "hong.gif"
    path.write_bytes(picture(kind))
    assert (await load_image(path)).file_name == f"hong.{kind}"
    path = tmp_path / f"hong.{kind}"
    path.write_bytes(picture("gif"))
    error = await rejected(path)
    assert error.reason == "format"
    what = "use --fit (fit=True), or export it as JPEG"
    assert str(error) == f"{path}: GIF image named .{kind}; the service takes jpg, png or webp; {what}"
    path.write_bytes(picture(kind)[:14])
    assert f"a {kind} that is cut off or damaged" in str(await rejected(path))


async def test_the_picture_itself_is_in_no_repr() -> None:
    assert "\\x" not in repr(await load_image(JPEG))


async def test_an_image_is_read_no_more() -> None:
    image = await load_image(JPEG)
    assert await load_image(image) is image


async def test_an_image_can_let_go_of_its_content() -> None:
    image = await load_image(JPEG)
    assert image.let_go() == Image("<bytes>", "thumbnail.jpg", b"", image.picture, image.md5)
    assert image.content == JPEG


async def test_checking_keeps_what_can_be_read_again(file: Path) -> None:
    checked = await check_image(file)
    assert checked.source is file
    assert (checked.image.name, checked.image.digest) == (str(file), md5(JPEG, usedforsecurity=False).hexdigest())
    assert checked.image.content == b""
    assert (await check_image(JPEG)).source is JPEG
    stream = Stream([JPEG])
    kept = (await check_image(stream)).source
    assert isinstance(kept, Image)
    assert kept.content == JPEG
    with pytest.raises(ImageRejectedError):
        await check_image(b"")


@pytest.mark.parametrize(("width", "height"), [(256, 256), (256, 1000), (1000, 256)])
async def test_256_pixels_will_do(width: int, height: int) -> None:
    assert (await load_image(picture("png", width, height))).picture == ImageHeader("png", width, height)


@pytest.mark.parametrize(
    ("content", "shown"), [(b"hello, I am", '"hello, I"'), (b"\x00\x01\xff\x1b[31m", '"\\x00\\x01\\xff\\x1b[31m"')]
)
async def test_what_is_no_image_is_shown_as_text(content: bytes, shown: str) -> None:
    assert str(await rejected(content)) == f"<bytes>: not a jpg, png or webp image: it starts with {shown}"


@pytest.mark.parametrize(("width", "height"), [(255, 256), (256, 255), (255, 4000), (1, 1)])
async def test_255_pixels_will_not(width: int, height: int) -> None:
    error = await rejected(picture("webp", width, height))
    assert (error.source, error.reason) == ("<bytes>", "resolution")
    assert str(error) == f"<bytes>: {width} x {height} px, less than the 256 px that the service wants"


@pytest.mark.parametrize("way", ["path", "bytes", "BytesIO", "short reads", "asynchronous"])
async def test_five_mebibytes_and_not_a_byte_more(way: str, tmp_path: Path) -> None:
    path = tmp_path / "hong.png"
    path.write_bytes(padded(MAX_BYTES))
    assert len((await load_image(path if way == "path" else wide(way, path))).content) == MAX_BYTES == 5 * 1024 * 1024
    path.write_bytes(padded(MAX_BYTES + 1))
    error = await rejected(path if way == "path" else wide(way, path))
    assert error.reason == "size"
    size = "" if way in {"short reads", "asynchronous", "BytesIO"} else "5,242,881 bytes, "
    advice = "use --fit (fit=True)"
    assert str(error).endswith(f": {size}more than the 5 MB (5,242,880 bytes) that the service takes; {advice}")


def wide(way: str, path: Path) -> Any:
    pieces = chopped(path.read_bytes(), 2**20)
    return {"short reads": Stream(pieces), "asynchronous": AsyncStream(Stream(pieces))}.get(way) or WAYS[way](path)


async def test_no_more_is_read_than_it_takes_to_refuse() -> None:
    endless = Stream([JPEG, *[bytes(2**20)] * 100])
    assert (await rejected(endless)).reason == "size"
    assert len(endless.asked) == 6
    assert endless.asked[0] == MAX_BYTES + 1
    assert endless.asked[1] == MAX_BYTES + 1 - len(JPEG)


@pytest.mark.parametrize("source", [b"", bytearray(), io.BytesIO(), Stream([]), AsyncStream(Stream([]))])
async def test_nothing_in_it(source: Any) -> None:
    error = await rejected(source)
    assert (error.reason, str(error)) == ("format", f"{error.source}: empty")


async def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.jpg"
    path.touch()
    error = await rejected(path)
    assert (error.source, error.reason, str(error)) == (str(path), "format", f"{path}: empty")


@pytest.mark.parametrize("end", [3, 20, 100])
async def test_a_truncated_header(end: int) -> None:
    assert (await rejected(JPEG[:end])).reason == "format"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("no such file", "No such file or directory"),
        (".", "Is a directory"),
        ("a\0b", "embedded null"),
        ("x" * 300, "File name too long"),
        (b"no such bytes", "No such file or directory"),
    ],
)
async def test_what_cannot_be_opened(path: str | bytes, said: str, tmp_path: Path) -> None:
    class Like(os.PathLike[Any]):
        def __fspath__(self) -> str | bytes:
            full = str(tmp_path / os.fsdecode(path))
            return full.encode() if isinstance(path, bytes) else full

    error = await rejected(Like())
    assert (error.source, error.reason) == (os.fsdecode(Like().__fspath__()), "unreadable")
    assert said in str(error)
    assert isinstance(error.__cause__, OSError | ValueError)


async def test_an_empty_path_is_called_empty() -> None:
    assert str(await rejected("")) == "the path of an image is empty"


@pytest.fixture
def closed_file(file: Path) -> Path:
    file.chmod(0)
    return file


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
async def test_a_file_that_may_not_be_read(closed_file: Path) -> None:
    assert "cannot be read: Permission denied" in str(await rejected(closed_file))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (Stream(["text"]), "read() gave str, not bytes"),
        (Stream([""]), "read() gave str, not bytes"),
        (io.StringIO("text"), "read() gave str, not bytes"),
        (Stream([JPEG[:100], None]), "read() gave NoneType, not bytes"),
        (Stream([[1, 2]]), "read() gave list, not bytes"),
        (AsyncStream(Stream([7])), "read() gave int, not bytes"),
        (Stream([JPEG[:100], OSError(5, "Input/output error")]), "Input/output error"),
        (Stream([OSError("broken")]), "broken"),
        (Stream([RuntimeError("the tape tore")]), "the tape tore"),
        (Stream([KeyError()]), "KeyError"),
        (AsyncStream(Stream([EOFError()])), "EOFError"),
    ],
)
async def test_a_reader_that_fails(source: Any, said: str) -> None:
    error = await rejected(source)
    assert error.reason == "unreadable"
    assert str(error) == f"<{type(source).__name__}>: cannot be read: {said}"
    assert error.__cause__ is not None


async def test_a_text_file(file: Path) -> None:
    with file.open(encoding="latin-1") as opened:
        assert "read() gave str, not bytes" in str(await rejected(opened))


async def test_a_closed_file(file: Path) -> None:
    with file.open("rb") as opened:
        pass
    assert "cannot be read: read of closed file" in str(await rejected(opened))
    memory = io.BytesIO(JPEG)
    memory.close()
    assert "cannot be read: I/O operation on closed file" in str(await rejected(memory))


@pytest.mark.parametrize(
    "source", [None, 7, 1.5, ["a.jpg"], object(), {"path": "a.jpg"}], ids=lambda s: type(s).__name__
)
async def test_no_source_at_all(source: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"not {type(source).__name__}$"):
        await load_image(source)


async def test_blocking_reads_are_off_the_loop_and_others_on_it() -> None:
    here = threading.get_ident()
    blocking, cooperative = Stream(chopped(JPEG, 1000)), Stream(chopped(JPEG, 1000))
    await load_image(blocking)
    await load_image(AsyncStream(cooperative))
    assert here not in blocking.threads
    assert cooperative.threads == {here}


async def test_files_are_read_off_the_loop(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: set[int] = set()

    def watched(path: str) -> tuple[int, int]:
        threads.add(threading.get_ident())
        return open_sized(path)

    monkeypatch.setattr("mi_async.media.image_source.open_sized", watched)
    await load_image(file)
    assert threads
    assert threading.get_ident() not in threads


def test_what_is_readable() -> None:
    assert isinstance(io.BytesIO(), Readable)
    assert isinstance(AsyncStream(Stream([])), Readable)
    assert not isinstance(b"", Readable)
    assert not isinstance(Path(), Readable)
