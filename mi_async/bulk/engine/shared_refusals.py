"""Refusals that may concern all items: how many different items in a row have met the same one.

Invariant: an item that met it in an earlier run does not count again, and each of them allows one more new item to meet
it: so each run gets past those of the last, and further.
"""

from collections import Counter

from attrs import define, field

from mi_async.bulk.engine.work_item import code_of
from mi_async.errors import APIError

SEVERAL = 3
"""Different items in a row, without a success among them, after which a refusal concerns all."""


@define(eq=False)
class SharedRefusals:
    """The items that have met each refusal since the last success, by stage."""

    _before: Counter[str] = field(init=False, factory=Counter)  # items of earlier runs, by code
    _items: dict[str, dict[str, set[str]]] = field(init=False, factory=dict)

    def recall(self, code: str) -> None:
        """Note that an item met this code, as the journal has it, in an earlier run, and is tried again."""
        self._before[code] += 1

    def success(self, stage: str) -> None:
        """Note that an item has passed a stage."""
        self._items.pop(stage, None)

    def concerns_all(self, stage: str, error: APIError, item: str) -> bool:
        """Note that an item was refused; return True if several have been by now.

        Args:
            stage: where it was.
            error: the refusal.
            item: its name; one that was refused before counts once.
        """
        met = self._items.setdefault(stage, {}).setdefault(f"{error.operation} {code_of(error)}", set())
        met.add(item)
        return len(met) >= SEVERAL + self._before[code_of(error)]
