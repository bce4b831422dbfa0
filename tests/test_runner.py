"""The parent's road through a trial, with real labs."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.autopsy import examine
from simulation.lab.contract import Options, Outcome, State
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.report import tables
from simulation.runner import Lab, Labs, Run
from tests.waiting import LIMIT_S, at_work, running, until

BY_HAND = Spec("event-wait", interval_s=0.001, request_after_s=None, patience_s=LIMIT_S)
AT_ONCE = BY_HAND._replace(request_after_s=0.0)
NEVER_STOPS = Spec("join-timeout", interval_s=0.001, request_after_s=0.0, patience_s=0.05)


@pytest.fixture
def labs() -> Iterator[Labs]:
    with Labs() as labs:
        yield labs


def lab_of(run: Run) -> Lab:
    return run._lab


def test_automatic_request(labs: Labs) -> None:
    result = labs.start(AT_ONCE).result()
    findings = examine(result)
    assert (result.failure, result.ended_ns, result.left) == ("", None, [])
    assert findings.outcome is Outcome.STOPPED
    assert findings.response_ms is not None
    assert findings.stop_ms is not None
    assert 0 <= findings.response_ms <= findings.stop_ms


def test_request_by_hand(labs: Labs) -> None:
    run = labs.start(BY_HAND)
    assert at_work(run, steps=20).requested == 0
    run.request_stop()
    assert Playback(run.result().recording).requested


def test_asking_twice_or_too_late_is_harmless(labs: Labs) -> None:
    run = labs.start(BY_HAND)
    at_work(run)
    run.request_stop()
    run.request_stop()
    result = run.result()
    run.request_stop()
    following = labs.start(BY_HAND)
    assert at_work(following, steps=20).requested == 0
    following.request_stop()
    assert following.result().failure == result.failure == ""


def test_snapshot_grows_while_the_trial_runs(labs: Labs) -> None:
    run = labs.start(BY_HAND)
    before = at_work(run)
    later = at_work(run, steps=before.credit + 10)
    assert len(later.lane(1)) > len(before.lane(1)) > 0
    run.request_stop()
    assert Playback(run.result().recording).last_state(1) == State.ENDED


def test_snapshot_after_the_end_is_the_recording(labs: Labs) -> None:
    run = labs.start(AT_ONCE)
    assert run.snapshot() != run.result().recording == run.snapshot()


def test_result_stays_the_same(labs: Labs) -> None:
    run = labs.start(AT_ONCE)
    assert run.result() is run.result() is run.poll() is run.wait(0)


def test_looking_does_not_wait_for_the_end(labs: Labs) -> None:
    run = labs.start(BY_HAND)
    assert run.poll() is None
    assert run.wait(0.01) is None
    run.request_stop()
    until(run.poll)


def test_facts_of_the_dwell(labs: Labs) -> None:
    findings = examine(labs.start(AT_ONCE._replace(request_after_s=0.05)).result())
    assert findings.dwell_ns >= 50_000_000
    assert findings.steps > 0
    assert findings.cpu_ns > 0


def test_cpu_time_of_another_process_is_not_to_be_had(labs: Labs) -> None:
    """Not 0: the worker works, where the lab's clock does not see it."""
    findings = examine(labs.start(AT_ONCE._replace(strategy="terminate", workload="cpu")).result())
    assert findings.outcome is Outcome.STOPPED
    assert findings.cpu_ns is None
    assert math.isnan(tables.trials([findings])["cpu_percent"].item())


def test_error_in_another_process_is_told(labs: Labs) -> None:
    spec = BY_HAND._replace(strategy="terminate", workload="stream", options=Options(first_s=0, reset_after=0))
    [worker] = examine(labs.start(spec).result()).workers
    assert worker.outcome is Outcome.DIED
    assert worker.error.startswith("Connection")  # reset, or closed before the head of the answer came


def test_request_of_a_person_says_how_late_it_came(labs: Labs) -> None:
    run = labs.start(BY_HAND._replace(strategy="flag", workload="c-call-gil"))
    at_work(run)
    run.request_stop()
    result = run.result()
    assert result.asked_ns is not None
    assert examine(result).late_ns == Playback(result.recording).requested - result.asked_ns > 0


def test_clean_lab_is_used_again(labs: Labs) -> None:
    pids = set()
    for _ in range(5):
        run = labs.start(AT_ONCE)
        run.result()
        pids.add(lab_of(run).pid)
    assert len(pids) == 1


@pytest.mark.parametrize("spec", [NEVER_STOPS, AT_ONCE._replace(strategy="daemon")])
def test_lab_with_something_left_in_it_is_replaced(labs: Labs, spec: Spec) -> None:
    first = labs.start(spec)
    first.result()
    second = labs.start(AT_ONCE)
    assert lab_of(second).pid != lab_of(first).pid
    assert not running(lab_of(first).pid)
    assert not lab_of(first).directory.exists()
    assert second.result().failure == ""


def test_torn_ledger_does_not_reach_the_next_trial(labs: Labs) -> None:
    labs.start(AT_ONCE._replace(strategy="async-exception", workload="cpu")).result()
    assert examine(labs.start(AT_ONCE).result()).checks["ledger_balanced"].status == "ok"


def test_files_of_a_trial_do_not_wait_for_the_end_of_the_lab(labs: Labs) -> None:
    run = labs.start(AT_ONCE._replace(workload="files"))
    run.result()
    assert list(lab_of(run).directory.iterdir()) == []


def test_daemon_ends_with_the_process(labs: Labs) -> None:
    run = labs.start(BY_HAND._replace(strategy="daemon", workload="files", interval_s=10.0))
    until(lambda: Playback(run.snapshot()).last_state(1) == State.SLEEPING)
    run.request_stop()
    result = run.result()
    findings, playback = examine(result), Playback(result.recording)
    [worker] = findings.workers
    assert worker.outcome is Outcome.ENDED_WITH_PROCESS
    assert (worker.noticed_ns, worker.cleaned_ns) == (None, None)
    assert worker.gone_ns == result.ended_ns - playback.t0 > findings.requested_ns
    assert playback.last_state(0) == State.EXITING
    assert playback.last_state(1) == State.SLEEPING  # nothing of `finally` was run
    assert result.left == ["worker-1.part"]
    assert {name: check.status for name, check in findings.checks.items()} == {
        "thread_gone": "ok",
        "lock_free": "n/a",
        "ledger_balanced": "ok",
        "cleanup_done": "failed",
        "nothing_left": "failed",
    }


def test_lab_that_ended_leaves_nothing_until_it_is_closed(labs: Labs) -> None:
    """Its parent may be killed any time, and then nobody else would remove the directory."""
    run = labs.start(AT_ONCE._replace(strategy="daemon"))
    run.result()
    assert not lab_of(run).directory.exists()


def test_lab_killed_from_outside(labs: Labs) -> None:
    run = labs.start(BY_HAND)
    at_work(run)
    os.kill(lab_of(run).pid, signal.SIGKILL)
    result = run.result()
    assert result.failure == "The lab died (exit code -9) before the trial was over."
    findings = examine(result)
    assert findings.outcome is Outcome.ENDED_WITH_PROCESS
    assert (findings.response_ms, findings.stop_ms) == (None, None)
    assert {check.status for check in findings.checks.values()} == {"n/a"}
    assert findings.workers[0].gone_ns > 0


def test_lab_killed_between_two_trials(labs: Labs) -> None:
    first = labs.start(AT_ONCE)
    first.result()
    os.kill(lab_of(first).pid, signal.SIGKILL)
    until(lambda: not lab_of(first).usable)
    assert labs.start(AT_ONCE).result().failure == ""


def test_closed_in_the_middle_of_a_trial() -> None:
    with Labs() as labs:
        run = labs.start(BY_HAND)
        at_work(run)
    assert not running(lab_of(run).pid)
    assert run.result().failure.startswith("The trial was cut off with its lab")


def test_asking_a_lab_that_was_closed_is_harmless() -> None:
    with Labs() as labs:
        run = labs.start(BY_HAND)
    run.request_stop()
    run.result()
    run.request_stop()


def test_parent_raises_in_the_middle_of_a_trial(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Lab() as lab:
        lab.start(BY_HAND)
        raise KeyboardInterrupt
    assert not running(lab.pid)


def test_closing_twice() -> None:
    with Lab() as lab:
        lab.close()
    assert lab.exit_code == -signal.SIGKILL


def test_thousand_workers(labs: Labs) -> None:
    run = labs.start(BY_HAND._replace(workers=1000, interval_s=0.1))
    at_work(run)
    run.request_stop()
    findings = examine(run.result())
    assert [worker.outcome for worker in findings.workers] == [Outcome.STOPPED] * 1000
