"""The body of an answer, read within bounds.

Invariant: no more than the limit is ever held, and a compressed body is counted as it unpacks: 61 kB of gzip can be
64 MiB of JSON, and that some gigabytes of Python objects.
"""

from collections.abc import Callable

import aiohttp

from mi_async.errors import ResponseError

MAX_RESPONSE = 16 * 2**20
"""Bytes of the largest answer that is read by default: a page of 1,000 persons with 4 tags and 3 thumbnails has 0.8 MB
(``benchmarks/structuring.py``), so that there is room for twenty times as much."""
MAX_ERROR = 64 * 2**10
"""Bytes that are read of an answer that is an error; what comes after is text for nobody."""
MAX_RATIO = 100
"""Times that a body may grow as it unpacks; JSON grows 5 to 30 times, a bomb a thousand times."""
FREE = 2**20
"""Bytes up to which the ratio does not matter."""
FIRST_ERROR = 400


def whole_body(answer: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """Return the body of an answer if it is all here already, as nearly always, and small; else None."""
    content = answer.content
    most = FREE if answer.status < FIRST_ERROR else MAX_ERROR
    return content.read_nowait() if content.is_eof() and content.total_bytes <= min(limit, most) else None


async def read_body(answer: aiohttp.ClientResponse, limit: int, heard: Callable[[], None]) -> bytes:
    """Read the body of an answer up to a limit in bytes, unpacked; an error's is cut instead of refused.

    Args:
        answer: its head has arrived.
        limit: bytes.
        heard: called when the head, and whenever a piece of the body has arrived and more is to come.

    Raises:
        ResponseError: the body is too large, or unpacks to too much; the connection is closed.
    """
    failed = answer.status >= FIRST_ERROR
    limit = min(limit, MAX_ERROR) if failed else limit
    heard()
    body = await _read_pieces(answer, limit, heard, failed=failed)
    return body[:limit] if failed else body


async def _read_pieces(answer: aiohttp.ClientResponse, limit: int, heard: Callable[[], None], *, failed: bool) -> bytes:
    packed = "Content-Encoding" in answer.headers
    pieces: list[bytes] = []
    size = 0
    async for piece in answer.content.iter_any():
        heard()
        size += len(piece)
        pieces.append(piece)
        if size > limit and failed:
            answer.close()
            break
        if size > limit or (packed and size > FREE):
            _refuse_excess(answer, size, limit, packed=packed)
    return b"".join(pieces)


def _refuse_excess(answer: aiohttp.ClientResponse, size: int, limit: int, *, packed: bool) -> None:
    """Refuse a body of which more came than may be held; what has been read of it is forgotten."""
    if size > limit:
        fault = f"is larger than {limit} bytes; connect(max_response=...) sets the limit"
    elif packed and size > MAX_RATIO * answer.content.total_raw_bytes:
        fault = f"unpacks to more than {MAX_RATIO} times its size"
    else:
        return
    error = ResponseError(f"the answer {fault}", status=answer.status)
    error.permanent = True
    raise error
