"""A month of a time zone, and the day of it that a moment of the service is on.

Invariant: pure. A time of the service has no zone; it is taken as Korean time, see ``SERVICE_ZONE``.
"""

import re
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import frozen

from mi_async._core.service_time import SEOUL, SERVICE_ZONE
from mi_async.errors import InvalidArgumentError
from mi_async.text import escaped

MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
DECEMBER = 12


@frozen
class UsageMonth:
    """A calendar month.

    Attributes:
        year: of the month.
        number: 1 to 12.
        zone: in which it begins and ends.
    """

    year: int
    number: int
    zone: tzinfo

    @property
    def first(self) -> date:
        """First day."""
        return date(self.year, self.number, 1)

    @property
    def days(self) -> int:
        """Number of its days."""
        following = date(self.year + self.number // DECEMBER, self.number % DECEMBER + 1, 1)
        return (following - self.first).days

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    def day_of(self, moment: datetime | None) -> date | None:
        """Return the day of the month that a moment is on; None if it is in another month, or no moment."""
        if moment is None:
            return None
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=SERVICE_ZONE)
        try:
            day = aware.astimezone(self.zone).date()
        except OverflowError:  # the years 1 and 9999, which stand for no time
            return None
        return day if (day.year, day.month) == (self.year, self.number) else None


def month_of(text: str | None, zone: str, now: float) -> UsageMonth:
    """Return the month of a text such as ``2026-11``, by default the current one.

    Args:
        text: year and month.
        zone: name of a time zone, such as ``Asia/Seoul``.
        now: seconds since the epoch.

    Raises:
        InvalidArgumentError: there is no such month or time zone.
    """
    place = zone_named(zone)
    if text is None:
        current = datetime.fromtimestamp(now, UTC).astimezone(place)
        return UsageMonth(current.year, current.month, place)
    found = MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[1]) < date.max.year:
        message = f"month must be a year and a month such as 2026-11, got {escaped(text)!r}"
        raise InvalidArgumentError(message)
    return UsageMonth(int(found[1]), int(found[2]), place)


def zone_named(name: str) -> tzinfo:
    """Return a time zone.

    Raises:
        InvalidArgumentError: there is none of this name, or no time zone database.
    """
    if name == SEOUL:
        return SERVICE_ZONE
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):  # OSError: the name of a directory
        message = f"there is no time zone {escaped(str(name))!r}; names are such as Asia/Seoul, Europe/Berlin and UTC"
        raise InvalidArgumentError(message) from None


def moment_of(text: str | None) -> datetime | None:
    """Return a moment that the service sends as text; None if it is in no form of ISO 8601."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except ValueError:
        return None
