"""Bodies of the thumbnail operations.

Invariant: an upload that is not processed yet looks like one that never arrived.
"""

from mi_async.api.thumbnails import PresignedUrl, Thumbnails, UploadCheck, UploadMessage, UploadStatus
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.rules import file_name
from mi_async.emulator.state import EmulatorState


class EmulatedThumbnails(Thumbnails):
    """Thumbnail uploads of an emulated workspace."""

    def __init__(self, state: EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = state
        self._name = scope["workspace_name"]
        state.workspace(self._name)

    async def presign(self, thumbnail_file_name: str) -> PresignedUrl:
        """Issue a key and a URL; folders in the file name are dropped."""
        upload = self._state.add_upload(self._name, file_name("thumbnailFileName", thumbnail_file_name))
        lifetime = self._state.settings.url_lifetime
        url = self._state.links.issue("PUT", upload.key, self._state.wall(), lifetime)
        return PresignedUrl(upload.key, url, int(lifetime))

    async def complete(self, thumbnail_key: str) -> UploadCheck:
        """Tell how an upload went."""
        upload = self._state.uploads.get(thumbnail_key)
        if upload is None or upload.workspace != self._name:
            return UploadCheck(UploadStatus.FAILED, UploadMessage.FILE_NOT_EXIST)
        failure = upload.outcome(self._state.now())
        return UploadCheck(UploadStatus.COMPLETED if failure is None else UploadStatus.FAILED, failure)
