"""Page of persons who look alike: groups of faces, each with its evidence.

Invariant: that of its frame, ``curation_page.py``.
"""

from collections.abc import AsyncIterable, Iterable, Sequence

from mi_async.api.person_models import Person
from mi_async.language import PageWords
from mi_async.notebook import escaped_line
from mi_async.pictures.curation_page import CurationPage, about_person
from mi_async.pictures.embedded_faces import EmbeddedFaces
from mi_async.pictures.picture import Picture
from mi_async.workflows.curation.duplicates import DuplicateGroup, DuplicateMember
from mi_async.workspace import Workspace


async def duplicate_sheet(
    workspace: Workspace,
    groups: Iterable[DuplicateGroup] | AsyncIterable[DuplicateGroup],
    *,
    limit: int = 300,
    seconds: float = 120.0,
    title: str | None = None,
    subtitle: str | None = None,
    lang: str | None = None,
) -> Picture:
    """Return a picture of groups of persons who look alike, each person with its ID to copy.

    The images are part of it, as in :func:`contact_sheet`.

    Args:
        workspace: that the persons are in.
        groups: ``newsroom.duplicate_persons()``, or some of them.
        limit: most groups, up to 1,000.
        seconds: that the downloads may take; what is not there by then is left out.
        title: by default that these are the persons of the workspace who look alike.
        subtitle: such as when it was asked.
        lang: ``en`` or ``ko``; by default that of the environment.

    Raises:
        InvalidArgumentError: the limit is out of bounds, or there is no such language; at once.
        MIError: the groups cannot be found.
        SessionError: the session is closed.
    """
    page = CurationPage("duplicate", _persons_in, _groups, limit, seconds, title, subtitle, lang)
    return await page.picture(workspace, groups)


def _persons_in(shown: Sequence[DuplicateGroup]) -> list[Person]:
    return [member.person for group in shown for member in group.members]


def _groups(shown: Sequence[DuplicateGroup], faces: EmbeddedFaces) -> str:
    return "".join([_group(group, faces) for group in shown])


def _group(group: DuplicateGroup, faces: EmbeddedFaces) -> str:
    words = faces.words
    score = f" · {words('lowest', score=f'{group.score:g}')}" if group.score is not None else ""
    tiles = "".join([_tile(member, group, faces) for member in group.members])
    several = f'<p class="twice">{words("names", names=escaped_line(", ".join(group.names)))}</p>'
    return (
        f'<section class="group"><h3>{words("group", number=f"{group.number:,}")}{score}</h3>'
        f'{several if len(group.names) > 1 else ""}<ul class="sheet">{tiles}</ul>{_doubts(group, words)}</section>'
    )


def _tile(member: DuplicateMember, group: DuplicateGroup, faces: EmbeddedFaces) -> str:
    words, person = faces.words, member.person
    name = person.name or words("no_name")
    kept = f'<span class="kept">{words("keep")}</span>' if person.id == group.keep else ""
    face = faces.markup(person.id, name)
    return (
        f'<li class="tile">{face}<strong>{escaped_line(name)}</strong><code class="number_id">{person.id}</code>'
        f"{kept}{about_person(person, member.position, words)}</li>"
    )


def _doubts(group: DuplicateGroup, words: PageWords) -> str:
    """Return what speaks against a group: pairs that were found from one side only, and who is like some of it."""
    inside = {member.person.id for member in group.members}
    doubts = [
        f"{words('pair', one=pair.person_id, other=pair.other_id)}: {words('one_side', one=pair.found_from[0])}"
        for pair in group.pairs
        if len(pair.found_from) == 1
    ]
    for pair in group.near:
        one, other = sorted(pair.person_ids, key=lambda person: person not in inside)
        doubts.append(words("near", one=one, other=other))
    return f'<ul class="soft">{"".join([f"<li>{doubt}</li>" for doubt in doubts])}</ul>' if doubts else ""
