"""The view of one browser: language, workspace and pages of lists, as its URL has them.

Invariant: pure; any query is a view, and each link of the page keeps the rest of it.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import evolve, frozen

from mi_async.language import LANGUAGES, Language

MOST_DIGITS = 9


@frozen
class PageView:
    """View of a browser: its language, workspace and pages of lists.

    Attributes:
        language: of the words.
        chosen: True if the URL names it, and not the browser's settings alone.
        workspace: name; '' for the first one.
        persons: page of the persons, from 1.
        assets: page of the assets, from 1.
    """

    language: Language
    chosen: bool = False
    workspace: str = ""
    persons: int = 1
    assets: int = 1

    def query(self, **changes: Any) -> str:
        """Return the query of a URL for this view with changes; it begins with ``?``, or is empty."""
        view = evolve(self, **changes)
        members = {
            "lang": view.language if view.chosen else "",
            "workspace": view.workspace,
            "persons": view.persons if view.persons > 1 else "",
            "assets": view.assets if view.assets > 1 else "",
        }
        told = urlencode({name: value for name, value in members.items() if value})
        return f"?{told}" if told else ""


def read_view(query: Mapping[str, str], accept: str) -> PageView:
    """Return the view that a query and the header ``Accept-Language`` name."""
    chosen: Language | None = next((language for language in LANGUAGES if language == query.get("lang")), None)
    return PageView(
        chosen or preferred(accept),
        chosen is not None,
        query.get("workspace", ""),
        _page(query.get("persons", "")),
        _page(query.get("assets", "")),
    )


def preferred(accept: str) -> Language:
    """Return the language of ours that a browser would rather have: RFC 9110, section 12.5.4."""
    wanted: dict[str, float] = {}
    for part in accept.lower().split(","):
        tag, _, weight = part.partition(";")
        wanted.setdefault(tag.strip().partition("-")[0], _quality(weight))
    best = max(LANGUAGES, key=lambda language: wanted.get(language, 0.0))  # the first of equals: English
    return best if wanted.get(best, 0.0) > 0 else "en"


def _quality(text: str) -> float:
    name, _, number = text.strip().partition("=")
    try:
        return float(number) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0


def _page(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else 1
