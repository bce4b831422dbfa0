"""Plotly figures: pure functions from DataFrames. The same figure serves page, export and README.

What is drawn is bounded by what a screen can show. Bars narrower than a pixel are merged with
their neighbours into one bar that says how many it stands for; of many lanes some are shown, and
the figure says which part. So 100 events and 1,000,000 cost the browser the same.

Colours are those of Okabe and Ito (https://jfly.uni-koeln.de/color/), which people with any kind
of colour vision can tell apart; every state has a pattern as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from simulation.autopsy import Findings
from simulation.lab.contract import Outcome, State
from simulation.report.tables import STATES, categorical, intervals
from simulation.report.words import STATE, duration

Integers = NDArray[np.integer[Any]]

PIXELS = 1000  # a bar narrower than 1/1000 of the window is merged
MAX_BARS = 3000
MAX_LANES = 25
LANE_PX = 30
REQUEST_COLOUR = "#D55E00"
GRID = "rgba(128,128,128,0.25)"
LOOSE = {  # the layout of every figure: on the page's own background, light or dark
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "hoverlabel": {"align": "left"},
    "dragmode": "zoom",
}

_LOOKS = {  # colour and pattern of a state, in every figure
    State.STARTING: ("#999999", "/"),
    State.DWELLING: ("#BBBBBB", ""),
    State.REQUESTING: (REQUEST_COLOUR, "x"),
    State.JOINING: ("#CC79A7", "-"),
    State.WENT_ON: ("#F0E442", "\\"),
    State.EXITING: ("#666666", "x"),
    State.WAITING: ("#999999", "/"),
    State.WORKING: ("#0072B2", ""),
    State.SLEEPING: ("#56B4E9", "."),
    State.BLOCKED: ("#E69F00", "|"),
    State.CLEANING: ("#009E73", "+"),
}
LOOKS = {state.name.lower(): look for state, look in _LOOKS.items()}
LABELS = {state.name.lower(): label for state, label in STATE.items()}


class Marks(NamedTuple):
    """What stands out on a timeline. Times in ns from the trial's start; None: not (yet) there.

    `bracket_ns` is where the bracket of the stop latency ends, `label` what is written on it.
    """

    requested_ns: int | None = None
    bracket_ns: int | None = None
    label: str = ""


def marks(findings: Findings) -> Marks:
    """The marks of a trial that is over; the bracket of one that never stopped ends with patience."""
    requested_ns, gone_ns = findings.requested_ns, findings.gone_ns
    if requested_ns is None or not findings.asked or findings.failure:
        return Marks(requested_ns)
    if gone_ns is not None:
        return Marks(requested_ns, gone_ns, f"stop latency {duration(findings.stop_ms)}")
    end_ns = requested_ns + round(findings.spec.patience_s * 1e9)
    return Marks(requested_ns, end_ns, f"not stopped within {findings.spec.patience_s:g} s")


def around_request(marks: Marks) -> tuple[int, int] | None:
    """The window that shows the stop from the request to the end, with a margin."""
    if marks.requested_ns is None or marks.bracket_ns is None:
        return None
    margin_ns = max(20_000, (marks.bracket_ns - marks.requested_ns) // 4)
    return max(0, marks.requested_ns - margin_ns), marks.bracket_ns + margin_ns


def trial(events: pd.DataFrame, findings: Findings, close_up: bool = False) -> go.Figure:
    """The timeline of a trial that is over, of all of it or of the stop alone."""
    by_process = findings.outcome is Outcome.ENDED_WITH_PROCESS
    bars = intervals(events, findings.gone_ns if by_process else None)
    about = marks(findings)
    last = findings.last
    return timeline(bars, about, around_request(about) if close_up else None, last.name if last else None)


def timeline(
    bars: pd.DataFrame,
    marks: Marks | None = None,
    window_ns: tuple[int, int] | None = None,
    first: str | None = None,
) -> go.Figure:
    """The Gantt chart of one trial: a row a lane, bars by state, the stop request across all.

    `bars` as `tables.intervals` builds them. The time axis is in seconds from the trial's start
    and shows `window_ns`, by default everything. When there are more lanes than fit, `first` (a
    lane, such as the one that took longest) is among the ones shown.
    """
    marks = marks or Marks()
    begin, end = window_ns or _extent(bars)
    lanes, left_out = _lanes(bars, first)
    rows = {lane: row for row, lane in enumerate(lanes)}
    shown = bars[bars["lane"].isin(lanes) & (bars["end_ns"] >= begin) & (bars["start_ns"] <= end)]
    pixel_ns = (end - begin) / min(PIXELS, MAX_BARS / len(lanes))
    drawn = merged(shown, pixel_ns)
    window_s = (begin / 1e9, end / 1e9)
    traces = [_trace(part, rows, state, pixel_ns) for state in LOOKS if len(part := drawn[drawn["state"] == state])]
    # One call with everything: each `add_shape` would validate the whole layout again.
    return go.Figure({"data": traces, "layout": {**_layout(lanes, left_out, window_s), **_marked(marks, window_s)}})


def merged(bars: pd.DataFrame, pixel_ns: float) -> pd.DataFrame:
    """Bars with all neighbours narrower than `pixel_ns` put together, pixel by pixel.

    A merged bar has the state that filled most of it. Adds a column `merged` (int64): how many
    bars one stands for. Order as before.
    """
    start, end = bars["start_ns"].to_numpy(), bars["end_ns"].to_numpy()
    lane, state = bars["lane"].cat.codes.to_numpy(), bars["state"].cat.codes.to_numpy()
    pixel = (start // max(pixel_ns, 1)).astype(np.int64)
    wide = (end - start) >= pixel_ns
    same = ~wide[1:] & ~wide[:-1] & (pixel[1:] == pixel[:-1]) & (lane[1:] == lane[:-1])
    heads = np.flatnonzero(np.concatenate([np.ones(min(1, len(bars)), bool), ~same]))
    sizes = np.diff(heads, append=len(bars))
    result = bars.iloc[heads].copy()
    result["state"] = categorical(_longest(heads, sizes, state, end - start), STATES)
    result["end_ns"] = end[heads + sizes - 1]
    result["merged"] = sizes
    return result


def _longest(heads: Integers, sizes: Integers, state: Integers, length: Integers) -> Integers:
    """For each group of bars the state that lasted longest in it."""
    group = np.repeat(np.arange(len(heads)), sizes)
    filled = np.bincount(group * len(STATES) + state, length + 1, len(heads) * len(STATES))
    longest: Integers = filled.reshape(-1, len(STATES)).argmax(axis=1)
    return longest


def _extent(bars: pd.DataFrame) -> tuple[int, int]:
    return (0, int(bars["end_ns"].max())) if len(bars) else (0, 1_000_000_000)


def _lanes(bars: pd.DataFrame, first: str | None) -> tuple[list[str], int]:
    """The lanes to show, main thread on top, and how many there is no room for."""
    everything = bars["lane"].cat.categories.tolist()
    if len(everything) <= MAX_LANES:
        return everything, 0
    picked = set(np.linspace(0, len(everything) - 1, MAX_LANES).astype(int).tolist())
    if first in everything and (place := everything.index(first)) not in picked:
        picked = picked - {max(picked)} | {place}
    return [everything[place] for place in sorted(picked)], len(everything) - MAX_LANES


def _trace(bars: pd.DataFrame, rows: dict[str, int], state: str, pixel_ns: float) -> dict[str, Any]:
    colour, pattern = LOOKS[state]
    start, end = (bars[name].to_numpy() / 1e9 for name in ("start_ns", "end_ns"))
    white = "rgba(255,255,255,0.75)"
    return {
        "type": "bar",
        "name": LABELS[state],
        "showlegend": bool((end - start).sum() * 1e9 >= pixel_ns),  # else there is nothing to see of it
        "orientation": "h",
        "base": start,
        "x": end - start,
        "y": bars["lane"].map(rows).to_numpy(float),
        "width": 0.7,
        "marker": {
            "color": colour,
            "line": {"width": 0},
            "pattern": {
                "shape": pattern,
                "fillmode": "overlay",
                "size": 7,
                "solidity": 0.3,
                "fgcolor": white,
            },
        },
        "customdata": list(zip(bars["lane"], end, map(duration, (end - start) * 1e3), _remarks(bars))),
        "hovertemplate": f"<b>%{{customdata[0]}}</b> {LABELS[state]}%{{customdata[3]}}"
        "<br>start %{base:.6f} s<br>end %{customdata[1]:.6f} s<br>duration %{customdata[2]}<extra></extra>",
    }


def _remarks(bars: pd.DataFrame) -> list[str]:
    return [
        f" (mostly; {merged:,} states)" if merged > 1 else f" {detail}" if detail else ""
        for merged, detail in zip(bars["merged"], bars["detail"])
    ]


def _marked(marks: Marks, window_s: tuple[float, float]) -> dict[str, Any]:
    """The stop request as a line across all lanes, the stop latency as a bracket above them."""
    if marks.requested_ns is None:
        return {}
    asked_s = marks.requested_ns / 1e9
    line = {"color": REQUEST_COLOUR, "width": 2}
    across = {"type": "line", "x0": asked_s, "x1": asked_s, "y0": 0, "y1": 1, "yref": "paper"}
    shapes = [{**across, "line": {**line, "dash": "dash"}}]
    labels = [_label(asked_s, f"stop requested at {asked_s:.3f} s", 30, window_s)]
    if marks.bracket_ns is not None:
        end_s = marks.bracket_ns / 1e9
        above = {"type": "line", "yref": "paper", "ysizemode": "pixel", "yanchor": 1, "line": line}
        strokes = ((asked_s, end_s, 7, 7), (asked_s, asked_s, 2, 12), (end_s, end_s, 2, 12))
        shapes += [{**above, "x0": x0, "x1": x1, "y0": y0, "y1": y1} for x0, x1, y0, y1 in strokes]
        labels.append(_label((asked_s + end_s) / 2, f"<b>{marks.label}</b>", 12, window_s))
    return {"shapes": shapes, "annotations": labels}


def _label(x: float, text: str, lift_px: int, window_s: tuple[float, float]) -> dict[str, Any]:
    """A label over the lanes that stays inside the figure wherever its point is."""
    place = (x - window_s[0]) / max(window_s[1] - window_s[0], 1e-12)
    anchor = "left" if place < 0.3 else "right" if place > 0.7 else "center"
    return {
        "x": x, "y": 1, "yref": "paper", "yshift": lift_px, "yanchor": "bottom", "xanchor": anchor,
        "text": text, "showarrow": False, "font": {"size": 13},
    }  # fmt: skip


def _layout(lanes: list[str], left_out: int, window_s: tuple[float, float]) -> dict[str, Any]:
    room_px = max(90, LANE_PX * len(lanes))
    note = f"time since the trial started · {len(lanes)} of {len(lanes) + left_out:,} lanes are shown"
    return {
        "barmode": "overlay",
        "height": 66 + room_px + 100,
        "margin": {"l": 76, "r": 12, "t": 66, "b": 100, "autoexpand": False},
        "xaxis": {
            "range": list(window_s),
            "ticksuffix": " s",
            "nticks": 6,
            "gridcolor": GRID,
            "zeroline": False,
            "title": {"text": note if left_out else "time since the trial started", "standoff": 6},
        },
        "yaxis": {
            "tickvals": list(range(len(lanes))),
            "ticktext": lanes,
            "range": [len(lanes) - 0.4, -0.6],
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
        "legend": {"orientation": "h", "y": -50 / room_px, "yanchor": "top"},
        **LOOSE,
    }
