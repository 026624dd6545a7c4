"""Person tags by name: found, or created where missing.

Invariant: a create that is refused or ambiguous is settled by looking again.
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing

from mi_async._core.names import clean_name
from mi_async.api.person_tags import PersonTags
from mi_async.errors import ConflictError, MIError
from mi_async.workflows.context import Context
from mi_async.workflows.effects import tell_created


async def ensure_tags(
    context: Context, names: Sequence[str], existed: Callable[[str], None] | None = None
) -> dict[str, int]:
    """Return the IDs of the tags of these names, in order; a failure has those that exist in ``created``.

    Args:
        context: the workspace.
        names: of the tags.
        existed: is told the names of those that were there before.
    """
    found: dict[str, int] = {}
    for name in names:
        try:
            found[name] = await _ensure(context, name, existed)
        except BaseException as error:
            tell_created(error, tag_ids=found)
            raise
    return found


async def _ensure(context: Context, name: str, existed: Callable[[str], None] | None) -> int:
    tags = context.groups.person_tags
    number = await find_tag(tags, name)
    if number is not None:
        if existed is not None:
            existed(name)
        return number
    try:
        return (await tags.create(name)).id
    except MIError as error:
        # Somebody else was faster, or the answer of our own create was lost.
        if not (error.ambiguous or isinstance(error, ConflictError)):
            raise
        number = await find_tag(tags, name)
        if number is None:
            raise
        return number


async def find_tag(group: PersonTags, name: str) -> int | None:
    """Return the ID of the tag of this name, None if there is none."""
    alike: int | None = None
    async with aclosing(group.all(name=name)) as tags:
        async for tag in tags:
            if tag.name == name:
                return tag.id
            if alike is None and clean_name(tag.name) == name:
                alike = tag.id
    return alike
