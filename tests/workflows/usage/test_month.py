"""Months: their text, their time zone, and the day that a moment is on."""

from datetime import UTC, date, datetime

import pytest

from mi_async import InvalidArgumentError
from mi_async._core.service_time import SERVICE_ZONE
from mi_async.workflows.usage.month import UsageMonth, moment_of, month_of

NOVEMBER = UsageMonth(2026, 11, SERVICE_ZONE)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-01T00:00:00", date(2026, 11, 1)),
        ("2026-11-30T23:59:59", date(2026, 11, 30)),
        ("2026-10-31T23:59:59", None),
        ("2026-12-01T00:00:00", None),
        ("2025-11-15T00:00:00", None),
        ("2026-10-31T15:00:00Z", date(2026, 11, 1)),
        ("2026-10-31T14:59:59+00:00", None),
        ("2026-11-30T15:00:00+00:00", None),
        ("0001-01-01T00:00:00", None),
        ("9999-12-31T23:59:59-09:00", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_a_moment_without_a_zone_is_korean_time(moment: str | None, day: date | None) -> None:
    assert NOVEMBER.day_of(moment_of(moment)) == day


def test_a_month_of_another_time_zone_begins_there() -> None:
    month = month_of("2026-11", "UTC", 0)
    assert month.day_of(datetime(2026, 11, 1, 8, 59, 59)) is None  # noqa: DTZ001  as the service sends it
    assert month.day_of(datetime(2026, 11, 1, 9)) == date(2026, 11, 1)  # noqa: DTZ001  as above


@pytest.mark.parametrize(("month", "days"), [("2026-02", 28), ("2028-02", 29), ("2026-12", 31), ("2026-11", 30)])
def test_a_month_has_its_days(month: str, days: int) -> None:
    assert month_of(month, "UTC", 0).days == days
    assert str(month_of(month, "UTC", 0)) == month


def test_the_current_month_is_that_of_the_time_zone() -> None:
    end = datetime(2026, 11, 30, 20, tzinfo=UTC).timestamp()
    assert [str(month_of(None, zone, end)) for zone in ("UTC", "Asia/Seoul")] == ["2026-11", "2026-12"]


@pytest.mark.parametrize(
    "month", ["", "2026", "2026-13", "2026-00", "26-11", "2026-1", "2026-11-01", "0000-01", "٢٠٢٦-11"]
)
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(InvalidArgumentError, match="month must be a year and a month such as 2026-11, got"):
        month_of(month, "Asia/Seoul", 0)


@pytest.mark.parametrize("zone", ["", "Seoul/Nowhere", "../etc/passwd", "Asia", "\0"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidArgumentError, match="there is no time zone"):
        month_of("2026-11", zone, 0)
