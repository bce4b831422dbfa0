"""How a trial may go: from literal stamps, and every strategy on every workload for real.

Where threads race there is more than one allowed end; the reason stands beside it.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from simulation.autopsy import CHECKS, examine, outcome_of
from simulation.lab.catalogue import TUTORIAL, WORKLOADS
from simulation.lab.contract import Left, Outcome, State
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.runner import Labs
from tests.waiting import LIMIT_S, at_work, until

NOT_LEFT = 0


@pytest.mark.parametrize(
    ("requested", "noticed", "gone", "left", "began", "process_ended", "outcome"),
    [
        (10, 11, 13, Left.RETURNED, True, False, Outcome.STOPPED),
        (10, 10, 10, Left.RETURNED, True, False, Outcome.STOPPED),
        (10, 11, 13, Left.FORCED, True, False, Outcome.STOPPED),
        (10, 0, 13, NOT_LEFT, True, False, Outcome.STOPPED),  # forced between two lines of the harness
        (10, 11, 13, Left.RETURNED, True, True, Outcome.STOPPED),
        (10, 9, 13, Left.RETURNED, True, False, Outcome.FINISHED),  # it left before anybody asked
        (0, 9, 13, Left.RETURNED, True, False, Outcome.FINISHED),
        (0, 9, 13, Left.FINISHED, True, False, Outcome.FINISHED),
        (10, 20, 23, Left.FINISHED, True, False, Outcome.FINISHED),  # asked, and its own work ended it
        (10, 0, 0, NOT_LEFT, True, False, Outcome.STILL_RUNNING),
        (10, 11, 0, Left.RETURNED, True, False, Outcome.STILL_RUNNING),  # it cleans up and cleans up
        (10, 0, 0, NOT_LEFT, False, False, Outcome.STILL_RUNNING),
        (10, 0, 0, NOT_LEFT, True, True, Outcome.ENDED_WITH_PROCESS),
        (10, 11, 0, Left.RETURNED, True, True, Outcome.ENDED_WITH_PROCESS),
        (0, 0, 0, NOT_LEFT, True, True, Outcome.ENDED_WITH_PROCESS),  # killed from outside
        (10, 0, 13, NOT_LEFT, False, False, Outcome.CANCELLED),
        (0, 0, 13, NOT_LEFT, False, False, Outcome.CANCELLED),
        (0, 9, 13, Left.DIED, True, False, Outcome.DIED),
        (10, 11, 13, Left.DIED, True, False, Outcome.DIED),
        (10, 11, 0, Left.DIED, True, True, Outcome.DIED),
    ],
)
def test_outcome_of(
    requested: int, noticed: int, gone: int, left: int, began: bool, process_ended: bool, outcome: Outcome
) -> None:
    found = outcome_of(
        requested=requested,
        noticed=noticed,
        gone=gone,
        left=left,
        began=began,
        process_ended=process_ended,
    )
    assert found is outcome


OK, FAILED, NOT_APPLICABLE = {"ok"}, {"failed"}, {"n/a"}
EITHER = OK | FAILED


class Allowed(NamedTuple):
    """The outcome, and for each check the statuses it may have."""

    outcome: str
    thread_gone: set[str] = OK
    lock_free: set[str] = OK
    ledger_balanced: set[str] = OK
    cleanup_done: set[str] = OK
    nothing_left: set[str] = OK


LEFT_BY_ITSELF = Allowed("stopped")
NEVER_STOPPED = Allowed("still-running", FAILED, *[NOT_APPLICABLE] * 4)

ALLOWED = {
    ("flag", "sleep"): LEFT_BY_ITSELF,
    ("flag", "cpu"): LEFT_BY_ITSELF,
    ("flag", "files"): LEFT_BY_ITSELF,
    ("event", "sleep"): LEFT_BY_ITSELF,
    ("event", "cpu"): LEFT_BY_ITSELF,
    ("event", "files"): LEFT_BY_ITSELF,
    ("event-wait", "sleep"): LEFT_BY_ITSELF,
    ("event-wait", "cpu"): LEFT_BY_ITSELF,
    ("event-wait", "files"): LEFT_BY_ITSELF,
    ("timeout", "sleep"): LEFT_BY_ITSELF,
    ("timeout", "cpu"): LEFT_BY_ITSELF,
    ("timeout", "files"): LEFT_BY_ITSELF,
    ("join-timeout", "sleep"): NEVER_STOPPED,
    ("join-timeout", "cpu"): NEVER_STOPPED,
    ("join-timeout", "files"): NEVER_STOPPED,
    # A daemon is left wherever it is, so perhaps between debit and credit; and on files, perhaps
    # just after a file was put in place. Nobody can try its lock: that went with the process.
    ("daemon", "sleep"): Allowed("ended-with-process", OK, NOT_APPLICABLE, EITHER, FAILED, OK),
    ("daemon", "cpu"): Allowed("ended-with-process", OK, NOT_APPLICABLE, EITHER, FAILED, OK),
    ("daemon", "files"): Allowed("ended-with-process", OK, NOT_APPLICABLE, EITHER, FAILED, EITHER),
    # A forced stop lands between any two bytecodes: between debit and credit (`with lock` frees the
    # lock all the same), or when a file was opened and its name not yet bound for cleanup.
    ("async-exception", "sleep"): Allowed("stopped", ledger_balanced=EITHER),
    ("async-exception", "cpu"): Allowed("stopped", ledger_balanced=EITHER),
    ("async-exception", "files"): Allowed("stopped", ledger_balanced=EITHER, nothing_left=EITHER),
}


def test_every_pair_of_the_tutorial_has_its_line() -> None:
    """The others are in test_matrix_outcomes."""
    assert list(ALLOWED) == [(strategy, workload) for strategy in TUTORIAL for workload in list(WORKLOADS)[:3]]


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize(("strategy", "workload"), ALLOWED)
def test_every_strategy_on_every_workload(strategy: str, workload: str, workers: int) -> None:
    allowed = ALLOWED[strategy, workload]
    patience_s = 0.05 if allowed is NEVER_STOPPED else LIMIT_S
    with Labs() as labs:
        run = labs.start(Spec(strategy, workload, workers, 0.02, None, patience_s))
        at_work(run)
        run.request_stop()
        findings = examine(run.result())
    assert findings.failure == ""
    assert {worker.outcome.value for worker in findings.workers} == {findings.outcome.value}
    assert findings.outcome.value == allowed.outcome
    for name in CHECKS:
        assert findings.checks[name].status in getattr(allowed, name), findings.checks[name]


@pytest.mark.parametrize(
    ("strategy", "outcome", "patience_s"),
    [
        ("flag", "still-running", 0.05),
        ("event", "still-running", 0.05),
        ("event-wait", "stopped", LIMIT_S),
        ("timeout", "stopped", LIMIT_S),
        ("async-exception", "still-running", 0.05),  # a sleep is a C call
    ],
)
def test_who_hears_while_asleep(strategy: str, outcome: str, patience_s: float) -> None:
    """The sleep is longer than any test: who leaves has been woken."""
    with Labs() as labs:
        run = labs.start(Spec(strategy, "sleep", 1, 1000.0, None, patience_s))
        until(lambda: Playback(run.snapshot()).last_state(1) == State.SLEEPING)
        run.request_stop()
        assert examine(run.result()).outcome.value == outcome
