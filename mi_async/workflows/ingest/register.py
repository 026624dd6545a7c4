"""Registration of an object as an asset: once, with a look before any retry; and assets that are there already.

Invariant: every registration makes an asset, so after an ambiguous failure the project's assets are read, and only if
none is new is it registered again.
"""

from collections.abc import Collection, Sequence

from mi_async.api.assets import Asset
from mi_async.errors import NotFoundError
from mi_async.storage.models import StoredObject
from mi_async.workflows.absence import asset_of, tells_no_asset
from mi_async.workflows.attach import may_be_sent_again
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.asset_index import find_assets
from mi_async.workflows.jobs.handles import import_job
from mi_async.workflows.jobs.kinds import JobPhase


async def register_once(context: Context, project_id: int, place: StoredObject, before: Collection[int]) -> int:
    """Register an object, and return the ID of the one new asset. The caller holds the object's lock.

    Args:
        context: the workspace.
        project_id: ID of the project.
        place: the object.
        before: IDs of the assets of this key that there were already.

    Raises:
        MIError: the last failure, when the tries or the time for the call are used up, and no asset has come of it.
    """

    async def register() -> int:
        return (await context.groups.assets.register(project_id, key=place.key, bucket_name=place.bucket)).asset_id

    async def find() -> int | None:
        found = await find_assets(context, project_id, place.key)
        return next((asset for asset in found if asset not in before), None)

    asset = await context.retries.look_first(
        register, find, name="assets.register", again=may_be_sent_again, least=context.polling.first
    )
    context.object_locks.registered(context.groups.name, project_id, place.key, asset)
    return asset


async def reusable(context: Context, project_id: int, assets: Sequence[int], size: int) -> int | None:
    """Return the newest asset that may be of an object of this size and whose import has not failed; None for none.

    Args:
        context: the workspace.
        project_id: ID of the project.
        assets: IDs of the assets, oldest first.
        size: bytes of the object.
    """
    for asset_id in reversed(assets):
        asset = await asset_of(context, project_id, asset_id)
        if asset is None or not _may_be_of(asset, size):
            continue
        job = import_job(context, project_id, asset_id, fresh=False)
        try:
            await job.refresh()
        except NotFoundError as error:
            if not tells_no_asset(error):  # a second one would be registered beside it
                raise
            continue  # it was deleted since it was listed
        if job.phase is not JobPhase.FAILED:
            return asset_id
    return None


async def still_there(context: Context, project_id: int, assets: Sequence[int]) -> list[int]:
    """Return those of the assets that nobody has deleted since they were listed."""
    return [asset_id for asset_id in assets if await asset_of(context, project_id, asset_id) is not None]


def _may_be_of(asset: Asset, size: int) -> bool:
    """Return True if an asset may be of an object of this size, which it need not tell."""
    return asset.meta_data is None or asset.meta_data.size in {None, size}
