"""One trial, run here and not in a lab, with strategies and workloads made for the question."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

import pytest

from simulation.lab import trial
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.contract import Left, State, Strategy, Workload
from simulation.lab.spec import Spec
from simulation.lab.strategies import join_timeout
from simulation.lab.strategies.async_exception import AsyncException
from simulation.lab.strategies.event_wait import EventWait
from simulation.lab.strategies.join_timeout import JoinTimeout
from simulation.lab.workloads.files import Files
from simulation.lab.workloads.sleep import Sleep
from simulation.playback import Playback
from tests.waiting import LIMIT_S, until


class Lab:
    """Runs trials here; `playback` is what the recording of the latest one says now."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch, self.trials = folder, monkeypatch, 0
        self.started = Event()

    @property
    def recording(self) -> Path:
        return self.folder / f"recording-{self.trials}.bin"

    @property
    def playback(self) -> Playback:
        return Playback(self.recording.read_bytes())

    def run(
        self,
        strategy: type[Strategy] = EventWait,
        workload: type[Workload] = Sleep,
        request_at_s: float | None = 0.02,
        workers: int = 1,
        patience_s: float = LIMIT_S,
        inbox: trial.Inbox | None = None,
    ) -> dict[str, Any]:
        self.trials += 1
        self.monkeypatch.setitem(STRATEGIES, "made", strategy)
        self.monkeypatch.setitem(WORKLOADS, "made", workload)
        spec = Spec("made", "made", workers, 0.001, patience_s=patience_s)
        work = self.folder / f"work-{self.trials}"
        inbox = inbox or SimpleQueue()
        return trial.run(spec, request_at_s, work, self.recording, inbox, self.started.set)

    def states(self, lane: int) -> list[str]:
        return [State(state).name for state in self.playback.lane(lane)["state"].tolist()]

    def stamps(self, number: int = 1) -> dict[str, int]:
        return dict(zip(("noticed", "cleaned", "gone", "left"), self.playback.stamps[number - 1].tolist()))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


@pytest.fixture
def released() -> Iterator[Event]:
    """What a stuck worker waits for; the test's end sets it."""
    event, threads = Event(), set(threading.enumerate())
    yield event
    event.set()
    until(lambda: set(threading.enumerate()) <= threads)


@pytest.fixture
def stuck(released: Event) -> type[Workload]:
    """A workload in which worker 1 hears nothing until it is released."""

    class Stuck(Sleep):
        def step(self, *args: Any, **kwargs: Any) -> None:
            if self.bench.number == 1:
                released.wait()
            super().step(*args, **kwargs)

    return Stuck


def test_stopped(lab: Lab) -> None:
    facts, front, stamps = lab.run(), lab.playback, lab.stamps()
    assert stamps["left"] == Left.RETURNED
    assert 0 < front.t0 <= front.requested <= stamps["noticed"] <= stamps["cleaned"] <= stamps["gone"]
    assert front.requested <= front.signalled
    assert (facts["lock_free"], facts["reusable"], facts["errors"]) == (True, True, {})
    assert 0 < front.steps <= front.credit == -front.debit
    assert lab.states(0) == ["STARTING", "DWELLING", "REQUESTING", "JOINING", "DONE"]
    assert lab.states(1)[:2] == ["WAITING", "WORKING"]
    assert lab.states(1)[-2:] == ["CLEANING", "ENDED"]


def test_who_only_joins_is_not_said_to_ask(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(join_timeout, "JOIN_S", 0.001)
    monkeypatch.setattr(join_timeout, "TASK_S", 0.1)  # so that its worker does not outlive the test
    lab.run(JoinTimeout)
    assert lab.states(0) == ["STARTING", "DWELLING", "JOINING", "WENT_ON", "DONE"]


def test_no_mark_before_it_is_true(lab: Lab) -> None:
    lab.run()
    main, worker, stamps = lab.playback.lane(0)["t_ns"], lab.playback.lane(1)["t_ns"], lab.stamps()
    assert main[2] <= lab.playback.requested <= lab.playback.signalled <= main[3]
    assert stamps["noticed"] <= worker[-2] <= stamps["cleaned"] <= worker[-1] <= stamps["gone"] <= main[-1]


def test_all_workers_begin_together(lab: Lab) -> None:
    """No worker works before the last has been started."""
    lab.run(workers=20)
    dwelling = lab.playback.lane(0)["t_ns"][1]
    assert all(lab.playback.lane(number)["t_ns"][1] >= dwelling for number in range(1, 21))


def test_a_person_asks_twice(lab: Lab) -> None:
    inbox: trial.Inbox = SimpleQueue()
    inbox.put(trial.STOP)
    inbox.put(trial.STOP)
    lab.run(request_at_s=None, inbox=inbox)
    assert lab.playback.requested
    assert lab.stamps()["gone"]


class Finishes(Strategy):
    def run(self, work: Workload) -> None:
        work.step()
        work.finish()


def test_finished_first(lab: Lab) -> None:
    """Nobody is asked, and the trial does not wait for its request."""
    lab.run(Finishes, request_at_s=None)
    assert (lab.playback.requested, lab.playback.signalled) == (0, 0)
    assert lab.stamps()["left"] == Left.FINISHED
    assert lab.playback.steps == 1
    assert lab.states(0) == ["STARTING", "DWELLING", "DONE"]


class Breaks(Sleep):
    def step(self, *args: Any, **kwargs: Any) -> None:
        raise ValueError("the disk is on fire")


def test_worker_dies_of_its_own_error(lab: Lab) -> None:
    facts, stamps = lab.run(workload=Breaks, request_at_s=None), lab.stamps()
    assert stamps["left"] == Left.DIED
    assert facts["errors"] == {1: "ValueError: the disk is on fire"}
    assert 0 < stamps["noticed"] <= stamps["cleaned"] <= stamps["gone"]


class Unclean(Sleep):
    def cleanup(self) -> None:
        raise OSError("no such socket")


def test_cleanup_raises(lab: Lab) -> None:
    facts, stamps = lab.run(workload=Unclean), lab.stamps()
    assert (stamps["left"], stamps["cleaned"]) == (Left.RETURNED, 0)
    assert stamps["gone"] >= stamps["noticed"] > 0
    assert facts["errors"] == {1: "cleanup: OSError: no such socket"}


def test_still_running(lab: Lab, stuck: type[Workload]) -> None:
    facts = lab.run(workload=stuck, patience_s=0.05)
    assert lab.stamps() == {"noticed": 0, "cleaned": 0, "gone": 0, "left": 0}
    assert (facts["lock_free"], facts["reusable"]) == (None, False)
    assert lab.playback.requested


def test_stuck_worker_does_not_make_the_others_late(lab: Lab, stuck: type[Workload], released: Event) -> None:
    """Joined in the order of their numbers, nobody would be gone before worker 1 is."""
    running = Thread(target=lab.run, kwargs={"workload": stuck, "workers": 3})
    running.start()
    lab.started.wait(LIMIT_S)
    until(lambda: lab.stamps(2)["gone"] and lab.stamps(3)["gone"])
    assert lab.stamps(1)["gone"] == 0
    released.set()
    running.join()
    assert lab.stamps(1)["gone"] > max(lab.stamps(2)["gone"], lab.stamps(3)["gone"])


class StuckInTransfer(Workload):
    """Between debit and credit for ever, and always in bytecode: where a forced stop must land."""

    def step(self, *args: Any, **kwargs: Any) -> None:
        with self.transfer():
            while True:
                pass


def test_forced_stop_tears_the_ledger_and_frees_its_lock(lab: Lab) -> None:
    facts = lab.run(AsyncException, StuckInTransfer)
    assert lab.stamps()["left"] == Left.FORCED
    assert (lab.playback.debit, lab.playback.credit) == (-1, 0)
    assert (facts["lock_free"], facts["reusable"]) == (True, True)


def test_torn_ledger_stays_in_its_trial(lab: Lab) -> None:
    lab.run(AsyncException, StuckInTransfer)
    lab.run()
    assert lab.playback.debit + lab.playback.credit == 0


def test_lock_held_by_a_thread_that_is_gone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    class Keeps(Sleep):
        def cleanup(self) -> None:
            self.bench.ledger.lock.acquire()

    monkeypatch.setattr(trial, "LOCK_CHECK_S", 0.01)
    facts = lab.run(workload=Keeps)
    assert (facts["lock_free"], facts["reusable"]) == (False, False)


def test_thread_left_behind_spoils_the_lab(lab: Lab, released: Event) -> None:
    class Leaves(Sleep):
        def cleanup(self) -> None:
            Thread(target=released.wait).start()

    assert lab.run(workload=Leaves)["reusable"] is False


def test_forced_stop_before_the_work_began(lab: Lab) -> None:
    class TooEarly(AsyncException):
        def start(self, jobs: Sequence[Callable[[], None]]) -> list[Thread]:
            threads = super().start(jobs)
            until(lambda: lab.states(1) == ["WAITING"])
            self.request_stop(threads)
            return threads

    lab.run(TooEarly)
    stamps = lab.stamps()
    assert stamps.pop("gone") > 0
    assert stamps == {"noticed": 0, "cleaned": 0, "left": 0}
    assert lab.states(1) == ["WAITING"]


def test_strategy_ends_the_process(lab: Lab) -> None:
    class Exits(EventWait):
        def request_stop(self, workers: Sequence[Thread]) -> None:
            super().request_stop(workers)
            workers[0].join()
            sys.exit()

    with pytest.raises(SystemExit):
        lab.run(Exits)
    assert lab.states(0)[-2:] == ["REQUESTING", "EXITING"]
    assert lab.playback.requested
    assert lab.playback.signalled == 0


def test_daemon_is_always_said(lab: Lab) -> None:
    """A thread inherits it from the one that creates it, which may be a daemon itself."""
    seen: dict[int, bool] = {}

    class Looks(Finishes):
        def run(self, work: Workload) -> None:
            seen[work.bench.number] = threading.current_thread().daemon
            super().run(work)

    creator = Thread(target=lab.run, args=(Looks,), kwargs={"workers": 2}, daemon=True)
    creator.start()
    creator.join()
    assert seen == {1: False, 2: False}


def test_files_are_whole_or_gone(lab: Lab) -> None:
    lab.run(workload=Files, workers=3)
    assert all(path.suffix == ".bin" and path.stat().st_size == 8 * 4096 for path in (lab.folder / "work-1").iterdir())


def test_partial_file_is_there_until_cleanup(lab: Lab, released: Event) -> None:
    """So that a missing cleanup can be seen."""

    class Writes(Files):
        def cleanup(self) -> None:
            assert self.partial.exists()
            super().cleanup()

    facts = lab.run(Finishes, Writes, request_at_s=None)
    assert facts["errors"] == {}
    assert list((lab.folder / "work-1").iterdir()) == []


def test_blocked_on_the_ledger_is_shown(lab: Lab) -> None:
    """A worker that queues for the lock says so, and says when it works again."""

    class Queues(Sleep):
        def step(self, *args: Any, **kwargs: Any) -> None:
            holder = threading.Thread(target=self.hold)
            holder.start()
            until(self.bench.ledger.lock.locked)
            super().step(*args, **kwargs)
            holder.join()

        def hold(self) -> None:
            with self.bench.ledger.lock:
                until(lambda: lab.states(1)[-1] == "BLOCKED")

    lab.run(Finishes, Queues, request_at_s=None)
    assert lab.states(1)[1:5] == ["WORKING", "BLOCKED", "WORKING", "SLEEPING"]
