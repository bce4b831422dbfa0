"""A plain variable says "stop"; the worker looks at it between two steps.

Idea
----
The worker asks a question between two pieces of work: "should I go on?". The main thread
answers by changing a variable that both can see.

Mechanism
---------
Threads of a process share memory, and in CPython the assignment of an attribute is a single
step: the worker sees either the old value or the new one, never half of it. No lock is needed
for one flag with one writer.

When it fails
-------------
The worker looks only when it comes round. Asleep for an interval, it notices at the end of the
sleep; blocked for ever, never. The response is spread evenly between nothing and one whole step.

Safety
------
The worker leaves between two steps, by itself: locks are released, cleanup runs.

Cost
----
Reading an attribute: some tens of nanoseconds a step.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload


class Flag(Strategy):
    title = "Flag variable"
    advice = "Moderate"
    note = "Simple; as slow to respond as one step. An Event says the same and can also be waited on."

    def __init__(self) -> None:
        self.stop = False

    def run(self, work: Workload) -> None:
        while not self.stop:
            work.step()

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.stop = True

    def looks_every_s(self, interval_s: float) -> float:
        return interval_s
