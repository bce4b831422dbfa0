"""Waits in lock.acquire() for a lock that somebody else holds and never releases."""

from __future__ import annotations

import threading
import time

from simulation.lab.contract import Bench, Detail, Pause, Workload

FOR_EVER = -1  # as Lock.acquire has it


class Acquirer(Workload):
    title = "Blocked in lock.acquire()"
    blocks_on = Detail.LOCK

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.lock = threading.Lock()

    def setup(self) -> None:
        self.lock.acquire()  # by the main thread

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        with self.transfer():
            pass
        self.blocked()
        if self.lock.acquire(timeout=FOR_EVER if timeout is None else timeout):
            self.lock.release()
        self.working()
