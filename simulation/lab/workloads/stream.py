"""Reads an answer token by token from a real web server, the first one slow: a chat with a model."""

from __future__ import annotations

import time
from typing import BinaryIO

from simulation.lab import http_client
from simulation.lab.contract import Bench, Detail, FinishedError, Pause, Transfer, Workload

EVERY_S = 0.03
ANSWER = "answer-{}.txt"  # what has come so far, for whoever looks on


class Stream(Workload):
    title = "Stream a chat answer"
    offers = frozenset({"close"})
    blocks_on = Detail.SOCKET

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.answer: http_client.Reading | None = None
        self.text: BinaryIO | None = None

    def setup(self) -> None:
        options = self.bench.options
        address = f"{http_client.local_server().url}/stream"
        self.url = f"{address}?tokens={options.tokens}&first={options.first_s}&every={EVERY_S}"

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> object:
        if self.answer is None:
            self.text = (self.bench.directory / ANSWER.format(self.bench.number)).open("wb", buffering=0)
            self.answer = http_client.Reading(self.url)
            self.connection = self.answer.connection
        self.blocked()
        token = self.answer.read(timeout)
        self.working()
        if token:
            self.show(token)
        elif token == b"":
            self.cleanup()
            if self.bench.options.once:
                raise FinishedError
        return token

    def show(self, token: bytes) -> None:
        assert self.text is not None
        with self.transfer():
            self.text.write(token)
            self.bench.transferred[Transfer.AMOUNT] += len(token)

    def cleanup(self) -> None:
        if self.answer is not None:
            self.answer.close()
            self.answer = None
            self.bench.transferred[Transfer.DISCONNECTED] = time.perf_counter_ns()
        if self.text is not None:
            self.text.close()
