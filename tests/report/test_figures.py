"""The timeline: everything is in it, and never more than a screen can show."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from simulation.autopsy import examine
from simulation.lab.contract import Left, State
from simulation.report import figures, tables
from simulation.report.figures import MAX_BARS, MAX_LANES, Marks, around_request, marks, merged, timeline
from tests.making import ASLEEP, LEFT_AT_20, MS, NOT_LEFT, at, recording, result, stopped

MAIN = ((0, State.STARTING), (1, State.DWELLING), (6, State.REQUESTING), (7, State.JOINING), (9, State.DONE))
STATES = ["working", "sleeping"]


def bars(edges: Sequence[int], lanes: int = 1) -> pd.DataFrame:
    """Bars from edge to edge, working and asleep by turns, the same in every lane."""
    count = len(edges) - 1
    names = ["main", *(f"worker-{number}" for number in range(1, lanes))]
    return pd.DataFrame(
        {
            "lane": pd.Categorical(np.repeat(names, count), categories=names),
            "state": pd.Categorical([STATES[place % 2] for place in range(count)] * lanes, tables.STATES),
            "start_ns": list(edges[:-1]) * lanes,
            "end_ns": list(edges[1:]) * lanes,
            "detail": "",
        }
    )


def drawn(figure: go.Figure) -> int:
    return sum(len(trace.x) for trace in figure.data)


def random_edges(count: int, longest: int) -> list[int]:
    return np.cumsum(np.random.default_rng(1).integers(1, longest, count)).tolist()


def test_neighbours_narrower_than_a_pixel_become_one_bar() -> None:
    together = merged(bars([0, 4, 6, 9, 100]), 10)
    assert together[["start_ns", "end_ns", "merged"]].to_numpy().tolist() == [[0, 9, 3], [9, 100, 1]]
    assert together["state"].tolist() == ["working", "sleeping"]  # of nine, seven were work


def test_wide_bars_stay_as_they_are() -> None:
    before = bars([0, 10, 30, 45])
    after = merged(before, 10)
    assert after[before.columns].astype(object).equals(before.astype(object))
    assert after["merged"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("pixel_ns", [0.5, 1, 7.5, 40, 1000, 1e9])
def test_merging_covers_the_same_time(pixel_ns: float) -> None:
    before = bars(random_edges(2000, 60), lanes=3)
    after = merged(before, pixel_ns)
    assert after["merged"].sum() == len(before)
    for lane in before["lane"].cat.categories:
        parts, whole = after[after["lane"] == lane], before[before["lane"] == lane]
        assert parts["start_ns"].iloc[0] == whole["start_ns"].iloc[0]
        assert parts["end_ns"].tolist()[:-1] == parts["start_ns"].tolist()[1:]
        assert parts["end_ns"].iloc[-1] == whole["end_ns"].iloc[-1]


def test_merging_nothing() -> None:
    assert merged(bars([0]), 10).empty


@pytest.mark.parametrize("lanes", [1, 2, 10, 1001])
@pytest.mark.parametrize(
    "edges",
    [
        range(100_000 // 2),
        random_edges(20_000, 1000),
        [step for start in range(0, 3_000_000, 1200) for step in (start, start + 1, start + 2)],
    ],
    ids=["even", "random", "wide and narrow"],
)
def test_bars_are_bounded(edges: Sequence[int], lanes: int) -> None:
    edges = edges[: max(2, 100_000 // lanes)]
    assert drawn(timeline(bars(edges, lanes))) <= 2 * MAX_BARS


def test_hundred_thousand_events_are_drawn_like_few() -> None:
    lane = tuple(enumerate([State.WORKING, State.SLEEPING] * 5))
    few = timeline(tables.intervals(tables.events([recording(MAIN, lane)])))
    many = timeline(bars(range(100_001)))
    assert drawn(few) == 4 + 10
    assert drawn(many) <= MAX_BARS
    assert len(json.dumps(many.to_plotly_json(), default=list)) < 1_000_000


def test_many_lanes_are_shown_in_part_and_it_says_so() -> None:
    figure = timeline(bars([0, 1000, 2000], lanes=1001), first="worker-777")
    shown = list(figure.layout.yaxis.ticktext)
    assert len(shown) == MAX_LANES
    assert shown[0] == "main"
    assert "worker-777" in shown
    assert shown == sorted(shown, key=lambda lane: int(lane.partition("-")[2] or 0))
    assert "25 of 1,001 lanes are shown" in figure.layout.xaxis.title.text


def test_all_lanes_are_shown_where_they_fit() -> None:
    figure = timeline(bars([0, 1000], lanes=MAX_LANES))
    assert len(figure.layout.yaxis.ticktext) == MAX_LANES
    assert "lanes" not in figure.layout.xaxis.title.text


def test_bars_tell_what_they_are() -> None:
    figure = timeline(tables.intervals(tables.events([recording(MAIN, ASLEEP)])))
    traces = {trace.name: trace for trace in figure.data}
    assert set(traces) == {
        *("starting workers", "waiting (nobody asked yet)", "asking to stop", "joining"),
        *("held at the start", "working", "asleep"),
    }
    asleep = traces["asleep"]
    assert (list(asleep.base), list(asleep.y)) == ([0.002], [1.0])
    assert list(asleep.x) == [pytest.approx(0.007)]
    assert asleep.customdata[0][0] == "worker-1"
    assert "7.00 ms" in asleep.customdata[0]


def test_states_differ_by_more_than_colour() -> None:
    """Each lane's states look different also without colour."""
    worker = [state for state in figures.LOOKS if State[state.upper()] >= State.WAITING]
    main = [state for state in figures.LOOKS if State[state.upper()] < State.WAITING]
    for lane in (worker, main):
        assert len({figures.LOOKS[state] for state in lane}) == len(lane)
        assert len({figures.LOOKS[state][1] for state in lane}) >= len(lane) - 1


def test_every_state_that_lasts_has_a_look() -> None:
    assert set(figures.LOOKS) == set(tables.STATES) - set(tables.POINTS)


def test_marks_stand_on_the_timeline() -> None:
    table = tables.intervals(tables.events([recording(MAIN, ASLEEP)]))
    figure = timeline(table, Marks(6 * MS, 8 * MS, "stop latency 2.00 ms"))
    across = [shape for shape in figure.layout.shapes if (shape.y0, shape.y1) == (0, 1)]
    assert [(shape.x0, shape.x1, shape.yref) for shape in across] == [(0.006, 0.006, "paper")]
    assert {0.006, 0.008} == {x for shape in figure.layout.shapes for x in (shape.x0, shape.x1)}
    texts = [label.text for label in figure.layout.annotations]
    assert texts == ["stop requested at 0.006 s", "<b>stop latency 2.00 ms</b>"]


def test_no_marks_before_anybody_asked() -> None:
    figure = timeline(bars([0, 1000]))
    assert (figure.layout.shapes, figure.layout.annotations) == ((), ())


def test_marks_of_a_trial() -> None:
    assert marks(examine(stopped(LEFT_AT_20))) == Marks(10 * MS, 22 * MS, "stop latency 12.0 ms")
    assert marks(examine(stopped(NOT_LEFT))) == Marks(10 * MS, 2010 * MS, "not stopped within 2 s")
    assert marks(examine(result(recording((), (), stamps=[(5, 6, 7, Left.FINISHED)])))) == Marks()
    assert marks(examine(stopped(NOT_LEFT, failure="The lab died.", ended_ns=at(15)))) == Marks(10 * MS)


def test_window() -> None:
    table = bars([0, 1_000_000_000, 2_000_000_000])
    assert tuple(timeline(table).layout.xaxis.range) == (0.0, 2.0)
    assert tuple(timeline(table, window_ns=(500_000_000, 600_000_000)).layout.xaxis.range) == (0.5, 0.6)


def test_close_up_shows_the_stop() -> None:
    trial = stopped(LEFT_AT_20)
    window = around_request(marks(examine(trial)))
    assert window == (7 * MS, 25 * MS)
    figure = figures.trial(tables.events([trial.recording]), examine(trial), close_up=True)
    assert tuple(figure.layout.xaxis.range) == (0.007, 0.025)
    assert around_request(Marks(7 * MS)) is None


def test_lane_of_a_daemon_ends_with_the_process() -> None:
    trial = stopped(NOT_LEFT, ended_ns=at(15), facts={})
    figure = figures.trial(tables.events([trial.recording]), examine(trial))
    [asleep] = [trace for trace in figure.data if trace.name == "asleep"]
    assert asleep.base[0] + asleep.x[0] == pytest.approx(0.015)


def test_nothing_recorded_yet() -> None:
    figure = timeline(tables.intervals(tables.events([recording((), ())])))
    assert drawn(figure) == 0
    assert list(figure.layout.yaxis.ticktext) == ["main", "worker-1"]
