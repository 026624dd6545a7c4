"""Persons of a workspace with their images, newest first.

Invariant: pure; one page of them, however many there are.
"""

from html import escape

from attrs import frozen

from mi_async.emulator.page.markup import image_path, named, pager, part_of, person_name
from mi_async.emulator.page.view import PageView
from mi_async.emulator.state import EmulatedUpload, EmulatorState
from mi_async.emulator.workspace import EmulatedPerson, EmulatedWorkspace
from mi_async.language import PageWords
from mi_async.media.image import CONTENT_TYPES
from mi_async.notebook import escaped_line

SIZE = 12
"""Persons of a page."""
MOST_IMAGES, MOST_TAGS = 5, 6
EXAMPLE = "mi-async enroll 홍길동 hong.jpg --tag Anchor"


def persons_section(state: EmulatorState, room: EmulatedWorkspace, view: PageView, words: PageWords) -> str:
    """Return the persons of the page that is looked at."""
    part = part_of(len(room.persons), view.persons, SIZE)
    if not part.count:
        return f'<p>{words("no_persons")}</p><pre tabindex="0"><code>{EXAMPLE}</code></pre>'
    card = PersonCards(state, room, words)
    cards = "".join([card.of(person) for person in part.cut(reversed(room.persons.values()))])
    counted = words("counted_persons", count=f"{part.count:,}")
    return f'<p class="soft">{counted}</p><ul class="persons">{cards}</ul>{pager("persons", part, view, words)}'


@frozen
class PersonCards:
    """Cards of the persons of a workspace."""

    state: EmulatorState
    room: EmulatedWorkspace
    words: PageWords

    def of(self, person: EmulatedPerson) -> str:
        """Return the card of a person."""
        words, count = self.words, len(person.thumbnails)
        counted = words("image") if count == 1 else words("images", count=f"{count:,}")
        anonymous = ' class="anonymous"' if person.name is None else ""
        told = f'<p class="note">{named(person.description)}</p>' if person.description else ""
        return (
            f'<li id="person-{person.id}">{self._portrait(person)}'
            f"<div><h3{anonymous}>{named(person_name(person, words))}</h3>"
            f'<p class="soft">ID {person.id} · {counted}</p>{told}{self._tags(person)}{self._strip(person)}</div></li>'
        )

    def _tags(self, person: EmulatedPerson) -> str:
        tags = [self.room.tags[tag].name for tag in list(person.tag_ids)[:MOST_TAGS] if tag in self.room.tags]
        listed = "".join([f"<li>{named(tag)}</li>" for tag in tags])
        return f'<ul class="tags">{listed}</ul>' if tags else ""

    def _portrait(self, person: EmulatedPerson) -> str:
        if person.primary is None:
            return f'<div class="portrait"><span class="none">{self.words("no_image")}</span></div>'
        return f'<div class="portrait">{self._image(person, person.primary, "primary")}</div>'

    def _strip(self, person: EmulatedPerson) -> str:
        others = [thumbnail for thumbnail in person.thumbnails if thumbnail != person.primary]
        shown = "".join([self._image(person, thumbnail, "other_image") for thumbnail in others[:MOST_IMAGES]])
        left = len(others) - MOST_IMAGES
        more = f'<span class="more">{self.words("more", count=f"{left:,}")}</span>' if left > 0 else ""
        return f'<div class="strip">{shown}{more}</div>' if others else ""

    def _image(self, person: EmulatedPerson, thumbnail: int, label: str) -> str:
        upload = self.state.uploads.get(person.thumbnails.get(thumbnail, ""))
        if upload is None or not is_shown(upload):
            return f'<span class="none">{self.words("not_kept")}</span>'
        path = escape(image_path(self.room.info.workspace_name, person.id, thumbnail, upload.md5))
        alt = self.words(label, name=escaped_line(person_name(person, self.words)))
        return f'<img src="{path}" alt="{alt}" loading="lazy" decoding="async">'


def is_shown(upload: EmulatedUpload) -> bool:
    """Return True if a browser can show what was uploaded."""
    return upload.content is not None and upload.format in CONTENT_TYPES  # of thumbnails; every browser shows these
