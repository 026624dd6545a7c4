"""The object storage behind presigned URLs: one PUT per URL, and GET for the images.

Invariant: a body counts as stored only when all that its Content-Length announced has arrived.
"""

import hashlib

from aiohttp import web
from attrs import frozen

from mi_async.api.thumbnails import UploadMessage
from mi_async.emulator import rules
from mi_async.emulator.answers import refusal
from mi_async.emulator.heic import read_heic
from mi_async.emulator.links import PREFIX, expired
from mi_async.emulator.plain_images import is_plain
from mi_async.emulator.png_images import face_in
from mi_async.emulator.rules import Accepted, Rejection
from mi_async.emulator.state import EmulatedUpload, EmulatorState
from mi_async.media.image import MAX_BYTES, ImageHeader, read_picture

ROUTE = PREFIX + "{key:.+}"
HEADER_BYTES = 2**20
"""Bytes of an image that are read for its size in pixels when they are not kept."""

INVALID_FORMAT = UploadMessage("INVALID_FORMAT")
"""The documentation names no value for a file that is no image; clients must take any."""


@frozen
class EmulatedStorage:
    """Stores and serves images."""

    state: EmulatorState

    async def put(self, request: web.Request) -> web.Response:
        """Store one upload; its URL is good for this once."""
        upload = self.state.uploads.get(request.match_info["key"])
        rejection, detail = self._judge(request, upload)
        if upload is None or rejection is not None:
            return refusal(rejection or rules.NO_SUCH_KEY, detail)
        digest, head, size = hashlib.md5(usedforsecurity=False), bytearray(), 0
        async for piece in request.content.iter_any():
            digest.update(piece)
            size += len(piece)
            if len(head) < (MAX_BYTES if self.state.settings.keep_bytes else HEADER_BYTES):
                head += piece
        if upload.stored is not None:  # two PUTs to one URL at once: the first to arrive whole wins
            return refusal(rules.ACCESS_DENIED, "the URL was used")
        upload.content_type = request.content_type
        self._store(upload, bytes(head), size, digest.hexdigest())
        return web.Response(headers={"ETag": f'"{upload.md5}"'})

    def get(self, request: web.Request) -> web.Response:
        """Serve the image of a thumbnail."""
        if not self.state.links.genuine("GET", request.raw_path):
            return refusal(rules.WRONG_SIGNATURE)
        if expired(request.raw_path, self.state.wall()):
            return refusal(rules.EXPIRED)
        upload = self.state.uploads.get(request.match_info["key"])
        if upload is None or upload.content is None:
            return refusal(rules.NO_SUCH_KEY)
        return web.Response(body=upload.content, content_type=upload.content_type)

    def _judge(self, request: web.Request, upload: EmulatedUpload | None) -> tuple[Rejection | None, str]:
        """Return the fault of a PUT, by its head; the first that applies, in the order of the table."""
        state, headers = self.state, request.headers
        signed = [name for name in headers if name.lower().startswith("x-ncp-")]
        checks = (
            (not state.links.genuine("PUT", request.raw_path), rules.WRONG_SIGNATURE, ""),
            (upload is None, rules.NO_SUCH_KEY, ""),
            (signed, rules.ACCESS_DENIED, f"unexpected headers {', '.join(signed)}"),
            (upload and upload.stored is not None, rules.ACCESS_DENIED, "the URL was used"),
            (upload and state.now() >= upload.issued + state.settings.url_lifetime, rules.EXPIRED, ""),
            (request.content_length is None, rules.NO_LENGTH, ""),
            (not request.content_type.startswith("image/"), rules.NOT_AN_IMAGE, request.content_type),
        )
        return next(((rejection, detail) for wrong, rejection, detail in checks if wrong), (None, ""))

    def _store(self, upload: EmulatedUpload, head: bytes, size: int, md5: str) -> None:
        upload.stored = self.state.now()
        upload.ready = upload.stored + self.state.processing_time()
        upload.size, upload.md5 = size, md5
        image = read_picture(head) or read_heic(head)
        upload.format = image.format if image else ""
        upload.failure = UploadMessage.OVER_SIZE_LIMIT if size > MAX_BYTES else _failure(image, upload.accepted)
        upload.faceless = self.state.settings.detect_faces and is_plain(head)
        upload.face = face_in(head)
        if self.state.settings.keep_bytes and upload.failure is None:
            upload.content = head


def _failure(image: ImageHeader | None, accepted: Accepted) -> UploadMessage | None:
    """Why the service does not take an image; None when it does."""
    if image is None or image.format not in accepted.formats:
        return INVALID_FORMAT
    too_small = min(image.width, image.height) < accepted.least
    return UploadMessage.RESOLUTION_NOT_SUPPORT if too_small else None
