"""How a length of time is told: three digits and the unit that suits it."""

from __future__ import annotations

import math

import pytest

from simulation.lab.contract import Detail, Outcome, State
from simulation.report import words
from simulation.report.words import duration, lane_name


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (0, "0.00 µs"),
        (0.0005, "0.50 µs"),
        (0.00999, "9.99 µs"),
        (0.0123, "12.3 µs"),
        (0.028, "28.0 µs"),
        (0.0999, "99.9 µs"),
        (0.0999999, "100 µs"),
        (0.999, "999 µs"),
        (0.9994, "999 µs"),
        (0.9996, "1.00 ms"),
        (1, "1.00 ms"),
        (9.994, "9.99 ms"),
        (9.996, "10.0 ms"),
        (99.94, "99.9 ms"),
        (99.96, "100 ms"),
        (296.4, "296 ms"),
        (999.4, "999 ms"),
        (999.6, "1.00 s"),
        (1204, "1.20 s"),
        (60_000, "60.0 s"),
        (123_456, "123 s"),
        (-50, "-50.0 ms"),
        (None, "never"),
        (math.nan, "never"),
    ],
)
def test_duration(ms: float | None, told: str) -> None:
    assert duration(ms) == told


def test_never_has_another_word_where_that_suits() -> None:
    assert duration(None, "–") == "–"


def test_lanes() -> None:
    assert [lane_name(index) for index in (0, 1, 1000)] == ["main", "worker-1", "worker-1000"]


def test_everything_has_a_word() -> None:
    assert set(words.STATE) == set(State)
    assert set(words.DETAIL) == set(Detail)
    assert set(words.OUTCOME) == set(Outcome)


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.2, "1 s"), (2.97, "3 s"), (89, "89 s"), (90, "2 min"), (417, "7 min")]
)
def test_a_guess_is_not_exact(seconds: float, told: str) -> None:
    assert words.roughly(seconds) == told
