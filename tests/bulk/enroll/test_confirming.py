"""The pool, the schedule of the checks and the limiter together, on virtual time: few checks are wasted."""

import pytest

from tests.support.completion import Processing, bench, changing, lognormal, mixed, never

USUAL = lognormal(0.8, 4.0)
SLOW = lognormal(8.0, 40.0)
HEAVY = mixed(0.1, lognormal(20.0, 40.0), lognormal(0.5, 1.2))

KINDS: dict[str, tuple[Processing, float]] = {
    "median 0.3 s, p95 1 s": (lognormal(0.3, 1.0), 0.95),
    "median 0.8 s, p95 4 s": (USUAL, 0.97),
    "median 3 s, p95 10 s": (lognormal(3.0, 10.0), 0.95),
    "10 % at 20 s": (HEAVY, 0.95),
    "median 8 s, p95 40 s": (SLOW, 0.93),
}

WARM = 120.0
"""Seconds until the pool has found its size."""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "put"), [*[(name, 0.01) for name in KINDS], ("median 8 s, p95 40 s", 1.0)])
@pytest.mark.no_cover
def test_nearly_every_permit_finishes_an_upload(name: str, put: float) -> None:
    processing, share = KINDS[name]
    seen = bench(5_000, processing, put=put)
    assert seen.goodput(WARM) >= share
    assert seen.refused == 0


def test_after_a_tenfold_shift_the_pool_finds_its_size_within_three_minutes() -> None:
    seen = bench(9_000, changing(180.0, USUAL, SLOW))
    assert seen.goodput(120.0, 180.0) >= 0.97
    assert seen.goodput(360.0) >= 0.93
    assert max(seen.pools[180:]) > 4 * max(seen.pools[120:180])


@pytest.mark.no_cover
def test_uploads_that_never_finish_take_few_permits_and_starve_nobody() -> None:
    seen = bench(4_000, mixed(0.01, never, USUAL))
    assert seen.goodput(60.0, 180.0) >= 0.9
    assert seen.longest < 660.0
    assert len(seen.done) > 3_900


@pytest.mark.slow
@pytest.mark.no_cover
def test_with_little_load_what_is_done_is_soon_known() -> None:
    # 0.10 s and 0.25 s are the least that any schedule can do at these rates, even one that knows the distribution
    for rate, optimum in ((100, 0.10), (300, 0.25)):
        delays = [bench(rate * 10, USUAL, rate=rate, seed=seed, jitter=0.0).delay for seed in (1, 2, 3)]
        assert sum(delays) / len(delays) <= 1.5 * optimum


@pytest.mark.soak
def test_shares_of_the_ceiling_at_two_sizes() -> None:
    for name, (processing, share) in {**KINDS, "1 % never": (mixed(0.01, never, USUAL), 0.85)}.items():
        for uploads in (5_000, 20_000):
            seen = bench(uploads, processing, jitter=0.1)
            useful = len(seen.done) / seen.checks
            pools = seen.pools[60 : int(seen.done[int(uploads * 0.9)]) : 60]
            end = seen.done[int(uploads * 0.9)]
            print(f"{name}, {uploads:,}: {seen.goodput(WARM, end):.1%}, {useful:.1%} useful, pool {pools}")  # noqa: T201
            assert seen.goodput(WARM, end) >= share
