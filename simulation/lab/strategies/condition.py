"""The worker pauses on a Condition; whoever changes what it waits for notifies it.

Idea
----
A worker often waits for one of several things: work, a change, the stop. A Condition is a lock
with a waiting room: change anything under the lock, then wake those who wait.

Mechanism
---------
`wait_for` releases the lock, sleeps, takes the lock again and looks at the predicate.
`notify_all` wakes every waiter; each needs the lock before it goes on, so they leave one by one.
See https://docs.python.org/3/library/threading.html#condition-objects.

When it fails
-------------
`notify` wakes one worker, the others sleep on. A flag changed without the lock may be missed by a
worker on its way to sleep. And who is not waiting on the Condition is not woken by it.

Safety
------
The worker leaves between two steps, by itself: locks are released, cleanup runs.

Cost
----
Every pause takes and releases a lock that all workers share. An Event is this, ready made.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Condition, Thread

from simulation.lab.contract import Strategy, Workload


class Notify(Strategy):
    title = "Condition, notified"
    advice = "Good"
    note = "Where the worker waits for more than the stop; if it is only the stop, take an Event."

    def __init__(self) -> None:
        self.changed = Condition()
        self.stop = False

    def run(self, work: Workload) -> None:
        while not self.stop:
            work.step(pause=self.nap)

    def nap(self, duration_s: float) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.stop, duration_s)

    def request_stop(self, workers: Sequence[Thread]) -> None:
        with self.changed:
            self.stop = True
            self.changed.notify_all()
