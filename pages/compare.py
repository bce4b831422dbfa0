"""The page "Compare": every method side by side, safety measured."""

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
from simulation.lab.catalogue import STRATEGIES, TUTORIAL, WORKLOADS
from simulation.lab.spec import INTERVAL, TRIALS, WORKERS
from simulation.report import comparison, comparison_figures, html, tables
from simulation.shelf import Compared

REFRESH_S = 1.0


def page() -> None:
    st.title("Compare", anchor=False)
    st.caption("Every method on real threads, in turn, many times. All here was measured, but for the advice.")
    compared = visitor.current("compare", Compared)
    running = compared is not None and not compared.over
    settings(running)
    visitor.problem()
    if compared is None:
        chart(None, key="typical")
        st.info(
            "Press **Start**: the methods are run in turn, and the table fills as results come in. "
            "You can cancel at any time and keep what was measured."
        )
    else:
        st.fragment(show, run_every=REFRESH_S if running else None)(compared)


def settings(running: bool) -> None:
    keep: dict[str, Any] = {"bind": "query-params"}  # a teacher can send a link to a comparison
    st.multiselect(
        "Methods", STRATEGIES, TUTORIAL, key="methods", format_func=lambda key: STRATEGIES[key].title, **keep
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        titles = {"key": "workloads", "format_func": lambda key: WORKLOADS[key].title, **keep}
        st.multiselect("What the threads are doing", WORKLOADS, ["sleep"], **titles)
        st.number_input("Trials of each", TRIALS.low, 1000, 10, key="trials", **keep)
        st.number_input("Worker threads", WORKERS.low, WORKERS.high, 1, key="threads", **keep)
        st.number_input("Interval, s", INTERVAL.low, INTERVAL.high, 0.05, 0.05, format="%.4f", key="pause", **keep)
    st.button("Start", type="primary", icon=":material/play_arrow:", width="stretch", disabled=running, on_click=start)


def chosen() -> dict[str, Any]:
    """What is chosen now, not what was when the button was drawn, as `planned` takes it."""
    now = st.session_state
    return {
        "strategies": now["methods"],
        "workloads": now["workloads"],
        "trials": now["trials"],
        "workers": now["threads"],
        "interval_s": now["pause"],
        "seed": secrets.randbelow(1_000_000),
    }


def start() -> None:
    settings = chosen()
    visitor.start("compare", lambda: Compared(planned(**settings)))


def show(compared: Compared) -> None:
    """The experiment, alive or over."""
    experiment = compared.experiment
    if visitor.goes_on("compare", compared):
        progress(experiment)
    if experiment.problem:
        st.error(experiment.problem)
    if experiment.done:
        results(experiment, over=compared.over)


def results(experiment: Experiment, over: bool) -> None:
    outcomes = experiment.outcomes
    trials = tables.trials(outcomes.findings)
    table = comparison.comparison(trials, outcomes, experiment.plan.seed)
    if table.empty:
        return
    ending = " · cancelled" if experiment.cancelled else ""
    st.caption(f"{len(trials):,} of {experiment.total:,} trials{ending}")
    row = the_table(table)
    for sentence in comparison.warnings(trials, outcomes):
        st.warning(sentence, icon=":material/warning:")
    if row is not None:
        opened(table, row, experiment)
    pictures(table, trials, experiment)
    if over:  # while results come in, a file would be out of date before it is saved
        downloads(table, trials, experiment)


def the_table(table: Any) -> int | None:
    """The results; returns the row that was opened."""
    words = comparison.for_people(table)
    state = st.dataframe(
        words,
        hide_index=True,
        key="results",
        on_select="rerun",
        selection_mode="single-row",
        height="content",
        column_config=COLUMNS,
        alt="Verdict and stop latency of each method; the same table is in the CSV file.",
    )
    rows = state["selection"]["rows"]
    if not rows:
        st.caption("Open a row (its first cell) to see its trials.")
    return rows[0] if rows and rows[0] < len(table) else None


def opened(table: Any, row: int, experiment: Experiment) -> None:
    """The trials of a row."""
    with st.container(border=True):
        trials_of(experiment.outcomes, comparison.pair_at(table, row), key="opened")


def pictures(table: Any, trials: Any, experiment: Experiment) -> None:
    st.subheader("One typical trial of each, aligned at the request", anchor=False)
    chart(comparison_figures.typical(table, experiment.outcomes), key="typical", label=html.CAPTIONS[0])
    st.caption(html.CAPTIONS[0])
    st.subheader("Every trial", anchor=False)
    chart(comparison_figures.all_trials(table, trials), key="all", label=html.CAPTIONS[1])
    st.caption(html.CAPTIONS[1])
    st.subheader("How soon how many had stopped", anchor=False)
    chart(comparison_figures.curves(table, trials), key="curves", label=html.CAPTIONS[2])
    st.caption(html.CAPTIONS[2])


def downloads(table: Any, trials: Any, experiment: Experiment) -> None:
    with st.container(horizontal=True):
        st.download_button(
            "Download CSV",
            comparison.to_csv(table),
            "comparison.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Download page",
            lambda: html.page(table, trials, experiment.outcomes),
            "comparison.html",
            "text/html",
            on_click="ignore",
            icon=":material/slideshow:",
            help="Table and figures in one file that opens offline.",
        )


page()
