"""Who is looking: one visitor a browser tab, who leaves some seconds after the tab is closed."""

from __future__ import annotations

import secrets
from typing import Any

import streamlit as st

from simulation.lab.spec import checked
from simulation.shelf import SHELF, Watched


@st.cache_resource(scope="session", on_release=SHELF.leave, show_spinner=False)
def visitor() -> object:
    return object()


def current() -> Watched | None:
    """The run whose key is in the page's address, or that this tab looked at before."""
    key = st.query_params.get("run") or st.session_state.get("run")
    if not key:
        return None
    st.session_state["run"] = st.query_params["run"] = key  # also back from another page
    return SHELF.find(key, visitor())


def start(**settings: Any) -> None:
    """Start a run with a seed of its own; put its key into the page's address.

    Raises SpecError, LabError.
    """
    spec = checked(**settings, seed=secrets.randbelow(1_000_000))
    key = SHELF.start(spec, visitor())
    st.session_state["run"] = st.query_params["run"] = key
