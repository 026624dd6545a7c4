"""The body of a request, as an API that takes JSON reads it.

Invariant: never more than ``MOST`` bytes in memory, whatever a compressed body claims; what cannot be read is refused.
"""

import zlib
from collections.abc import Mapping

from aiohttp import web

from mi_async.emulator.rules import TOO_LARGE, Refused, require

JSON = "application/json"
MOST = 2**20
"""Bytes of a body, decompressed."""
WINDOWS: Mapping[str, int] = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
"""Window sizes of zlib by content encoding."""


async def read_json_body(request: web.Request, *, expected: bool) -> bytes:
    """Read the body of a request.

    Args:
        request: whose body it is; aiohttp must not have decompressed it.
        expected: whether the operation takes one; then it must be declared as JSON, unless it is empty.

    Raises:
        Refused: 400 for a body that is no JSON by its Content-Type or is damaged, 413 for one that is too large.
    """
    body = await request.read()
    if not body or not expected:
        return b""
    declared = request.headers.get("Content-Type")
    require(declared is not None, f"the body has no Content-Type; it needs {JSON}")
    require(request.content_type == JSON, f"Content-Type {declared!r} is not {JSON}")
    return decompressed(body, request.headers.get("Content-Encoding", ""))


def decompressed(body: bytes, encoding: str) -> bytes:
    """Return a body as it was before a ``Content-Encoding``.

    Raises:
        Refused: 400 for an encoding that is not supported or a damaged body, 413 for one that is too large.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        return body
    require(encoding in WINDOWS, f"Content-Encoding {encoding!r} is not supported")
    return _inflated(body, WINDOWS[encoding])


def _inflated(body: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        content = inflater.decompress(body, MOST + 1)
    except zlib.error:
        content, whole = b"", False
    else:
        whole = inflater.eof or len(content) > MOST
    require(whole, "the compressed body is damaged")
    if len(content) > MOST:
        raise Refused(TOO_LARGE, f"the body has more than {MOST} bytes when it is decompressed")
    return content
