"""What a strategy is, what a workload is, and the few words both are told in."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from queue import Queue
    from socket import socket

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
    QUEUE = 2  # an empty queue
    SOCKET = 3  # a connection whose other end is silent
    LOCK = 4  # a lock that somebody else holds


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

    def __init__(self, accounts: memoryview | list[int], lock: Any = None) -> None:
        self.accounts = accounts
        self.lock = lock or threading.Lock()

    @contextmanager
    def transfer(self) -> Iterator[None]:
        """Move one unit from account 0 to account 1; the body runs between debit and credit."""
        with self.lock:
            self.accounts[0] -= 1
            yield
            self.accounts[1] += 1


class Options(NamedTuple):
    """What a transfer (`download`, `stream`) is to be like; other workloads look at none of it.

    `size` in bytes, `rate` in bytes a second (0: as fast as it goes). A chat answer has `tokens`
    words, the first after `first_s`. The server falls silent, or resets the connection, after so many
    bytes of the file, or tokens of the answer (None: never). `once`: the run ends when all has come,
    else it starts over. `keep_part`: cleanup leaves the unfinished file, to be resumed. `part`: a
    file with what came before, to go on from.
    """

    size: int = 20_000_000
    rate: int = 10_000_000
    stall_after: int | None = None
    reset_after: int | None = None
    tokens: int = 50
    first_s: float = 0.5
    once: bool = False
    keep_part: bool = False
    part: str = ""

    def troubles(self) -> str:
        """What the server is to do, as a part of its address."""
        after = {"stall_after": self.stall_after, "reset_after": self.reset_after}
        return "".join(f"&{name}={amount}" for name, amount in after.items() if amount is not None)


class Transfer(enum.IntEnum):
    """The words in which a transfer says how far it is. Stamps are `perf_counter_ns`, 0: not yet."""

    AMOUNT = 0  # bytes that the workers have taken in this trial
    ASKED_AMOUNT = 1  # the same at the stop request
    DISCONNECTED = 2  # the last worker's socket was closed for good
    REMOVED = 3  # its partial file was gone


class FinishedError(Exception):
    """Raised by a step when no work is left: the run ends by itself."""


class Bench(NamedTuple):
    """What a workload is given to work with."""

    ledger: Ledger
    mark: Callable[..., Callable[[], object]]  # (state, detail) → a recorder of that state
    interval_s: float
    directory: Path
    number: int  # of the worker, from 1
    options: Options = Options()
    transferred: memoryview | list[int] = [0] * len(Transfer)


class Workload:
    """What a worker does, one `step` after the other, until something stops it.

    `title` and the first line of its module's docstring are shown to people. `offers` names what a
    strategy may get hold of: "queue" stands for the attribute `queue` that the worker takes from,
    "close" for the `connection` that it reads from (None while there is none). `extent` names the
    option that says how much a transfer is.
    """

    title = ""
    rests = False  # whether a step passes its interval asleep
    offers: frozenset[str] = frozenset()
    blocks_on = Detail.NONE
    extent = "size"
    queue: Queue[Any]
    connection: socket | None = None

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.finished = False
        self.working = bench.mark(State.WORKING)
        self.sleeping = bench.mark(State.SLEEPING)
        self.blocked = bench.mark(State.BLOCKED, self.blocks_on)
        self.waiting_for_ledger = bench.mark(State.BLOCKED, Detail.LEDGER)

    def setup(self) -> None:
        """Get what the work needs around it (a peer, a server). Before the worker starts."""

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> object:
        """Do one small piece of work; sleep through `pause`, block no longer than `timeout` s.

        Returns what the work got hold of, if it is a kind of work that gets something.
        """
        raise NotImplementedError

    def cleanup(self) -> None:
        """Give back what the work still holds. The harness calls it however the run ended."""

    def left(self) -> str:
        """A sentence about what the worker still holds after its end, or ""."""
        if self.connection is None or self.connection.fileno() < 0:
            return ""
        return f"The socket of worker-{self.bench.number} is still open."

    def teardown(self) -> None:
        """Undo `setup`, after the worker's end. May be called twice."""

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


class Job(Protocol):
    """A worker as it is handed to a strategy to be started."""

    def __call__(self) -> None:
        """The body of the worker."""

    def leave(self) -> None:
        """Tell the harness that the worker is gone, where it could not say so itself."""


class Joinable(Protocol):
    """What runs a job: a Thread, a Process, or something that can be waited for like one."""

    def join(self, timeout: float | None = None) -> None: ...


class Call:
    """A job that is handed to a pool of threads, and can be joined like a thread of its own."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.begun, self._over = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.begun.set()
        try:
            self._job()
        finally:
            self._over.set()

    def never(self) -> None:
        """Say that the pool will not call it."""
        self._over.set()
        self._job.leave()

    def join(self, timeout: float | None = None) -> None:
        self._over.wait(timeout)


class UnavailableError(RuntimeError):
    """Raised when a strategy cannot run under this interpreter; the message says what it needs."""


class Strategy:
    """A way of interrupting a thread. One instance serves one trial and all its workers.

    A strategy overrides only what makes it different. `title`, `advice` and `note` are words for
    people; advice is an opinion and is never shown in the same column as a measurement. `needs`
    is what the workload must offer ("": nothing). The main thread is in the state `while_requesting`
    during `request_stop`, and in `after_request` afterwards.
    """

    title = ""
    advice = ""
    note = ""
    needs = ""
    daemon = False
    while_requesting = State.REQUESTING
    after_request = State.JOINING

    def unavailable(self) -> str:
        """What this interpreter lacks, in one sentence, or ""."""
        return ""

    def prepare(self, works: Sequence[Workload]) -> None:
        """Get hold of what the strategy needs of the works, before the workers start."""

    def run(self, work: Workload) -> None:
        """The body of the worker thread: call `work.step()` until asked to stop."""
        raise NotImplementedError

    def request_stop(self, workers: Sequence[Any]) -> None:
        """Ask `workers` (what `start` returned) to stop; return as soon as they are asked.

        Runs in the main thread.
        """
        raise NotImplementedError

    def looks_every_s(self, interval_s: float) -> float | None:
        """How often a worker that rests `interval_s` a step looks whether it should stop.

        Where it looks at fixed times and is asked at a random one, theory says that its response
        is spread evenly from 0 to this. None: no such law.
        """
        return None

    def start(self, jobs: Sequence[Job]) -> Sequence[Joinable]:
        """Start a thread for each job and return them in the order of the jobs."""
        threads = [
            # `daemon` is always said: a thread inherits it from the one that creates it.
            threading.Thread(target=job, name=f"worker-{number}", daemon=self.daemon)
            for number, job in enumerate(jobs, 1)
        ]
        for thread in threads:
            thread.start()
        return threads

    def new_lock(self) -> Any:
        """The lock of the ledger; workers that are not threads need another kind."""
        return threading.Lock()

    def new_event(self) -> Any:
        """The line that holds the workers until all have started; see `new_lock`."""
        return threading.Event()
