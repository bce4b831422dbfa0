"""A trial told in sentences, from literal data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from simulation.autopsy import examine
from simulation.lab.contract import Detail, Left, State
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.report.narrative import glance, headline, narrative, went_well
from simulation.runner import Result
from tests.making import ASLEEP, LEFT_AT_20, NOT_LEFT, Stamps, at, recording, result, stopped

WHOLE = "Lock free, ledger balanced, cleanup complete, nothing left behind."


def told(trial: Result) -> str:
    return narrative(examine(trial), Playback(trial.recording))


def test_stopped() -> None:
    main = ((0, State.STARTING), (1, State.DWELLING), (1204, State.REQUESTING))
    lane = ((1, State.WAITING), (2, State.WORKING), (1200, State.SLEEPING), (1500, State.WORKING))
    stamps: Stamps = (1500, 1500.1, 1500.4, Left.RETURNED)
    assert told(result(recording(main, lane, requested=1204, signalled=1204.1, stamps=[stamps]))) == (
        "You asked at 1.204 s. worker-1 was asleep; it noticed 296 ms later, cleaned up in 100 µs and "
        f"was gone 296 ms after you asked. {WHOLE}"
    )


def test_what_a_worker_was_blocked_on() -> None:
    lane = ((1, State.WORKING), (2, State.BLOCKED, Detail.LEDGER))
    assert "worker-1 was blocked on the ledger's lock; " in told(
        result(recording((), lane, requested=10, stamps=[LEFT_AT_20]))
    )


def test_the_story_is_of_the_worker_that_took_longest() -> None:
    story = told(stopped(LEFT_AT_20, (40, 41, 42, Left.RETURNED)))
    assert "worker-2 was asleep; it noticed 30.0 ms later" in story
    assert "The other worker was gone after 12.0 ms." in story


def test_many_others() -> None:
    story = told(stopped(*[(20, 21, 22 + more, Left.RETURNED) for more in range(3)]))
    assert "worker-3 was asleep" in story
    assert "The other 2 workers were gone after 12.0 ms to 13.0 ms." in story


def test_still_running() -> None:
    assert told(stopped(NOT_LEFT)) == (
        "You asked at 0.010 s. worker-1 was asleep. 2 s after you asked worker-1 was still running."
    )


def test_the_main_thread_went_on_without_it() -> None:
    content = recording((), ((0, State.SLEEPING),), requested=10, signalled=510, stamps=[NOT_LEFT])
    assert "The main thread waited 500 ms and went on without it; 2 s after you asked" in told(result(content))


def test_ended_with_the_process() -> None:
    story = told(stopped(NOT_LEFT, ended_ns=at(15), facts={}, left=["worker-1.part"]))
    assert "worker-1 was asleep; it was told nothing and went down with the process, gone 5.00 ms" in story
    assert "worker-1 was cut off before cleanup() was done." in story
    assert "Left on the disk: worker-1.part. Ledger balanced." in story


def test_finished_first() -> None:
    trial = result(recording((), (), stamps=[(5, 6, 7, Left.FINISHED)]))
    assert told(trial) == (f"Nobody asked: no worker was left to be stopped. worker-1 ran to its own end. {WHOLE}")
    assert headline(examine(trial)) == "Finished by itself, nothing broken this time"


def test_finished_although_it_was_asked() -> None:
    """Such as a worker that nobody told, whose own work was done before patience was spent."""
    trial = stopped((20, 21, 22, Left.FINISHED))
    assert told(trial) == f"You asked at 0.010 s. worker-1 ran to its own end. {WHOLE}"
    assert "before anybody asked" not in headline(examine(trial))


def test_died() -> None:
    facts = {"lock_free": True, "errors": {"1": "ValueError: no"}}
    trial = result(recording((), (), stamps=[(5, 6, 7, Left.DIED)]), facts=facts)
    assert "worker-1 died of its own error (ValueError: no)." in told(trial)
    assert headline(examine(trial)).startswith("Died of its own error")


def test_one_died_before_the_others_were_asked() -> None:
    """It is told, and nobody is said to be gone before the request."""
    facts = {"lock_free": True, "errors": {"1": "ValueError: no"}}
    story = told(stopped((5, 6, 7, Left.DIED), LEFT_AT_20, facts=facts))
    assert "worker-2 was asleep; it noticed 10.0 ms later" in story
    assert "ValueError: no" in story
    assert "-" not in story.replace("worker-", "")


def test_cancelled_before_it_started() -> None:
    stamps: Stamps = (None, None, 12, 0)
    trial = result(recording((), ((0, State.WAITING),), requested=10, stamps=[stamps]))
    assert "worker-1 had not begun and never did." in told(trial)


def test_forced_stop_before_anything_was_noticed() -> None:
    """It landed between two lines of the harness: gone, and no stamp but that."""
    story = told(stopped((None, None, 12, 0)))
    assert "never" not in story
    assert "gone 2.00 ms after you asked" in story


def test_damage_comes_before_what_is_whole() -> None:
    content = recording((), ((0, State.WORKING),), requested=10, stamps=[LEFT_AT_20], accounts=(-4, 3))
    assert told(result(content)).endswith(
        " 4 units left one account, 3 arrived in the other. Lock free, cleanup complete, nothing left behind."
    )


def test_failed_machinery() -> None:
    trial = stopped(NOT_LEFT, ended_ns=at(15), facts={}, failure="The lab died.")
    assert told(trial) == "The lab died. Nothing of this trial counts as a measurement."
    assert headline(examine(trial)) == "The lab failed: this trial is no measurement"


def test_full_recording_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.lab.recording.TOTAL_RECORDS", 0)
    lane = tuple((number / 100, State.WORKING) for number in range(400))
    story = told(result(recording((), lane, requested=10, stamps=[LEFT_AT_20])))
    assert story.endswith("The recording was full: the oldest 256 events were dropped.")


@pytest.mark.parametrize(
    ("trial", "line"),
    [
        (stopped(LEFT_AT_20), "Stopped in 12.0 ms, nothing broken this time"),
        (stopped((20, None, 22, 1)), "Stopped in 12.0 ms – cleanup cut off"),
        (stopped(LEFT_AT_20, left=["a"]), "Stopped in 12.0 ms – something left behind"),
        (stopped(NOT_LEFT, spec=Spec("flag", patience_s=0.5)), "Still running 0.5 s after the request"),
        (stopped(NOT_LEFT, ended_ns=at(15), facts={}), "Gone with the process in 5.00 ms – cleanup cut off"),
    ],
)
def test_headline(trial: Result, line: str) -> None:
    assert headline(examine(trial)) == line


@pytest.mark.parametrize(
    ("lanes", "line"),
    [
        ([()], "starting"),
        ([((0, State.WAITING), (1, State.WORKING))], "worker-1 is working"),
        ([((0, State.SLEEPING),)] * 3 + [((0, State.WORKING),)], "workers: 3 asleep, 1 working"),
    ],
)
def test_glance(lanes: list[tuple[tuple[int, State], ...]], line: str) -> None:
    assert glance(Playback(recording((), *lanes))) == line


@pytest.mark.parametrize(
    ("stamps", "well"),
    [
        ((1304, 1305, 1306, Left.RETURNED), True),
        ((1304, None, 1306, Left.RETURNED), False),  # cleanup was cut off
        ((None, None, None, 0), False),
        ((5, 6, 7, Left.DIED), False),
        ((5, 6, 7, Left.FINISHED), True),
    ],
)
def test_what_went_well(stamps: Stamps, well: bool) -> None:
    main = ((0, State.STARTING), (1204, State.REQUESTING))
    made = result(recording(main, ASLEEP, requested=1204, signalled=1204, stamps=[stamps]))
    assert went_well(examine(made)) is well
    assert not went_well(examine(replace(made, failure="The lab died.")))
