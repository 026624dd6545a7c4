"""Layout of a live display as values, which the terminal draws.

Invariant: values only; a style is a name that rich knows.
"""

from enum import Enum, auto
from typing import TypeAlias

from attrs import frozen


class Overflow(Enum):
    """Treatment of a text that is longer than its column."""

    KEEP = auto()
    CUT = auto()
    WRAP = auto()


@frozen
class StyledText:
    """Text in one style.

    Attributes:
        text: plain text; control characters are replaced when it is drawn.
        style: of all of it.
        overflow: KEEP gives the column the room that it needs, before the others.
    """

    text: str
    style: str = ""
    overflow: Overflow = Overflow.KEEP


@frozen
class JoinedText:
    """Texts of several styles, joined by commas and wrapped if they are too long."""

    parts: tuple[StyledText, ...]


@frozen
class ShareBar:
    """Bar of a share.

    Attributes:
        share: from 0 to 1; more counts as 1.
        width: in columns.
        style: of the filled part.
    """

    share: float
    width: int
    style: str = "bar.complete"


@frozen
class SpinnerText:
    """A spinner, and text beside it that is cut to the width."""

    text: str = ""


Cell: TypeAlias = StyledText | JoinedText | ShareBar | SpinnerText


@frozen
class Grid:
    """Cells in columns.

    Attributes:
        rows: cells, as many in each.
        gap: blanks between two columns.
    """

    rows: tuple[tuple[Cell, ...], ...]
    gap: int = 2
