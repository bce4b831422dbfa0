"""A forced stop: an exception is put into the thread from outside.

Idea
----
Python has no `thread.stop()`. What people do instead is ask the interpreter to raise an
exception in another thread, wherever that thread is.

Mechanism
---------
`PyThreadState_SetAsyncExc` leaves a note for the thread; the interpreter raises it when the
thread next runs Python bytecode. SystemExit, because `threading` lets it end a thread in silence.
See https://docs.python.org/3/c-api/threads.html#c.PyThreadState_SetAsyncExc.

When it fails
-------------
A thread inside a C call (a sleep, a read, a lock) gets the exception only when the call returns.
And a worker may catch it, in `except:`, and go on.

Safety
------
None. The exception may come between any two bytecodes: between a debit and its credit, in the
middle of a `finally`, in a line that was written to be safe. `with lock` releases the lock and
so shows the half-done change to everybody else.

Cost
----
None while it runs; nobody can tell what it costs afterwards.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Strategy, Workload


class AsyncException(Strategy):
    title = "Forced stop"
    advice = "Not allowed"
    note = "Breaks what the thread was doing. If a stop must be forced, run the work in a process."

    def run(self, work: Workload) -> None:
        while True:
            work.step()

    def request_stop(self, workers: Sequence[Thread]) -> None:
        for worker in workers:
            thread_id = ctypes.c_ulong(worker.ident or 0)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread_id, ctypes.py_object(SystemExit))

    def looks_every_s(self, interval_s: float) -> float:
        return interval_s
