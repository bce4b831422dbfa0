"""The figures of a comparison: everything is in them, and never more than a screen can show."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from simulation.experiment import Outcomes
from simulation.lab.catalogue import TUTORIAL
from simulation.lab.contract import Left, State
from simulation.lab.spec import Spec
from simulation.report import comparison, tables
from simulation.report.comparison_figures import MAX_POINTS, all_trials, curves, typical
from simulation.runner import Result
from tests.making import recording, result
from tests.report.test_comparison import failed, finished, gone, never, outcomes, with_process

THREE = (gone(0.2, "event-wait"), gone(20), gone(40), gone(60), never())
TITLES = ["Event, waited on", "Flag variable", "join(timeout)"]


def both(made: Outcomes) -> tuple[pd.DataFrame, pd.DataFrame]:
    trials = tables.trials(made.findings)
    return comparison.comparison(trials, made, seed=7), trials


def points(*results: Result, **values: Any) -> go.Figure:
    return all_trials(*both(outcomes(*results, **values)))


def never_ms(figure: go.Figure) -> float:
    """The place of "never" on the axis."""
    axis = figure.layout.xaxis
    return dict(zip(axis.ticktext, axis.tickvals))["<b>never</b>"]


def many(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Table and trials of a flag that stopped within `count` latencies but for one that never did."""
    table, trials = both(outcomes(gone(20)))
    stop_ms = np.append(np.geomspace(0.02, 900, count - 1), np.nan)
    return table, trials.loc[trials.index.repeat(count)].assign(stop_ms=stop_ms).sample(frac=1, random_state=1)


def test_every_trial_is_a_point_in_its_row() -> None:
    figure = points(*THREE)
    *rows, medians = figure.data
    assert list(figure.layout.yaxis.ticktext) == TITLES
    assert [sorted(np.round(row.x[np.array(row.text) != "never"], 6)) for row in rows] == [[0.2], [20, 40, 60], []]
    assert [{round(y) for y in row.y} for row in rows] == [{0}, {1}, {2}]
    assert list(medians.y) == [0, 1, 2]
    assert medians.x[:2] == pytest.approx([0.2, 40])
    assert np.isnan(medians.x[2])


def test_never_has_a_place_of_its_own() -> None:
    figure = points(*THREE)
    place, row = never_ms(figure), figure.data[2]
    assert (list(row.x), list(row.text), list(row.marker.symbol)) == ([place], ["never"], ["x"])
    low, high = figure.layout.xaxis.range
    assert low < math.log10(60) < math.log10(place) < high
    assert place >= 2 * 60  # apart from the slowest that did stop


@pytest.mark.parametrize("slowest_ms", [0.5, 9.9, 10, 999, 1000, 59_000])
def test_never_is_right_of_everything(slowest_ms: float) -> None:
    figure = points(gone(slowest_ms), never())
    assert never_ms(figure) >= 1.9 * slowest_ms
    assert list(figure.layout.xaxis.tickvals) == sorted(set(figure.layout.xaxis.tickvals))


def test_interval_of_the_median_is_drawn() -> None:
    medians = points(gone(20), gone(40), gone(60)).data[-1]
    assert (medians.x[0], medians.error_x.arrayminus[0], medians.error_x.array[0]) == (40, 20, 20)


def test_failed_trials_are_no_points() -> None:
    *rows, _ = points(gone(20), failed(), gone(40)).data
    assert [sorted(row.x) for row in rows] == [[20, 40]]


def test_noise_floor_is_a_band() -> None:
    [band] = points(*THREE, noise_ns=[20_000, 30_000, 40_000]).layout.shapes
    assert (band.type, band.x1, band.y0, band.y1) == ("rect", 0.03, 0, 1)


def test_no_band_before_the_noise_was_measured() -> None:
    layout = points(*THREE, noise_ns=[]).layout
    assert (layout.shapes, layout.annotations) == ((), ())


@pytest.mark.parametrize("count", [2, MAX_POINTS, MAX_POINTS + 1, 100_000])
def test_points_are_bounded_and_hold_the_extremes(count: int) -> None:
    figure = all_trials(*many(count))
    row = figure.data[0]
    assert len(row.x) == len(row.y) == len(row.text) == min(count, MAX_POINTS)
    assert min(row.x) == pytest.approx(0.02)
    assert max(row.x) == never_ms(figure)
    assert list(row.text).count("never") == 1


@pytest.mark.parametrize("count", [2, MAX_POINTS + 1, 100_000])
def test_curve_is_bounded_and_ends_where_all_that_stopped_had(count: int) -> None:
    [curve, _] = curves(*many(count)).data  # and the law
    assert len(curve.x) <= MAX_POINTS + 2
    assert max(curve.y) == curve.y[-1] == pytest.approx((count - 1) / count)
    assert list(curve.y) == sorted(curve.y)
    assert list(curve.x) == sorted(curve.x)


def test_workload_is_named_where_there_are_several() -> None:
    figure = points(gone(20), gone(20, spec=Spec("flag", "cpu")))
    assert sorted(figure.layout.yaxis.ticktext) == ["Flag variable · cpu", "Flag variable · sleep"]


def drawn_curves(*results: Result) -> dict[str, go.Scatter]:
    """The curves of a figure by name; those of theory begin with "theory"."""
    return {trace.name: trace for trace in curves(*both(outcomes(*results))).data}


def test_curve_steps_up_at_each_latency() -> None:
    curve = drawn_curves(gone(20), gone(40), gone(60), never("flag"))["Flag variable"]
    assert list(zip(curve.x, curve.y))[1:-1] == [(20, 0.25), (40, 0.5), (60, 0.75)]
    assert curve.y[-1] == 0.75
    assert curve.line.shape == "hv"


def test_curve_of_what_never_stopped_stays_down() -> None:
    curve = drawn_curves(gone(20), never())["join(timeout)"]
    assert set(curve.y) == {0}


@pytest.mark.parametrize("workloads", [["sleep"], ["sleep", "cpu"]], ids=str)
def test_curves_differ_by_more_than_colour(workloads: list[str]) -> None:
    """Those of the tutorial's methods, on one workload and on two, can all be told apart."""
    shown = drawn_curves(*[gone(1, spec=Spec(key, work)) for key in TUTORIAL for work in workloads])
    lines = [trace.line for name, trace in shown.items() if not name.startswith("theory")]
    assert len({(line.color, line.dash) for line in lines}) == len(lines) == 7 * len(workloads)
    assert len({line.dash for line in lines}) >= 6


@pytest.mark.parametrize(
    ("spec", "law"),
    [
        (Spec("flag", interval_s=0.1), "theory: evenly spread from 0 to 100 ms"),
        (Spec("event", interval_s=0.02), "theory: evenly spread from 0 to 20.0 ms"),
        (Spec("timeout", interval_s=0.1), "theory: evenly spread from 0 to 50.0 ms"),
        (Spec("timeout", interval_s=0.02), "theory: evenly spread from 0 to 20.0 ms"),
        (Spec("event-wait", interval_s=0.1), None),
        (Spec("daemon", interval_s=0.1), None),
        (Spec("flag", "cpu", interval_s=0.1), None),
    ],
    ids=str,
)
def test_law_where_there_is_one(spec: Spec, law: str | None) -> None:
    laws = [name for name in drawn_curves(gone(15, spec=spec)) if name.startswith("theory")]
    assert laws == ([law] if law else [])


def test_no_law_for_the_last_of_many_workers() -> None:
    """The slowest of four is not spread evenly."""
    four = result(
        recording((), *[()] * 4, requested=10, stamps=[(20, 21, 22, Left.RETURNED)] * 4),
        spec=Spec("flag", workers=4),
    )
    assert not any(name.startswith("theory") for name in drawn_curves(four))


def test_law_is_the_uniform_one() -> None:
    law = drawn_curves(gone(15))["theory: evenly spread from 0 to 100 ms"]
    assert np.array(law.y) == pytest.approx(np.array(law.x) / 100)
    assert (max(law.x), max(law.y)) == (pytest.approx(100), pytest.approx(1))


def pictured(*results: Result) -> go.Figure:
    made = outcomes(*results)
    return typical(both(made)[0], made)


def test_typical_has_one_row_a_method() -> None:
    figure = pictured(*THREE, with_process())
    assert list(figure.layout.yaxis.ticktext) == ["Event, waited on", "Flag variable", "Daemon thread", "join(timeout)"]
    lanes = {(round(y), lane) for trace in figure.data for y, lane in zip(trace.y, trace.customdata)}
    assert lanes == {(row, lane) for row in range(4) for lane in ("worker-1", "main")}


def test_typical_trials_are_aligned_at_the_request() -> None:
    """The main thread waited from 1 ms to 10 ms, when it asked: from -9 to 0 in every row."""
    figure = pictured(*THREE)
    waiting = [trace for trace in figure.data if trace.name == "waiting (nobody asked yet)"]
    [trace] = waiting
    assert list(trace.base) == pytest.approx([-9, -9, -9])
    assert list(trace.x) == pytest.approx([9, 9, 9])
    asked = [shape for shape in figure.layout.shapes if (shape.y0, shape.y1) == (0, 1)]
    assert [(shape.x0, shape.x1) for shape in asked] == [(0, 0)]


def test_typical_trial_is_the_median_one_and_says_its_latency() -> None:
    texts = [label.text for label in pictured(*THREE, with_process(5)).layout.annotations]
    assert texts[0] == "<b>stop requested</b>"
    assert texts[1:3] == ["<b>200 µs</b>", "<b>40.0 ms</b>"]
    assert texts[3].startswith("<b>5.00 ms</b>")
    assert "process" in texts[3]
    assert texts[4] == "still running"


def test_typical_shows_all_that_stops() -> None:
    low, high = pictured(gone(20), gone(4000, "event"), never()).layout.xaxis.range
    assert low < 0
    assert high > 4000


def test_worker_that_took_longest_is_shown() -> None:
    slow = (50, 51, 52, Left.RETURNED)
    lanes = [((0, State.WAITING), (1, State.WORKING))] * 3
    content = recording(
        ((0, State.STARTING), (1, State.DWELLING), (10, State.REQUESTING)),
        *lanes,
        requested=10,
        stamps=[(20, 21, 22, Left.RETURNED), slow, (20, 21, 22, Left.RETURNED)],
    )
    figure = pictured(result(content, spec=Spec("flag", workers=3)))
    assert {lane for trace in figure.data for lane in trace.customdata} == {"worker-2", "main"}


def test_typical_is_bounded() -> None:
    """20,000 states in 20 ms cost no more than the pixels of two lanes, and a few at the seams."""
    steps = [(number / 1000, (State.WORKING, State.SLEEPING)[number % 2]) for number in range(20_000)]
    main = ((0, State.STARTING), (1, State.DWELLING), (10, State.REQUESTING))
    stamps = [(20, 21, 22, Left.RETURNED)]
    figure = pictured(result(recording(main, steps, requested=10, stamps=stamps), spec=Spec("flag")))
    assert sum(len(trace.x) for trace in figure.data) <= 2010


def test_trial_in_which_nobody_asked_has_a_row() -> None:
    figure = pictured(gone(20, "event"), finished())
    assert list(figure.layout.yaxis.ticktext) == ["Event, polled", "Flag variable"]


@pytest.mark.parametrize("draw", [all_trials, curves])
def test_nothing_stopped_at_all(draw: Any) -> None:
    figure = draw(*both(outcomes(never(), never("flag"))))
    assert never_ms(figure) > 1
