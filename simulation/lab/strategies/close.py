"""Shut down the connection that the worker is blocked on, then close it.

Idea
----
A thread in `recv` cannot look at a flag. But the connection belongs to the program: end the
connection, and the call that waits for it ends too.

Mechanism
---------
`shutdown(SHUT_RDWR)` ends the connection for everybody who uses it: a blocked `recv` returns
b"", as if the other side had hung up. Then `close` gives the descriptor back. The flag says why,
so that the worker can tell a stop from a fault.
See https://docs.python.org/3/library/socket.html#socket.socket.shutdown.

When it fails
-------------
The worker must be on this connection: one that is about to open the next learns of the stop from
the flag. `close` without `shutdown` is another story (see the next method). What is no socket (a
lock, a file on a disk, a C call) cannot be shut down.

Safety
------
The worker gets an error where it expects errors: locks are released, cleanup runs. What was under
way on the connection is lost, and the connection with it.

Cost
----
None while it runs; somebody has to know which connection is whose.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload


class Close(Strategy):
    title = "Shut down and close"
    advice = "Best"
    note = "The one that reaches a thread blocked in recv() at once; mind the order of the two calls."
    needs = "close"

    def __init__(self) -> None:
        self.stop = False

    def prepare(self, works: Sequence[Workload]) -> None:
        self.works = works

    def run(self, work: Workload) -> None:
        try:
            while not self.stop:
                work.step()
        except OSError:
            if not self.stop:
                raise

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.stop = True
        for work in self.works:
            if work.connection is not None:
                with contextlib.suppress(OSError):  # the other side may have hung up before
                    work.connection.shutdown(socket.SHUT_RDWR)
                work.connection.close()
