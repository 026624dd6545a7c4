"""Answers of a storage as values."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mi_async.storage.responses import ListedObject, listed_of, may_be_md5

NOON = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "mtime_ns"), [({"LastModified": NOON}, 1_795_780_800 * 10**9), ({}, 0), ({"LastModified": "noon"}, 0)]
)
def test_the_time_of_a_listed_object_is_in_nanoseconds_and_0_where_it_is_not_told(
    told: dict[str, Any], mtime_ns: int
) -> None:
    assert listed_of({"Key": "a.mp4", "Size": 7, **told}) == ListedObject("a.mp4", 7, mtime_ns)


@pytest.mark.parametrize(
    ("etag", "possible"),
    [
        ("d5d3db1765287eef77d7927cc956f50a", True),
        ("d5d3db1765287eef77d7927cc956f50", False),
        ("d5d3db1765287eef77d7927cc956f50x", False),
        ("d5d3db1765287eef77d7927cc956f50X", False),
        ("d5d3db1765287eef77d7927cc956f50a-2", False),
        ("", False),
    ],
)
def test_an_etag_may_be_an_md5_sum_if_it_is_32_hexadecimal_digits(etag: str, possible: bool) -> None:
    assert may_be_md5(etag) is possible
