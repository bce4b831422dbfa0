"""Waits in recv() on a real TCP connection whose other end says nothing."""

from __future__ import annotations

import socket
import time

from simulation.lab.contract import Detail, Pause, Workload

BUFFER = 4096  # bytes


class Receiver(Workload):
    title = "Blocked in socket.recv()"
    offers = frozenset({"close"})
    blocks_on = Detail.SOCKET

    def setup(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.connection = socket.create_connection(listener.getsockname())
            self.silent, _ = listener.accept()

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> object:
        with self.transfer():
            pass
        assert self.connection is not None  # since setup
        self.connection.settimeout(timeout)
        self.blocked()
        try:
            received = self.connection.recv(BUFFER)
        except TimeoutError:
            received = None
        self.working()
        if received == b"":
            raise ConnectionError("The connection was shut down.")
        return received

    def cleanup(self) -> None:
        if self.connection is not None:
            self.connection.close()

    def teardown(self) -> None:
        self.cleanup()
        self.silent.close()
