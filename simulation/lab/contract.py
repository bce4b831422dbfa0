"""What a strategy is, what a workload is, and the few words both are told in."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

Pause = Callable[[float], object]
"""Something that lets a number of seconds pass, as `time.sleep` and `threading.Event.wait` do."""


class State(enum.IntEnum):
    """What a lane is doing from this moment on. Zero is kept for "nothing recorded here"."""

    # the main thread of the lab
    STARTING = 1
    DWELLING = 2  # all workers run, nobody has asked for anything
    REQUESTING = 3
    JOINING = 4
    WENT_ON = 5  # it stopped waiting for a worker that still runs
    EXITING = 6  # it left; the interpreter shuts down
    DONE = 7
    # a worker
    WAITING = 10  # started, held at the line until every worker has started
    WORKING = 11
    SLEEPING = 12
    BLOCKED = 13  # the detail says on what
    CLEANING = 14
    ENDED = 15


class Detail(enum.IntEnum):
    """What a state is about."""

    NONE = 0
    LEDGER = 1  # the lock of the ledger


class Left(enum.IntEnum):
    """How a worker left `Strategy.run`. Zero: it has not."""

    RETURNED = 1
    FINISHED = 2  # its own work was done
    FORCED = 3  # an exception was put into it from outside
    DIED = 4  # of its own error


class Outcome(str, enum.Enum):
    """How a worker's trial went: exactly one each."""

    STOPPED = "stopped"
    FINISHED = "finished"  # before anything stopped it
    STILL_RUNNING = "still-running"  # patience was spent
    ENDED_WITH_PROCESS = "ended-with-process"
    CANCELLED = "cancelled-before-start"
    DIED = "died"


class Ledger:
    """Two accounts and a lock: each step moves one unit, so that what is torn can be seen.

    Between the two statements of a transfer the books are wrong. That is what a lock is for;
    and it is where a forced stop does its damage: `with lock` frees the lock on the way out and
    so exposes the wrong books to everybody else.
    """

    def __init__(self, accounts: memoryview | list[int]) -> None:
        self.accounts = accounts
        self.lock = threading.Lock()

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """Move one unit from account 0 to account 1; the body runs between debit and credit."""
        with self.lock:
            self.accounts[0] -= 1
            yield
            self.accounts[1] += 1


class Bench(NamedTuple):
    """What a workload is given to work with."""

    ledger: Ledger
    mark: Callable[..., Callable[[], object]]  # (state, detail) → a recorder of that state
    interval_s: float
    directory: Path
    number: int  # of the worker, from 1


class Workload:
    """What a worker does, one `step` after the other, until something stops it.

    `title` and the first line of its module's docstring are shown to people.
    """

    title = ""
    rests = False  # whether a step passes its interval asleep

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.finished = False
        self.working = bench.mark(State.WORKING)
        self.sleeping = bench.mark(State.SLEEPING)
        self.waiting_for_ledger = bench.mark(State.BLOCKED, Detail.LEDGER)

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        """Do one small piece of work; sleep through `pause`, block no longer than `timeout` s."""
        raise NotImplementedError

    def cleanup(self) -> None:
        """Give back what the work still holds. The harness calls it however the run ended."""

    def finish(self) -> None:
        """Say that the work was done: the run ends by itself, not because it was stopped."""
        self.finished = True

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """A ledger transfer that shows when the worker has to queue for the lock."""
        queued = self.bench.ledger.lock.locked()
        if queued:
            self.waiting_for_ledger()
        with self.bench.ledger.transfer():
            if queued:
                self.working()
            yield

    def rest(self, pause: Pause) -> None:
        """Let the interval pass, marked as sleep."""
        self.sleeping()
        pause(self.bench.interval_s)
        self.working()


class Strategy:
    """A way of interrupting a thread. One instance serves one trial and all its workers.

    A strategy overrides only what makes it different. `title`, `advice` and `note` are words for
    people; advice is an opinion and is never shown in the same column as a measurement.
    """

    title = ""
    advice = ""
    note = ""
    daemon = False
    after_request = State.JOINING

    def run(self, work: Workload) -> None:
        """The body of the worker thread: call `work.step()` until asked to stop."""
        raise NotImplementedError

    def request_stop(self, workers: Sequence[threading.Thread]) -> None:
        """Ask `workers` to stop. Runs in the main thread; returns as soon as they are asked."""
        raise NotImplementedError

    def looks_every_s(self, interval_s: float) -> float | None:
        """How often a worker that rests `interval_s` a step looks whether it should stop.

        Where it looks at fixed times and is asked at a random one, theory says that its response
        is spread evenly from 0 to this. None: no such law.
        """
        return None

    def start(self, jobs: Sequence[Callable[[], None]]) -> list[threading.Thread]:
        """Start a thread for each job and return them in the order of the jobs."""
        threads = [
            # `daemon` is always said: a thread inherits it from the one that creates it.
            threading.Thread(target=job, name=f"worker-{number}", daemon=self.daemon)
            for number, job in enumerate(jobs, 1)
        ]
        for thread in threads:
            thread.start()
        return threads
