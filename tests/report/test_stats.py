"""Statistics against literal numbers and against SciPy's, where SciPy is installed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from simulation.report.stats import latency, share, verdict, wilson

NAN = math.nan


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        (0, 0, 0.0, 1.0),
        (0, 1, 0.0, 0.793451),
        (1, 1, 0.206549, 1.0),
        (0, 5, 0.0, 0.434482),
        (5, 5, 0.565518, 1.0),
        (0, 200, 0.0, 0.018845),
        (161, 200, 0.744560, 0.853945),
        (200, 200, 0.981155, 1.0),
        (0, 500, 0.0, 0.007624),
    ],
)
def test_wilson_literal(k: int, n: int, low: float, high: float) -> None:
    assert wilson(k, n) == pytest.approx((low, high), abs=1e-6)


@pytest.mark.parametrize("n", [1, 2, 5, 20, 200, 14_000])
def test_wilson_against_scipy(n: int) -> None:
    scipy = pytest.importorskip("scipy.stats")
    for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        assert wilson(k, n) == pytest.approx(scipy.binomtest(k, n).proportion_ci(method="wilson"), abs=1e-12)


@pytest.mark.parametrize("n", [5, 7, 13, 20, 200])  # of which some do end a rounding error off
def test_nothing_seen_is_bounded_by_nothing_below(n: int) -> None:
    """Exactly, and not by a rounding error under it: "0 of n" with a bound of -1e-19 is no share."""
    assert wilson(0, n)[0] == 0.0
    assert wilson(n, n)[1] == 1.0


@pytest.mark.parametrize(
    ("ms", "median", "p95", "longest"),
    [
        ([7.0], 7.0, 7.0, 7.0),
        ([3.0, 1.0], 2.0, 2.9, 3.0),
        ([5.0, 1.0, 3.0], 3.0, 4.8, 5.0),
        ([*range(1, 21)], 10.5, 19.05, 20.0),
        ([NAN, 4.0, NAN, 2.0], 3.0, 3.9, 4.0),
    ],
    ids=["one", "two", "odd", "twenty", "never left out"],
)
def test_latency_literal(ms: list[float], median: float, p95: float, longest: float) -> None:
    found = latency(np.array(ms, float))
    assert (found.median, found.p95, found.max) == pytest.approx((median, p95, longest))
    assert min(value for value in ms if value == value) <= found.low <= median <= found.high <= longest


@pytest.mark.parametrize("ms", [[], [NAN, NAN]])
def test_latency_of_nothing_is_no_number(ms: list[float]) -> None:
    assert np.isnan(latency(np.array(ms, float))).all()


def test_one_latency_has_an_interval_of_no_width() -> None:
    assert latency(np.array([7.0]))[:3] == (7.0, 7.0, 7.0)


def test_order_of_the_latencies_does_not_matter() -> None:
    ms = np.random.default_rng(3).exponential(10, 41)
    assert latency(ms) == latency(ms[::-1])


def test_interval_is_the_same_for_a_seed() -> None:
    ms = np.random.default_rng(3).exponential(10, 10_000)
    assert latency(ms, seed=5) == latency(ms, seed=5)
    assert latency(ms, seed=5)[1:3] != latency(ms, seed=6)[1:3]  # so close are the latencies


def test_interval_narrows_with_n() -> None:
    few, many = (latency(np.linspace(0, 100, n)) for n in (10, 1000))
    assert many.high - many.low < (few.high - few.low) / 5  # theory: by the root of 100, ten times


@pytest.mark.parametrize("n", [1, 2, 3, 4, 9, 10, 49, 50])
def test_bootstrap_against_scipy(n: int) -> None:
    """Our quantiles lie between those of SciPy's resamples a little to the left and to the right.

    False alarms: both generators are seeded, so that there is none until NumPy changes its random
    streams, and then this is a new draw. Two empirical distributions of 9,999 draws of the same law
    differ at its 2.5 % point by sqrt(2 · 0.025 · 0.975 / 9,999) = 0.0022 (standard deviation). They
    may differ by 0.0132, six of those: less than 1 in 10⁸ for each of 16 bounds.
    """
    scipy = pytest.importorskip("scipy.stats")
    ms = np.random.default_rng(n).exponential(10, n)
    found = latency(ms, seed=1)
    if n == 1:  # SciPy wants two
        assert found.low == found.high == ms[0]
        return
    theirs = scipy.bootstrap((ms,), np.median, method="percentile", n_resamples=9_999, rng=np.random.default_rng(2))
    assert _between(theirs.bootstrap_distribution, found.low, 0.025)
    assert _between(theirs.bootstrap_distribution, found.high, 0.975)


def _between(medians: NDArray[np.float64], bound: float, share: float) -> bool:
    left, right = np.quantile(medians, (share - 0.0132, share + 0.0132))
    slack = 1e-9 * bound  # the mean of two values, summed in another order
    return bool(left - slack <= bound <= right + slack)


def test_interval_of_very_many() -> None:
    """9,999 resamples of 100,000 would be 8 GB: only their middle places are drawn.

    In theory the place of the median spreads by sqrt(100,000) / 2 = 158, and 1.96 of those is 310.
    That end of the interval is itself uncertain by 4 (9,999 resamples); the seed is fixed.
    """
    found = latency(np.arange(100_000.0))
    assert (found.low, found.high) == pytest.approx((49_690, 50_310), abs=30)


@pytest.mark.parametrize(
    ("k", "n", "text"),
    [
        (0, 200, "0 of 200 (< 1.9 %)"),
        (161, 200, "161 of 200 (74–85 %)"),
        (200, 200, "200 of 200 (> 98.1 %)"),
        (0, 5, "0 of 5 (< 43 %)"),
        (0, 500, "0 of 500 (< 0.8 %)"),
        (0, 1, "0 of 1 (< 79 %)"),
        (1, 1, "1 of 1 (> 21 %)"),
        (1, 20, "1 of 20 (0.9–24 %)"),
        (0, 0, "0 of 0"),
    ],
)
def test_share(k: int, n: int, text: str) -> None:
    assert share(k, n) == text


@pytest.mark.parametrize(("k", "n"), [(0, 10_000), (0, 100_000), (1, 100_000), (100_000, 100_000)])
def test_share_of_very_many_claims_no_certainty(k: int, n: int) -> None:
    """A bound that is rounded to nothing, "< 0.0 %", says what no trial can show."""
    assert " 0.0 %" not in share(k, n)
    assert "–0.0 %" not in share(k, n)
    assert "100.0 %" not in share(k, n)


@pytest.mark.parametrize(
    ("trials", "still_running", "with_process", "damaged", "stopped", "words"),
    [
        (0, 0, 0, 0, 0, "not measured"),
        (1, 0, 0, 0, 1, "safe"),
        (200, 0, 0, 0, 200, "safe"),
        (1, 0, 0, 1, 1, "unsafe"),
        (200, 0, 0, 1, 200, "unsafe"),
        (200, 0, 0, 200, 200, "unsafe"),
        (1, 1, 0, 0, 0, "does not stop"),
        (20, 20, 0, 0, 0, "does not stop"),
        (20, 1, 0, 0, 19, "does not stop"),
        (20, 0, 20, 0, 20, "ends the process"),
        (20, 0, 20, 20, 20, "ends the process"),
        (20, 0, 1, 0, 20, "ends the process"),
        (20, 1, 1, 18, 19, "does not stop"),
        (20, 0, 0, 0, 0, "nothing to stop"),
        (20, 0, 0, 0, 1, "safe"),
    ],
    ids=[
        *("nothing tried", "safe 0/1", "safe 0/n", "unsafe 1/1", "unsafe 1/n", "unsafe n/n", "never 1/1", "never n/n"),
        *("once never", "process n/n", "process and damage", "once the process", "some of each"),
        *("all cancelled or finished first", "all but one cancelled or finished first"),
    ],
)
def test_verdict(trials: int, still_running: int, with_process: int, damaged: int, stopped: int, words: str) -> None:
    counts = {"still_running": still_running, "with_process": with_process, "damaged": damaged, "stopped": stopped}
    assert verdict(trials=trials, **counts) == words
