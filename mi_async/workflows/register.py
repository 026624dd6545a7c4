"""Register an object as an asset, once, looking before any repeat.

Law: every registration makes an asset, so after an ambiguous failure the project's assets are read, and only where none
is new is it registered again.
"""

from collections.abc import Collection
from contextlib import aclosing

from mi_async.api.assets import Asset
from mi_async.errors import DeadlineExceededError, MIError
from mi_async.storage.place import StoredObject
from mi_async.workflows.context import Context, known


async def find_assets(context: Context, project_id: int, key: str) -> list[Asset]:
    """Assets of a project that were registered from an object of this key, oldest first.

    The service does not say from which bucket; a workspace is linked to one.
    """
    assets, found = context.groups.assets, list[Asset]()
    name = key.rpartition("/")[2]
    async with aclosing(assets.all(project_id)) as listed:
        async for asset in listed:
            if asset.file_name != name:
                continue
            # Listings may leave the key out; the details have it.
            detailed = asset if asset.key is not None else await assets.get(project_id, asset.asset_id)
            if detailed.key == key:
                found.append(detailed)
    return sorted(found, key=lambda asset: asset.asset_id)


async def register_once(context: Context, project_id: int, place: StoredObject, before: Collection[int]) -> int:
    """Register an object; returns the number of the one new asset.

    Args:
        context: the workspace.
        project_id: where to.
        place: the object.
        before: numbers of the assets of this key that there were already.

    Raises:
        MIError: the last failure, when the tries are used up.
    """
    failure: MIError | None = None
    for attempt in range(context.attempts):
        if failure is not None:
            await context.clock.sleep(context.polling.first * 2.0 ** (attempt - 1))
            fresh = [a.asset_id for a in await find_assets(context, project_id, place.key) if a.asset_id not in before]
            if fresh:
                return fresh[0]
        try:
            answer = await context.groups.assets.register(project_id, key=place.key, bucket_name=place.bucket)
        except MIError as error:
            if not error.ambiguous or isinstance(error, DeadlineExceededError):
                raise
            failure = error
        else:
            return answer.asset_id
    raise known(failure)
