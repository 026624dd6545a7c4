"""Each of the calls that are made to a storage, for tests of what may come back."""

from collections.abc import Awaitable, Callable
from typing import Any

from mi_async.storage.local_file import Piece
from mi_async.storage.models import StoredObject
from mi_async.storage.object_store import ObjectStore

PLACE = StoredObject("footage", "뉴스/a b+c.mp4")
PIECE = Piece(b"film", "d5d3db1765287eef77d7927cc956f50a")


async def every(store: ObjectStore) -> list[Any]:
    return [one async for one in store.objects("footage", "in/")]


CALLS: dict[str, Callable[[ObjectStore], Awaitable[Any]]] = {
    "head": lambda store: store.head(PLACE),
    "put": lambda store: store.connection.ask("put_object", PLACE, PIECE),
    "begin": lambda store: store.begin(PLACE, {}),
    "put_part": lambda store: store.put_part(PLACE, "u", 1, PIECE, lambda _: None),
    "parts": lambda store: store.parts(PLACE, "u"),
    "complete": lambda store: store.connection.ask(
        "complete_multipart_upload", PLACE, UploadId="u", MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": "x"}]}
    ),
    "abort": lambda store: store.abort(PLACE, "u"),
    "uploads": lambda store: store.uploads(PLACE),
    "read": lambda store: store.read(PLACE, 0, 4),
    "objects": every,
}
