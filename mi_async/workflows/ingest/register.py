"""Register an object as an asset, once, looking before any repeat; and find one that there is already.

Law: every registration makes an asset, so after an ambiguous failure the project's assets are read, and only where none
is new is it registered again.
"""

from collections.abc import Collection, Sequence

from mi_async.api.assets import Asset
from mi_async.errors import NotFoundError
from mi_async.storage.models import StoredObject
from mi_async.workflows.attach import may_be_sent_again
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.asset_index import find_assets
from mi_async.workflows.jobs.handles import import_job
from mi_async.workflows.jobs.kinds import JobPhase


async def register_once(context: Context, project_id: int, place: StoredObject, before: Collection[int]) -> int:
    """Register an object; returns the number of the one new asset. To be called in the object's turn.

    Args:
        context: the workspace.
        project_id: where to.
        place: the object.
        before: numbers of the assets of this key that there were already.

    Raises:
        MIError: the last failure, when the tries or the time for the call are used up, and no asset has come of it.
    """
    number = await _registered(context, project_id, place, before)
    context.object_locks.tell(context.groups.name, project_id, place.key, number)
    return number


async def _registered(context: Context, project_id: int, place: StoredObject, before: Collection[int]) -> int:
    async def register() -> int:
        return (await context.groups.assets.register(project_id, key=place.key, bucket_name=place.bucket)).asset_id

    async def find() -> int | None:
        found = await find_assets(context, project_id, place.key)
        return next((number for number in found if number not in before), None)

    return await context.retries.look_first(register, find, again=may_be_sent_again, least=context.polling.first)


async def reusable(context: Context, project_id: int, numbers: Sequence[int], size: int) -> int | None:
    """The newest asset that may be of an object of this size and whose import has not failed; None for none.

    Args:
        context: the workspace.
        project_id: where they are.
        numbers: of the assets, oldest first.
        size: bytes of the object.
    """
    for number in reversed(numbers):
        try:
            asset = await context.groups.assets.get(project_id, number)
            if not _fits(asset, size):
                continue
            job = import_job(context, project_id, number, fresh=False)
            await job.refresh()
        except NotFoundError:  # it was deleted since it was listed
            continue
        if job.phase is not JobPhase.FAILED:
            return number
    return None


async def still_there(context: Context, project_id: int, numbers: Sequence[int]) -> list[int]:
    """Those of the assets that nobody has deleted since they were listed."""
    found: list[int] = []
    for number in numbers:
        try:
            await context.groups.assets.get(project_id, number)
        except NotFoundError:
            continue
        found.append(number)
    return found


def _fits(asset: Asset, size: int) -> bool:
    """Whether an asset may be of an object of this size, which it need not tell."""
    return asset.meta_data is None or asset.meta_data.size in {None, size}
