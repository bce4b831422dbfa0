"""The page "Matrix": what the thread is doing × how it is asked to stop."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from pages.parts import visitor
from pages.parts.chart import chart
from pages.parts.columns import COLUMNS
from pages.parts.progress import progress
from pages.parts.trial import trials_of
from simulation.experiment import Experiment, planned
from simulation.lab.catalogue import STRATEGIES, WORKLOADS, why_not
from simulation.report import comparison, matrix, tables
from simulation.shelf import Compared

REFRESH_S = 2.0
ANSWER = ["Verdict", "Method", "Latency", "Stopped", "Damaged", "Advice", "Note"]  # what it says of each method


def page() -> None:
    st.title("Matrix", anchor=False)
    st.caption("Whether a method works depends on what the thread is doing. Each cell was run, or says why not.")
    compared = visitor.current("matrix", Compared)
    running = compared is not None and not compared.over
    question()
    controls(compared, running)
    visitor.problem()
    st.fragment(show, run_every=REFRESH_S if running else None)(compared, asked())


def question() -> None:
    """The question people come with."""
    st.selectbox("My thread is busy with … what stops it?", WORKLOADS, None, key="busy-with",
                 format_func=lambda key: f"{key}: {WORKLOADS[key].title}", bind="query-params", on_change=prefer,
                 placeholder="choose what your thread is doing: its cells are run first")  # fmt: skip


def asked() -> str:
    """The workload that is asked about, or ""."""
    return st.session_state["busy-with"] or ""


def prefer() -> None:
    """Let the experiment that goes on run first what is asked about now."""
    compared = visitor.shown("matrix", Compared)
    if compared is not None:
        compared.experiment.first = asked()


def controls(compared: Compared | None, running: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Trials of each cell", 1, 100, 5, key="cell-trials", bind="query-params", width=200)
        st.button("Start", type="primary", icon=":material/play_arrow:", disabled=running, on_click=start)
        unfinished = compared is not None and not running and compared.experiment.done < compared.experiment.total
        if compared is not None and unfinished:
            st.button("Continue", icon=":material/resume:", on_click=lambda: compared.resume(asked()),
                      help="Run the cells that are missing; what was measured is kept.")  # fmt: skip


def start() -> None:
    trials, seed, first = st.session_state["cell-trials"], secrets.randbelow(1_000_000), asked()
    settings = {"trials": trials, "seed": seed, **matrix.SETTINGS}
    visitor.start("matrix", lambda: Compared(planned(list(STRATEGIES), list(WORKLOADS), **settings), first))


def show(compared: Compared | None, workload: str) -> None:
    """The matrix as it is now."""
    if compared is None:
        picture(None, workload)
        return
    if visitor.goes_on("matrix", compared):
        progress(compared.experiment)
    if compared.experiment.problem:
        st.error(compared.experiment.problem)
    picture(compared.experiment, workload)


def picture(experiment: Experiment | None, workload: str) -> None:
    """The answer, the heat map, and the trials of the cell that was clicked."""
    if experiment is None or not experiment.done:
        chart(matrix.heat_map(matrix.cells(comparison.empty(), {}, {})), key="matrix", label="Nothing was run yet.")
        return
    outcomes = experiment.outcomes
    trials = tables.trials(outcomes.findings)
    table = comparison.comparison(trials, outcomes, experiment.plan.seed)
    if workload:
        answer(table, workload, experiment)
        for sentence in matrix.warnings(trials, outcomes, workload):
            st.warning(sentence, icon=":material/warning:")
    every_cell = matrix.cells(table, matrix.late(trials), outcomes.unavailable)
    clicked = chart(
        matrix.heat_map(every_cell), key="matrix", label="All cells; the same is in the CSV file.", clicks=True
    )
    opened(clicked, every_cell, experiment)
    st.download_button("Download CSV", comparison.to_csv(table), "matrix.csv", "text/csv", on_click="ignore",
                       icon=":material/download:")  # fmt: skip


def answer(table: Any, workload: str, experiment: Experiment) -> None:
    """What stops a thread that does this, as far as it was measured."""
    found = matrix.answers(table, workload)
    lacking = sum(busy == workload for _, busy in experiment.outcomes.unavailable)
    possible = sum(not why_not(strategy, workload) for strategy in STRATEGIES) - lacking
    next_up = experiment.now is not None and experiment.first == workload and len(found) < possible
    more = "; the others are run first" if next_up else ""
    st.caption(f"{len(found)} of {possible} methods measured on {workload}{more}. Safe first, then fast.")
    if len(found):
        words = comparison.for_people(found)[ANSWER]
        st.dataframe(words, hide_index=True, height="content", column_config=COLUMNS)


def opened(clicked: Any, every_cell: Any, experiment: Experiment) -> None:
    """The trials of the clicked cell, or why there is none."""
    if not clicked:
        st.caption(
            'Click a cell to see its trials and why it ends as it does. "+200 ms late": the request itself '
            "came that late, because the worker kept the GIL from the thread that asks."
        )
        return
    strategy, workload = clicked
    with st.container(border=True):
        st.subheader(f"{STRATEGIES[strategy].title} · {WORKLOADS[workload].title}", anchor=False)
        if not trials_of(experiment.outcomes, (strategy, workload), key="cell"):
            st.info(matrix.why(every_cell, strategy, workload))


page()
