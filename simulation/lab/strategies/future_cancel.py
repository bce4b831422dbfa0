"""Future.cancel(): work that still queues for a thread is cancelled, work that runs is not.

Idea
----
A pool of threads takes in more work than it has threads for. Each piece is a Future, and a Future
has a method called `cancel`.

Mechanism
---------
`cancel` takes the piece out of the queue, if it is still there, and returns True. Of a piece that
runs it returns False and does nothing: the pool has no way to stop a thread either.
See https://docs.python.org/3/library/concurrent.futures.html#concurrent.futures.Future.cancel.

When it fails
-------------
For every piece that has begun. Its thread goes on, and a program that wants to exit waits for it.

Safety
------
What is cancelled was never begun: nothing can be broken. What runs is not touched.

Cost
----
None while it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simulation.lab.contract import Call, Job, State, Strategy, Workload

if TYPE_CHECKING:
    from concurrent.futures import Future

WORKERS_PER_THREAD = 2


class FutureCancel(Strategy):
    title = "Future.cancel()"
    advice = "Limited"
    note = "For what has not begun yet. Give the pieces that run an Event as well."
    after_request = State.WENT_ON

    def start(self, jobs: Sequence[Job]) -> list[Call]:
        from concurrent.futures import ThreadPoolExecutor

        calls = [Call(job) for job in jobs]
        pool = ThreadPoolExecutor(-(-len(calls) // WORKERS_PER_THREAD))
        self.futures: list[Future[None]] = [pool.submit(call) for call in calls]
        pool.shutdown(wait=False)  # takes nothing more in: its threads end with their work
        return calls

    def run(self, work: Workload) -> None:
        while True:
            work.step()

    def request_stop(self, workers: Sequence[Call]) -> None:
        for future, call in zip(self.futures, workers):
            if future.cancel():
                call.never()
