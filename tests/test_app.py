"""The server: what app.py adds to Streamlit's."""

from __future__ import annotations

import asyncio
import socket

import app


def test_connections_do_not_wait_for_the_browser_to_acknowledge() -> None:
    """Streamlit makes its socket without naming the protocol; asyncio leaves Nagle's algorithm on then."""

    async def without_delay() -> int:
        loop = asyncio.get_running_loop()
        app.send_at_once(loop)
        accepted: asyncio.Future[socket.socket] = loop.create_future()

        class Accepting(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                accepted.set_result(transport.get_extra_info("socket"))

        listening = socket.socket(socket.AF_INET)
        listening.bind(("127.0.0.1", 0))
        server = await loop.create_server(Accepting, sock=listening)
        with socket.create_connection(listening.getsockname()):
            value = (await accepted).getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        server.close()
        return value

    assert asyncio.run(without_delay())
