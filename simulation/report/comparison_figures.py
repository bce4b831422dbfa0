"""The figures of a comparison: every trial on one axis, the same as curves, and one typical trial
of each method, aligned at the request.

Latencies from some µs to "never" share one logarithmic axis, on which "never" has a place of its
own at the right end. What is drawn is bounded: of more than `MAX_POINTS` latencies of a row evenly
spaced order statistics are shown, the least and the greatest among them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from simulation.autopsy import Findings
from simulation.experiment import Outcomes
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.contract import Outcome
from simulation.report import tables
from simulation.report.comparison import representatives
from simulation.report.figures import GRID, LABELS, LOOKS, LOOSE, REQUEST_COLOUR, merged
from simulation.report.words import duration

MAX_POINTS = 400  # a row
ROW_PX = 34
NEVER_COLOUR = "#D55E00"
# Okabe and Ito, and a dash each: a line is never told by its colour alone.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
BEFORE_MS = 50.0  # of a typical trial, shown before the request
AXIS_LOW_MS = 0.01


def all_trials(table: pd.DataFrame, trials: pd.DataFrame) -> go.Figure:
    """The stop latency of every trial as a point, with median and 95 % interval; best row on top.

    `table` as `comparison` builds it, `trials` as `tables.trials` does.
    """
    never_ms, ticks = _axis(trials)
    points = [
        _points(_of(trials, line.strategy, line.workload), row, never_ms, line)
        for row, line in enumerate(_lines(table))
    ]
    floor = float(table["noise_floor_ms"].iloc[0])
    return go.Figure({"data": [*points, _medians(table)], "layout": _rows_layout(table, ticks, floor)})


def _lines(table: pd.DataFrame) -> list[Any]:
    """The rows of a comparison as named tuples, with the `name` that figures call them by."""
    several = table["workload"].nunique() > 1
    names = table["title"] + " · " + table["workload"] if several else table["title"]
    return list(table.assign(name=names).itertuples(index=False))


def _of(trials: pd.DataFrame, strategy: Any, workload: Any) -> NDArray[np.float64]:
    """The stop latencies (ms) of a row, sorted; NaN, for never, comes last."""
    row = (trials["strategy"] == strategy) & (trials["workload"] == workload) & (trials["failure"] == "")
    return np.sort(trials.loc[row, "stop_ms"].to_numpy())


def _spaced(n: int) -> NDArray[np.int64]:
    """At most `MAX_POINTS` evenly spaced places of `n`, the first and the last among them."""
    return np.linspace(0, n - 1, min(n, MAX_POINTS)).astype(np.int64)


def _axis(trials: pd.DataFrame) -> tuple[float, dict[str, Any]]:
    """Where "never" stands on the axis (ms), and the axis."""
    longest = np.nanmax([*trials["stop_ms"], 1.0])
    never_ms = 10 ** math.ceil(math.log10(longest) + 0.3)
    decades = [10.0**power for power in range(round(math.log10(AXIS_LOW_MS)), round(math.log10(never_ms)))]
    axis = {
        "type": "log",
        "tickvals": [*decades, never_ms],
        "ticktext": [*(duration(ms).replace(".00", "").replace(".0", "") for ms in decades), "<b>never</b>"],
        "range": [math.log10(AXIS_LOW_MS), math.log10(never_ms) + 0.25],
        "gridcolor": GRID,
        "zeroline": False,
        "title": {"text": "stop latency (logarithmic)", "standoff": 6},
    }
    return never_ms, axis


def _points(ms: NDArray[np.float64], row: int, never_ms: float, line: Any) -> dict[str, Any]:
    shown = ms[_spaced(len(ms))]
    never = np.isnan(shown)
    jitter = np.random.default_rng(row).uniform(-0.22, 0.22, len(shown))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": np.where(never, never_ms, shown),
        "y": row + jitter,
        "text": ["never" if gone else duration(value) for gone, value in zip(never, shown)],
        "hovertemplate": f"{line.title} · {line.workload}<br>%{{text}}<extra></extra>",
        "marker": {
            "size": 7,
            "opacity": 0.55,
            "color": [NEVER_COLOUR if gone else "#0072B2" for gone in never],
            "symbol": ["x" if gone else "circle" for gone in never],
        },
        "showlegend": False,
    }


def _medians(table: pd.DataFrame) -> dict[str, Any]:
    median, low, high = (table[f"stop_ms_{name}"].to_numpy(float) for name in ("median", "low", "high"))
    return {
        "type": "scatter",
        "mode": "markers",
        "x": median,
        "y": np.arange(len(table)),
        "error_x": {"type": "data", "symmetric": False, "array": high - median, "arrayminus": median - low,
                    "color": "#E69F00", "thickness": 3, "width": 7},
        "marker": {"symbol": "diamond", "size": 11, "color": "#E69F00", "line": {"width": 1}},
        "hovertemplate": "median %{x:.3f} ms<extra></extra>",
    }  # fmt: skip


def _rows_layout(table: pd.DataFrame, axis: dict[str, Any], floor_ms: float) -> dict[str, Any]:
    names = [line.name for line in _lines(table)]
    band = {"type": "rect", "x0": AXIS_LOW_MS, "x1": floor_ms, "y0": 0, "y1": 1, "yref": "paper",
            "fillcolor": "rgba(128,128,128,0.25)", "line": {"width": 0}, "layer": "below"}  # fmt: skip
    label = {"x": math.log10(max(floor_ms, AXIS_LOW_MS)), "y": 1, "yref": "paper", "yanchor": "bottom",
             "xanchor": "left", "text": f"noise floor {duration(floor_ms)}", "showarrow": False}  # fmt: skip
    known = not math.isnan(floor_ms)
    return {
        "height": 120 + ROW_PX * len(names),
        "margin": {"l": 10, "r": 16, "t": 40, "b": 80},
        "xaxis": axis,
        "yaxis": _names_axis(names),
        "shapes": [band] if known else [],
        "annotations": [label] if known else [],
        "showlegend": False,
        **LOOSE,
    }


def _names_axis(names: list[str]) -> dict[str, Any]:
    return {
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "range": [len(names) - 0.4, -0.6],
        "fixedrange": True,
        "gridcolor": GRID,
        "zeroline": False,
        "automargin": True,
    }


def curves(table: pd.DataFrame, trials: pd.DataFrame) -> go.Figure:
    """The share of trials that had stopped after a time, a curve a row, with the law of theory.

    Where a worker looks every T and is asked at a random moment, its latency is spread evenly
    between 0 and T (`Strategy.looks_every_s`): the thin dotted line of the same colour.
    """
    never_ms, axis = _axis(trials)
    traces = []
    for number, line in enumerate(_lines(table)):
        colour = COLOURS[number % len(COLOURS)]
        dash = DASHES[(number + number // len(COLOURS)) % len(DASHES)]
        ms = _of(trials, line.strategy, line.workload)
        traces.append(_curve(ms, never_ms, line.name, {"color": colour, "dash": dash, "width": 2.5}))
        law_ms = _law_ms(line)
        if law_ms is not None:
            traces.append(_law(law_ms, {"color": colour, "dash": "dot", "width": 1.2}))
    layout = {
        "height": 420,
        "margin": {"l": 56, "r": 16, "t": 16, "b": 60},
        "xaxis": axis,
        "yaxis": {"range": [-0.02, 1.03], "tickformat": ".0%", "gridcolor": GRID, "zeroline": False,
                  "title": {"text": "share of trials stopped"}, "fixedrange": True},
        "legend": {"orientation": "h", "y": -0.22, "yanchor": "top"},
        **LOOSE,
    }  # fmt: skip
    return go.Figure({"data": traces, "layout": layout})


def _curve(ms: NDArray[np.float64], never_ms: float, name: str, line: dict[str, Any]) -> dict[str, Any]:
    known = ms[~np.isnan(ms)]
    places = _spaced(len(known))
    end = len(known) / max(1, len(ms))
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [AXIS_LOW_MS, *known[places], never_ms],
        "y": [0, *((places + 1) / max(1, len(ms))), end],
        "line": {"shape": "hv", **line},
        "hovertemplate": f"{name}<br>%{{y:.0%}} within %{{x:.3g}} ms<extra></extra>",
    }


def _law_ms(line: Any) -> float | None:
    """The greatest response that theory has for a row, in ms; None where there is no law."""
    every_s = STRATEGIES[line.strategy]().looks_every_s(line.interval_s)
    return every_s * 1e3 if every_s and line.workers == 1 and WORKLOADS[line.workload].rests else None


def _law(most_ms: float, line: dict[str, Any]) -> dict[str, Any]:
    x = np.geomspace(AXIS_LOW_MS, most_ms, 60)
    what = f"theory: evenly spread from 0 to {duration(most_ms)}"
    return {"type": "scatter", "mode": "lines", "x": x, "y": x / most_ms, "line": line, "name": what,
            "hovertemplate": what + "<extra></extra>", "showlegend": False}  # fmt: skip


def typical(table: pd.DataFrame, outcomes: Outcomes) -> go.Figure:
    """One typical trial of each row, its median one, all aligned at the stop request.

    Two bars a row: on top the worker that took longest, below it, thinner, the main thread.
    """
    chosen = representatives(outcomes)
    rows = [(line, chosen[pair]) for line in _lines(table) if (pair := (line.strategy, line.workload)) in chosen]
    if not rows:
        return go.Figure({"layout": LOOSE})
    end_ms = _end_ms([outcomes.findings[place] for _, place in rows])
    bars = [_aligned(outcomes, place, row, end_ms) for row, (_, place) in enumerate(rows)]
    drawn = pd.concat(bars, ignore_index=True)
    traces = [_bars(part, state) for state in LOOKS if len(part := drawn[drawn["state"] == state])]
    names = [line.name for line, _ in rows]
    labels = [_ending(outcomes.findings[place], row, end_ms) for row, (_, place) in enumerate(rows)]
    return go.Figure({"data": traces, "layout": _typical_layout(names, labels, end_ms)})


def _end_ms(findings: list[Findings]) -> float:
    """How much is shown after the request: what stops, with a margin; not what never does."""
    longest = max((found.stop_ms or 0.0 for found in findings), default=0.0)
    return float(max(longest * 1.25, BEFORE_MS / 2))


def _aligned(outcomes: Outcomes, place: int, row: int, end_ms: float) -> pd.DataFrame:
    """The bars of a trial's main thread and last worker, in ms after its request, in their row."""
    found = outcomes.findings[place]
    by_process = found.outcome is Outcome.ENDED_WITH_PROCESS
    bars = tables.intervals(tables.events([outcomes.recordings[place]]), found.gone_ns if by_process else None)
    last = found.last.name if found.last else "worker-1"
    bars = merged(bars[bars["lane"].isin([last, "main"])], (BEFORE_MS + end_ms) * 1e6 / 1000)
    asked_ns = found.requested_ns or 0
    begin, end = ((bars[name] - asked_ns) / 1e6 for name in ("start_ns", "end_ns"))
    bars = bars.assign(begin=begin.clip(-BEFORE_MS, end_ms), end=end.clip(-BEFORE_MS, end_ms))
    worker = bars["lane"] == last
    bars = bars.assign(y=np.where(worker, row - 0.12, row + 0.3), width=np.where(worker, 0.5, 0.18))
    return bars[bars["end"] > bars["begin"]]


def _bars(bars: pd.DataFrame, state: str) -> dict[str, Any]:
    colour, pattern = LOOKS[state]
    return {
        "type": "bar",
        "name": LABELS[state],
        "orientation": "h",
        "base": bars["begin"].to_numpy(),
        "x": (bars["end"] - bars["begin"]).to_numpy(),
        "y": bars["y"].to_numpy(),
        "width": bars["width"].to_numpy(),
        "marker": {
            "color": colour,
            "line": {"width": 0},
            "pattern": {"shape": pattern, "fillmode": "overlay", "size": 6, "solidity": 0.3,
                        "fgcolor": "rgba(255,255,255,0.75)"},
        },
        "customdata": [str(lane) for lane in bars["lane"]],
        "hovertemplate": f"<b>%{{customdata}}</b> {LABELS[state]}<br>from %{{base:.3f}} ms<extra></extra>",
    }  # fmt: skip


def _ending(found: Findings, row: int, end_ms: float) -> dict[str, Any]:
    """What is written at the end of a row's bar."""
    if found.stop_ms is None:
        text, x, anchor = "still running", end_ms, "right"
    else:
        how = " (process)" if found.outcome is Outcome.ENDED_WITH_PROCESS else ""
        text, x, anchor = f"<b>{duration(found.stop_ms)}</b>{how}", found.stop_ms, "left"
    ground = {"bgcolor": "rgba(255,255,255,0.85)", "font": {"color": "#17212B", "size": 13}}
    return {
        "x": x,
        "y": row - 0.12,
        "text": text,
        "showarrow": False,
        "xanchor": anchor,
        "borderpad": 1,
        **ground,
    }


def _typical_layout(names: list[str], labels: list[dict[str, Any]], end_ms: float) -> dict[str, Any]:
    asked = {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper",
             "line": {"color": REQUEST_COLOUR, "width": 2, "dash": "dash"}}  # fmt: skip
    title = {"x": 0, "y": 1, "yref": "paper", "yanchor": "bottom", "xanchor": "center",
             "text": "<b>stop requested</b>", "showarrow": False}  # fmt: skip
    return {
        "barmode": "overlay",
        "height": 150 + 54 * len(names),
        "margin": {"l": 10, "r": 16, "t": 34, "b": 110},
        "shapes": [asked],
        "annotations": [title, *labels],
        "xaxis": {"range": [-BEFORE_MS, end_ms * 1.3], "ticksuffix": " ms", "gridcolor": GRID, "zeroline": False,
                  "title": {"text": "time since the stop request", "standoff": 6}},
        "yaxis": _names_axis(names),
        "legend": {"orientation": "h", "y": -70 / (54 * len(names)), "yanchor": "top", "traceorder": "normal"},
        **LOOSE,
    }  # fmt: skip
