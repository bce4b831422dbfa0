"""A trace function in the worker raises an exception at its next line of Python.

Idea
----
A debugger can stop a thread at any line. So install a "debugger" that looks at a flag before
every line and raises when the flag is set.

Mechanism
---------
`sys.settrace` makes the interpreter call a function of ours for every line that the thread runs.
What that function raises, the line raises.
See https://docs.python.org/3/library/sys.html#sys.settrace.

When it fails
-------------
A thread inside a C call runs no lines: a sleep, a read, a lock has to end first. The exception is
raised once: then the interpreter takes the trace function away, and a worker that caught the
exception in `except:` goes on for ever. A real debugger or coverage tool is thrown out.

Safety
------
None. It is the forced stop once more: the exception may come at any line, also between a debit and
its credit.

Cost
----
A Python call for every line that runs: pure Python becomes several times slower.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from threading import Thread
from types import FrameType
from typing import Any

from simulation.lab.contract import Strategy, Workload


class Trace(Strategy):
    title = "Trace function (settrace)"
    advice = "Not allowed"
    note = "As unsafe as the async exception, and it slows all the work down. A recipe to leave alone."

    def __init__(self) -> None:
        self.stop = False

    def run(self, work: Workload) -> None:
        sys.settrace(self.look)
        while True:
            work.step()

    def look(self, frame: FrameType, event: str, arg: object) -> Any:
        if self.stop and event == "line":
            raise SystemExit
        return self.look

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.stop = True

    def looks_every_s(self, interval_s: float) -> float:
        return interval_s
