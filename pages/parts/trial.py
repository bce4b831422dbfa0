"""A trial that is over, shown: the answer first, then how it came about."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.parts.chart import chart
from simulation.autopsy import CHECKS, Findings
from simulation.experiment import Outcomes, Pair
from simulation.playback import Playback
from simulation.report import comparison, figures, tables
from simulation.report.narrative import headline, narrative, settings, went_well
from simulation.report.words import CHECK, duration

SYMBOL = {"ok": ":green[✔ ok]", "failed": ":red[✘ failed]", "n/a": ":gray[– not applicable]"}
WHOLE, CLOSE_UP = "Whole run", "Around the stop"


def trials_of(outcomes: Outcomes, pair: Pair, key: str) -> bool:
    """The trials of a pair, the typical one first in sight; False if none can be shown."""
    places = comparison.places(outcomes).get(pair, [])
    if not places:
        return False
    typical = comparison.representatives(outcomes)[pair]

    def named(place: int) -> str:  # the same as long as the trial is there, or the choice would be lost
        return f"Trial {places.index(place) + 1}: {headline(outcomes.findings[place])}"

    place = st.selectbox(
        "Trial", places, places.index(typical), named, key=f"{key} {pair}", label_visibility="collapsed"
    )
    if len(places) > 1:
        number = places.index(typical) + 1
        st.caption(
            f"Trial {number} of {len(places)} is the typical one: the median, or the lower of the two in the middle."
        )
    trial(outcomes.findings[place], outcomes.recordings[place], key=key)
    return True


def trial(findings: Findings, recording: bytes, key: str) -> None:
    """Everything about one trial but its raw data. `key` tells this place from others."""
    box = st.success if went_well(findings) else st.warning
    box(f"**{headline(findings)}**  \n{narrative(findings, Playback(recording))}")
    if findings.asked:  # else there is no latency: it was not stopped, and not "never"
        numbers(findings)
    timeline(tables.events([recording]), findings, key)
    st.subheader("What was left behind", anchor=False)
    for name in CHECKS:
        check = findings.checks[name]
        st.markdown(f"{SYMBOL[check.status]} **{CHECK[name]}** – {check.evidence}")
    st.caption(settings(findings))


def numbers(findings: Findings) -> None:
    """The stop latency and the parts it is made of."""
    with st.container(horizontal=True):
        st.metric("Stop latency", duration(findings.stop_ms), width="content",
                  help="From the stop request until the thread is gone.")  # fmt: skip
        for sign, part in zip("=++", tables.latency_parts(findings).to_dict("records")):
            st.metric(f"{sign} {part['part']}", duration(part["took_ms"], never="–"), width="content")


def timeline(events: Any, findings: Findings, key: str) -> None:
    view = st.segmented_control(
        "Show",
        [WHOLE, CLOSE_UP],
        default=WHOLE,
        required=True,
        label_visibility="collapsed",
        key=f"{key} view",
    )
    picture = figures.trial(events, findings, close_up=view == CLOSE_UP)
    revision = f"{findings.spec} {findings.requested_ns} {view}"
    chart(picture, key=key, revision=revision, label=f"Timeline. {headline(findings)}.")
