"""The matrix: every cell says what was measured, or why there is nothing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.report import comparison, matrix
from simulation.report.comparison import COLUMNS


def row(strategy: str, workload: str, verdict: str, stop_ms: float = math.nan, damaged: int = 0) -> dict[str, object]:
    measured = {"strategy": strategy, "workload": workload, "verdict": verdict, "stop_ms_median": stop_ms}
    return {**dict.fromkeys(COLUMNS, ""), **measured, "trials": 5, "stopped": 5, "damaged": damaged}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


def cell(every_cell: pd.DataFrame, strategy: str, workload: str) -> str:
    found = every_cell[(every_cell["strategy"] == strategy) & (every_cell["workload"] == workload)]
    return str(found["text"].iloc[0])


@pytest.mark.parametrize(
    ("measured", "late_ms", "text"),
    [
        (row("flag", "cpu", "safe", 0.04), 0.0, "40.0 µs"),
        (row("flag", "cpu", "does not stop"), 0.0, "never"),
        (row("flag", "cpu", "unsafe", 2.0, 4), 0.0, "2.00 ms<br>unsafe 4/5"),
        (row("flag", "cpu", "safe", 0.2), 150.0, "200 µs<br>+150 ms late"),
        (row("flag", "cpu", "nothing to stop"), 0.0, "nothing to stop"),
        (row("flag", "cpu", "ends the process", 9.0, 5), 0.0, "9.00 ms<br>ends process"),
    ],
)
def test_measured_cell(measured: dict[str, object], late_ms: float, text: str) -> None:
    assert cell(matrix.cells(table(measured), {("flag", "cpu"): late_ms}, {}), "flag", "cpu") == text


def test_cells_that_were_not_measured_say_why() -> None:
    every_cell = matrix.cells(comparison.empty(), {}, {("queue-shutdown", "queue"): "It needs Python 3.13."})
    assert len(every_cell) == len(STRATEGIES) * len(WORKLOADS)
    assert cell(every_cell, "flag", "sleep") == "not run yet"
    assert cell(every_cell, "sentinel", "sleep") == "n/a"
    assert cell(every_cell, "queue-shutdown", "queue") == "not here"
    assert (every_cell["why"] != "").all()


def test_heat_map_has_a_text_for_every_colour() -> None:
    mixed = row("trace", "swallow", "does not stop", 3.0)  # some trials stopped
    made = table(row("flag", "cpu", "safe", 0.04), row("flag", "queue", "does not stop"), mixed)
    every_cell = matrix.cells(made, {}, {})
    layers = matrix.heat_map(every_cell).data
    texts = every_cell["text"].to_numpy().reshape(len(STRATEGIES), -1)
    coloured = [~np.isnan(layer.z) for layer in layers]
    for layer, cells in zip(layers, coloured):
        assert [list(line) for line in layer.text] == np.where(cells, texts, "").tolist()  # else they overlap
        assert list(layer.customdata[0][1]) == ["flag", "cpu"]
    assert (sum(coloured) == 1).all()  # no cell is without a colour, none has two
    assert [texts[cells].tolist() for cells in coloured[1:]] == [["never"] * 2, ["40.0 µs"]]


def test_heat_map_of_nothing_shows_its_cells() -> None:
    [grey] = matrix.heat_map(matrix.cells(comparison.empty(), {}, {})).data
    assert not np.isnan(grey.z).any()


def test_answers_are_safe_first_then_fast() -> None:
    rows = [
        row("flag", "queue", "does not stop"),
        row("trace", "queue", "unsafe", 0.1, 1),
        row("timeout", "queue", "safe", 30.0),
        row("sentinel", "queue", "safe", 0.1),
        row("flag", "cpu", "safe", 0.01),
    ]
    assert matrix.answers(table(*rows), "queue")["strategy"].tolist() == ["sentinel", "timeout", "trace", "flag"]


def test_joined_keeps_the_row_of_more_trials() -> None:
    before, now = row("flag", "cpu", "safe", 1.0), {**row("flag", "cpu", "safe", 2.0), "trials": 9}
    other = row("flag", "queue", "does not stop")
    assert comparison.joined(table(before, other), table(now))["trials"].tolist() == [9, 5]
    assert comparison.pairs(table(now, other), at_least=6) == {("flag", "cpu")}
