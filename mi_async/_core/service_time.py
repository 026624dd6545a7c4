"""Times of the service, which have no zone: taken as Korean time.

Invariant: the one assumption about them; the vendor's pages name no zone (``2025-08-15T17:13:48``).
"""

from datetime import timedelta, timezone

SEOUL = "Asia/Seoul"
SERVICE_ZONE = timezone(timedelta(hours=9), SEOUL)
"""The only region is Korea, which has had no daylight saving time since 1988: a fixed offset needs no time zone
database, which slim images lack."""
