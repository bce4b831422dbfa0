"""Gives back what it holds in several slow steps: flush, log out, remove the temporary file."""

from __future__ import annotations

import time

from simulation.lab.contract import Pause, Workload
from simulation.lab.workloads.files import PARTIAL

CLEANUP_STEPS = 5
CLEANUP_STEP_S = 0.05


class SlowCleanup(Workload):
    title = "Cleanup takes a while"

    def setup(self) -> None:
        self.journal = self.bench.directory / f"worker-{self.bench.number}{PARTIAL}"

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        with self.transfer(), self.journal.open("a") as journal:
            journal.write("done\n")
        self.rest(pause)

    def cleanup(self) -> None:
        for _ in range(CLEANUP_STEPS):
            time.sleep(CLEANUP_STEP_S)
        self.journal.unlink(missing_ok=True)
