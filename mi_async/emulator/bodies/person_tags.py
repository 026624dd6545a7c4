"""Bodies of the person tag operations.

Invariant: deleting a tag takes it from every person.
"""

from attrs import evolve

from mi_async.api.person_tags import PersonTag, PersonTags
from mi_async.emulator.bodies.unimplemented import unimplemented
from mi_async.emulator.rules import NOT_FOUND, TAG_NAME, TAG_PAGES, TAG_TAKEN, require
from mi_async.emulator.state import USER, EmulatorState
from mi_async.models import Page


class EmulatedPersonTags(PersonTags):
    """Person tags of an emulated workspace."""

    def __init__(self, state: EmulatorState, **scope: str) -> None:
        super().__init__(unimplemented, **scope)
        self._state = state
        self._room = state.workspace(scope["workspace_name"])

    async def create(self, name: str) -> PersonTag:
        """Create a tag; of the two codes that its page gives for a duplicate, 10062 is the one about tags."""
        TAG_NAME.check("name", name)
        require(all(tag.name != name for tag in self._room.tags.values()), name, TAG_TAKEN)
        tag = PersonTag(self._state.new_id(), name, created_user_name=USER, created_time=self._state.time())
        self._room.tags[tag.id] = tag
        return tag

    async def list(
        self, *, page_num: int = 1, page_size: int | None = None, tag_id: int | None = None, name: str | None = None
    ) -> Page[PersonTag]:
        """List one page, oldest first.

        How a name matches is not documented; a part will do here, so a client that wants the very name must compare.
        """
        TAG_NAME.check("name", name)
        listed = [
            evolve(tag, updated_user_name=tag.created_user_name, updated_time=tag.created_time)
            for tag in self._room.tags.values()
            if (tag_id is None or tag.id == tag_id) and (name is None or name in tag.name)
        ]
        return TAG_PAGES.page(listed, page_num, page_size)

    async def delete(self, tag_id: int) -> None:
        """Delete a tag."""
        require(tag_id in self._room.tags, f"tag {tag_id}", NOT_FOUND)
        del self._room.tags[tag_id]
        for person in self._room.persons.values():
            person.tag_ids.pop(tag_id, None)
