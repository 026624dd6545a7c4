"""Frame of the pages about whom faces show: a title, notes on what was counted, and faces that are part of it.

Invariant: a picture of bounded size without any URL, so that it is the same tomorrow; text from the service is text.
"""

from collections.abc import AsyncIterable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from attrs import frozen

from mi_async.api.person_models import Person
from mi_async.language import PageWords, language_of
from mi_async.pictures.curation_words import CURATION_WORDS
from mi_async.pictures.embedded_faces import EmbeddedFaces
from mi_async.pictures.person_sheet import check_count, first_items, image_notes
from mi_async.pictures.picture import Picture, heading
from mi_async.workspace import Workspace

T = TypeVar("T")
MOST = 1000


@frozen
class CurationPage(Generic[T]):
    """Page about items of one kind.

    Attributes:
        kind: beginning of the names of its words: ``unnamed_title`` and so on.
        persons_in: persons of the items, the most important first.
        drawn: markup of the items.
        limit: most items.
        seconds: that the downloads may take.
        title: None for that of the kind.
        subtitle: below it.
        lang: None for that of the environment.
    """

    kind: str
    persons_in: Callable[[Sequence[T]], Sequence[Person]]
    drawn: Callable[[Sequence[T], EmbeddedFaces], str]
    limit: int
    seconds: float
    title: str | None
    subtitle: str | None
    lang: str | None

    async def picture(self, workspace: Workspace, items: Iterable[T] | AsyncIterable[T]) -> Picture:
        """Return the page with the first of the items."""
        words = PageWords(language_of(self.lang), CURATION_WORDS)
        check_count("limit", self.limit, MOST)
        shown, is_cut = await first_items(items, self.limit)
        persons = self.persons_in(shown)
        faces = await EmbeddedFaces.of(workspace, persons, words, self.seconds)
        named = self.title or words(f"{self.kind}_title", workspace=workspace.name)
        content = self._content(shown, len(persons), faces, is_cut=is_cut)
        return Picture(named, heading(named, self.subtitle) + content, words.language)

    def _content(self, shown: Sequence[T], persons: int, faces: EmbeddedFaces, *, is_cut: bool) -> str:
        words, count = faces.words, f"{len(shown):,}"
        if not shown:
            return f"<p>{words(f'{self.kind}_none')}</p>"
        notes = [words(f"{self.kind}_counted", count=count, persons=f"{persons:,}")]
        notes += [words("more_shown", count=count)] if is_cut else []
        notes += image_notes(faces.missing, words)
        use = words(f"{self.kind}_use")
        return f'<p>{use}</p><p class="soft">{" ".join(notes)}</p>{self.drawn(shown, faces)}'


def about_person(person: Person, position: int, words: PageWords, others: Iterable[str] = ()) -> str:
    """Return the lines below a face: the place of the person in a listing, its thumbnails, and other facts."""
    facts = [
        words("place", position=f"{position:,}"),
        words("thumbnails", count=f"{len(person.thumbnails):,}"),
        *others,
    ]
    return "".join([f'<span class="about">{fact}</span>' for fact in facts])
