"""No signal at all: the main thread waits a while for the worker, then goes on without it.

Idea
----
`join(timeout)` looks as if it ended a thread after a time. It does not: it ends the *waiting*.

Mechanism
---------
`Thread.join(timeout)` returns when the thread has ended or when the time is up, and always
returns None; only `is_alive()` tells which. The worker is not told anything.

When it fails
-------------
Always, as a way to stop: the worker runs to its own end, and a program that wants to exit waits
for it once more.

Safety
------
Nothing is broken, because nothing was stopped.

Cost
----
The worker goes on using its share of the machine for work that nobody waits for.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import State, Strategy, Workload

JOIN_S = 0.5  # how long the main thread is ready to wait
TASK_S = 30.0  # how long the worker has to do, whoever waits for it


class JoinTimeout(Strategy):
    title = "join(timeout)"
    advice = "Limited"
    note = "Stops the waiting, not the thread. Useful after a stop request, to see whether it worked."
    while_requesting = State.JOINING  # nobody is asked for anything
    after_request = State.WENT_ON

    def run(self, work: Workload) -> None:
        end = time.monotonic() + TASK_S
        while time.monotonic() < end:
            work.step()
        work.finish()

    def request_stop(self, workers: Sequence[Thread]) -> None:
        deadline = time.monotonic() + JOIN_S
        for worker in workers:
            worker.join(max(0.0, deadline - time.monotonic()))
