"""A loop that must never stop, as people write it: except Exception: continue, and a bare except:."""

from __future__ import annotations

import time

from simulation.lab.contract import Pause, Workload

BATCH = ("1", "2", "three", "4")


class Swallow(Workload):
    title = "Swallows every error"

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        for item in BATCH:
            try:
                int(item)  # "three" is none
                with self.transfer():
                    pass
            except Exception:  # "one bad item must not stop the service"
                continue
        try:
            self.rest(pause)
        except:  # noqa: E722  "whatever it is, go on": SystemExit too
            self.working()
