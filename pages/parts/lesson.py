"""The lesson of a strategy, its source, and what else a page has to tell in tabs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from simulation.report.lesson import lesson, source


def lesson_tabs(strategy: str, more: dict[str, Callable[[], Any]] | None = None) -> None:
    """`more`: what fills the tabs behind Lesson and Source.

    Only the open tab is filled: the colours of the source alone are 1.5 MB of script in the browser.
    """
    tabs = {
        "Lesson": lambda: st.markdown(lesson(strategy)),
        "Source": lambda: st.code(source(strategy), language="python"),
        **(more or {}),
    }
    for tab, fill in zip(st.tabs(list(tabs), key="lesson", on_change="rerun"), tabs.values()):
        if tab.open:
            with tab:
                fill()
