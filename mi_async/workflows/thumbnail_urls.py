"""URLs of the thumbnails of a person, asked for anew where they have expired.

Invariant: the service is asked once at the most.
"""

import asyncio
from collections.abc import Mapping

from attrs import define, field

from mi_async.api.person_models import Person
from mi_async.api.persons import Persons


@define(eq=False)
class ThumbnailURLs:
    """URLs of the thumbnails of a person.

    Args:
        persons: of the workspace.
        person: as it was read.

    Attributes:
        person: as it was read last.
    """

    _persons: Persons
    person: Person
    _known: Mapping[int, str] = field(init=False)
    _is_new: bool = field(init=False, default=False)
    _asking: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    def __attrs_post_init__(self) -> None:
        self._known = _by_id(self.person)

    async def of(self, number: int, *, renew: bool) -> str | None:
        """Return the URL of a thumbnail, None where the person has it no longer.

        Args:
            number: of the thumbnail.
            renew: ask for the URLs anew, unless that was done.

        Raises:
            NotFoundError: there is no such person any more.
            MIError: any other failure of the question.
        """
        if renew:
            async with self._asking:  # several thumbnails of a person expire together
                if not self._is_new:
                    self.person = await self._persons.get(self.person.id)
                    self._known, self._is_new = _by_id(self.person), True
        return self._known.get(number)


def _by_id(person: Person) -> dict[int, str]:
    return {thumbnail.id: thumbnail.url for thumbnail in person.thumbnails}
