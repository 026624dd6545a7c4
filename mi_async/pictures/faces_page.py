"""Page of persons without a name: each with its face and its ID, and beside it who it might be.

Invariant: a picture of bounded size without any URL, so that it is the same tomorrow; text from the service is text.
"""

from collections.abc import AsyncIterable, Iterable, Sequence

from mi_async.language import PageWords, language_of
from mi_async.notebook import escaped_line
from mi_async.pictures.curation_words import CURATION_WORDS
from mi_async.pictures.embedded_faces import EmbeddedFaces
from mi_async.pictures.face_image import SMALL
from mi_async.pictures.person_sheet import check_count, first_items, image_notes
from mi_async.pictures.picture import Picture, heading
from mi_async.workflows.curation.unnamed import SuggestedPerson, UnnamedPerson
from mi_async.workspace import Workspace

MOST = 1000
MOST_SUGGESTIONS = 3


async def unnamed_sheet(
    workspace: Workspace,
    persons: Iterable[UnnamedPerson] | AsyncIterable[UnnamedPerson],
    *,
    limit: int = 300,
    seconds: float = 120.0,
    title: str | None = None,
    subtitle: str | None = None,
    lang: str | None = None,
) -> Picture:
    """Return a picture of persons without a name, each with its ID to copy and with who it might be.

    The images are part of it, as in :func:`contact_sheet`; up to 3 suggestions are shown for each person.

    Args:
        workspace: that the persons are in.
        persons: ``newsroom.unnamed_persons()``, or some of them.
        limit: most persons, up to 1,000.
        seconds: that the downloads may take; what is not there by then is left out.
        title: by default that these are the persons of the workspace without a name.
        subtitle: such as when it was asked.
        lang: ``en`` or ``ko``; by default that of the environment.

    Raises:
        InvalidArgumentError: the limit is out of bounds, or there is no such language; at once.
        MIError: the persons cannot be listed.
        SessionError: the session is closed.
    """
    words = PageWords(language_of(lang), CURATION_WORDS)
    check_count("limit", limit, MOST)
    shown, is_cut = await first_items(persons, limit)
    suggested = [one.person for each in shown for one in each.suggestions[:MOST_SUGGESTIONS] if one.person is not None]
    faces = await EmbeddedFaces.of(workspace, [*(one.person for one in shown), *suggested], words, seconds)
    named = title or words("unnamed_title", workspace=workspace.name)
    return Picture(named, heading(named, subtitle) + _drawn(shown, faces, is_cut=is_cut), words.language)


def _drawn(shown: Sequence[UnnamedPerson], faces: EmbeddedFaces, *, is_cut: bool) -> str:
    words = faces.words
    if not shown:
        return f"<p>{words('unnamed_none')}</p>"
    notes = [words("unnamed_counted", count=f"{len(shown):,}")]
    notes += [words("more_shown", count=f"{len(shown):,}")] if is_cut else []
    notes += image_notes(faces.missing, words)
    cards = "".join([_card(one, faces) for one in shown])
    return f'<p>{words("unnamed_use")}</p><p class="soft">{" ".join(notes)}</p><ul class="cards">{cards}</ul>'


def _card(one: UnnamedPerson, faces: EmbeddedFaces) -> str:
    words, person = faces.words, one.person
    facts = [words("place", position=f"{one.position:,}"), words("thumbnails", count=f"{len(person.thumbnails):,}")]
    facts += [f"{escaped_line(name)} {count:,}" for name, count in one.counts.items()]
    about = "".join([f'<span class="about">{fact}</span>' for fact in facts])
    face = faces.markup(person.id, words("no_name"))
    return (
        f'<li class="card"><div class="own">{face}<code class="number_id">{person.id}</code>{about}</div>'
        f'<div class="beside">{_suggestions(one.suggestions[:MOST_SUGGESTIONS], faces)}</div></li>'
    )


def _suggestions(suggestions: Sequence[SuggestedPerson], faces: EmbeddedFaces) -> str:
    words = faces.words
    if not suggestions:
        return f'<span class="about">{words("nobody")}</span>'
    items = "".join([_suggestion(one, faces) for one in suggestions])
    return f'<span class="about">{words("might_be")}</span><ul class="maybe">{items}</ul>'


def _suggestion(one: SuggestedPerson, faces: EmbeddedFaces) -> str:
    words = faces.words
    name = one.name or words("no_name")
    told = f'<span class="about">{words("score", score=f"{one.score:g}")}</span>' if one.score is not None else ""
    image = faces.markup(one.person_id, name, SMALL)
    return (
        f'<li class="hint">{image}<span class="said"><strong>{escaped_line(name)}</strong>'
        f"<code>{one.person_id}</code>{told}</span></li>"
    )
