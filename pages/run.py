"""The page "Run": choose a method, start real threads, cancel them, see what that did."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import streamlit as st

from pages.parts import visitor
from pages.parts.chart import chart
from pages.parts.lesson import lesson_tabs
from pages.parts.trial import trial
from simulation.autopsy import Findings, examine
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.spec import INTERVAL, PATIENCE, REQUEST_AFTER, WORKERS, Bound, checked
from simulation.playback import Playback
from simulation.report import figures, tables
from simulation.report.lesson import idea, lesson
from simulation.report.narrative import glance
from simulation.runner import Result
from simulation.shelf import Watched

REFRESH_S = 0.15
AFTER_S = 4.0  # when nobody says otherwise
ROWS = 2000  # of state events in the table; the CSV has all of them


def page() -> None:
    left, right = st.columns([1, 2.2], gap="large")
    watched = visitor.current("run", Watched)
    running = watched is not None and not watched.over
    with left:
        st.title("Stop a thread", anchor=False)
        strategy = controls(running)
        visitor.problem()
    with right:
        if watched is None:
            welcome(strategy)
        else:
            st.fragment(show, run_every=REFRESH_S if running else None)(watched, strategy)


def welcome(strategy: str) -> None:
    chart(None, key="timeline")
    st.info(
        "Press **Start**: real threads run in a process of their own, and their timeline grows here. "
        "Press **Cancel** to ask them to stop, and see how long that took and what it broke."
    )
    lesson_tabs(strategy)


def controls(running: bool) -> str:
    """The settings of the next run and the Start button; returns the chosen method.

    They stand in the page's address: a teacher can send a link to an experiment.
    """
    strategy = choice("Method", "method", STRATEGIES, "event-wait")
    choice("What the thread is doing", "workload", WORKLOADS, "sleep")
    place = st.container()
    with st.expander("More settings", icon=":material/tune:"):
        number(WORKERS, "Worker threads", 1, 1)
        number(INTERVAL, "Interval between steps, s", 0.1, 0.05)
        number(PATIENCE, "Patience: how long to wait for the end, s", 2.0, 0.5)
        if st.toggle("Request the stop automatically", True, key="automatic", bind="query-params"):
            number(REQUEST_AFTER, "… after, s", AFTER_S, 0.5)
    place.button(
        "Start", type="primary", icon=":material/play_arrow:", width="stretch", disabled=running, on_click=start
    )
    return strategy


def chosen() -> dict[str, Any]:
    """The settings as `spec.checked` takes them, as they are now.

    Not as they were when the button was drawn: people change a number and press Start at once.
    """
    now = st.session_state
    return {
        "strategy": now["method"],
        "workload": now["workload"],
        "workers": now[WORKERS.name],
        "interval_s": now[INTERVAL.name],
        "patience_s": now[PATIENCE.name],
        "request_after_s": now.get(REQUEST_AFTER.name, AFTER_S) if now["automatic"] else None,
        "seed": secrets.randbelow(1_000_000),
    }


def choice(label: str, key: str, table: dict[str, Any], default: str) -> str:
    keys = list(table)
    picked: str = st.selectbox(
        label, keys, keys.index(default), lambda k: str(table[k].title), key=key, bind="query-params"
    )
    st.caption(idea(picked))
    return picked


def number(bound: Bound, label: str, value: float, step: float) -> None:
    kind = type(value)
    st.number_input(label, kind(bound.low), kind(bound.high), value, step, key=bound.name, bind="query-params")


def start() -> None:
    settings = chosen()
    visitor.start("run", lambda: Watched(checked(**settings)))


def show(watched: Watched, strategy: str) -> None:
    """The run, alive or over."""
    if visitor.goes_on("run", watched):
        live(watched)
    elif result := watched.poll():
        report(result, strategy)


def live(watched: Watched) -> None:
    st.button("Cancel", type="primary", icon=":material/stop:", width="stretch", on_click=watched.request_stop)
    content = watched.snapshot()
    playback = Playback(content)
    now_ns, due_s = playback.elapsed_ns(), watched.spec.request_at_s
    status = f"**{now_ns / 1e9:.1f} s** · {glance(playback)}"
    if playback.requested:
        st.progress(1.0, f"{status} · stop requested, waiting for the end")
    elif due_s is None:
        st.progress(0.0, f"{status} · press Cancel to request the stop")
    else:
        st.progress(min(1.0, now_ns / 1e9 / due_s), f"{status} · stop request comes at {due_s:.1f} s")
    asked = figures.Marks(playback.requested - playback.t0) if playback.requested else figures.Marks()
    bars = tables.intervals(tables.events([content]), now_ns)
    picture = figures.timeline(bars, asked)
    chart(picture, key="timeline", revision=str(id(watched)), label=f"Timeline so far: {glance(playback)}.")


def report(result: Result, chosen_now: str) -> None:
    """The run, over; and the lesson of the method that was chosen since."""
    findings = examine(result)
    trial(findings, result.recording, key="timeline")
    events = tables.events([result.recording])
    more: dict[str, Callable[[], Any]] = {
        "State events": lambda: state_events(events),
        "Workers": lambda: workers(findings),
    }
    if chosen_now != result.spec.strategy:
        more[f"Lesson of {STRATEGIES[chosen_now].title}"] = lambda: st.markdown(lesson(chosen_now))
    lesson_tabs(result.spec.strategy, more)


def state_events(events: Any) -> None:
    if len(events) > ROWS:
        st.caption(f"The last {ROWS:,} of {len(events):,} state events; the CSV has all of them.")
    st.dataframe(events.tail(ROWS), hide_index=True)
    st.download_button(
        "Download CSV",
        events.to_csv(index=False),
        "state-events.csv",
        "text/csv",
        on_click="ignore",
        icon=":material/download:",
    )


def workers(findings: Findings) -> None:
    st.dataframe(tables.workers(findings), hide_index=True)


page()
