"""Object marker: metadata that says which assets are older than the object, and so were made of another one.

Invariant: the marker is stored with the object, in one step; so it outlives a crash, says the same to every process,
and needs no clock. It is about one project. Asset IDs grow.

The service does not say of which content an asset was made, and of an asset's time neither the member nor the zone is
documented.
"""

from collections.abc import Collection, Mapping
from urllib.parse import quote

from mi_async.storage.object_store import ObjectHead
from mi_async.workflows.context import Context

NAME = "mi-async-newer-than"
"""Name of the marker among the metadata of an object."""


def mark(context: Context, project_id: int, assets: Collection[int]) -> Mapping[str, str]:
    """Return the metadata of an object to be stored, if there are assets of its key already."""
    return {NAME: _prefix(context, project_id) + str(max(assets))} if assets else {}


def older_than(context: Context, project_id: int, head: ObjectHead | None, assets: Collection[int]) -> frozenset[int]:
    """Return those of the assets that are older than an object; all, if there is no object."""
    if head is None:
        return frozenset(assets)
    marker, prefix = head.metadata.get(NAME, ""), _prefix(context, project_id)
    newest = marker.removeprefix(prefix)
    if not marker.startswith(prefix) or not (newest.isascii() and newest.isdigit()):
        return frozenset()
    return frozenset([asset for asset in assets if asset <= int(newest)])


def _prefix(context: Context, project_id: int) -> str:
    return f"{quote(context.groups.name, safe='')}/{project_id}/"
