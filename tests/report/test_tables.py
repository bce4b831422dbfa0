"""The DataFrames: columns, dtypes, order and missing values, from literal recordings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simulation.autopsy import CHECKS, examine
from simulation.lab.contract import Detail, Left, State
from simulation.report import tables
from tests.making import LEFT_AT_20, MS, NOT_LEFT, recording, result, stopped

MAIN = ((0, State.STARTING), (1, State.DWELLING), (6, State.REQUESTING), (7, State.JOINING), (9, State.DONE))
BLOCKED = ((1, State.WAITING), (2, State.WORKING), (4, State.BLOCKED, Detail.LEDGER))
ENDED = ((1, State.WAITING), (2, State.WORKING), (5, State.CLEANING), (6, State.ENDED))


def dtypes(table: pd.DataFrame) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in table.dtypes.items()}


def rows(table: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(table.astype(object).itertuples(index=False, name=None))


def test_events() -> None:
    table = tables.events([recording(MAIN, BLOCKED)])
    assert dtypes(table) == {
        "trial": "int64",
        "lane": "category",
        "state": "category",
        "t_ns": "int64",
        "detail": "category",
    }
    assert rows(table) == [
        (1, "main", "starting", 0, ""),
        (1, "main", "dwelling", 1 * MS, ""),
        (1, "main", "requesting", 6 * MS, ""),
        (1, "main", "joining", 7 * MS, ""),
        (1, "main", "done", 9 * MS, ""),
        (1, "worker-1", "waiting", 1 * MS, ""),
        (1, "worker-1", "working", 2 * MS, ""),
        (1, "worker-1", "blocked", 4 * MS, "on the ledger's lock"),
    ]


def test_events_of_several_trials() -> None:
    table = tables.events([recording(MAIN[:1], ENDED[:1]), recording(MAIN[:1], ENDED[:1], ENDED[:2])], 7)
    assert rows(table[["trial", "lane", "t_ns"]]) == [
        (7, "main", 0),
        (7, "worker-1", 1 * MS),
        (8, "main", 0),
        (8, "worker-1", 1 * MS),
        (8, "worker-2", 1 * MS),
        (8, "worker-2", 2 * MS),
    ]


def test_lanes_are_in_the_order_of_their_numbers() -> None:
    table = tables.events([recording(MAIN, *[ENDED] * 11)])
    assert table["lane"].unique().tolist() == ["main", *(f"worker-{number}" for number in range(1, 12))]


def test_no_events_yet() -> None:
    table = tables.events([recording((), ())])
    assert table.empty
    assert list(table.columns) == ["trial", "lane", "state", "t_ns", "detail"]
    assert tables.intervals(table).empty
    assert {"start_ns", "end_ns"} <= set(tables.intervals(table).columns)


def test_intervals() -> None:
    bars = tables.intervals(tables.events([recording(MAIN, ENDED)]))
    assert dtypes(bars) == {
        "trial": "int64",
        "lane": "category",
        "state": "category",
        "start_ns": "int64",
        "detail": "category",
        "end_ns": "int64",
    }
    assert rows(bars[["lane", "state", "start_ns", "end_ns"]]) == [
        ("main", "starting", 0, 1 * MS),
        ("main", "dwelling", 1 * MS, 6 * MS),
        ("main", "requesting", 6 * MS, 7 * MS),
        ("main", "joining", 7 * MS, 9 * MS),
        ("worker-1", "waiting", 1 * MS, 2 * MS),
        ("worker-1", "working", 2 * MS, 5 * MS),
        ("worker-1", "cleaning", 5 * MS, 6 * MS),
    ]


def test_state_that_nothing_followed_lasts_to_the_end_of_its_trial() -> None:
    events = tables.events([recording(MAIN, BLOCKED), recording(MAIN[:2], BLOCKED)])
    last = tables.intervals(events).groupby(["trial", "lane"], observed=True)["end_ns"].max()
    assert last.tolist() == [9 * MS, 9 * MS, 4 * MS, 4 * MS]


@pytest.mark.parametrize(("now", "end"), [(20, 20), (3, 4)])
def test_state_that_goes_on_lasts_until_now(now: int, end: int) -> None:
    """And never ends before it began, should the clock have been read before the recording."""
    bars = tables.intervals(tables.events([recording((), BLOCKED)]), now * MS)
    assert bars["end_ns"].tolist() == [2 * MS, 4 * MS, end * MS]


def test_trials() -> None:
    table = tables.trials([examine(stopped(LEFT_AT_20)), examine(stopped(NOT_LEFT, failure="No answer."))])
    assert table.columns.tolist() == [
        *("trial", "strategy", "workload", "outcome", "workers", "seed", "dropped"),
        *("interval_s", "cpu_percent", "steps_per_s", "response_ms", "stop_ms"),
        *("requested_ns", "signalled_ns", "noticed_ns", "cleaned_ns", "gone_ns"),
        *CHECKS,
        *("failure", "python", "late_ms"),
    ]
    kinds = dtypes(table)
    assert {kinds[name] for name in ("trial", "workers", "seed", "dropped")} == {"int64"}
    assert {kinds[name] for name in ("response_ms", "stop_ms")} == {"float64"}
    assert {kinds[name] for name in ("requested_ns", "noticed_ns", "gone_ns")} == {"Int64"}
    assert table["trial"].tolist() == [1, 2]
    assert table["outcome"].tolist() == ["stopped", "still-running"]
    assert table["gone_ns"].to_list() == [22 * MS, pd.NA]
    assert table["stop_ms"].to_list() == [12.0, pytest.approx(np.nan, nan_ok=True)]
    assert table["thread_gone"].tolist() == ["ok", "n/a"]
    assert table["failure"].tolist() == ["", "No answer."]


def test_trials_that_never_stopped() -> None:
    """A column in which nothing ever came keeps its dtype."""
    table = tables.trials([examine(stopped(NOT_LEFT))])
    assert dtypes(table)["stop_ms"] == "float64"
    assert dtypes(table)["gone_ns"] == "Int64"
    assert table[["stop_ms", "gone_ns"]].isna().all(axis=None)


def test_workers() -> None:
    facts = {"lock_free": True, "errors": {"2": "ValueError: no"}}
    table = tables.workers(examine(stopped(LEFT_AT_20, (5, None, 7, Left.DIED), NOT_LEFT, facts=facts)))
    assert table.columns.tolist() == ["worker", "outcome", "response_ms", "cleanup_ms", "stop_ms", "error"]
    assert table["worker"].tolist() == ["worker-1", "worker-2", "worker-3"]
    assert table["outcome"].tolist() == ["stopped", "died", "still-running"]
    assert table["error"].tolist() == ["", "ValueError: no", ""]
    assert table.loc[0, ["response_ms", "cleanup_ms", "stop_ms"]].tolist() == [10.0, 1.0, 12.0]
    assert np.isnan(table["cleanup_ms"].tolist()).tolist() == [False, True, True]
    assert np.isnan(table["stop_ms"].tolist()).tolist() == [False, False, True]
    assert {dtypes(table)[name] for name in ("response_ms", "cleanup_ms", "stop_ms")} == {"float64"}


def test_latency_parts_add_up() -> None:
    findings = examine(stopped(LEFT_AT_20, (30, 34, 36, Left.RETURNED)))
    table = tables.latency_parts(findings)
    assert rows(table) == [
        ("until it noticed", 0.0, 20.0, 20.0),
        ("cleaning up", 20.0, 24.0, 4.0),
        ("until it was gone", 24.0, 26.0, 2.0),
    ]
    assert table["took_ms"].sum() == findings.stop_ms


@pytest.mark.parametrize("workers", [[NOT_LEFT], [LEFT_AT_20, NOT_LEFT], [NOT_LEFT, LEFT_AT_20]])
def test_latency_parts_of_what_never_stopped(workers: list[object]) -> None:
    table = tables.latency_parts(examine(stopped(*workers)))
    assert {dtypes(table)[name] for name in ("from_ms", "to_ms", "took_ms")} == {"float64"}
    assert table["to_ms"].isna().all()


def test_latency_parts_where_nobody_was_asked() -> None:
    findings = examine(result(recording((), ENDED, stamps=[(5, 6, 7, Left.FINISHED)])))
    assert tables.latency_parts(findings)["took_ms"].isna().all()
