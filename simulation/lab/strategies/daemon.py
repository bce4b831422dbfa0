"""A daemon thread: when the main program ends, the thread goes down with it.

Idea
----
Do not stop the thread. End the program, and let the worker be a thread for which the program
does not wait.

Mechanism
---------
At exit the interpreter joins all threads that are not daemons, then shuts down. A daemon thread
is left where it is: when it next wants the GIL it never gets it back. No exception is raised in
it. See https://docs.python.org/3/library/threading.html#thread-objects.

When it fails
-------------
It cannot stop one thread and keep the program. And the worker stops in the middle of whatever it
was doing.

Safety
------
`finally` does not run: files stay half written, the other side of a connection hears nothing.

Cost
----
None while it runs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload


class Daemon(Strategy):
    title = "Daemon thread"
    advice = "Limited"
    note = "For work that may be cut off anywhere. It ends with the program, not before."
    daemon = True

    def run(self, work: Workload) -> None:
        while True:
            work.step()

    def request_stop(self, workers: Sequence[Thread]) -> None:
        sys.exit()
