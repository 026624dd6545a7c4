"""Docstrings of our classes as data: the summary, and what each member is.

Invariant: pure. Python run with ``-OO`` has no docstrings; then there are no words.
"""

import inspect
import re
from collections.abc import Mapping
from functools import cache

MEMBER = re.compile(r"^    (\w+): (.+(?:\n {8,}.+)*)$", re.MULTILINE)
SECTION = re.compile(r"^(?:Attributes|Args):\n((?:    .*\n?|\n)+)", re.MULTILINE)


@cache
def member_texts(kind: type) -> Mapping[str, str]:
    """Return the text of each member that the docstring describes, those of its bases included."""
    texts: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        own = inspect.cleandoc(vars(each).get("__doc__") or "")
        for section in SECTION.findall(own):
            texts |= {name: " ".join(text.split()) for name, text in MEMBER.findall(section)}
    return texts


def summary(kind: type) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(kind) or "").partition("\n")[0]
