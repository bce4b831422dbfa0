"""A little work, then a sleep of one interval: a poller, a heartbeat, a retry loop."""

from __future__ import annotations

import time

from simulation.lab.contract import Pause, Workload


class Sleep(Workload):
    title = "Work a little, sleep"
    rests = True

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        with self.transfer():
            pass
        self.rest(pause)
