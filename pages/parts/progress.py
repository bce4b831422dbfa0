"""How far an experiment is, and the button that cancels it."""

from __future__ import annotations

import streamlit as st

from simulation.experiment import Experiment
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.report.words import roughly


def progress(experiment: Experiment) -> None:
    st.button(
        "Cancel and keep what was measured",
        icon=":material/stop:",
        on_click=experiment.cancel,
        width="stretch",
    )
    now, left_s = experiment.now, experiment.left_s
    text = f"{experiment.done:,} of {experiment.total:,} trials"
    if now is not None:
        text += f" · now: {STRATEGIES[now.strategy].title} · {WORKLOADS[now.workload].title}"
    if left_s is not None:
        text += f" · about {roughly(left_s)} left"
    st.progress(min(1.0, experiment.done / max(1, experiment.total)), text)
