"""A threading.Timer sets the Event when the time is up; whoever stops earlier cancels the timer.

Idea
----
The deadline, held by somebody else: a timer waits in a thread of its own and sets the Event that
the worker sleeps on. A person who cancels earlier sets the same Event and calls the timer off.

Mechanism
---------
`Timer(seconds, function)` is a thread that waits on an Event of its own, then calls the function.
`cancel()` sets that Event, so the function is not called.
See https://docs.python.org/3/library/threading.html#timer-objects.

When it fails
-------------
`cancel` before the time is up works; a function that has begun runs on. It is the worker that must
listen: asleep on the Event it hears at once, blocked elsewhere never. And a timer that nobody
cancels keeps the program from exiting until it fires.

Safety
------
The worker leaves between two steps, by itself: locks are released, cleanup runs.

Cost
----
A thread a timer, asleep.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread, Timer

from simulation.lab.contract import Strategy, Workload

TIME_LIMIT_S = 10.0


class TimeLimit(Strategy):
    title = "Timer and its cancel"
    advice = "Good"
    note = "A time limit for work that listens to an Event. Do not forget the cancel."

    def __init__(self) -> None:
        self.stop = Event()
        self.timer = Timer(TIME_LIMIT_S, self.stop.set)

    def prepare(self, works: Sequence[Workload]) -> None:
        self.timer.start()

    def run(self, work: Workload) -> None:
        while not self.stop.is_set():
            work.step(pause=self.stop.wait)

    def request_stop(self, workers: Sequence[Thread]) -> None:
        self.timer.cancel()
        self.stop.set()
