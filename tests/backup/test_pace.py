"""The number of downloads at once: it begins low, and follows how long they take."""

from mi_async.backup.pace import WINDOW, DownloadLimit


def after(limit: DownloadLimit, *seconds: float) -> int:
    """Return the limit after a window of downloads of each of these times."""
    for each in seconds:
        for _ in range(max(WINDOW, 2 * limit.limit)):
            limit.landed(each)
    return limit.limit


def test_it_grows_while_downloads_take_no_longer() -> None:
    limit = DownloadLimit(12)
    assert limit.limit == 2
    assert after(limit, 0.1, 0.1, 0.12) == 5
    assert after(limit, *[0.1] * 20) == 12


def test_it_stays_where_they_take_longer_and_shrinks_where_they_take_much_longer() -> None:
    limit = DownloadLimit(12)
    assert after(limit, *[0.1] * 5) == 7
    assert after(limit, 0.2, 0.25) == 7
    assert after(limit, 0.5, 0.5) == 5
    assert after(limit, *[0.5] * 9) == 1


def test_a_busy_storage_halves_it_and_what_was_measured_is_forgotten() -> None:
    limit = DownloadLimit(12)
    after(limit, *[0.1] * 6)
    for _ in range(WINDOW - 1):
        limit.landed(9.0)
    limit.pressed()
    assert limit.limit == 4
    assert after(limit, 0.1) == 5
    for _ in range(4):
        limit.pressed()
    assert limit.limit == 1


def test_what_was_possible_is_forgotten_in_time() -> None:
    limit = DownloadLimit(12)
    after(limit, 0.1)
    assert after(limit, *[0.4] * 10) == 1
    assert after(limit, *[0.4] * 60) > 1  # the best that is remembered grows
