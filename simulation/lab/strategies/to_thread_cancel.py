"""asyncio.to_thread: the task is cancelled, the thread lives.

Idea
----
An asyncio program runs blocking work in a thread and awaits it. Tasks can be cancelled. So cancel
the task.

Mechanism
---------
`task.cancel()` raises CancelledError at the `await`: the *waiting* ends, at once. The function in
the thread is not told anything; its result will be thrown away.
See https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread.

When it fails
-------------
Always, as a way to stop the thread. And `asyncio.run` joins the pool's threads before it returns:
a program that "cancelled everything" hangs at its end.

Safety
------
The task's `finally` blocks run while the thread still works: what they clean up may still be in
use.

Cost
----
The thread stays taken, of the few that the default pool has.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Thread

from simulation.lab.contract import Call, Job, State, Strategy, Workload


class ToThreadCancel(Strategy):
    title = "asyncio: cancel the task"
    advice = "Limited"
    note = "Ends the awaiting, not the thread. Pass an Event into the thread and set it in the task's finally."
    after_request = State.WENT_ON

    def start(self, jobs: Sequence[Job]) -> list[Call]:
        import asyncio

        calls = [Call(job) for job in jobs]
        Thread(target=lambda: asyncio.run(self.program(calls)), name="event loop").start()
        for call in calls:
            call.begun.wait()
        return calls

    async def program(self, calls: Sequence[Call]) -> None:
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        self.loop = asyncio.get_running_loop()
        self.loop.set_default_executor(ThreadPoolExecutor(len(calls)))  # so that nobody queues
        self.tasks = [asyncio.create_task(asyncio.to_thread(call)) for call in calls]
        await asyncio.wait(self.tasks)

    def run(self, work: Workload) -> None:
        while True:
            work.step()

    def request_stop(self, workers: Sequence[Call]) -> None:
        for task in self.tasks:
            self.loop.call_soon_threadsafe(task.cancel)
