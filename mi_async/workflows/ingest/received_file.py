"""A media file that is no file yet: one that a client has sent to a web service, or another stream, copied to the disk.

Invariant: no more is copied than the service takes. The copy goes when the block is left, and with it an upload that it
has not finished: without the file nobody could resume that.
"""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path

from mi_async.errors import InvalidArgumentError, MediaRejectedError, ResourceError
from mi_async.media.limits import MOST_VIDEO_BYTES
from mi_async.media.readable_source import Readable, given_name, read_piece, reader_error_text
from mi_async.storage.checkpoint import SUFFIX
from mi_async.storage.lost_beginning import warn_left_behind
from mi_async.storage.models import StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.storage.unfinished_upload import CheckpointFile, UnfinishedUpload, to_the_end
from mi_async.text import escaped
from mi_async.workflows.thumbnail_names import NOT_IN_NAME, STEM

PIECE = 2**20
"""Bytes copied at a time."""
GIVING_UP = 10.0
"""Seconds for which an upload that was not finished is given up; then a warning names it."""


def own_name(source: object) -> str:
    """Return the file name of a readable object, which becomes the key.

    Raises:
        InvalidArgumentError: it has none.
    """
    name = given_name(source)
    if name is None:
        message = f"a {type(source).__name__} has no file name: give key"
        raise InvalidArgumentError(message)
    return Path(name).name


@asynccontextmanager
async def received_file(store: ObjectStore, reader: Readable, name: str, folder: Path | None) -> AsyncGenerator[Path]:
    """Copy what a reader gives to a temporary file of this name, for a block.

    Args:
        store: where it is uploaded to in the block.
        reader: read once, to its end.
        name: of the file.
        folder: where there is room for it; by default that of the system for temporary files.

    Raises:
        MediaRejectedError: it cannot be read, or is larger than any media file.
        ResourceError: it cannot be written.
    """
    given = Path(name)
    safe = f"{NOT_IN_NAME.sub('_', given.stem)[:STEM]}{NOT_IN_NAME.sub('_', given.suffix)[: STEM // 4]}"
    kept = safe if safe.strip(".") else "file"  # ".." is the folder of all temporary files
    # Named before it is made: whoever is cancelled while a thread makes it knows what to take away.
    room = (folder or Path(tempfile.gettempdir())) / f"mi-async-{secrets.token_hex(8)}"
    try:
        await _on_disk(name, partial(room.mkdir, 0o700))
        await _copy(reader, room / kept, name)
        with _called(room / kept, name):
            yield room / kept
    finally:
        try:
            await _give_up(store, room)
        finally:  # whoever is cancelled once more while the storage is asked: up to 10 GB must not stay
            await to_the_end(partial(shutil.rmtree, room, ignore_errors=True))


@contextmanager
def _called(path: Path, name: str) -> Generator[None]:
    """Call the copy in a refusal as the client does: a web service answers with the text, and the path is its own."""
    try:
        yield
    except (MediaRejectedError, ResourceError) as error:
        if error.source == str(path):
            error.source = name
            error.args = (str(error).replace(str(path), escaped(name)),)
        raise


async def _copy(reader: Readable, path: Path, name: str) -> None:
    def append(piece: bytes) -> None:
        with path.open("ab") as file:
            file.write(piece)

    copied = 0
    await _on_disk(name, path.touch)
    while piece := await _piece(reader, name):
        copied += len(piece)
        if copied > MOST_VIDEO_BYTES:
            message = f"{name}: more than the 10 GB that the service takes"
            raise MediaRejectedError(message, source=name, reason="size")
        await _on_disk(name, partial(append, piece))


async def _on_disk(name: str, work: Callable[[], None]) -> None:
    try:
        await to_the_end(work)
    except OSError as error:
        message = f"{name}: cannot be copied to the disk: {error.strerror}"
        raise ResourceError(message, source=name) from error


async def _piece(reader: Readable, name: str) -> bytes:
    try:
        return await read_piece(reader, PIECE)
    except Exception as error:  # a reader is the caller's code and may raise anything
        message = f"{name}: cannot be read: {reader_error_text(error)}"
        raise MediaRejectedError(message, source=name, reason="unreadable") from error


async def _give_up(store: ObjectStore, room: Path) -> None:
    """Give up the unfinished upload of the file, of which the record lies beside it."""
    for path in await to_the_end(lambda: list(room.glob(f".*{SUFFIX}"))):
        kept = CheckpointFile(path)
        record = await kept.load()
        if record is None or not record.upload_id:
            continue
        place = StoredObject(record.bucket, record.key)
        try:
            async with asyncio.timeout(GIVING_UP):
                await UnfinishedUpload(store, place, kept, {}).drop()
        except TimeoutError:
            warn_left_behind(place)
