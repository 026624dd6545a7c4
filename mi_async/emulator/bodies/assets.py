"""Bodies of the media asset operations.

Invariant: an import is over when its time has passed; until then an asset has no metadata.
"""

from mi_async.api.assets import Asset, AssetImport, AssetMetaData, AssetRegistration, Assets, FileFormat, ImportStatus
from mi_async.emulator import media, objects, rules, state
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.rules import require
from mi_async.models import Page


class EmulatedAssets(Assets):
    """Media assets of an emulated workspace."""

    def __init__(self, world: state.EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = world
        self._room = world.workspace(scope["workspace_name"])

    async def register(self, project_id: int, *, key: str, bucket_name: str) -> AssetRegistration:
        """Register an object as a new asset, however often it was registered before.

        A missing or unfit object is found out by the import, not here.
        """
        project = self._room.project(project_id)
        require(key.strip() and not key.endswith("/"), f"key {key!r}", rules.FOLDER)
        linked = self._room.info.bucket_name
        require(bucket_name and linked in {None, bucket_name}, f"bucket {bucket_name!r}", rules.WRONG_BUCKET)
        found = await objects.look(self._state.settings.objects, bucket_name, key)
        ready = self._state.now() + self._state.importing_time()
        asset = media.EmulatedAsset(self._state.new_id(), key, found, ready, self._state.time())
        project.assets[asset.id] = asset
        return AssetRegistration(asset.id, state.USER, asset.created, state.USER)

    async def list(self, project_id: int, *, page_num: int = 1, page_size: int | None = None) -> Page[Asset]:
        """List one page of a project's assets, oldest first."""
        project = self._room.project(project_id)
        page = rules.ASSET_PAGES.page(list(project.assets.values()), page_num, page_size)
        shown = tuple(self._shown(project, asset) for asset in page.content)
        return Page(shown, page.total_count, page.total_page, page.page_no, page.page_size)

    async def get(self, project_id: int, asset_id: int) -> Asset:
        """Get one asset."""
        project = self._room.project(project_id)
        return self._shown(project, project.asset(asset_id))

    async def import_status(self, project_id: int, asset_id: int) -> AssetImport:
        """Tell how the import goes."""
        asset = self._room.project(project_id).asset(asset_id)
        status, result = self._imported(asset)
        return AssetImport(asset.id, status, result, self._meta(asset))

    async def move(self, project_id: int, asset_id: int, *, new_project_id: int) -> Asset:
        """Move an asset with all that belongs to it."""
        project, target = self._room.project(project_id), self._room.project(new_project_id)
        asset = project.asset(asset_id)
        target.assets[asset_id] = project.assets.pop(asset_id)
        return self._shown(target, asset)

    async def delete(self, project_id: int, asset_id: int) -> None:
        """Delete an asset with its index, unless it is being analysed or summarised."""
        project = self._room.project(project_id)
        asset = project.asset(asset_id)
        require(not asset.busy(self._state.now()), f"asset {asset_id}", rules.ANALYSING)
        del project.assets[asset_id]

    def _imported(self, asset: media.EmulatedAsset) -> tuple[ImportStatus, str | None]:
        """Return the state of an import, and the reason where it failed."""
        if self._state.now() < asset.ready:
            return ImportStatus.IN_PROGRESS, None
        if asset.found is None:
            return ImportStatus.FILE_NOT_EXIST, None
        if asset.found.flaw is not None:
            return ImportStatus.INVALID_METADATA, asset.found.flaw
        return ImportStatus.COMPLETED, None

    def _meta(self, asset: media.EmulatedAsset) -> AssetMetaData | None:
        found = asset.found
        if found is None or self._state.now() < asset.ready:
            return None
        return AssetMetaData(f"{found.width}x{found.height}", found.duration_ms, found.size, FileFormat(found.format))

    def _shown(self, project: media.EmulatedProject, asset: media.EmulatedAsset) -> Asset:
        return Asset(
            asset_id=asset.id,
            file_name=asset.file_name,
            project_id=project.id,
            meta_data=self._meta(asset),
            key=asset.key,
            create_user_name=state.USER,
        )
