"""Results as an agent gets them: without presigned URLs, and no longer than a context window bears.

Invariant: pure. What was left out is named with its number, so that nobody takes a part for the whole.
"""

import re
from collections.abc import Mapping
from typing import Any

from mi_async._core import convert

MOST = 20_000
"""Characters of the longest result as JSON: some 7,000 tokens of English, twice as many of Korean."""
MOST_TEXT = 2_000
"""Characters of the longest sentences, and of the longest text in a result that is too long."""
STEPS = (100, 50, 20, 10, 5, 2, 1, 0)
"""Items that are left in each list of a result that is too long, tried in order."""
LINK = re.compile(
    r"https?://[^\s\"<>]*[?][^\s\"<>]*|X-Amz-(?:Signature|Credential|Security-Token)=[^\s\"<>&]*", re.IGNORECASE
)
"""A URL with a query: at this service it is presigned, and whoever has it needs no key. What is secret in one is found
by itself, too: a name of a file, with a space in it, may end the URL before."""
REMOVED = "(presigned URL removed)"


def without_links(value: Any) -> Any:
    """Return a JSON value with every URL that has a query replaced."""
    if isinstance(value, str):
        return LINK.sub(REMOVED, value)
    if isinstance(value, Mapping):
        return {without_links(name): without_links(each) for name, each in value.items()}
    return [without_links(each) for each in value] if isinstance(value, list) else value


def presented(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result as plain JSON without presigned URLs; one that is too long with fewer items in its lists."""
    whole: dict[str, Any] = without_links(convert.loads(convert.dumps_shown(result)))
    if len(as_text(whole)) <= MOST:
        return whole
    shorter: dict[str, Any] = {}
    for items in STEPS:
        left_out: dict[str, str] = {}
        shorter = _cut(whole, "", items, left_out) | {"left_out": left_out}
        if len(as_text(shorter)) <= MOST:
            return shorter
    known = {name: value for name, value in whole.items() if isinstance(value, bool | int | float | None)}
    return known | {"left_out": {"": "all but the figures: the result is too long; ask for less"}}


def as_sentences(text: str) -> str:
    """Return a text for people without presigned URLs, cut where it is long."""
    whole = str(without_links(text))
    left = len(whole) - MOST_TEXT
    return f"{whole[:MOST_TEXT]} ({left:,} more characters)" if left > 0 else whole


def as_text(value: object) -> str:
    """Return a value as compact JSON."""
    return convert.dumps_shown(value).decode()


def _cut(value: Any, place: str, items: int, left_out: dict[str, str]) -> Any:
    """Return a value with at most so many items in each list; what is left out is noted by its place."""
    if isinstance(value, str) and len(value) > MOST_TEXT:
        left_out[place] = f"{len(value) - MOST_TEXT:,} characters"
        return value[:MOST_TEXT]
    if isinstance(value, dict):
        return {name: _cut(each, f"{place}.{name}" if place else name, items, left_out) for name, each in value.items()}
    if isinstance(value, list):
        if len(value) > items:
            left_out[place] = f"{len(value) - items:,} of {len(value):,} items"
        return [_cut(each, f"{place}[]", items, left_out) for each in value[:items]]
    return value
