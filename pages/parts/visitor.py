"""Who is looking: one visitor a browser tab, who leaves some seconds after the tab is closed."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

from simulation.shelf import SHELF, Exhibit

E = TypeVar("E", bound=Exhibit)


@st.cache_resource(scope="session", on_release=SHELF.leave, show_spinner=False)
def visitor() -> object:
    return object()


def current(kind: str, of: type[E]) -> E | None:
    """The exhibit whose key is in the page's address, or that this tab looked at before.

    `kind` ("run", "compare") is its name in the address, `of` its type; a key of another is nobody's.
    """
    key = st.query_params.get(kind) or st.session_state.get(kind)
    if not key:
        return None
    st.session_state[kind] = st.query_params[kind] = key  # also back from another page
    exhibit = SHELF.find(key, visitor())
    return exhibit if isinstance(exhibit, of) else None


def show(kind: str, exhibit: Exhibit) -> None:
    """Put what was started on the shelf and its key into the page's address."""
    st.session_state[kind] = st.query_params[kind] = SHELF.put(exhibit, visitor())
