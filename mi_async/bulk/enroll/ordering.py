"""Order of the effects on one person: that of the input.

Invariant: holds what is in flight and nothing else, so that memory does not grow with the input.
"""

from collections import deque
from collections.abc import Iterator

from attrs import define, field

from mi_async.bulk.enroll.work import EnrollWork, ImageUpload


@define(eq=False)
class PersonOrder:
    """Items in flight by person, and the images that they have claimed."""

    _queues: dict[str, deque[EnrollWork]] = field(init=False, factory=dict)
    _waiting: set[EnrollWork] = field(init=False, factory=set)
    _claims: dict[tuple[str, str], ImageUpload] = field(init=False, factory=dict)

    def works(self) -> Iterator[EnrollWork]:
        """Yield all that is in flight."""
        for queue in self._queues.values():
            yield from queue

    def join(self, work: EnrollWork) -> None:
        """Queue up behind the other items of the person."""
        self._queues.setdefault(work.item.key, deque()).append(work)

    def has(self, work: EnrollWork) -> bool:
        """Return True if an item is in flight."""
        return work in self._queues.get(work.item.key, ())

    def go_behind(self, work: EnrollWork, other: EnrollWork) -> EnrollWork | None:
        """Wait for another item of the same person; return the one whose turn it is now, if that waits for it."""
        queue = self._queues[work.item.key]
        queue.remove(work)
        queue.insert(queue.index(other) + 1, work)
        self._waiting.add(work)
        return self._next(queue)

    def last(self, person: str) -> EnrollWork | None:
        """Return the last item of a person in flight."""
        queue = self._queues.get(person)
        return queue[-1] if queue else None

    def may_go(self, work: EnrollWork) -> bool:
        """Return True if it is an item's turn; else remember it, and ``leave`` of the one before gives it back."""
        if self._queues[work.item.key][0] is work:
            return True
        self._waiting.add(work)
        return False

    def claim(self, image: ImageUpload, sha256: str) -> ImageUpload:
        """Claim an image for a person; return the one that had it first, which may be itself."""
        return self._claims.setdefault((image.work.item.key, sha256), image)

    def claimed(self, person: str, sha256: str) -> bool:
        """Return True if an image of a person is claimed."""
        return (person, sha256) in self._claims

    def leave(self, work: EnrollWork) -> EnrollWork | None:
        """End an item; return the one whose turn it is now, if that waits for it."""
        key = work.item.key
        for image in work.images:
            if image.record is not None and self._claims.get((key, image.record.sha256)) is image:
                del self._claims[key, image.record.sha256]
        work.images.clear()  # each holds its item: as a cycle, all of it would wait for the garbage collector
        self._waiting.discard(work)
        queue = self._queues[key]
        queue.remove(work)
        if queue and not work.dropped:
            queue[0].joined(work.person)
        if not queue:
            del self._queues[key]
            return None
        return self._next(queue)

    def _next(self, queue: deque[EnrollWork]) -> EnrollWork | None:
        if queue[0] not in self._waiting:
            return None
        self._waiting.remove(queue[0])
        return queue[0]
