"""Bodies of the query image operations.

Invariant: a HEIC image becomes a JPG under a key of its own, which is the one to search with.
"""

from pathlib import PurePosixPath

from attrs import evolve

from mi_async.api.query_assets import QueryAssetCheck, QueryAssets, QueryAssetType, QueryAssetUrl
from mi_async.api.thumbnails import UploadMessage, UploadStatus
from mi_async.emulator import rules
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.state import ACCOUNT, EmulatedUpload, EmulatorState


class EmulatedQueryAssets(QueryAssets):
    """Query images of the emulated account."""

    def __init__(self, state: EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = state

    async def presign(
        self, asset_file_name: str, *, asset_type: QueryAssetType = QueryAssetType.IMAGE
    ) -> QueryAssetUrl:
        """Issue a key and a URL; folders in the file name are dropped."""
        rules.check_known("assetType", asset_type)
        upload = self._state.add_upload(ACCOUNT, rules.file_name("assetFileName", asset_file_name), rules.QUERY_ASSETS)
        lifetime = self._state.settings.url_lifetime
        url = self._state.links.issue("PUT", upload.key, self._state.wall(), lifetime)
        return QueryAssetUrl(upload.key, url, int(lifetime))

    async def complete(self, asset_key: str) -> QueryAssetCheck:
        """Tell how an upload went."""
        upload = self._state.uploads.get(asset_key)
        if upload is None or upload.workspace != ACCOUNT:
            return QueryAssetCheck(asset_key, UploadStatus.FAILED, UploadMessage.FILE_NOT_EXIST)
        failure = upload.outcome(self._state.now())
        if failure is not None:
            return QueryAssetCheck(asset_key, UploadStatus.FAILED, failure)
        return QueryAssetCheck(self._searchable(upload), UploadStatus.COMPLETED)

    def _searchable(self, upload: EmulatedUpload) -> str:
        """Return the key to search with; a HEIC image is converted once, however often it is asked about."""
        if upload.format != "heic":
            return upload.key
        key = str(PurePosixPath(upload.key).with_suffix(".jpg"))
        if key == upload.key:  # a HEIC image that was called .jpg
            key = str(PurePosixPath(upload.key).with_suffix(".converted.jpg"))
        self._state.uploads.setdefault(key, evolve(upload, key=key, format="jpg", content=None))
        return key
