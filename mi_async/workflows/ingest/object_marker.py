"""What an object says of the assets that are older than it is, and so were made of another one.

Law: the mark is stored with the object, in one step; so it outlives a crash, tells every process the same, and needs no
clock. It is about one project. Assets are numbered upwards.

The service does not say of which content an asset was made, and of an asset's time neither the name nor the zone is
documented.
"""

from collections.abc import Collection, Mapping
from urllib.parse import quote

from mi_async.storage.object_store import ObjectHead
from mi_async.workflows.context import Context

NAME = "mi-async-newer-than"
"""Of the mark among the metadata of an object."""


def mark(context: Context, project_id: int, assets: Collection[int]) -> Mapping[str, str]:
    """What is stored with an object before which there are assets of its key; nothing where there are none."""
    return {NAME: _about(context, project_id) + str(max(assets))} if assets else {}


def older_than(context: Context, project_id: int, head: ObjectHead | None, assets: Collection[int]) -> frozenset[int]:
    """Those of the assets that are older than an object; all, where there is none."""
    if head is None:
        return frozenset(assets)
    said, about = head.metadata.get(NAME, ""), _about(context, project_id)
    last = said.removeprefix(about)
    if not said.startswith(about) or not (last.isascii() and last.isdigit()):
        return frozenset()
    return frozenset([number for number in assets if number <= int(last)])


def _about(context: Context, project_id: int) -> str:
    return f"{quote(context.groups.name, safe='')}/{project_id}/"
