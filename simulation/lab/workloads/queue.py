"""Waits in queue.get() for something to do: a consumer whose producer is silent."""

from __future__ import annotations

import time
from queue import Empty, Queue

from simulation.lab.contract import Bench, Detail, Pause, Workload


class Consumer(Workload):
    title = "Blocked in queue.get()"
    offers = frozenset({"queue"})
    blocks_on = Detail.QUEUE

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.queue = Queue()

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> object:
        with self.transfer():
            pass
        self.blocked()
        try:
            return self.queue.get(timeout=timeout)
        except Empty:
            return None
        finally:
            self.working()
