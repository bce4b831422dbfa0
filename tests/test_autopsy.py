"""What was left behind, told from literal results."""

from __future__ import annotations

import pytest

from simulation.autopsy import CHECKS, Check, Worker, examine
from simulation.lab.contract import Left, Outcome, State
from tests.making import ASLEEP, LEFT_AT_20, MS, NOT_LEFT, Stamps, at, recording, result, stopped

LEFT_AT_40: Stamps = (40, 41, 42, Left.RETURNED)
DIED_AT_5: Stamps = (5, 6, 7, Left.DIED)
FINISHED_AT_5: Stamps = (5, 6, 7, Left.FINISHED)
NEVER_BEGAN: Stamps = (None, None, 12, 0)


def test_times_count_from_the_start_of_the_trial() -> None:
    findings = examine(stopped(LEFT_AT_20))
    assert (findings.requested_ns, findings.signalled_ns) == (10 * MS, 11 * MS)
    assert findings.workers == [Worker(1, Outcome.STOPPED, 20 * MS, 21 * MS, 22 * MS, "")]
    assert (findings.response_ms, findings.stop_ms) == (10.0, 12.0)


@pytest.mark.parametrize(
    ("asked_ms", "late_ns"),
    [(None, 0), (4, 6 * MS), (10, 0), (11, 0)],  # the last: nobody had to ask any more
)
def test_request_counts_as_late_from_when_a_person_asked(asked_ms: float | None, late_ns: int) -> None:
    asked_ns = None if asked_ms is None else at(asked_ms)
    assert examine(stopped(LEFT_AT_20, asked_ns=asked_ns)).late_ns == late_ns


def test_trial_is_as_slow_as_its_last_worker() -> None:
    findings = examine(stopped(LEFT_AT_40, LEFT_AT_20))
    assert (findings.noticed_ns, findings.cleaned_ns, findings.gone_ns) == (40 * MS, 41 * MS, 42 * MS)
    assert (findings.response_ms, findings.stop_ms) == (30.0, 32.0)
    assert findings.last == findings.workers[0]


def test_one_that_never_went_makes_the_trial_never_stopped() -> None:
    findings = examine(stopped(LEFT_AT_20, NOT_LEFT))
    assert findings.outcome is Outcome.STILL_RUNNING
    assert (findings.response_ms, findings.stop_ms) == (None, None)
    assert findings.last == findings.workers[1]


def test_only_who_was_there_to_be_stopped_has_a_latency() -> None:
    findings = examine(stopped(DIED_AT_5, FINISHED_AT_5, LEFT_AT_20))
    assert findings.asked == [findings.workers[2]]
    assert findings.stop_ms == 12.0


@pytest.mark.parametrize(
    ("workers", "outcome"),
    [
        ([LEFT_AT_20, LEFT_AT_40], Outcome.STOPPED),
        ([FINISHED_AT_5, LEFT_AT_20], Outcome.STOPPED),
        ([FINISHED_AT_5, FINISHED_AT_5], Outcome.FINISHED),
        ([LEFT_AT_20, NOT_LEFT], Outcome.STILL_RUNNING),
        ([NOT_LEFT, DIED_AT_5], Outcome.DIED),
    ],
)
def test_outcome_of_a_trial_is_the_gravest(workers: list[Stamps], outcome: Outcome) -> None:
    assert examine(stopped(*workers)).outcome is outcome


def test_worker_that_had_not_begun() -> None:
    content = recording((), ((0, State.WAITING),), requested=10, stamps=[NEVER_BEGAN])
    findings = examine(result(content))
    assert findings.outcome is Outcome.CANCELLED
    assert findings.stop_ms is None
    assert findings.checks["cleanup_done"].status == "ok"  # it had nothing to clean up


def test_everything_whole() -> None:
    checks = examine(stopped(LEFT_AT_20)).checks
    assert list(checks) == ["thread_gone", "lock_free", "ledger_balanced", "cleanup_done", "nothing_left"]
    assert {check.status for check in checks.values()} == {"ok"}
    assert checks["ledger_balanced"].evidence == "3 units left one account, 3 arrived in the other."


def test_ledger_torn() -> None:
    content = recording((), ASLEEP, requested=10, stamps=[LEFT_AT_20], accounts=(-1200, 1199))
    assert examine(result(content)).checks["ledger_balanced"] == Check(
        "failed", "1,200 units left one account, 1,199 arrived in the other."
    )


def test_lock_held() -> None:
    facts = {"lock_free": False, "errors": {}}
    assert examine(stopped(LEFT_AT_20, facts=facts)).checks["lock_free"].status == "failed"


@pytest.mark.parametrize(
    ("left", "evidence"),
    [
        (["worker-1.part"], "Left on the disk: worker-1.part."),
        (["a", "b", "c"], "Left on the disk: a, b, c."),
        (["a", "b", "c", "d", "e"], "Left on the disk: a, b, c and 2 more."),
    ],
)
def test_files_left(left: list[str], evidence: str) -> None:
    assert examine(stopped(LEFT_AT_20, left=left)).checks["nothing_left"] == Check("failed", evidence)


@pytest.mark.parametrize(
    ("workers", "who"),
    [([(20, None, 22, 1)], "worker-1 was"), ([(20, None, 22, 1)] * 3, "3 workers (worker-1, …) were")],
)
def test_cleanup_not_done(workers: list[Stamps], who: str) -> None:
    check = examine(stopped(*workers)).checks["cleanup_done"]
    assert check.status == "failed"
    assert check.evidence.startswith(who)


def test_error_of_a_worker_is_told() -> None:
    facts = {"lock_free": True, "errors": {"2": "ValueError: no"}}
    assert [worker.error for worker in examine(stopped(LEFT_AT_20, DIED_AT_5, facts=facts)).workers] == [
        "",
        "ValueError: no",
    ]


def test_still_running_has_no_end_to_look_at() -> None:
    checks = examine(stopped(NOT_LEFT)).checks
    assert checks["thread_gone"] == Check("failed", "worker-1 was still running when patience (2 s) was spent.")
    assert {checks[name].status for name in CHECKS[1:]} == {"n/a"}


def test_ended_with_the_process() -> None:
    findings = examine(stopped(NOT_LEFT, ended_ns=at(15), facts={}, left=["worker-1.part"]))
    assert findings.workers == [Worker(1, Outcome.ENDED_WITH_PROCESS, None, None, 15 * MS, "")]
    assert (findings.response_ms, findings.stop_ms) == (None, 5.0)
    assert {name: check.status for name, check in findings.checks.items()} == {
        "thread_gone": "ok",
        "lock_free": "n/a",
        "ledger_balanced": "ok",
        "cleanup_done": "failed",
        "nothing_left": "failed",
    }


def test_failed_machinery_measures_nothing() -> None:
    findings = examine(stopped(NOT_LEFT, ended_ns=at(15), facts={}, failure="The lab died."))
    assert (findings.response_ms, findings.stop_ms) == (None, None)
    assert findings.checks == dict.fromkeys(CHECKS, Check("n/a", "The lab died."))


def test_killed_before_it_began() -> None:
    """The recording is there, and not even the start of the trial is in it."""
    findings = examine(result(recording((), ()), ended_ns=at(15), facts={}, failure="The lab died."))
    assert findings.outcome is Outcome.ENDED_WITH_PROCESS
    assert findings.requested_ns is None
