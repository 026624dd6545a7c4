"""Contact sheet of persons: each with its name, ID, tags and images, which are part of the picture.

Invariant: a picture of bounded size without any URL, so that it is the same tomorrow; text from the service is text.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
from itertools import islice
from typing import TypeVar

from mi_async._core.extras import missing_of
from mi_async.api.person_models import Person
from mi_async.errors import InvalidArgumentError
from mi_async.language import PageWords, language_of
from mi_async.notebook import escaped_line
from mi_async.pictures.face_image import SMALL, face_image
from mi_async.pictures.person_words import PERSON_WORDS
from mi_async.pictures.picture import Picture, heading
from mi_async.pictures.thumbnail_previews import PersonPreviews, thumbnail_previews
from mi_async.workspace import Workspace

T = TypeVar("T")

MOST_PERSONS, MOST_IMAGES = 1000, 100
MOST_TAGS = 8


async def contact_sheet(
    workspace: Workspace,
    persons: Iterable[Person] | AsyncIterable[Person],
    *,
    images: int = 4,
    limit: int = 200,
    seconds: float = 120.0,
    title: str | None = None,
    subtitle: str | None = None,
    lang: str | None = None,
) -> Picture:
    """Return a picture of persons with their images, which stay in it when their presigned URLs have expired.

    The images are downloaded, some at a time, checked to be images, and made small if the extra ``images`` is there.
    One that cannot be had is a box with the reason. All of them together have at most 16 MiB.

    Args:
        workspace: that the persons are in.
        persons: those to show, such as ``newsroom.persons.all()`` or the result of a search.
        images: most images of a person, the primary one first.
        limit: most persons, up to 1,000.
        seconds: that the downloads may take; what is not there by then is left out.
        title: by default "Persons of" and the workspace.
        subtitle: such as who was asked for, and when.
        lang: ``en`` or ``ko``; by default that of the environment (LC_ALL, LC_MESSAGES, LANG).

    Raises:
        InvalidArgumentError: a number out of bounds, or there is no such language; at once.
        MIError: the persons cannot be listed.
        SessionError: the session is closed.
    """
    words = PageWords(language_of(lang), PERSON_WORDS)
    check_count("images", images, MOST_IMAGES)
    check_count("limit", limit, MOST_PERSONS)
    shown, is_cut = await first_items(persons, limit)
    found = await thumbnail_previews(workspace, shown, images=images, seconds=seconds)
    named = title or words("title", workspace=workspace.name)
    return Picture(named, heading(named, subtitle) + _drawn(found, words, is_cut=is_cut), words.language)


def check_count(name: str, value: int, most: int) -> None:
    """Refuse a number out of bounds.

    Raises:
        InvalidArgumentError: it is.
    """
    if not 1 <= value <= most:
        message = f"{name} must be 1 to {most:,}, got {value}"
        raise InvalidArgumentError(message)


async def first_items(items: Iterable[T] | AsyncIterable[T], limit: int) -> tuple[list[T], bool]:
    """Return the first items, and True if there are more; a listing that is left early is closed."""
    if not isinstance(items, AsyncIterable):
        found = list(islice(items, limit + 1))
    else:
        found = []
        try:
            async for item in items:
                found.append(item)
                if len(found) > limit:
                    break
        finally:
            if isinstance(items, AsyncGenerator):
                await items.aclose()
    return found[:limit], len(found) > limit


def _drawn(found: Sequence[PersonPreviews], words: PageWords, *, is_cut: bool) -> str:
    if not found:
        return f"<p>{words('none')}</p>"
    previews = [preview for one in found for _, preview in one.previews]
    missing = sum(not preview.data for preview in previews)
    notes = [words("counted", persons=f"{len(found):,}", images=f"{len(previews) - missing:,}")]
    notes += [words("more_persons", count=f"{len(found):,}")] if is_cut else []
    notes += image_notes(missing, words)
    tiles = "".join([_tile(one, words) for one in found])
    return f'<p class="soft">{" ".join(notes)}</p><ul class="sheet">{tiles}</ul>'


def image_notes(missing: int, words: PageWords) -> list[str]:
    """Return notes about images: how many could not be shown, and that they are as they came."""
    notes = [words("missing", count=f"{missing:,}")] if missing else []
    return notes + ([words("as_they_are")] if missing_of("images") else [])


def _tile(one: PersonPreviews, words: PageWords) -> str:
    person = one.person
    name = person.name or words("no_name")
    parts = [face_image(name, thumbnail, preview, words) for thumbnail, preview in one.previews[:1]]
    parts = parts or [f'<span class="none">{words("no_thumbnail")}</span>']
    parts += [f"<strong>{escaped_line(name)}</strong>"]
    facts = (f"ID {person.id}", words("thumbnails", count=f"{len(person.thumbnails):,}"))
    parts += [f'<span class="about">{fact}</span>' for fact in facts]
    if person.tags:
        more = len(person.tags) - MOST_TAGS
        said = ", ".join([tag.name for tag in person.tags[:MOST_TAGS]]) + (f" + {more:,}" if more > 0 else "")
        parts += [f'<span class="tags">{escaped_line(said)}</span>']
    others = [face_image(name, thumbnail, preview, words, SMALL) for thumbnail, preview in one.previews[1:]]
    parts += [f'<span class="others">{"".join(others)}</span>'] if others else []
    return f'<li class="tile">{"".join(parts)}</li>'
