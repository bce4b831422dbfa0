"""A threading.Event says "stop"; the worker asks is_set() between two steps.

Idea
----
The flag, as an object made for it: one thread says `set()`, any number of threads ask `is_set()`.

Mechanism
---------
An Event is a flag with a lock and a list of waiters. `is_set()` takes no lock, it reads the flag.
See https://docs.python.org/3/library/threading.html#event-objects.

When it fails
-------------
Polled like this it is exactly as slow as a flag: the worker looks when it comes round. The other
half of the Event, waiting on it, is the next method.

Safety
------
The worker leaves between two steps, by itself: locks are released, cleanup runs.

Cost
----
A method call a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread

from simulation.lab.contract import Strategy, Workload


class PolledEvent(Strategy):
    title = "Event, polled"
    advice = "Good"
    note = "Clear to every reader; sleep on the Event itself and it is also fast."

    def __init__(self) -> None:
        self.stop = Event()

    def run(self, work: Workload) -> None:
        while not self.stop.is_set():
            work.step()

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.stop.set()

    def looks_every_s(self, interval_s: float) -> float:
        return interval_s
