"""Close the socket under the worker, without shutting the connection down first.

Idea
----
"Close it, and the read will fail." It looks like the method before, with one call fewer.

Mechanism
---------
`close` gives back a *descriptor*, a number. On Linux a call that is already waiting holds on to the
connection itself and waits on (https://man7.org/linux/man-pages/man2/close.2.html, "Multithreaded
processes and close()"). And while a file made by `makefile()` is in use, as in `http.client`,
Python's `close` only notes the wish: the connection lives on.

When it fails
-------------
In a blocked `recv` on Linux: the thread stays for ever, and the other side is told nothing. Other
systems wake the thread.

Safety
------
Worse than useless: the number is free, the next file or connection of the program may get it, and
a thread that still uses the old number then reads from, or writes into, something of somebody else.

Cost
----
None while it runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload


class CloseOnly(Strategy):
    title = "Close alone"
    advice = "Avoid"
    note = "Shut the connection down first: close() alone does not wake the reader."
    needs = "close"

    def __init__(self) -> None:
        self.closed = False

    def prepare(self, works: Sequence[Workload]) -> None:
        self.works = works

    def run(self, work: Workload) -> None:
        try:
            while True:
                work.step()
        except OSError:
            if not self.closed:
                raise

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.closed = True
        for work in self.works:
            if work.connection is not None:
                work.connection.close()
