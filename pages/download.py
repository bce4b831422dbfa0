"""The page "Download": a real download, a Cancel button, and what still came after it."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from pages.parts import visitor
from pages.parts.chart import chart
from pages.parts.lesson import lesson_tabs
from pages.parts.trial import trial
from simulation.autopsy import examine
from simulation.lab.catalogue import STRATEGIES, why_not
from simulation.lab.spec import FIRST, PATIENCE, RATE, SIZE, TOKENS, Spec, checked
from simulation.report.lesson import idea
from simulation.runner import Result
from simulation.transfer import Fetch, facts, quantity, why

REFRESH_S = 0.2
MB = 1_000_000
# When nobody says otherwise. A setting that is not drawn yet has these, too: people are quick.
SIZE_MB, RATE_MB, AFTER_MB, FIRST_S, TOKENS_N, AFTER_TOKENS, KEEP = 100, 10, 5, 3.0, 200, 20, True
KINDS = {"download": "File", "stream": "Chat answer"}
SERVER = {"flows": "Flows", "stalls": "Stalls", "resets": "Resets"}
TROUBLE = {"stalls": "stall_after", "resets": "reset_after"}
METHODS = [key for key in STRATEGIES if not why_not(key, "download")]
SHARED: dict[str, Any] = {"bind": "query-params"}  # it stands in the address: a teacher can send a link


def page() -> None:
    left, right = st.columns([1, 2.2], gap="large")
    fetch = visitor.current("download", Fetch)
    running = fetch is not None and not fetch.over
    with left:
        st.title("Download", anchor=False)
        settings(running)
        visitor.problem()
    with right:
        if fetch is None:
            welcome()
        else:
            st.fragment(show, run_every=REFRESH_S if running else None)(fetch)


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
        "What to load", KINDS, default="download", required=True, format_func=KINDS.__getitem__, key="kind", **SHARED
    )
    method = st.selectbox(
        "Method", METHODS, METHODS.index("flag"), lambda key: STRATEGIES[key].title, key="stop-method", **SHARED
    )
    st.caption(idea(method))
    names = SERVER.__getitem__
    trouble = st.segmented_control(
        "Server", SERVER, default="flows", required=True, format_func=names, key="server", **SHARED
    )
    st.button("Start", type="primary", icon=":material/play_arrow:", width="stretch", disabled=running, on_click=start)
    with st.expander("More settings", icon=":material/tune:"):
        numbers = chat_numbers if kind == "stream" else file_numbers
        numbers("" if trouble == "flows" else SERVER[trouble])
        st.number_input(
            "Patience: how long to wait for the end, s", PATIENCE.low, PATIENCE.high, 2.0, 0.5, key="wait", **SHARED
        )


def chat_numbers(trouble: str) -> None:
    st.number_input("First token after, s", FIRST.low, FIRST.high, FIRST_S, 0.5, key="first-s", **SHARED)
    st.number_input("Tokens (words)", TOKENS.low, TOKENS.high, TOKENS_N, 50, key="tokens", **SHARED)
    if trouble:
        st.number_input(f"{trouble} after, tokens", 0, TOKENS.high, AFTER_TOKENS, 10, key="after-tokens", **SHARED)


def file_numbers(trouble: str) -> None:
    st.number_input("File size, MB", 1, int(SIZE.high) // MB, SIZE_MB, 10, key="size-mb", **SHARED)
    st.number_input("Rate, MB/s (0: any)", 0, int(RATE.high) // MB, RATE_MB, 1, key="rate-mb", **SHARED)
    if trouble:
        st.number_input(f"{trouble} after, MB", 0, int(SIZE.high) // MB, AFTER_MB, 1, key="after-mb", **SHARED)
    st.toggle("Keep the partial file, to resume", KEEP, key="keep", **SHARED)


def chosen() -> dict[str, Any]:
    """The settings as `spec.checked` takes them, as they are now (see `pages/run.py`)."""
    now = st.session_state
    options: dict[str, Any] = {"once": True}
    if now["kind"] == "stream":
        options |= {"first_s": now.get("first-s", FIRST_S), "tokens": now.get("tokens", TOKENS_N)}
        after = now.get("after-tokens", AFTER_TOKENS)
    else:
        options |= {"size": now.get("size-mb", SIZE_MB) * MB, "rate": now.get("rate-mb", RATE_MB) * MB}
        options["keep_part"] = now.get("keep", KEEP)
        after = now.get("after-mb", AFTER_MB) * MB
    if now["server"] != "flows":
        options[TROUBLE[now["server"]]] = after
    return {
        "strategy": now["stop-method"],
        "workload": now["kind"],
        "patience_s": now["wait"],
        "request_after_s": None,
        "seed": secrets.randbelow(1_000_000),
        "options": options,
    }


def start() -> None:
    settings, before = chosen(), visitor.shown("download", Fetch)
    visitor.start("download", lambda: anew(checked(**settings), before))


def anew(spec: Spec, before: Fetch | None) -> Fetch:
    """The next download; of the one before stays what it measured, and no file."""
    fetch = Fetch(spec)
    if before is not None:
        before.drop()
    return fetch


def resume(fetch: Fetch) -> None:
    visitor.start("download", fetch.resume, instead_of=fetch)


def show(fetch: Fetch) -> None:
    """The download, alive or over."""
    if visitor.shown("download", Fetch) is not fetch:
        st.rerun()  # Resume was pressed: this part of the page alone would show the old one for ever
    if visitor.goes_on("download", fetch):
        live(fetch)
    elif result := fetch.poll():
        report(fetch, result)


def live(fetch: Fetch) -> None:
    now = fetch.now()
    asked = " · stop requested, waiting for the end" if fetch.asked else ""
    st.progress(now.share, f"**{now.far}** · {now.speed}{asked}")
    st.button("Cancel", type="primary", icon=":material/stop:", width="stretch", on_click=fetch.request_stop)
    so_far(fetch)


def so_far(fetch: Fetch) -> None:
    """What there is to see of what has come."""
    if fetch.resumed_at:
        st.caption(f"Resumed at {quantity(fetch.resumed_at, fetch.chat)}: what was there is not fetched again.")
    if fetch.chat:
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
    lesson_tabs(result.spec.strategy)


def ending(fetch: Fetch) -> None:
    """How far it came, and the way on."""
    now = fetch.now()
    st.progress(now.share, now.far)
    so_far(fetch)
    if (kept := fetch.kept) is not None:
        well = " The server is well again then." if fetch.spec.options.troubles() else ""
        st.button(
            f"Resume from {quantity(kept, fetch.chat)}",
            icon=":material/resume:",
            width="stretch",
            on_click=resume,
            args=(fetch,),
            help=f"{'The words that have come' if fetch.chat else 'An HTTP Range request: what is on the disk'}"
            f" is not fetched again.{well}",
        )


page()
