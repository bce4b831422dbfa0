"""The worker watches the clock itself and stops when its time is up; nobody has to ask.

Idea
----
Give the work an end before it begins: not "stop now" but "be done by then". A request that forgets
its worker cannot leave it running for ever.

Mechanism
---------
The deadline is a point in time, on the monotonic clock (which nobody sets). Every sleep and every
blocking call gets what is left until then as its time-out.

When it fails
-------------
A stop request changes nothing: the worker ends by its own clock, never earlier. A call that takes
no time-out runs over the deadline.

Safety
------
The worker leaves between two steps, by itself: locks are released, cleanup runs.

Cost
----
Reading the clock: some tens of nanoseconds a step.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload

TIME_LIMIT_S = 0.5


class Deadline(Strategy):
    title = "Deadline"
    advice = "Good"
    note = "A safety net that needs nobody's attention; not a way to stop now."

    def prepare(self, works: Sequence[Workload]) -> None:
        self.end = time.monotonic() + TIME_LIMIT_S

    def left_s(self) -> float:
        return max(0.0, self.end - time.monotonic())

    def run(self, work: Workload) -> None:
        while left_s := self.left_s():
            work.step(pause=self.nap, timeout=left_s)
        work.finish()

    def nap(self, duration_s: float) -> None:
        time.sleep(min(duration_s, self.left_s()))

    def request_stop(self, workers: Sequence[Thread]) -> None:
        pass
