"""Reads an answer token by token from a real web server, the first one slow: a chat with a model."""

from __future__ import annotations

import time

from simulation.lab import http_client
from simulation.lab.contract import Bench, Detail, Pause, Workload

TOKENS = 50
FIRST_S = 0.5
EVERY_S = 0.03


class Stream(Workload):
    title = "Stream a chat answer"
    offers = frozenset({"close"})
    blocks_on = Detail.SOCKET

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.answer: http_client.Reading | None = None

    def setup(self) -> None:
        self.url = f"{http_client.local_server().url}/stream?tokens={TOKENS}&first={FIRST_S}&every={EVERY_S}"

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> object:
        if self.answer is None:
            self.answer = http_client.Reading(self.url)
            self.connection = self.answer.connection
        self.blocked()
        token = self.answer.read(timeout)
        self.working()
        if token == b"":
            self.cleanup()
        elif token is not None:
            with self.transfer():
                pass
        return token

    def cleanup(self) -> None:
        if self.answer is not None:
            self.answer.close()
            self.answer = None
