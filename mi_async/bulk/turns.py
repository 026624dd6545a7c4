"""Who may go next: the effects on one person happen in the order of the input.

Law: holds what is under way and nothing else, so that memory does not grow with the input.
"""

from collections import deque
from collections.abc import Iterator

from attrs import define, field

from mi_async.bulk.work import Picture, Work


@define(eq=False)
class Turns:
    """Works under way by person, and the pictures that they have claimed."""

    _lines: dict[str, deque[Work]] = field(init=False, factory=dict)
    _waiting: set[Work] = field(init=False, factory=set)
    _claims: dict[tuple[str, str], Picture] = field(init=False, factory=dict)

    def works(self) -> Iterator[Work]:
        """All that is under way."""
        for line in self._lines.values():
            yield from line

    def join(self, work: Work) -> None:
        """Stand in line."""
        self._lines.setdefault(work.item.key, deque()).append(work)

    def may_go(self, work: Work) -> bool:
        """Whether it is a work's turn; if not it is remembered, and ``leave`` of the one before gives it back."""
        if self._lines[work.item.key][0] is work:
            return True
        self._waiting.add(work)
        return False

    def claim(self, picture: Picture, sha256: str) -> Picture:
        """Claim a picture for a person; returns the one that had it first, which may be itself."""
        return self._claims.setdefault((picture.work.item.key, sha256), picture)

    def claimed(self, person: str, sha256: str) -> bool:
        """Whether a picture of a person is claimed."""
        return (person, sha256) in self._claims

    def leave(self, work: Work) -> Work | None:
        """End a work; returns the one whose turn it is now, if that waits for it."""
        key = work.item.key
        for picture in work.pictures:
            if picture.record is not None and self._claims.get((key, picture.record.sha256)) is picture:
                del self._claims[key, picture.record.sha256]
        self._waiting.discard(work)
        line = self._lines[key]
        line.remove(work)
        if not line:
            del self._lines[key]
        elif line[0] in self._waiting:
            self._waiting.remove(line[0])
            return line[0]
        return None
