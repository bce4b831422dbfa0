"""The server and the navigation. Start it with ``streamlit run app.py``.

Streamlit meets this file in two ways: the server imports it once for `app`, and every rerun of
every session runs it as a script.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.responses import FileResponse
from starlette.routing import Route
from streamlit.runtime.pages_manager import PagesManager

from pages.parts.chart import PLOTLY_JS, PLOTLY_URL
from simulation.shelf import SHELF


def send_at_once(loop: asyncio.AbstractEventLoop) -> None:
    """Switch off Nagle's algorithm for the connections of the server that `loop` is about to create.

    asyncio does so itself, but not for sockets made as Streamlit makes its own: without naming the protocol
    (https://github.com/python/cpython/blob/3.11/Lib/asyncio/base_events.py#L191). Then the body of every
    answer waits some 40 ms for the browser to acknowledge its head, and a page is a hundred answers.
    """
    create_server = loop.create_server

    async def create(*args: Any, sock: socket.socket | None = None, **kwargs: Any) -> Any:
        if sock is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # what it accepts inherits that
        return await create_server(*args, sock=sock, **kwargs)

    loop.create_server = create  # type: ignore[method-assign]


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """When the server goes down, so do the labs."""
    send_at_once(asyncio.get_running_loop())
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
