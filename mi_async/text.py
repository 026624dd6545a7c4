"""Text from elsewhere on its way to a person, and numbers as people read them.

Law: pure; nothing that a service or a file name says may move the cursor or change a colour.
"""

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that scripts and emoji need."""

MINUTE, HOUR, DAY = 60, 3600, 86_400


def plain(text: str) -> str:
    """The text with U+FFFD for everything that is not to be seen."""
    return "".join(c if c in _JOINERS or unicodedata.category(c) not in _UNSAFE else "\ufffd" for c in text)


def encodable(text: str) -> str:
    r"""Return the text with each lone surrogate, as of a path that is not UTF-8, as its escape ``\udcff``."""
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


def one_line(text: str) -> str:
    """The text on one line, and plain."""
    return plain(" ".join(text.split()))


def size(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1000:,.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"  # noqa: PLR2004  mega


def duration(seconds: float) -> str:
    """A time for people, as exact as one that is looked at by itself needs to be."""
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"  # noqa: PLR2004  10 ms


def span(seconds: float) -> str:
    """A time for people who wait for its end: ``45 s``, ``12 min 30 s``, ``3 h 05 min``, ``2 d 4 h``."""
    whole = max(0, round(seconds))
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE:02} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE:02} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"


def percent(share: float) -> str:
    """A share for people; only all of it is 100 %."""
    return "100 %" if share >= 1 else f"{min(share * 100, 99.9):.1f} %"
