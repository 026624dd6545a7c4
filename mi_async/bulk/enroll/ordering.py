"""Who may go next: the effects on one person happen in the order of the input.

Law: holds what is under way and nothing else, so that memory does not grow with the input.
"""

from collections import deque
from collections.abc import Iterator

from attrs import define, field

from mi_async.bulk.enroll.work import EnrollWork, ImageUpload


@define(eq=False)
class PersonOrder:
    """Works under way by person, and the pictures that they have claimed."""

    _lines: dict[str, deque[EnrollWork]] = field(init=False, factory=dict)
    _waiting: set[EnrollWork] = field(init=False, factory=set)
    _claims: dict[tuple[str, str], ImageUpload] = field(init=False, factory=dict)

    def works(self) -> Iterator[EnrollWork]:
        """All that is under way."""
        for line in self._lines.values():
            yield from line

    def join(self, work: EnrollWork) -> None:
        """Stand in line."""
        self._lines.setdefault(work.item.key, deque()).append(work)

    def has(self, work: EnrollWork) -> bool:
        """Whether a work is under way."""
        return work in self._lines.get(work.item.key, ())

    def go_behind(self, work: EnrollWork, other: EnrollWork) -> EnrollWork | None:
        """Wait for another work of the same person; returns the one whose turn it is now, if that waits for it."""
        line = self._lines[work.item.key]
        line.remove(work)
        line.insert(line.index(other) + 1, work)
        self._waiting.add(work)
        return self._next(line)

    def last(self, person: str) -> EnrollWork | None:
        """The last work of a person that is under way."""
        line = self._lines.get(person)
        return line[-1] if line else None

    def may_go(self, work: EnrollWork) -> bool:
        """Whether it is a work's turn; if not it is remembered, and ``leave`` of the one before gives it back."""
        if self._lines[work.item.key][0] is work:
            return True
        self._waiting.add(work)
        return False

    def claim(self, picture: ImageUpload, sha256: str) -> ImageUpload:
        """Claim a picture for a person; returns the one that had it first, which may be itself."""
        return self._claims.setdefault((picture.work.item.key, sha256), picture)

    def claimed(self, person: str, sha256: str) -> bool:
        """Whether a picture of a person is claimed."""
        return (person, sha256) in self._claims

    def leave(self, work: EnrollWork) -> EnrollWork | None:
        """End a work; returns the one whose turn it is now, if that waits for it."""
        key = work.item.key
        for picture in work.pictures:
            if picture.record is not None and self._claims.get((key, picture.record.sha256)) is picture:
                del self._claims[key, picture.record.sha256]
        self._waiting.discard(work)
        line = self._lines[key]
        line.remove(work)
        if line and not work.dropped:
            line[0].joined(work.person)
        if not line:
            del self._lines[key]
            return None
        return self._next(line)

    def _next(self, line: deque[EnrollWork]) -> EnrollWork | None:
        if line[0] not in self._waiting:
            return None
        self._waiting.remove(line[0])
        return line[0]
