"""Stretches and bars of a rate over time."""

from datetime import UTC

import pytest

from mi_async.language import PageWords
from mi_async.pictures.journal_words import JOURNAL_WORDS
from mi_async.pictures.rate_chart import GAP, MOST_BARS, RateChart, RateStretch, bars_of, stretches


def test_a_long_pause_begins_a_new_stretch() -> None:
    found, earlier = stretches([(10, 5), (12, 7), (13 + GAP, 9)])
    assert (found, earlier) == ([RateStretch(10, [5, 0, 7]), RateStretch(13 + GAP, [9])], 0)
    assert stretches([(10, 5), (9 + GAP, 1)])[0][0].total == 6


def test_only_the_last_stretches_are_kept() -> None:
    found, earlier = stretches((n * 1000, 1) for n in range(10))
    assert ([stretch.first for stretch in found], earlier) == ([7000, 8000, 9000], 7)
    assert stretches([]) == ([], 0)


@pytest.mark.parametrize("minutes", [1, 59, 60, 61, 1000, 50_000])
def test_bars_cover_each_minute_once(minutes: int) -> None:
    stretch = RateStretch(100, [3] * minutes)
    bars = bars_of(stretch)
    assert len(bars) <= MOST_BARS
    assert (bars[0].start, bars[-1].end) == (100, 100 + minutes)
    assert [bar.end for bar in bars[:-1]] == [bar.start for bar in bars[1:]]
    assert sum(bar.rate * (bar.end - bar.start) for bar in bars) == pytest.approx(stretch.total)


def test_a_chart_over_midnight_names_both_days() -> None:
    chart = RateChart(RateStretch(24 * 60 - 5, [900] * 10), 1000.0, PageWords("ko", JOURNAL_WORDS), UTC, "a")
    assert (
        "1970-01-01 23:55 ~ 1970-01-02 00:04: 이미지 9,000장, 업로드가 있던 동안 분당 평균 900장, 할당량의 90.0%."
        in chart.markup()
    )


def test_minutes_between_two_runs_are_no_rate_and_a_far_quota_is_no_warning() -> None:
    markup = RateChart(RateStretch(0, [49, 0, 1]), 1000.0, PageWords("en", JOURNAL_WORDS), UTC, "a").markup()
    assert "1970-01-01 00:00 to 00:02: 50 images, 25 a minute while there were any, 2.5 % of the quota." in markup
    assert "The line of the quota, 1,000 a minute, is not shown: it is far above." in markup
    assert "quota-word" not in markup
