"""Times as a journal has them: in UTC, as ISO 8601 writes them.

Invariant: pure; the clock is the caller's.
"""

from datetime import UTC, datetime


def utc_time(seconds: float) -> str:
    """Return a time as it is written, given its seconds since 1970: ``2026-11-28T00:52:07.120+00:00``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def is_utc_time(text: str) -> bool:
    """Return True if a text may have been written as a time."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def shown_time(text: str) -> str:
    """Return a time that was written, for people, to the minute: ``2026-11-28 00:52 UTC``."""
    return f"{text[:16].replace('T', ' ')} UTC"
