"""One long call into C that keeps the GIL: no other thread of the process runs meanwhile."""

from __future__ import annotations

import time

from simulation.lab.contract import Pause, Workload

NUMBERS = 20_000_000  # about 0.3 s


class Sum(Workload):
    title = "Long C call, GIL kept"

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        with self.transfer():
            pass
        # The loop is in C, and the GIL changes hands between bytecodes only: also the main thread,
        # which wants to ask for a stop, has to wait for the end of this line.
        sum(range(NUMBERS))
        self.working()
