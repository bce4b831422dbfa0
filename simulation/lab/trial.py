"""One trial in the lab, start to end: start the workers, ask them to stop, wait, look.

Theory of operation
===================
The main thread sleeps on the *inbox*. What comes in: `STOP` (a person pressed Cancel), or the
number of a worker that is about to end. A time-out of the sleep is the third thing that can
happen: the moment of the automatic request, or the end of patience.

Workers are joined in the order in which they say they leave, not in the order of their numbers:
one worker that never stops must not make the others look slow. Leaving is said in two nested
`finally` blocks, because a forced stop may land in one of them; it comes once, so not in both.

Every stamp is set after the fact it stands for: `noticed` when `run` was left, `cleaned` when
cleanup returned, `gone` when `join` returned.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.contract import Bench, Ledger, Left, State, Strategy, Workload
from simulation.lab.recording import HEADER, STAMPS, Recording
from simulation.lab.spec import Spec

STOP = 0  # in the inbox, where workers have numbers from 1
Inbox = queue.SimpleQueue[int]

T0, REQUESTED, SIGNALLED = (HEADER.index(name) for name in ("t0", "requested", "signalled"))
DWELL, CPU, STEPS = (HEADER.index(name) for name in ("dwell_ns", "cpu_ns", "steps"))
NOTICED, CLEANED, GONE, LEFT = range(len(STAMPS))
LOCK_CHECK_S = 0.2  # for a lock that a dead thread holds; a free one is taken at once


class Worker:
    """One worker's share of a trial. The instance is the body of its thread."""

    def __init__(self, number: int, strategy: Strategy, work: Workload, trial: Trial) -> None:
        self.number, self.strategy, self.work = number, strategy, work
        self.error = ""
        self._line, self._inbox = trial.line, trial.inbox
        self._stamps, self._base = trial.recording.stamps, (number - 1) * len(STAMPS)
        self._waiting = work.bench.mark(State.WAITING)
        self._cleaning = work.bench.mark(State.CLEANING)
        self._ended = work.bench.mark(State.ENDED)

    def __call__(self) -> None:
        try:
            try:
                self._work()
            finally:
                self._inbox.put(self.number)
        except SystemExit:  # landed after the work, in the line above or on the way to it
            pass
        finally:
            self._inbox.put(self.number)

    def _work(self) -> None:
        self._waiting()
        self._line.wait()
        self.work.working()
        left = Left.DIED
        try:
            self.strategy.run(self.work)
            left = Left.FINISHED if self.work.finished else Left.RETURNED
        except SystemExit:
            left = Left.FORCED
        except BaseException as error:  # whatever ended it is what this trial found out
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self._stamps[self._base + NOTICED] = perf_counter_ns()
            self._stamps[self._base + LEFT] = left
            self._clean_up()

    def _clean_up(self) -> None:
        self._cleaning()
        try:
            self.work.cleanup()
            self._stamps[self._base + CLEANED] = perf_counter_ns()
        except Exception as error:
            self.error = f"cleanup: {type(error).__name__}: {error}"
        self._ended()


class Trial:
    """Everything one trial owns. `run` may be called once."""

    def __init__(self, spec: Spec, directory: Path, recording: Recording, inbox: Inbox) -> None:
        self.spec, self.recording, self.inbox = spec, recording, inbox
        self.line = threading.Event()  # all workers start their work together
        self.ledger = Ledger(recording.accounts)
        self.strategy = STRATEGIES[spec.strategy]()
        self.workers = [self._worker(number, directory) for number in range(1, spec.workers + 1)]
        self.alive: dict[int, threading.Thread] = {}
        self._mark = recording.lane(0).mark

    def _worker(self, number: int, directory: Path) -> Worker:
        mark = self.recording.lane(number).mark
        bench = Bench(self.ledger, mark, self.spec.interval_s, directory, number)
        return Worker(number, self.strategy, WORKLOADS[self.spec.workload](bench), self)

    def run(self, request_at_s: float | None) -> dict[str, Any]:
        """Run the trial and return the facts that the recording does not hold.

        Keys: `lock_free` (bool, or None while a worker runs that may hold it), `errors`
        ({number: text}), `reusable` (whether the lab may serve another trial).
        """
        threads_before = threading.active_count()
        self._start()
        self._dwell(request_at_s)
        if self.alive:
            deadline = time.monotonic() + self.spec.patience_s
            self._request()
            self._await_end(deadline)
        lock_free = None if self.alive else _can_be_taken(self.ledger.lock)
        self._mark(State.DONE)()
        return {
            "lock_free": lock_free,
            "errors": {worker.number: worker.error for worker in self.workers if worker.error},
            "reusable": bool(lock_free) and threading.active_count() == threads_before,
        }

    def _start(self) -> None:
        self.recording.header[T0] = perf_counter_ns()
        self._mark(State.STARTING)()
        self.alive = dict(enumerate(self.strategy.start(self.workers), 1))
        self._mark(State.DWELLING)()
        self.line.set()

    def _dwell(self, request_at_s: float | None) -> None:
        """Let the workers work until a stop is wanted or all have left; measure what they do."""
        wall_ns, cpu_ns = perf_counter_ns(), time.process_time_ns()
        deadline = None if request_at_s is None else time.monotonic() + request_at_s
        while self.alive and self._next(deadline) != STOP:
            pass
        header = self.recording.header
        header[DWELL] = perf_counter_ns() - wall_ns
        header[CPU] = time.process_time_ns() - cpu_ns
        header[STEPS] = self.recording.accounts[1]

    def _request(self) -> None:
        header, threads = self.recording.header, list(self.alive.values())
        after = self._mark(self.strategy.after_request)
        requesting, exiting = self._mark(State.REQUESTING), self._mark(State.EXITING)
        requesting()
        header[REQUESTED] = perf_counter_ns()
        try:
            self.strategy.request_stop(threads)
        except SystemExit:
            exiting()
            raise
        header[SIGNALLED] = perf_counter_ns()
        after()

    def _await_end(self, deadline: float) -> None:
        """Let workers leave until all have or patience is spent; who has left by then is joined."""
        while self.alive and (self._next(deadline) != STOP or time.monotonic() < deadline):
            pass

    def _next(self, deadline: float | None) -> int:
        """Wait for the next happening until `deadline`, whose coming counts as `STOP`."""
        try:
            number = self.inbox.get(timeout=_left(deadline))
        except queue.Empty:
            return STOP
        if number in self.alive:  # a worker says it twice, a person may press Cancel twice
            self.alive.pop(number).join()
            self.recording.stamps[(number - 1) * len(STAMPS) + GONE] = perf_counter_ns()
        return number


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _can_be_taken(lock: threading.Lock) -> bool:
    taken = lock.acquire(timeout=LOCK_CHECK_S)
    if taken:
        lock.release()
    return taken


def run(
    spec: Spec,
    request_at_s: float | None,
    directory: Path,
    recording_path: Path,
    inbox: Inbox,
    started: Callable[[], None],
) -> dict[str, Any]:
    """Make the recording, say `started`, run the trial; return its facts (see `Trial.run`).

    Raises RecordingError when there is no room for the recording, RuntimeError when the
    operating system gives no more threads, SystemExit when the strategy ends the process.
    """
    recording = Recording(recording_path, spec.workers)
    directory.mkdir()
    started()
    return Trial(spec, directory, recording, inbox).run(request_at_s)
