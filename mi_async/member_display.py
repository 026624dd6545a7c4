"""Metadata of model members: how tables and reprs show them.

Invariant: imports nothing that draws; models are declared with it.
"""

from collections.abc import Sequence
from typing import Any

SHOWN = "table"
"""Key of the field metadata that say how a member is shown."""
FEW = 3
"""Items of a list that its repr shows."""


def pictured(*, first: str = "") -> dict[str, Any]:
    """Return field metadata: the URL of an image, or images of which the one flagged ``first`` leads."""
    return {SHOWN: ("image", first)}


def told() -> dict[str, Any]:
    """Return field metadata: a member that repr leaves out for its length, and not because it is a secret."""
    return {SHOWN: ("text", "")}


def timed() -> dict[str, Any]:
    """Return field metadata: milliseconds of a film, which a notebook shows as a time code."""
    return {SHOWN: ("time", "")}


def few(items: Sequence[object] | None) -> str:
    """Return a repr of a list that stays short: its first items, and the number of the others."""
    if items is None or len(items) <= FEW:
        return repr(items)
    shown = ", ".join(map(repr, items[:FEW]))
    return f"({shown}, ... {len(items) - FEW:,} more)"
