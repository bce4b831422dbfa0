"""The Event is also the sleep: wait(interval) ends the moment somebody says stop.

Idea
----
A worker that sleeps cannot look at a flag. So let it sleep *on the flag*: `stop.wait(interval)`
returns after the interval, or at once when the Event is set.

Mechanism
---------
`wait` blocks on a lock of its own that `set()` releases; the operating system wakes the thread
within microseconds. All waiters of one Event are woken by one `set()`.

When it fails
-------------
It shortens the sleep and nothing else. A long calculation or a blocking call that knows nothing
of the Event still has to end first.

Safety
------
The worker leaves between two steps, by itself: locks are released, cleanup runs.

Cost
----
A wait that is not interrupted costs a little more than `time.sleep`.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread

from simulation.lab.contract import Strategy, Workload


class EventWait(Strategy):
    title = "Event, waited on"
    advice = "Best"
    note = "The one to reach for first: safe, and it responds at once wherever the worker sleeps."

    def __init__(self) -> None:
        self.stop = Event()

    def run(self, work: Workload) -> None:
        while not self.stop.is_set():
            work.step(pause=self.stop.wait)

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.stop.set()
