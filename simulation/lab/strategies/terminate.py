"""A process instead of a thread: the operating system can end it, whatever it does.

Idea
----
If a stop must be forced, put the work where force is possible. A process can be terminated from
outside, in Python code, in a C call, blocked for ever.

Mechanism
---------
`terminate()` sends SIGTERM (on Windows: TerminateProcess). The process does not get to run another
line; the operating system takes back its memory, its files and its connections.
See https://docs.python.org/3/library/multiprocessing.html#multiprocessing.Process.terminate.

When it fails
-------------
It ends the process every time. What fails is the rest: what was shared with others.

Safety
------
No `finally`, no cleanup: files stay half written, and a lock that is shared between processes and
held at that moment is held for ever. What was *not* shared cannot be broken: that is the safety.

Cost
----
About 0.1 s to start, a Python of its own in memory, and all that goes in or out must be pickled.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import Thread
from typing import TYPE_CHECKING, Any

from simulation.lab.contract import Job, Strategy, Workload

if TYPE_CHECKING:
    from multiprocessing.context import SpawnContext, SpawnProcess

START_S = 20.0  # for a process to start; one that takes longer has failed


class Terminate(Strategy):
    title = "Process, terminated"
    advice = "Best force"
    note = "If it must be force, this is the honest one. Share nothing with the process that you need later."

    def prepare(self, works: Sequence[Workload]) -> None:
        for work in works:
            work.teardown()  # the works of the processes are set up there

    def run(self, work: Workload) -> None:
        while True:
            work.step()

    def request_stop(self, workers: Sequence[SpawnProcess]) -> None:
        for worker in workers:
            worker.terminate()

    def start(self, jobs: Sequence[Job]) -> list[SpawnProcess]:
        ready = spawning().Semaphore(0)
        processes = [spawning().Process(target=body, args=(job, ready)) for job in jobs]
        for process, job in zip(processes, jobs):
            process.start()
            Thread(target=watch, args=(process.sentinel, job), daemon=True).start()
        for _ in processes:
            if not ready.acquire(timeout=START_S):
                raise RuntimeError("A worker process did not start.")
        return processes

    def new_lock(self) -> Any:
        return SharedLock()

    def new_event(self) -> Any:
        return spawning().Event()


class SharedLock:
    """A lock that processes share, and that can also tell whether it is taken."""

    def __init__(self) -> None:
        self.lock = spawning().Lock()

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()

    def acquire(self, timeout: float) -> bool:
        return self.lock.acquire(timeout=timeout)

    def release(self) -> None:
        self.lock.release()

    def locked(self) -> bool:
        free = self.lock.acquire(block=False)
        if free:
            self.lock.release()
        return not free


def spawning() -> SpawnContext:
    """Each process a new interpreter: `fork` would copy locks that other threads hold."""
    import multiprocessing

    return multiprocessing.get_context("spawn")


def body(job: Job, ready: Any) -> None:
    """In the new process: say so, then work; end when the lab ends, however it does."""
    Thread(target=end_with_parent, daemon=True).start()
    ready.release()
    job()


def end_with_parent() -> None:
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def watch(sentinel: int, job: Job) -> None:
    """In the lab: a process that was ended cannot say that it leaves."""
    from multiprocessing.connection import wait

    wait([sentinel])
    job.leave()
