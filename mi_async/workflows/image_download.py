"""Download of a stored image by its presigned URL.

Invariant: nothing is returned that is not a jpg, png or webp by its content; whatever a storage sends instead, such as
HTML or SVG, ends in an error.
"""

from typing import Protocol

from mi_async._core.http_messages import Response
from mi_async.errors import ResponseError, TransportError
from mi_async.media.image import MAX_BYTES, read_picture
from mi_async.text import size

FOUND = 200


class Get(Protocol):
    """GET a presigned URL, once; any HTTP status is an answer."""

    async def __call__(self, url: str, most: int) -> Response:
        """Return the answer, with at most so many bytes."""
        ...


async def download_image(get: Get, url: str) -> bytes:
    """Return a stored image; see ``Workspace.download_image``."""
    try:
        answer = await get(url, MAX_BYTES)
    except TransportError as failure:
        failure.ambiguous = False  # it changes nothing
        if isinstance(failure, ResponseError) and failure.status == FOUND:
            raise _refused(FOUND, f"it is larger than {size(MAX_BYTES)}") from None
        raise
    if answer.status != FOUND:
        raise _refused(answer.status, f"the storage answered HTTP {answer.status}")
    if read_picture(answer.body) is None:
        raise _refused(FOUND, "what is stored is not a jpg, png or webp image")
    return answer.body


def _refused(status: int, why: str) -> ResponseError:
    error = ResponseError(f"no image: {why}", status=status)
    error.permanent, error.ambiguous = True, False
    return error
