"""One trial in the lab, start to end: start the workers, ask them to stop, wait, look.

Theory of operation
===================
The main thread sleeps on the *inbox*. What comes in: `STOP` (a person pressed Cancel), or the
number of a worker that is about to end. A time-out of the sleep is the third thing that can
happen: the moment of the automatic request, or the end of patience.

Workers are joined in the order in which they say they leave, not in the order of their numbers:
one worker that never stops must not make the others look slow. Leaving is said in two nested
`finally` blocks, because a forced stop may land in one of them; it comes once, so not in both.

A strategy may run its workers elsewhere, in another process: a `Worker` can be pickled, and is made
anew there on the same recording. One that never ran, or was killed, cannot say that it leaves; the
strategy says it (`Job.leave`).

Every stamp is set after the fact it stands for: `noticed` when `run` was left, `cleaned` when
cleanup returned, `gone` when `join` returned.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter_ns
from typing import Any, NamedTuple

from simulation.lab import wire
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.contract import (
    Bench,
    FinishedError,
    Joinable,
    Ledger,
    Left,
    Options,
    State,
    Strategy,
    Transfer,
    UnavailableError,
    Workload,
)
from simulation.lab.recording import CPU_UNKNOWN, HEADER, STAMPS, Recording
from simulation.lab.spec import Spec

STOP = 0  # in the inbox, where workers have numbers from 1
Inbox = queue.SimpleQueue[int]

T0, REQUESTED, SIGNALLED = (HEADER.index(name) for name in ("t0", "requested", "signalled"))
DWELL, CPU, STEPS, LATE = (HEADER.index(name) for name in ("dwell_ns", "cpu_ns", "steps", "late_ns"))
NOTICED, CLEANED, GONE, LEFT = range(len(STAMPS))
LOCK_CHECK_S = 0.2  # for a lock that a dead thread holds; a free one is taken at once
SETTLE_S = 0.5  # for threads that have done their work (of a pool, a timer) to end


class Shared(NamedTuple):
    """What all workers of a trial share. `line` is an Event: they start their work together."""

    spec: Spec
    directory: Path
    recording: Recording
    lock: Any
    line: Any


class Worker:
    """One worker's share of a trial. The instance is the body of its thread."""

    def __init__(self, number: int, strategy: Strategy, shared: Shared, inbox: Inbox) -> None:
        self.number, self.strategy = number, strategy
        self.error = ""
        self._shared, self._line, self._inbox = shared, shared.line, inbox
        mark = shared.recording.lane(number).mark
        ledger = Ledger(shared.recording.accounts, shared.lock)
        options = Options(*shared.spec.options)  # the wire brings a list
        transferred = shared.recording.transferred
        bench = Bench(ledger, mark, shared.spec.interval_s, shared.directory, number, options, transferred)
        self.work: Workload = WORKLOADS[shared.spec.workload](bench)
        self._stamps, self._base = shared.recording.stamps, (number - 1) * len(STAMPS)
        self._waiting, self._cleaning, self._ended = map(mark, (State.WAITING, State.CLEANING, State.ENDED))

    def __reduce__(self) -> tuple[Any, ...]:
        return _in_another_process, (self.number, self._shared)

    def __call__(self) -> None:
        try:
            try:
                self._work()
            finally:
                self.leave()
        except SystemExit:  # landed after the work, in the line above or on the way to it
            pass
        finally:
            self.leave()

    def leave(self) -> None:
        """Say that this worker is about to end."""
        self._inbox.put(self.number)

    def _work(self) -> None:
        self._waiting()
        self._line.wait()
        self.work.working()
        left = Left.DIED
        try:
            self.strategy.run(self.work)
            left = Left.FINISHED if self.work.finished else Left.RETURNED
        except FinishedError:
            left = Left.FINISHED
        except SystemExit:
            left = Left.FORCED
        except BaseException as error:  # whatever ended it is what this trial found out
            self.died(f"{type(error).__name__}: {error}")
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
            self.died(f"cleanup: {type(error).__name__}: {error}")
        self._ended()

    def died(self, error: str) -> None:
        """Take down what the worker died of."""
        self.error = error


class Remote(Worker):
    """The worker in another process: what it died of has to be written down to be known in the lab."""

    def died(self, error: str) -> None:
        _last_words(self._shared.directory, self.number).write_text(error)


def _last_words(directory: Path, number: int) -> Path:
    return directory / f"worker-{number}.error"


def _in_another_process(number: int, shared: Shared) -> Worker:
    """The worker again, where the strategy has sent it. It needs no inbox: its end is seen there."""
    worker = Remote(number, STRATEGIES[shared.spec.strategy](), shared, queue.SimpleQueue())
    worker.work.setup()
    return worker


class Trial:
    """Everything one trial owns. `run` may be called once."""

    def __init__(self, spec: Spec, directory: Path, recording: Recording, inbox: Inbox) -> None:
        self.spec, self.recording, self.inbox = spec, recording, inbox
        self.strategy = STRATEGIES[spec.strategy]()
        self.shared = Shared(spec, directory, recording, self.strategy.new_lock(), self.strategy.new_event())
        self.workers = [Worker(number, self.strategy, self.shared, inbox) for number in range(1, spec.workers + 1)]
        self.alive: dict[int, Joinable] = {}
        self._mark = recording.lane(0).mark

    def run(self, request_at_s: float | None) -> dict[str, Any]:
        """Run the trial and return the facts that the recording does not hold.

        Keys: `lock_free` (bool, or None while a worker runs that may hold it), `errors`
        ({number: text}), `left` (sentences about what stayed, files apart), `reusable` (whether the lab
        may serve another trial).
        """
        threads_before = set(threading.enumerate())
        works = [worker.work for worker in self.workers]
        for work in works:
            work.setup()
        self.strategy.prepare(works)
        self._start()
        self._dwell(request_at_s)
        if self.alive:
            deadline = time.monotonic() + self.spec.patience_s
            self._request()
            self._await_end(deadline)
        lock_free = None if self.alive else _can_be_taken(self.shared.lock)
        self._mark(State.DONE)()
        left = [] if self.alive else _left_behind(works)
        return {
            "lock_free": lock_free,
            "errors": {worker.number: error for worker in self.workers if (error := self._error(worker))},
            "left": left,
            "reusable": bool(lock_free) and _settled(threads_before) and not _child_processes(),
        }

    def _error(self, worker: Worker) -> str:
        """What the worker died of, here or in another process; "" if it did not."""
        with contextlib.suppress(FileNotFoundError):
            return _last_words(self.shared.directory, worker.number).read_text()
        return worker.error

    def _start(self) -> None:
        self.recording.header[T0] = perf_counter_ns()
        self._mark(State.STARTING)()
        self.alive = dict(enumerate(self.strategy.start(self.workers), 1))
        self._mark(State.DWELLING)()
        self.shared.line.set()

    def _dwell(self, request_at_s: float | None) -> None:
        """Let the workers work until a stop is wanted or all have left; measure what they do."""
        elsewhere = bool(_child_processes())  # what those use, this process's clock does not see
        wall_ns, cpu_ns = perf_counter_ns(), time.process_time_ns()
        deadline = None if request_at_s is None else time.monotonic() + request_at_s
        while self.alive and self._next(deadline) != STOP:
            pass
        header = self.recording.header
        header[DWELL] = perf_counter_ns() - wall_ns
        header[CPU] = CPU_UNKNOWN if elsewhere else time.process_time_ns() - cpu_ns
        header[STEPS] = self.recording.accounts[1]
        header[LATE] = _late_ns(deadline)

    def _request(self) -> None:
        header, threads, transferred = self.recording.header, list(self.alive.values()), self.recording.transferred
        after = self._mark(self.strategy.after_request)
        requesting, exiting = self._mark(self.strategy.while_requesting), self._mark(State.EXITING)
        requesting()
        transferred[Transfer.ASKED_AMOUNT] = transferred[Transfer.AMOUNT]
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
        number = wire.take(self.inbox, _left(deadline))
        if number is None:
            return STOP
        if number in self.alive:  # a worker says it twice, a person may press Cancel twice
            self.alive.pop(number).join()
            self.recording.stamps[(number - 1) * len(STAMPS) + GONE] = perf_counter_ns()
        return number


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def _late_ns(deadline: float | None) -> int:
    return 0 if deadline is None else max(0, int((time.monotonic() - deadline) * 1e9))


def _can_be_taken(lock: Any) -> bool:
    taken: bool = lock.acquire(timeout=LOCK_CHECK_S)
    if taken:
        lock.release()
    return taken


def _left_behind(works: Sequence[Workload]) -> list[str]:
    """What the workers left; then take down what was set up around them."""
    left = [sentence for work in works if (sentence := work.left())]
    for work in works:
        work.teardown()
    return [*left, *(f"Child process {pid} still runs." for pid in _child_processes())]


def _child_processes() -> list[int]:
    """Those that `multiprocessing` started, if anybody here has used it."""
    multiprocessing = sys.modules.get("multiprocessing")
    return [child.pid for child in multiprocessing.active_children()] if multiprocessing else []


def _settled(threads_before: set[threading.Thread]) -> bool:
    """Whether no thread stays that was not there before; one that is just ending may end."""
    new = set(threading.enumerate()) - threads_before
    deadline = time.monotonic() + SETTLE_S
    for thread in new:
        thread.join(_left(deadline))
    return not any(thread.is_alive() for thread in new)


def run(
    spec: Spec,
    request_at_s: float | None,
    directory: Path,
    recording_path: Path,
    inbox: Inbox,
    started: Callable[[], None],
) -> dict[str, Any]:
    """Make the recording, say `started`, run the trial; return its facts (see `Trial.run`).

    Raises UnavailableError when the strategy cannot run here, RecordingError when there is no room for
    the recording, RuntimeError when the operating system gives no more threads, SystemExit when
    the strategy ends the process.
    """
    if reason := STRATEGIES[spec.strategy]().unavailable():
        raise UnavailableError(reason)
    recording = Recording(recording_path, spec.workers)
    directory.mkdir()
    started()
    return Trial(spec, directory, recording, inbox).run(request_at_s)
