"""The comparison's table, its CSV and its warnings, from literal trials."""

from __future__ import annotations

import io
import platform
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from simulation.autopsy import examine
from simulation.experiment import Outcomes
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.contract import Left, State
from simulation.lab.spec import Spec
from simulation.report import comparison, tables
from simulation.report.words import CHECK
from simulation.runner import Result
from tests.making import NOT_LEFT, at, recording, result, stopped

COLUMNS = [
    *("strategy", "title", "workload", "workers", "interval_s", "trials", "stopped", "response_ms_median"),
    *("response_ms_p95", "stop_ms_median", "stop_ms_low", "stop_ms_high", "stop_ms_p95", "stop_ms_max"),
    *("cpu_percent", "steps_per_s", "thread_gone", "lock_free", "ledger_balanced", "cleanup_done"),
    *("nothing_left", "damaged", "damaged_high", "verdict", "recommended", "note", "noise_floor_ms"),
    *("python", "platform", "seed", "started_at"),
]
COUNTS = ["workers", "trials", "stopped", "damaged", "seed"]
NUMBERS = ["interval_s", "cpu_percent", "steps_per_s", "damaged_high", *(name for name in COLUMNS if "_ms" in name)]
CHECKS = ["thread_gone", "lock_free", "ledger_balanced", "cleanup_done", "nothing_left"]
TORN = {"left": ["worker-1.part"]}
DIED = "The lab died."


def gone(stop_ms: float, strategy: str = "flag", **values: Any) -> Result:
    """A trial whose worker noticed after four fifths of its stop latency."""
    stamps = (10 + 0.8 * stop_ms, 10 + 0.9 * stop_ms, 10 + stop_ms, Left.RETURNED)
    return stopped(stamps, **{"spec": Spec(strategy), **values})


def never(strategy: str = "join-timeout", **values: Any) -> Result:
    return stopped(NOT_LEFT, **{"spec": Spec(strategy), **values})


def with_process(stop_ms: float = 5, strategy: str = "daemon", **values: Any) -> Result:
    return never(strategy, ended_ns=at(10 + stop_ms), facts={}, **values)


def failed(strategy: str = "flag") -> Result:
    return never(strategy, facts={}, failure=DIED)


def finished(strategy: str = "flag") -> Result:
    return result(recording((), (), stamps=[(5, 6, 7, Left.FINISHED)]), spec=Spec(strategy))


def cancelled(strategy: str = "flag") -> Result:
    lane = ((0, State.WAITING),)
    return result(recording((), lane, requested=10, stamps=[(None, None, 12, 0)]), spec=Spec(strategy))


def outcomes(*results: Result, noise_ns: Sequence[int] = (20_000, 30_000)) -> Outcomes:
    recordings = {place: trial.recording for place, trial in enumerate(results)}
    return Outcomes([examine(trial) for trial in results], recordings, list(noise_ns), started_at=1e9)


def compared(*results: Result, **values: Any) -> pd.DataFrame:
    return table_of(outcomes(*results, **values))


def table_of(made: Outcomes) -> pd.DataFrame:
    return comparison.comparison(tables.trials(made.findings), made, seed=7)


@pytest.fixture
def mixed() -> pd.DataFrame:
    """A row of every verdict that trials can come to, in no order."""
    return compared(
        *(never(), gone(20), with_process(), cancelled("timeout"), gone(0.2, "event-wait")),
        *(gone(12, "async-exception", **TORN), gone(14, "event"), finished("timeout"), gone(40)),
    )


def test_columns(mixed: pd.DataFrame) -> None:
    assert mixed.columns.tolist() == comparison.COLUMNS == COLUMNS
    assert comparison.empty().columns.tolist() == COLUMNS


def test_nothing_measured_is_an_empty_table() -> None:
    table = comparison.empty()
    assert (len(table), table.columns.tolist()) == (0, COLUMNS)
    assert comparison.to_csv(table).strip() == ",".join(COLUMNS)


def test_dtypes(mixed: pd.DataFrame) -> None:
    dtypes = mixed.dtypes.astype(str)
    assert set(dtypes[COUNTS]) == {"int64"}
    assert set(dtypes[NUMBERS]) == {"float64"}
    assert set(dtypes.drop([*COUNTS, *NUMBERS])) == {"str"}


def test_literal_row() -> None:
    table = compared(*[gone(stop_ms) for stop_ms in (20, 10, 30)], noise_ns=[20_000, 30_000, 40_000])
    [row] = table.to_dict("records")
    assert [row.pop(name) for name in ("cpu_percent", "steps_per_s")] == pytest.approx([np.nan] * 2, nan_ok=True)
    assert row == {
        "strategy": "flag",
        "title": "Flag variable",
        "workload": "sleep",
        "workers": 1,
        "interval_s": 0.1,
        "trials": 3,
        "stopped": 3,
        "response_ms_median": 16.0,
        "response_ms_p95": pytest.approx(23.2),
        "stop_ms_median": 20.0,
        "stop_ms_low": 10.0,
        "stop_ms_high": 30.0,
        "stop_ms_p95": pytest.approx(29),
        "stop_ms_max": 30.0,
        **dict.fromkeys(CHECKS, "0/3"),
        "damaged": 0,
        "damaged_high": pytest.approx(0.561497, abs=1e-6),
        "verdict": "safe",
        "recommended": STRATEGIES["flag"].advice,
        "note": STRATEGIES["flag"].note,
        "noise_floor_ms": 0.03,
        "python": "3.11.7",
        "platform": platform.platform(),
        "seed": 7,
        "started_at": "2001-09-09T01:46:40+00:00",
    }


def test_best_first_and_never_last(mixed: pd.DataFrame) -> None:
    rows = mixed[["strategy", "verdict", "stop_ms_median"]].astype(object).to_numpy().tolist()
    assert rows[:5] == [
        ["event-wait", "safe", pytest.approx(0.2)],
        ["event", "safe", 14.0],
        ["flag", "safe", 30.0],
        ["async-exception", "unsafe", 12.0],
        ["daemon", "ends the process", 5.0],
    ]
    assert [row[:2] for row in rows[5:]] == [["timeout", "nothing to stop"], ["join-timeout", "does not stop"]]


def test_equally_good_rows_stand_in_the_same_order_whatever_ran_first() -> None:
    there, back = (compared(*rows) for rows in ((gone(5), gone(5, "event")), (gone(5, "event"), gone(5))))
    assert there["strategy"].tolist() == back["strategy"].tolist() == ["event", "flag"]


@pytest.mark.parametrize(
    ("results", "trials", "stopped_", "verdict"),
    [
        ([gone(12)], 1, 1, "safe"),
        ([gone(12), gone(12, **TORN)], 2, 2, "unsafe"),
        ([never("flag")], 1, 0, "does not stop"),
        ([gone(12), never("flag")], 2, 1, "does not stop"),
        ([with_process(strategy="flag")], 1, 1, "ends the process"),
        ([cancelled(), cancelled()], 2, 0, "nothing to stop"),
        ([finished(), finished()], 2, 0, "nothing to stop"),
        ([finished(), cancelled(), gone(12)], 3, 1, "safe"),
    ],
    ids=["safe", "torn once", "never", "once never", "process", "cancelled", "finished", "one was there to be stopped"],
)
def test_counts_and_verdict(results: list[Result], trials: int, stopped_: int, verdict: str) -> None:
    [row] = compared(*results).to_dict("records")
    assert (row["trials"], row["stopped"], row["verdict"]) == (trials, stopped_, verdict)


def test_thread_that_still_runs_is_told_whatever_became_of_the_others() -> None:
    """One worker died of its own error, the other never stopped: a thread is still there."""
    died = (5, 6, 7, Left.DIED)
    [row] = compared(stopped(died, NOT_LEFT, spec=Spec("flag", workers=2))).to_dict("records")
    assert row["thread_gone"] == "1/1"
    assert row["verdict"] == "does not stop"


def test_checks_are_failed_of_looked_at() -> None:
    table = compared(gone(12), gone(12, **TORN), never("flag"), with_process(strategy="flag"))
    assert table[CHECKS].iloc[0].to_dict() == {
        "thread_gone": "1/4",
        "lock_free": "0/2",  # nobody can look while a thread runs, or after the process
        "ledger_balanced": "0/3",
        "cleanup_done": "1/3",
        "nothing_left": "1/3",
    }


def test_check_that_was_never_looked_at_is_not_applicable() -> None:
    table = compared(never(), never())
    assert table[CHECKS].iloc[0].tolist() == ["2/2", "n/a", "n/a", "n/a", "n/a"]


def test_trial_with_two_damages_is_one_damaged_trial() -> None:
    both = gone(12, left=["worker-1.part"], facts={"lock_free": False, "errors": {}})
    table = compared(both, gone(12))
    assert table[["lock_free", "nothing_left"]].iloc[0].tolist() == ["1/2", "1/2"]
    assert table["damaged"].tolist() == [1]


def test_still_running_is_no_damage() -> None:
    [row] = compared(never(), gone(3, "join-timeout")).to_dict("records")
    assert (row["thread_gone"], row["damaged"], row["stop_ms_max"]) == ("1/2", 0, 3.0)


def test_one_row_a_pair_of_strategy_and_workload() -> None:
    rows = [gone(5, spec=Spec("flag", workload)) for workload in ("sleep", "cpu", "cpu")]
    table = compared(*rows, gone(5, "event"))
    pairs = table.set_index(["strategy", "workload"])["trials"].to_dict()
    assert pairs == {("event", "sleep"): 1, ("flag", "sleep"): 1, ("flag", "cpu"): 2}


def test_failed_trials_are_in_no_count() -> None:
    table = compared(failed(), gone(12), failed(), gone(14))
    pd.testing.assert_frame_equal(table, compared(gone(12), gone(14)))


def test_pair_whose_trials_all_failed_is_shown() -> None:
    table = compared(failed(), failed(), gone(5, "event"))
    assert table[["strategy", "trials", "verdict"]].to_numpy().tolist() == [
        ["event", 1, "safe"],
        ["flag", 0, "not measured"],
    ]


def test_small_n_looks_small() -> None:
    few, many = (compared(*[gone(5)] * n) for n in (5, 500))
    assert few["damaged_high"].tolist() == [pytest.approx(0.434482, abs=1e-6)]
    assert many["damaged_high"].tolist() == [pytest.approx(0.007624, abs=1e-6)]
    shown = [comparison.for_people(table)["Damaged"].tolist() for table in (few, many)]
    assert shown == [["0 of 5 (< 43 %)"], ["0 of 500 (< 0.8 %)"]]


def read(csv: str, **how: Any) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(csv.encode()), **how)


@pytest.mark.parametrize("strategies", [["join-timeout"], ["daemon", "join-timeout"], []], ids=str)
def test_csv_reads_back_equal(strategies: list[str], mixed: pd.DataFrame) -> None:
    table = mixed[mixed["strategy"].isin(strategies)] if strategies else mixed
    table = table.reset_index(drop=True)
    back = read(comparison.to_csv(table), keep_default_na=False, na_values=[""])
    pd.testing.assert_frame_equal(back, table, check_exact=True)


def test_csv_reads_back_with_no_option_but_for_what_pandas_takes_for_missing(mixed: pd.DataFrame) -> None:
    """`n/a` is one of the words that pandas reads as missing unless it is told otherwise."""
    back = pd.read_csv(io.StringIO(comparison.to_csv(mixed)))
    pd.testing.assert_frame_equal(back.assign(**{name: back[name].fillna("n/a") for name in CHECKS}), mixed)


def test_missing_numbers_are_empty_cells() -> None:
    cells = pd.read_csv(io.StringIO(comparison.to_csv(compared(never(), noise_ns=[]))), dtype=str, na_filter=False)
    missing = {name for name in COLUMNS if cells[name].tolist() == [""]}
    assert missing == {*NUMBERS, "noise_floor_ms"} - {"interval_s", "damaged_high"}


def test_no_cell_starts_a_formula() -> None:
    """Of no strategy on no workload, whatever happened."""
    table = compared(*[gone(5, spec=Spec(key, work)) for key in STRATEGIES for work in WORKLOADS], never("daemon"))
    for csv in (comparison.to_csv(table), comparison.to_csv(compared(failed()))):
        cells = pd.read_csv(io.StringIO(csv), header=None, dtype=str, na_filter=False).to_numpy().ravel()
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


def test_advice_stands_in_columns_of_its_own(mixed: pd.DataFrame) -> None:
    for row in mixed.to_dict("records"):
        strategy = STRATEGIES[row["strategy"]]
        assert (row["title"], row["recommended"], row["note"]) == (strategy.title, strategy.advice, strategy.note)


def warned(*results: Result, **values: Any) -> list[str]:
    made = outcomes(*results, **values)
    return comparison.warnings(tables.trials(made.findings), made)


TEN = [gone(5)] * 10


def test_nothing_to_warn_of() -> None:
    assert warned(*TEN) == []
    assert warned(*TEN, noise_ns=[]) == []  # the first round is not over


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        (TEN[:9], "Only 9 trials of some rows"),
        ([*TEN, gone(5, "event")], "Only 1 trial of some rows"),
        ([*TEN, failed()], "1 of 11 trials failed in the machinery"),
        ([*TEN[1:], failed()], "Only 9 trials of some rows"),
    ],
    ids=["few", "few of one", "failed", "few that did not fail"],
)
def test_warnings_about_trials(results: list[Result], sentence: str) -> None:
    assert any(line.startswith(sentence) for line in warned(*results))


@pytest.mark.parametrize(
    ("noise_ns", "sentence"),
    [
        ([501_000] * 20, "The noise floor is high (501 µs)"),
        ([20_000] * 18 + [101_000] * 2, "The noise floor is uneven (p95 101 µs)"),
    ],
)
def test_warnings_about_the_machine(noise_ns: list[int], sentence: str) -> None:
    [line] = warned(*TEN, noise_ns=noise_ns)
    assert line.startswith(sentence)


@pytest.mark.parametrize("noise_ns", [[499_000] * 20, [20_000] * 18 + [99_000] * 2, [20_000] * 99 + [10**9]])
def test_quiet_machine(noise_ns: list[int]) -> None:
    """Under the limits; and one slow wake-up of a hundred is no reason to warn."""
    assert warned(*TEN, noise_ns=noise_ns) == []


def test_warning_about_dropped_events() -> None:
    made = outcomes(*TEN)
    made.findings[3] = replace(made.findings[3], dropped=256)
    [line] = comparison.warnings(tables.trials(made.findings), made)
    assert line.startswith("In 1 trials a lane was full")


@pytest.mark.parametrize(
    ("results", "place"),
    [
        ([gone(30), gone(10), gone(20)], 2),
        ([gone(40), gone(20), gone(10), gone(30)], 1),
        ([never("flag"), gone(10), never("flag")], 1),
        ([never("flag"), never("flag")], 0),
        ([finished(), gone(10)], 1),
        ([failed(), never("flag")], 1),
    ],
    ids=["median", "lower one of two", "the one that stopped", "none stopped", "finished first", "not a failed one"],
)
def test_representative_is_the_median_trial(results: list[Result], place: int) -> None:
    assert comparison.representatives(outcomes(*results)) == {("flag", "sleep"): place}


def test_representative_has_a_recording() -> None:
    made = outcomes(gone(10), gone(20), gone(30), gone(5, "event"))
    del made.recordings[1]
    assert comparison.representatives(made) == {("flag", "sleep"): 0, ("event", "sleep"): 3}


def test_words_for_people(mixed: pd.DataFrame) -> None:
    words = comparison.for_people(mixed)
    assert words.columns.tolist() == [
        *("Verdict", "Method", "Workload", "Latency", "Median, ms", "95 % of the median", "p95", "Stopped", "Damaged"),
        *(CHECK[name] for name in CHECKS),
        *("CPU", "Speed", "Advice", "Note"),
    ]
    assert words["Verdict"].tolist() == [
        *("✔ safe", "✔ safe", "✔ safe", "✘ unsafe", "→ ends the process", "– nothing to stop", "∞ does not stop"),
    ]
    assert words["Stopped"].tolist() == ["1 of 1", "1 of 1", "2 of 2", "1 of 1", "1 of 1", "0 of 2", "0 of 1"]
    assert words["95 % of the median"].tolist()[-2:] == ["–", "–"]


def test_words_of_a_row() -> None:
    row = comparison.for_people(compared(gone(12), gone(12, **TORN), gone(14))).iloc[0]
    assert row["Verdict"] == "✘ unsafe"
    assert row["Damaged"] == "1 of 3 (6.1–79 %)"
    assert row["95 % of the median"] == "12.0 ms – 14.0 ms"
    assert row[CHECK["nothing_left"]] == "✘ 1 of 3"
    assert row[CHECK["lock_free"]] == "✔ ok (3)"
    assert (row["CPU"], row["Speed"]) == ("not available here", "not available here")


def test_check_that_does_not_apply_is_no_success() -> None:
    row = comparison.for_people(compared(never())).iloc[0]
    assert row[CHECK["thread_gone"]] == "✘ 1 of 1"
    assert row[CHECK["lock_free"]] == "– n/a"
    assert (row["p95"], row["Damaged"]) == ("never", "–")


def test_cpu_and_speed() -> None:
    """Speed is relative to the fastest method on the same workload."""
    made = outcomes(gone(5), gone(5, "event"), gone(5, spec=Spec("flag", "cpu")))
    measured = [(20_000_000, 100), (5_000_000, 50), (1_000_000_000, 7)]
    made.findings = [
        replace(found, dwell_ns=1_000_000_000, cpu_ns=cpu_ns, steps=steps)
        for found, (cpu_ns, steps) in zip(made.findings, measured)
    ]
    table = table_of(made)
    assert table["steps_per_s"].tolist() == [50.0, 100.0, 7.0]
    words = comparison.for_people(table).set_index(["Method", "Workload"])
    title = STRATEGIES["flag"].title
    assert words.loc[(title, "sleep"), ["CPU", "Speed"]].tolist() == ["2.0 %", "1.00×"]
    assert words.loc[(title, "cpu"), ["CPU", "Speed"]].tolist() == ["100.0 %", "1.00×"]
    assert words.loc[(STRATEGIES["event"].title, "sleep"), ["CPU", "Speed"]].tolist() == ["0.5 %", "0.50×"]


def bar(table: pd.DataFrame, row: int = 0) -> tuple[float | None, str]:
    """The width of the bar in a row's cell, and what is written beside it."""
    head, _, content = comparison.for_people(table)["Latency"].iloc[row].partition(",")
    assert head == "data:image/svg+xml;utf8"
    picture = ElementTree.fromstring(unquote(content))
    space = "{http://www.w3.org/2000/svg}"
    [text] = picture.findall(f"{space}text")
    box = picture.find(f"{space}rect")
    return None if box is None else float(box.attrib["width"]), str(text.text)


def test_bar_is_logarithmic() -> None:
    widths = [bar(compared(gone(ms)))[0] for ms in (3, 30, 300, 3000)]
    assert np.diff(widths).tolist() == [15, 15, 15]
    assert bar(compared(gone(100_000)))[0] == 90  # and no wider


def test_bar_says_its_number() -> None:
    assert bar(compared(gone(12)))[1] == "12.0 ms"
    assert bar(compared(never())) == (None, "∞ never")


def test_words_for_the_terminal(mixed: pd.DataFrame) -> None:
    lines = comparison.for_terminal(mixed).splitlines()
    assert len(lines) == 1 + len(mixed)
    assert lines[0].split()[:3] == ["Verdict", "Method", "Workload"]
    for said in ("✔ safe", "Event, waited on", "sleep", "200 µs", "0 of 1 (< 79 %)", STRATEGIES["event-wait"].advice):
        assert said in lines[1]
    assert "∞ does not stop" in lines[-1]
    assert "never" in lines[-1]
    assert "data:image" not in comparison.for_terminal(mixed)
