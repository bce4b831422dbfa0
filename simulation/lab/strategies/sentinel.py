"""A special item in the queue says "that was the last one".

Idea
----
A consumer that waits for work can be told by the way that work comes: put something into the
queue that is no work, and let the consumer stop when it gets it.

Mechanism
---------
`put` wakes the thread blocked in `get` within microseconds. The order of the queue is kept: all
that was put in before is worked off first.

When it fails
-------------
It wakes one consumer, once: several consumers of one queue need one sentinel each. A full queue
makes the *asking* block. And a worker that is busy with an item sees nothing before the next `get`.

Safety
------
The worker leaves between two items, by itself: locks are released, cleanup runs, no item is lost.

Cost
----
One comparison an item.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload

LAST = None  # no item of this queue is None; where one may be, take an `object()`


class Sentinel(Strategy):
    title = "Sentinel in the queue"
    advice = "Best"
    note = "The classic for consumers of a queue: immediate, in order, and every Python has it."
    needs = "queue"

    def prepare(self, works: Sequence[Workload]) -> None:
        self.queues = [work.queue for work in works]

    def run(self, work: Workload) -> None:
        while work.step() is not LAST:
            pass

    def request_stop(self, workers: Sequence[Thread]) -> None:
        for queue in self.queues:
            queue.put(LAST)
