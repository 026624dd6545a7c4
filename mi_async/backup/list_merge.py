"""Merge of a list with the one of the state before, and how they differ.

Invariant: pure, and in constant memory; both come by ID.
"""

from collections.abc import Iterator
from typing import TypeAlias

from attrs import define, field

from mi_async._core import convert
from mi_async.backup.report import ListChanges
from mi_async.errors import InvalidArgumentError, MIError

Line: TypeAlias = tuple[int, bytes]
"""ID and text of a line, without its end."""

IDS = ("id", "asset_id", "project_id")
"""Members that hold the ID of a line, the first that is there."""


@define(eq=False)
class MergedList:
    """The lines of a list, by ID; iterated once.

    Args:
        before: lines of the state before.
        now: lines of this run.
        keeps: True if lines that only the state before has are kept.

    Attributes:
        changes: how they differ, once it was iterated to the end.
    """

    _before: Iterator[Line]
    _now: Iterator[Line]
    _keeps: bool
    changes: ListChanges = field(init=False, factory=ListChanges)

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines."""
        new = changed = unchanged = gone = 0
        before, now = next(self._before, None), next(self._now, None)
        while before is not None or now is not None:
            if now is None or (before is not None and before[0] < now[0]):
                assert before is not None  # noqa: S101  one of them is there
                if self._keeps:
                    unchanged += 1
                    yield before
                else:
                    gone += 1
                before = next(self._before, None)
                continue
            if before is None or now[0] < before[0]:
                new += 1
            else:
                same = before[1] == now[1]
                unchanged, changed = unchanged + same, changed + (not same)
                before = next(self._before, None)
            yield now
            now = next(self._now, None)
        self.changes = ListChanges(new, changed, unchanged, gone)


def id_of(line: bytes, place: str) -> int:
    """Return the ID of a line.

    Raises:
        InvalidArgumentError: it has none, with its place.
    """
    try:
        members = convert.loads(line)
        number = next(members[name] for name in IDS if name in members)
    except (MIError, StopIteration, TypeError) as error:
        message = f"{place}: not a line of a backup; the backup is damaged"
        raise InvalidArgumentError(message) from error
    if type(number) is not int:
        message = f"{place}: the ID is not a number; the backup is damaged"
        raise InvalidArgumentError(message)
    return number
