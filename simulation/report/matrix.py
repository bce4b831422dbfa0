"""The matrix: what a thread is doing × how it is asked to stop. The lesson is the cell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from simulation.experiment import Outcomes
from simulation.lab.catalogue import STRATEGIES, WORKLOADS, why_not
from simulation.report import comparison
from simulation.report.comparison import BEST_FIRST, LATE_MS, VERDICTS
from simulation.report.figures import GRID, LOOSE
from simulation.report.stats import DOES_NOT_STOP, ENDS_THE_PROCESS, NOT_MEASURED, UNSAFE
from simulation.report.words import duration

NOT_YET = "not run yet"
SETTINGS = {"interval_s": 0.05, "request_after_s": 0.05, "patience_s": 0.7}  # of every cell
INK, PAPER, NEVER_COLOUR = "#111111", "#FFFFFF", "#081D58"
# The light part of ColorBrewer's YlGnBu (https://colorbrewer2.org): dark text is readable on all of it.
COLOURS = ["#FFFFD9", "#EDF8B1", "#C7E9B4", "#7FCDBB", "#41B6C4"]
SCALE = {
    "colorscale": [[place / (len(COLOURS) - 1), colour] for place, colour in enumerate(COLOURS)],
    "zmin": -1,
    "zmax": 3,
    "colorbar": {
        "title": {"text": "stop latency"},
        "tickvals": [-1, 0, 1, 2, 3],
        "ticktext": ["0.1 ms", "1 ms", "10 ms", "0.1 s", "1 s"],
        "len": 0.6,
    },
}
ROW_PX, COLUMN_PX = 41, 72


def cells(
    table: pd.DataFrame, late_ms: Mapping[tuple[str, str], float], unavailable: Mapping[tuple[str, str], str]
) -> pd.DataFrame:
    """All cells of the matrix, measured or not, strategies × workloads in teaching order.

    `table` as `comparison.comparison` builds it; `late_ms`: for each pair how late its requests
    came (see `tables.trials`). Columns: `strategy`, `workload`, `text` (what stands in the cell),
    `why` (a sentence) str, `stop_ms` float64 (NaN: not measured or never).
    """
    measured = {(str(row["strategy"]), str(row["workload"])): row for row in table.to_dict("records")}
    rows = []
    for strategy in STRATEGIES:
        for workload in WORKLOADS:
            pair = strategy, workload
            text, why = _cell(pair, measured.get(pair), late_ms.get(pair, 0.0), unavailable.get(pair, ""))
            stop_ms = measured[pair]["stop_ms_median"] if pair in measured else math.nan
            rows.append((strategy, workload, text, why, stop_ms))
    return pd.DataFrame(rows, columns=["strategy", "workload", "text", "why", "stop_ms"])


def _cell(pair: tuple[str, str], row: dict[Any, Any] | None, late_ms: float, unavailable: str) -> tuple[str, str]:
    reason = why_not(*pair)
    if reason:
        return "n/a", reason.capitalize() + "."
    if unavailable:
        return "not here", unavailable
    if row is None or row["verdict"] == NOT_MEASURED:
        return NOT_YET, "No trial of this pair has been run."
    return _measured(row, late_ms), VERDICTS[row["verdict"]]


def _measured(row: dict[Any, Any], late_ms: float) -> str:
    if row["verdict"] == DOES_NOT_STOP:
        return "never"
    if math.isnan(row["stop_ms_median"]):
        return str(row["verdict"])
    late = f"<br>+{duration(late_ms)} late" if late_ms > LATE_MS else ""
    damage = f"<br>{UNSAFE} {row['damaged']}/{row['stopped']}" if row["damaged"] else ""
    if row["verdict"] == ENDS_THE_PROCESS:
        damage = "<br>ends process"
    return f"{duration(row['stop_ms_median'])}{damage}{late}"


def why(every_cell: pd.DataFrame, strategy: str, workload: str) -> str:
    """What a cell says beside its text: its verdict, or why there is none."""
    cell = every_cell[(every_cell["strategy"] == strategy) & (every_cell["workload"] == workload)]
    return str(cell["why"].iloc[0])


def late(trials: pd.DataFrame) -> dict[tuple[str, str], float]:
    """For each pair the median of how late its requests came, in ms."""
    medians = trials.groupby(["strategy", "workload"])["late_ms"].median().reset_index()
    return dict(zip(zip(medians["strategy"], medians["workload"]), medians["late_ms"]))


def for_terminal(every_cell: pd.DataFrame) -> str:
    """The matrix as text: a row a strategy, a column a workload."""
    text = every_cell.assign(text=every_cell["text"].str.replace("<br>", ", "))
    wide = text.pivot(index="strategy", columns="workload", values="text")
    return str(wide.loc[list(STRATEGIES), list(WORKLOADS)].to_string())


def heat_map(cells: pd.DataFrame) -> go.Figure:
    """The matrix as a figure: colour is the stop latency (logarithmic), the text says it all.

    A layer for each colour of text: cells without a number, those that never stop, those with a number.
    """
    strategies, workloads = list(STRATEGIES), list(WORKLOADS)
    shape = (len(strategies), len(workloads))
    text = cells["text"].to_numpy(object).reshape(shape)
    stop_ms, never = cells["stop_ms"].to_numpy().reshape(shape), text == "never"
    hover = (cells["strategy"] + " on " + cells["workload"] + "<br>" + cells["text"] + "<br>" + cells["why"]).to_numpy()
    every = {
        "type": "heatmap",
        "x": workloads,
        "y": [STRATEGIES[key].title for key in strategies],
        "customdata": [[[strategy, workload] for workload in workloads] for strategy in strategies],
        "hovertext": hover.reshape(shape),
        "hovertemplate": "%{hovertext}<extra></extra>",
        "texttemplate": "%{text}",
        "xgap": 2,
        "ygap": 2,
    }
    measured = ~np.isnan(stop_ms) & ~never  # some trials of a pair may stop and others not
    layers = [
        {
            **every,
            "z": np.where(where, values, np.nan),
            "text": np.where(where, text, ""),
            "textfont": {"size": 11, **ink},
            **colours,
        }
        for where, values, ink, colours in (
            (~measured & ~never, 0, {}, {**_one(GRID), "meta": {"themed": True}}),  # whoever draws it has the colour
            (never, 0, {"color": PAPER}, _one(NEVER_COLOUR)),
            (measured, np.log10(stop_ms), {"color": INK}, SCALE),
        )
        if where.any()
    ]
    layout = {
        "height": 120 + ROW_PX * len(strategies),
        "margin": {"l": 10, "r": 10, "t": 60, "b": 10},
        "xaxis": {"side": "top", "fixedrange": True, "showgrid": False},
        "yaxis": {"autorange": "reversed", "automargin": True, "fixedrange": True, "showgrid": False},
        **LOOSE,
        "dragmode": False,
        "meta": {"minWidth": 160 + COLUMN_PX * len(workloads)},  # on a phone it is scrolled, not squeezed
    }
    return go.Figure({"data": layers, "layout": layout})


def _one(colour: str) -> dict[str, Any]:
    """A layer of one colour."""
    return {"colorscale": [[0, colour], [1, colour]], "showscale": False}


def warnings(trials: pd.DataFrame, outcomes: Outcomes, workload: str) -> list[str]:
    """What makes the numbers of one workload less than they look; `trials` as `tables.trials` builds it."""
    rows = trials[trials["workload"] == workload]
    return comparison.warnings(rows, outcomes) if len(rows) else []


def answers(table: pd.DataFrame, workload: str) -> pd.DataFrame:
    """What stops a thread that is doing `workload`: the rows of `table`, safe first, then fast."""
    rows = table[table["workload"] == workload]
    rank = rows["verdict"].map(BEST_FIRST.index)
    order = rows.assign(rank=rank).sort_values(["rank", "stop_ms_median"], kind="stable").index
    return rows.loc[order].reset_index(drop=True)
