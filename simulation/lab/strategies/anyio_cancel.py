"""AnyIO: the cancelled task tells its thread, and the thread asks between two steps.

Idea
----
Cancelling a task should reach the thread that works for it. AnyIO carries the message: in the
thread, `from_thread.check_cancelled()` raises if the task that waits for it was cancelled.

Mechanism
---------
The thread knows the cancel scope of its task, and `check_cancelled` looks at it: a flag, with the
whole tree of scopes behind it. The task waits until the thread is really gone.
See https://anyio.readthedocs.io/en/stable/threads.html#reacting-to-cancellation-in-worker-threads.

When it fails
-------------
The thread must ask, and it asks between two steps: a sleep or a blocking call has to end first.
With `abandon_on_cancel=True` the task does not wait, and the thread is on its own.

Safety
------
The exception is raised where the worker asked for it: locks are released, cleanup runs.

Cost
----
A function call and a walk up the scopes a step: about a microsecond.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from threading import Thread
from typing import Any

from simulation.lab.contract import Call, Job, Strategy, Workload


class AnyioCancel(Strategy):
    title = "AnyIO: cancel the scope"
    advice = "Good"
    note = "In an AnyIO or Trio program the way to make cancellation reach a thread."

    def unavailable(self) -> str:
        try:
            from anyio.from_thread import check_cancelled  # noqa: F401
        except ImportError:
            return "anyio 4.1 or newer is not installed for this Python."
        return ""

    def start(self, jobs: Sequence[Job]) -> list[Call]:
        import anyio

        calls = [Call(job) for job in jobs]
        Thread(target=lambda: anyio.run(self.program, calls), name="event loop").start()
        for call in calls:
            call.begun.wait()
        return calls

    async def program(self, calls: Sequence[Call]) -> None:
        import asyncio

        import anyio

        self.loop = asyncio.get_running_loop()
        limiter = anyio.CapacityLimiter(len(calls))  # so that nobody queues
        async with anyio.create_task_group() as group:
            self.scope: Any = group.cancel_scope
            for call in calls:
                group.start_soon(partial(anyio.to_thread.run_sync, call, limiter=limiter))

    def run(self, work: Workload) -> None:
        import asyncio

        from anyio.from_thread import check_cancelled

        with contextlib.suppress(asyncio.CancelledError):
            while True:
                check_cancelled()
                work.step()

    def request_stop(self, workers: Sequence[Call]) -> None:
        self.loop.call_soon_threadsafe(self.scope.cancel)

    def looks_every_s(self, interval_s: float) -> float:
        return interval_s
