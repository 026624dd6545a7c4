"""Faces of persons on a page on which a person may be shown several times.

Invariant: the characters of all images on the page are bounded, however often one is shown; no URL is in it.
"""

from collections.abc import Iterable, Mapping

from attrs import define, field

from mi_async.api.person_models import Person
from mi_async.language import PageWords
from mi_async.pictures.face_image import LARGE, face_image
from mi_async.pictures.image_previews import ImagePreview
from mi_async.pictures.thumbnail_previews import ROOM, PersonPreviews, thumbnail_previews
from mi_async.workspace import Workspace


@define(eq=False)
class EmbeddedFaces:
    """The primary thumbnail of each person, by ID.

    Attributes:
        words: of the page.
    """

    words: PageWords
    _found: Mapping[int, PersonPreviews]
    _room: int = field(default=ROOM, alias="room")

    @classmethod
    async def of(
        cls, workspace: Workspace, persons: Iterable[Person], words: PageWords, seconds: float
    ) -> "EmbeddedFaces":
        """Download the faces of persons, each once.

        Args:
            workspace: that the persons are in.
            persons: the most important first: there may not be room for all.
            words: of the page.
            seconds: that the downloads may take.
        """
        several = {person.id: person for person in reversed(list(persons))}
        found = await thumbnail_previews(workspace, reversed(several.values()), images=1, seconds=seconds)
        return cls(words, {one.person.id: one for one in found})

    def markup(self, person_id: int, name: str, pixels: int = LARGE) -> str:
        """Return the face of a person, or why there is none; '' for a small one of whom there is no thumbnail."""
        found = self._found.get(person_id)
        if found is None or not found.previews:
            return f'<span class="none">{self.words("no_thumbnail")}</span>' if pixels == LARGE else ""
        thumbnail, preview = found.previews[0]
        if len(preview.data) > self._room:
            preview = ImagePreview(reason="full")
        self._room -= len(preview.data)
        return face_image(name, thumbnail, preview, self.words, pixels)

    @property
    def missing(self) -> int:
        """Persons whose thumbnail could not be had."""
        return sum(not preview.data for one in self._found.values() for _, preview in one.previews)
