"""Facts about an input that no item of it tells: the encoding that was taken, and what was passed over.

Invariant: reading is what finds them out, so they are complete when the last item was read.
"""

import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import define, field, frozen

from mi_async.models import Serializable
from mi_async.text import encodable

MOST_KINDS = 40
"""Suffixes that are counted each by itself."""
WITHOUT_SUFFIX, OTHERS = "without suffix", "others"


@frozen
class InputFacts(Serializable):
    """Facts about an input.

    Attributes:
        encoding: that the text was read in, as Python calls it; '' where the input is no text.
        passed_over: files and folders that are no input, by suffix; hidden ones and those of systems together.
    """

    encoding: str = ""
    passed_over: Mapping[str, int] = field(factory=dict)

    def rows(self) -> list[tuple[str, str]]:
        """Return names and values for a table."""
        most = sorted(self.passed_over.items(), key=lambda one: (-one[1], one[0]))
        counts = ", ".join(f"{number:,} {kind}" for kind, number in most)
        return [(name, said) for name, said in (("encoding", self.encoding), ("passed over", counts)) if said]

    def as_dict(self) -> dict[str, Any]:
        """Return the members of a JSON object."""
        return {"encoding": self.encoding or None, "passed_over": dict(self.passed_over)}


NO_FACTS = InputFacts()


@define(eq=False)
class PassedOver:
    """Counts of what a reader passes over, by kind.

    Attributes:
        counts: the counts.
        most: kinds that are counted each by itself.
    """

    counts: Counter[str] = field(factory=Counter)
    most: int = MOST_KINDS

    def add(self, kind: str) -> None:
        """Count one of a kind."""
        known = kind in self.counts or len(self.counts) < self.most
        self.counts[kind if known else OTHERS] += 1

    def add_file(self, name: str) -> None:
        """Count a file by its suffix."""
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122  a million of them
        # A suffix is text from outside.
        self.add(encodable(suffix) if suffix else WITHOUT_SUFFIX)


def facts_of(items: object) -> InputFacts:
    """Return the facts about an input where it tells them; a list or a generator of the user's tells none."""
    found = getattr(items, "facts", None)
    return found if isinstance(found, InputFacts) else NO_FACTS
