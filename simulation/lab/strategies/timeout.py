"""Nothing blocks for long: every wait gets a timeout, and the stop is checked in between.

Idea
----
Where a call may block, give it a timeout and call it again: the worker comes up for air every
few milliseconds and looks whether it should go on.

Mechanism
---------
A sleep is cut into slices, a blocking call is made with `timeout=`. Between two of them the
worker reads the Event.

When it fails
-------------
A call that takes no timeout cannot be cut. A short timeout wakes the worker often for nothing, a
long one makes it slow to respond: the response is spread evenly between nothing and one timeout.

Safety
------
The worker leaves between two slices, by itself: locks are released, cleanup runs.

Cost
----
One wake-up every `CHECK_EVERY_S`, work or no work.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event, Thread

from simulation.lab.contract import Strategy, Workload

CHECK_EVERY_S = 0.05


class Timeout(Strategy):
    title = "Timeout and check"
    advice = "Good"
    note = "For blocking calls that take a timeout and cannot wait on an Event."

    def __init__(self) -> None:
        self.stop = Event()

    def run(self, work: Workload) -> None:
        while not self.stop.is_set():
            work.step(pause=self.nap, timeout=CHECK_EVERY_S)

    def nap(self, duration_s: float) -> None:
        """Sleep in slices, until the end or until asked to stop."""
        end = time.monotonic() + duration_s
        while not self.stop.is_set() and (left := end - time.monotonic()) > 0:
            time.sleep(min(CHECK_EVERY_S, left))

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.stop.set()

    def looks_every_s(self, interval_s: float) -> float:
        return min(CHECK_EVERY_S, interval_s)
