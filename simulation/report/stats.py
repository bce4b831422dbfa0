"""The statistics of a comparison. What depends on a chance is told with n and a 95 % bound."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 9_999
Z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)

SAFE, UNSAFE = "safe", "unsafe"
DOES_NOT_STOP, ENDS_THE_PROCESS = "does not stop", "ends the process"
NOTHING_TO_STOP, NOT_MEASURED = "nothing to stop", "not measured"


class Latency(NamedTuple):
    """A latency in ms: median, the bootstrap 95 % interval of the median, p95, max. NaN: no data."""

    median: float
    low: float
    high: float
    p95: float
    max: float


def wilson(k: int, n: int) -> tuple[float, float]:
    """The Wilson 95 % interval of a share seen as k of n, as (low, high); (0, 1) for n = 0.

    E. B. Wilson, JASA 22 (1927), https://doi.org/10.1080/01621459.1927.10502953.
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = k / n, Z * Z
    centre = share + z2 / (2 * n)
    half = Z * (share * (1 - share) / n + z2 / (4 * n * n)) ** 0.5
    low, high = ((centre + side * half) / (1 + z2 / n) for side in (-1, 1))
    return (0.0 if k == 0 else low), (1.0 if k == n else high)


def latency(ms: NDArray[np.float64], seed: int = 0) -> Latency:
    """The statistics of some latencies (NaN among them is left out)."""
    known = np.sort(ms[~np.isnan(ms)])
    if not len(known):
        return Latency(*[np.nan] * 5)
    low, high = np.quantile(_bootstrap_medians(known, seed), ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return Latency(float(np.median(known)), float(low), float(high), float(np.quantile(known, 0.95)), float(known[-1]))


def _bootstrap_medians(ordered: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Medians of `RESAMPLES` bootstrap samples of `ordered` (sorted).

    A resample draws n places uniformly; its median is the value at the middle one of the drawn
    places. How the middle one of n uniform draws is distributed is known: Beta(m, n + 1 - m) for
    the m-th. So only the middle places are drawn instead of all n, and 14,000 latencies cost no
    more than ten. For even n the next place up follows the one below as the least of n/2 draws.
    """
    n, chance = len(ordered), np.random.default_rng(seed)
    middle = (n + 1) // 2
    below = chance.beta(middle, n + 1 - middle, RESAMPLES)
    if n % 2:
        return _at(ordered, below)
    above = below + (1 - below) * chance.beta(1, n - middle, RESAMPLES)
    return (_at(ordered, below) + _at(ordered, above)) / 2


def _at(ordered: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    values: NDArray[np.float64] = ordered[np.minimum((place * len(ordered)).astype(int), len(ordered) - 1)]
    return values


def verdict(*, trials: int, still_running: int, with_process: int, damaged: int, stopped: int) -> str:
    """The verdict in words, from the counts of trials alone; the gravest that was seen."""
    if trials == 0:
        return NOT_MEASURED
    if still_running:
        return DOES_NOT_STOP
    if with_process:
        return ENDS_THE_PROCESS
    if damaged:
        return UNSAFE
    return SAFE if stopped else NOTHING_TO_STOP


def share(k: int, n: int) -> str:
    """A count with its bound: "0 of 200 (< 1.9 %)", "161 of 200 (74–85 %)"."""
    if n == 0:
        return "0 of 0"
    low, high = (100 * bound for bound in wilson(k, n))
    if k == 0:
        return f"0 of {n} (< {_percent(high)} %)"
    if k == n:
        return f"{n} of {n} (> {_percent(low)} %)"
    return f"{k} of {n} ({_percent(low)}–{_percent(high)} %)"


def _percent(value: float) -> str:
    """With as many digits as it takes not to say 0 or 100, which no trial can show."""
    distance = min(value, 100 - value)
    digits = 0 if distance >= 10 or distance <= 0 else max(1, -math.floor(math.log10(distance)))
    return f"{value:.{digits}f}"
