"""Reads an answer token by token from a real web server, the first one slow: a chat with a model."""

from __future__ import annotations

import time
from pathlib import Path
from typing import BinaryIO

from simulation.lab import http_client
from simulation.lab.contract import Bench, Detail, FinishedError, Pause, Transfer, Workload

EVERY_S = 0.03
ANSWER = "answer-{}.txt"  # what has come so far, for whoever looks on


class Stream(Workload):
    title = "Stream a chat answer"
    offers = frozenset({"close"})
    blocks_on = Detail.SOCKET
    extent = "tokens"

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.answer: http_client.Reading | None = None
        self.text: BinaryIO | None = None
        self.before = b""  # what an earlier run has brought of the answer

    def setup(self) -> None:
        options = self.bench.options
        address = f"{http_client.local_server().url}/stream"
        self.url = f"{address}?tokens={options.tokens}&first={options.first_s}&every={EVERY_S}{options.troubles()}"
        if options.part and self.bench.number == 1:
            self.before = Path(options.part).read_bytes()

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> object:
        answer = self.answer or self.begin()
        self.blocked()
        token = answer.read(timeout)
        self.working()
        if token:
            self.show(token)
        elif token == b"":
            self.cleanup()
            if self.bench.options.once:
                raise FinishedError
        return token

    def begin(self) -> http_client.Reading:
        """Ask for the answer, or for the rest of one."""
        self.text = (self.bench.directory / ANSWER.format(self.bench.number)).open("wb", buffering=0)
        self.text.write(self.before)
        self.answer = http_client.Reading(f"{self.url}&skip={len(self.before.split())}")
        self.connection = self.answer.connection
        self.before = b""  # the next one starts over
        return self.answer

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
