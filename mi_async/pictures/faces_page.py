"""Page of persons without a name: each with its face and its ID, and beside it who it might be.

Invariant: that of its frame, ``curation_page.py``.
"""

from collections.abc import AsyncIterable, Iterable, Sequence

from mi_async.api.person_models import Person
from mi_async.notebook import escaped_line
from mi_async.pictures.curation_page import CurationPage, about_person
from mi_async.pictures.embedded_faces import EmbeddedFaces
from mi_async.pictures.face_image import SMALL
from mi_async.pictures.picture import Picture
from mi_async.workflows.curation.unnamed import SuggestedPerson, UnnamedPerson
from mi_async.workspace import Workspace

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
    page = CurationPage("unnamed", _persons_in, _cards, limit, seconds, title, subtitle, lang)
    return await page.picture(workspace, persons)


def _persons_in(shown: Sequence[UnnamedPerson]) -> list[Person]:
    suggested = [one.person for each in shown for one in each.suggestions[:MOST_SUGGESTIONS] if one.person is not None]
    return [*(one.person for one in shown), *suggested]


def _cards(shown: Sequence[UnnamedPerson], faces: EmbeddedFaces) -> str:
    return f'<ul class="cards">{"".join([_card(one, faces) for one in shown])}</ul>'


def _card(one: UnnamedPerson, faces: EmbeddedFaces) -> str:
    words, person = faces.words, one.person
    counts = [f"{escaped_line(name)} {count:,}" for name, count in one.counts.items()]
    about = about_person(person, one.position, words, counts)
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
