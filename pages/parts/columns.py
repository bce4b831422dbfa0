"""How the columns of a comparison are shown: wide enough for their words, and with what they mean."""

from __future__ import annotations

import streamlit as st

COLUMNS = {
    "Verdict": st.column_config.TextColumn(width=150),
    "Method": st.column_config.TextColumn(width=180),
    "Latency": st.column_config.ImageColumn("Stop latency", width=190, help="Median, on a logarithmic scale."),
    "Median, ms": st.column_config.NumberColumn(format="%.3f"),
    "Damaged": st.column_config.TextColumn(
        width=130, help="Stopped trials that left something broken; in brackets the 95 % bound of their share."
    ),
    "Advice": st.column_config.TextColumn(width=100, help="An opinion, not a measurement."),
}
