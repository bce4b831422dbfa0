"""The page "Download": a real download, a Cancel button, and what still came after it."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from pages.parts import visitor
from pages.parts.chart import chart
from pages.parts.trial import trial
from simulation.autopsy import examine
from simulation.lab.catalogue import STRATEGIES, why_not
from simulation.lab.spec import FIRST, RATE, SIZE, TOKENS, SpecError, checked
from simulation.report.lesson import idea, lesson, source
from simulation.runner import LabError, Result
from simulation.transfer import Fetch, amount, facts, speed, why

REFRESH_S = 0.2
PATIENCE_S = 2.0
MB = 1_000_000
KINDS = {"download": "File", "stream": "Chat answer"}
SERVER = {"flows": "Flows", "stalls": "Stalls", "resets": "Resets"}
METHODS = [key for key in STRATEGIES if not why_not(key, "download")]
KEEP: dict[str, Any] = {"persist_state": "session"}


def page() -> None:
    left, right = st.columns([1, 2.2], gap="large")
    fetch = current()
    running = fetch is not None and not fetch.over
    with left:
        st.title("Download", anchor=False)
        settings(running)
        if problem := st.session_state.pop("problem", None):
            st.error(problem)
    with right:
        if fetch is None:
            welcome()
        else:
            st.fragment(show, run_every=REFRESH_S if running else None)(fetch)


def current() -> Fetch | None:
    return visitor.current("download", Fetch)


def welcome() -> None:
    chart(None, key="transfer")
    st.info(
        "Press **Start**: a real thread downloads a file from a real web server on this machine, in a process of "
        "its own. Press **Cancel** and see how much still came, and when thread, socket and partial file were gone."
    )
    st.markdown(
        "Try it twice with **Flag variable**: first with a server that flows, then with one that stalls. "
        "Then take **Shut down and close** for the one that stalls."
    )


def settings(running: bool) -> None:
    """The settings of the next download and the Start button."""
    kind = st.segmented_control(
        "What to load", KINDS, default="download", required=True, format_func=KINDS.__getitem__, key="kind", **KEEP
    )
    method = st.selectbox(
        "Method", METHODS, METHODS.index("flag"), lambda key: STRATEGIES[key].title, key="stop_method", **KEEP
    )
    st.caption(idea(method))
    place = st.container()
    if kind == "stream":
        chat_settings()
    else:
        file_settings()
    place.button(
        "Start", type="primary", icon=":material/play_arrow:", width="stretch", disabled=running, on_click=start
    )


def chat_settings() -> None:
    st.number_input("First token after, s", FIRST.low, FIRST.high, 3.0, 0.5, key="first_s", **KEEP)
    st.number_input("Tokens (words)", TOKENS.low, TOKENS.high, 200, 50, key="tokens", **KEEP)


def file_settings() -> None:
    size, rate = st.columns(2)
    size.number_input("File size, MB", 1, int(SIZE.high) // MB, 100, 10, key="size_mb", **KEEP)
    rate.number_input("Rate, MB/s (0: any)", 0, int(RATE.high) // MB, 10, 1, key="rate_mb", **KEEP)
    trouble = st.segmented_control(
        "Server", SERVER, default="flows", required=True, format_func=SERVER.__getitem__, key="server", **KEEP
    )
    if trouble != "flows":
        st.number_input(f"{SERVER[trouble]} after, MB", 0, int(SIZE.high) // MB, 5, 1, key="after_mb", **KEEP)
    st.toggle("Keep the partial file, to resume", True, key="keep", **KEEP)


def chosen() -> dict[str, Any]:
    """The settings as `spec.checked` takes them, as they are now (see `pages/run.py`)."""
    now = st.session_state
    options: dict[str, Any] = {"once": True}
    if now["kind"] == "stream":
        options |= {"first_s": now["first_s"], "tokens": now["tokens"]}
    else:
        options |= {"size": now["size_mb"] * MB, "rate": now["rate_mb"] * MB, "keep_part": now["keep"]}
        trouble = {"stalls": "stall_after", "resets": "reset_after"}.get(now["server"])
        if trouble:
            options[trouble] = now.get("after_mb", 5) * MB
    return {
        "strategy": now["stop_method"],
        "workload": now["kind"],
        "patience_s": PATIENCE_S,
        "request_after_s": None,
        "seed": secrets.randbelow(1_000_000),
        "options": options,
    }


def start() -> None:
    """The Start button. A second click finds the first one's download and leaves it alone."""
    fetch = current()
    if fetch is not None and not fetch.over:
        return
    try:
        visitor.show("download", Fetch(checked(**chosen())))
    except (SpecError, LabError) as error:
        st.session_state["problem"] = str(error)
        return
    if fetch is not None:
        fetch.drop()  # its partial file; what it measured stays


def resume(fetch: Fetch) -> None:
    """The Resume button. A second click finds that another download is shown already."""
    if current() is not fetch:
        return
    try:
        visitor.show("download", fetch.resume())
    except LabError as error:
        st.session_state["problem"] = str(error)


def show(fetch: Fetch) -> None:
    """The download, alive or over. The last refresh of a live one draws the page anew."""
    if current() is not fetch:
        st.rerun()  # Resume was pressed: this part of the page alone would show the old one for ever
    result = fetch.poll()
    if result is None:
        live(fetch)
    elif st.session_state.get("loading_live"):
        st.session_state["loading_live"] = False
        st.rerun()
    else:
        report(fetch, result)


def live(fetch: Fetch) -> None:
    st.session_state["loading_live"] = True
    now = fetch.now()
    asked = " · stop requested, waiting for the end" if fetch.asked else ""
    if fetch.chat:
        words = len(fetch.text().split())
        total = fetch.spec.options.tokens
        st.progress(min(1.0, words / total), f"**{words:,} of {total:,} tokens**{asked}")
    else:
        status = f"**{amount(now.amount)} of {amount(now.total)}** · {speed(now.bytes_per_s)}"
        st.progress(min(1.0, now.amount / now.total), status + asked)
    st.button("Cancel", type="primary", icon=":material/stop:", width="stretch", on_click=fetch.request_stop)
    if fetch.chat:
        answer(fetch)
    elif fetch.resumed_at:
        st.caption(resumed(fetch))


def resumed(fetch: Fetch) -> str:
    return f"Resumed at {amount(fetch.resumed_at)}: what was there is not fetched again."


def answer(fetch: Fetch) -> None:
    with st.container(border=True, height=160):
        st.text(fetch.text() or "Waiting for the first token …")


def report(fetch: Fetch, result: Result) -> None:
    """The download, over: the numbers, why they are so, then the trial as everywhere."""
    findings = examine(result)
    with st.container(horizontal=True):
        for fact in facts(result, fetch.whole):
            st.metric(fact.name, fact.value, help=fact.meaning, width="content")
    ending(fetch)
    with st.container(border=True):
        st.markdown(why(result, fetch.whole))
    trial(findings, result.recording, key="transfer")
    about, code = st.tabs(["Lesson", "Source"])
    about.markdown(lesson(result.spec.strategy))
    code.code(source(result.spec.strategy), language="python")


def ending(fetch: Fetch) -> None:
    """How far it came, and the way on."""
    if fetch.chat:
        words = len(fetch.text().split())
        st.progress(min(1.0, words / fetch.spec.options.tokens), f"{words:,} of {fetch.spec.options.tokens:,} tokens")
        answer(fetch)
        return
    now = fetch.now()
    told = f"{amount(now.amount)} of {amount(now.total)}"
    st.progress(min(1.0, now.amount / now.total), told)
    if fetch.resumed_at:
        st.caption(resumed(fetch))
    if (kept := fetch.kept) is not None:
        well = " The server is well again then." if fetch.spec.options[2:4] != (None, None) else ""
        st.button(
            f"Resume from {amount(kept)}",
            icon=":material/resume:",
            width="stretch",
            on_click=resume,
            args=(fetch,),
            help=f"An HTTP Range request: what is on the disk is not fetched again.{well}",
        )


page()
