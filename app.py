"""The server and the navigation. Start it with ``streamlit run app.py``.

Streamlit meets this file in two ways: the server imports it once for `app`, and every rerun of
every session runs it as a script.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from starlette.responses import FileResponse
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from pages.parts.chart import PLOTLY_JS, PLOTLY_URL
from simulation.shelf import SHELF


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """When the server goes down, so do the labs."""
    try:
        yield
    finally:
        SHELF.close()


def plotly_js(_: object) -> FileResponse:
    """Plotly's own script, out of its Python package: the app works without the internet."""
    return FileResponse(PLOTLY_JS, headers={"Cache-Control": "public, max-age=31536000, immutable"})


if __name__ == "__main__":
    st.set_page_config("Stop a thread", page_icon="🛑", layout="wide")
    st.html("<style>.stMainBlockContainer { padding-top: 5rem; }</style>")
    pages = [
        st.Page("pages/run.py", title="Run", icon=":material/play_circle:", default=True),
        st.Page("pages/compare.py", title="Compare", icon=":material/leaderboard:"),
        st.Page("pages/matrix.py", title="Matrix", icon=":material/grid_on:"),
        st.Page("pages/download.py", title="Download", icon=":material/download:"),
    ]
    st.navigation(pages, position="top").run()
else:
    # `st.navigation` says which pages there are, but nobody has called it when the first visitor
    # comes by a link to a page: without this, Streamlit would serve the bare files of pages/.
    PagesManager.uses_pages_directory = False
    app = st.App("app.py", lifespan=lifespan, routes=[Route(PLOTLY_URL, plotly_js)])
