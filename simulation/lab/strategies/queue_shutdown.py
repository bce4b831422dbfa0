"""The queue itself is shut down: everybody who waits for it gets an exception.

Idea
----
Do not send the consumers a message; close the shop. A queue that is shut down takes nothing in
and wakes all who wait for it.

Mechanism
---------
`Queue.shutdown()` makes `put` raise ShutDown at once, and `get` as soon as the queue is empty;
with `immediate=True` what is still in it is thrown away. All blocked threads are woken by one
call. See https://docs.python.org/3/library/queue.html#queue.Queue.shutdown.

When it fails
-------------
Before Python 3.13 there is no such method. And it reaches a worker at the queue only: one that is
busy with an item learns of it at its next `get`.

Safety
------
The exception comes out of `get`, where the worker expects it: no item is half done.

Cost
----
None while it runs.
"""

from __future__ import annotations

import queue
from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload


class QueueShutdown(Strategy):
    title = "Queue.shutdown()"
    advice = "Best"
    note = "From Python 3.13 on, simpler than sentinels: one call for any number of consumers."
    needs = "queue"

    def unavailable(self) -> str:
        return "" if hasattr(queue, "ShutDown") else "queue.Queue.shutdown needs Python 3.13 or newer."

    def prepare(self, works: Sequence[Workload]) -> None:
        self.queues = [work.queue for work in works]

    def run(self, work: Workload) -> None:
        try:
            while True:
                work.step()
        except queue.ShutDown:  # type: ignore[attr-defined]  # new in 3.13
            return

    def request_stop(self, workers: Sequence[Thread]) -> None:
        for each in self.queues:
            each.shutdown()  # type: ignore[attr-defined]
