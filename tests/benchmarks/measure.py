"""Interleave two measurements and compare their medians."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import NamedTuple

from simulation.report.words import duration

HEAD = "| figure | ours | against | theirs | ratio | to reach |\n| --- | --- | --- | --- | --- | --- |"


class Row(NamedTuple):
    """One line of the table: two times in ms, side by side."""

    figure: str
    ours_ms: float
    against: str
    theirs_ms: float | None
    to_reach: str

    def __str__(self) -> str:
        theirs = "–" if self.theirs_ms is None else exact(self.theirs_ms)
        ratio = "–" if self.theirs_ms is None else f"{self.ours_ms / self.theirs_ms:.2f}"
        cells = (self.figure, exact(self.ours_ms), self.against, theirs, ratio, self.to_reach)
        return f"| {' | '.join(cells)} |"


def exact(ms: float) -> str:
    return f"{ms * 1e6:.0f} ns" if ms < 1e-3 else duration(ms)


def interleaved(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[list[float], list[float]]:
    """`rounds` measurements of each, taken in turn; who comes first changes every time."""
    pairs: tuple[list[float], list[float]] = ([], [])
    ours(), theirs()  # the first of anything is slower
    for number in range(rounds):
        order = ((0, ours), (1, theirs)) if number % 2 else ((1, theirs), (0, ours))
        for which, measurement in order:
            pairs[which].append(measurement())
    return pairs


def medians(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[float, float]:
    first, second = interleaved(ours, theirs, rounds)
    return statistics.median(first), statistics.median(second)


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
