"""The page "Matrix": what the thread is doing × how it is asked to stop."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from pages.parts import visitor
from pages.parts.chart import chart
from pages.parts.progress import progress
from pages.parts.trial import trial
from simulation.experiment import Experiment, planned
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.report import comparison, matrix, tables
from simulation.shelf import Compared

REFRESH_S = 2.0


def page() -> None:
    st.title("Matrix", anchor=False)
    st.caption("Whether a method works depends on what the thread is doing. Each cell was run, or says why not.")
    compared = visitor.current("matrix", Compared)
    running = compared is not None and not compared.over
    controls(compared, running)
    visitor.problem()
    st.fragment(show, run_every=REFRESH_S if running else None)(compared)


def controls(compared: Compared | None, running: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input("Trials of each cell", 1, 100, 5, key="cell trials", persist_state="session", width=200)
        st.button("Start", type="primary", icon=":material/play_arrow:", disabled=running, on_click=start)
        unfinished = compared is not None and not running and compared.experiment.done < compared.experiment.total
        if compared is not None and unfinished:
            st.button("Continue", icon=":material/resume:", on_click=compared.resume,
                      help="Run the cells that are missing; what was measured is kept.")  # fmt: skip


def start() -> None:
    trials, seed = st.session_state["cell trials"], secrets.randbelow(1_000_000)
    settings = {"trials": trials, "seed": seed, **matrix.SETTINGS}
    visitor.start("matrix", lambda: Compared(planned(list(STRATEGIES), list(WORKLOADS), **settings)))


def show(compared: Compared | None) -> None:
    """The matrix as it is now. The last refresh of a live one draws the page anew."""
    if compared is None:
        picture(None)
        return
    if not compared.over:
        st.session_state["matrix_live"] = True
        progress(compared.experiment)
    elif st.session_state.get("matrix_live"):
        st.session_state["matrix_live"] = False
        st.rerun()
    if compared.experiment.problem:
        st.error(compared.experiment.problem)
    picture(compared.experiment)


def picture(experiment: Experiment | None) -> None:
    """The heat map, the answers, and the trial of the cell that was clicked."""
    if experiment is None or not experiment.done:
        chart(matrix.heat_map(matrix.cells(comparison.empty(), {}, {})), key="matrix", label="Nothing was run yet.")
        return
    outcomes = experiment.outcomes
    trials = tables.trials(outcomes.findings)
    table = comparison.comparison(trials, outcomes, experiment.plan.seed)
    answer(table)
    every_cell = matrix.cells(table, matrix.late(trials), outcomes.unavailable)
    clicked = chart(
        matrix.heat_map(every_cell), key="matrix", label="All cells; the same is in the CSV file.", clicks=True
    )
    opened(clicked, every_cell, experiment)
    st.download_button("Download CSV", comparison.to_csv(table), "matrix.csv", "text/csv", on_click="ignore",
                       icon=":material/download:")  # fmt: skip


def answer(table: Any) -> None:
    """The question people come with."""
    workload = st.selectbox("My thread is busy with …  what stops it?", WORKLOADS, None, key="blocked",
                            format_func=lambda key: f"{key}: {WORKLOADS[key].title}", persist_state="session",
                            placeholder="choose what your thread is doing")  # fmt: skip
    if workload is not None:
        words = comparison.for_people(matrix.answers(table, workload))
        st.dataframe(words[["Verdict", "Method", "Latency", "Stopped", "Damaged", "Advice", "Note"]], hide_index=True,
                     column_config={"Latency": st.column_config.ImageColumn("Stop latency", width=190)})  # fmt: skip


def opened(clicked: Any, every_cell: Any, experiment: Experiment) -> None:
    """The typical trial of the clicked cell, or why there is none."""
    if not clicked:
        st.caption(
            'Click a cell to see its typical trial and why it ends as it does. "+200 ms late": the request itself '
            "came that late, because the worker kept the GIL from the thread that asks."
        )
        return
    strategy, workload = clicked
    with st.container(border=True):
        st.subheader(f"{STRATEGIES[strategy].title} · {WORKLOADS[workload].title}", anchor=False)
        place = comparison.representatives(experiment.outcomes).get((strategy, workload))
        if place is None:
            st.info(matrix.why(every_cell, strategy, workload))
        else:
            trial(experiment.outcomes.findings[place], experiment.outcomes.recordings[place], key="cell")


page()
