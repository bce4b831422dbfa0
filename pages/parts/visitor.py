"""Who is looking: one visitor a browser tab, who leaves some seconds after the tab is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from simulation.lab.spec import SpecError
from simulation.process import LabError
from simulation.shelf import SHELF, Exhibit, Visitor

E = TypeVar("E", bound=Exhibit)
GONE = (
    "What this address names is not kept any more: results go with the server, or make room for newer ones. Start anew."
)


@st.cache_resource(scope="session", on_release=SHELF.leave, show_spinner=False)
def visitor() -> Visitor:
    return Visitor(st.session_state.setdefault("looked at", {}))  # outlives a broken connection, a cache does not


def current(kind: str, of: type[E]) -> E | None:
    """The exhibit whose key is in the page's address, or that this tab looked at before; called once a run.

    `kind` ("run", "compare") is its name in the address, `of` its type; a key of another is nobody's.
    """
    address = st.query_params.get(kind, "")
    key = visitor().look(kind, address)
    exhibit = shown(kind, of)
    if exhibit is None:
        visitor().forget(kind)
        if address:
            del st.query_params[kind]
            st.session_state["problem"] = GONE
    else:
        st.query_params[kind] = key
    return exhibit


def shown(kind: str, of: type[E]) -> E | None:
    """The same, as it was last found or started."""
    exhibit = SHELF.shown(kind, visitor())
    return exhibit if isinstance(exhibit, of) else None


def start(kind: str, begin: Callable[[], Exhibit], instead_of: Exhibit | None = None) -> None:
    """A click on a button that starts something. `begin` must not call Streamlit.

    A second click finds that something goes on, or is shown instead of what it was meant for, and does
    nothing. Streamlit does not wait for the first one's callback: it runs the second in a thread of its
    own and stops the first at its next call of Streamlit (`runner.fastReruns`).
    """
    try:
        SHELF.start(kind, begin, visitor(), instead_of)
    except (SpecError, LabError) as error:
        st.session_state["problem"] = str(error)


def goes_on(kind: str, exhibit: Exhibit) -> bool:
    """Whether it still goes on. The first look after its end draws the whole page anew, without refresh."""
    seen_alive = f"{kind} seen alive"
    if not exhibit.over:
        st.session_state[seen_alive] = True
        return True
    if st.session_state.pop(seen_alive, False):
        st.rerun()
    return False


def problem() -> None:
    """Say once why the last click started nothing."""
    if told := st.session_state.pop("problem", None):
        st.error(told)
