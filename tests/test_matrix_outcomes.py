"""Every strategy on every workload, for real, against a literal table of what CPython does.

Where threads race there is more than one allowed end; the reason stands beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from simulation.autopsy import CHECKS, FAILED, Findings, examine
from simulation.lab.catalogue import STRATEGIES, WORKLOADS, why_not
from simulation.lab.contract import Outcome
from simulation.lab.spec import Spec, SpecError, checked
from simulation.playback import Playback
from simulation.process import NotAvailable
from simulation.runner import Lab, Labs, Run

LIMIT_S = 60.0  # only turns a hang into a failure
IMPATIENT_S = 0.2  # for what never stops


class Allowed(NamedTuple):
    """The outcomes that may come, the checks that must fail then, and those that may."""

    outcomes: set[str]
    broken: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()


def allowed(outcomes: str, broken: str = "", perhaps: str = "") -> Allowed:
    return Allowed(set(outcomes.split()), frozenset(broken.split()), frozenset(perhaps.split()))


STOPPED = allowed("stopped")
FINISHED = allowed("finished")
NEVER = allowed("still-running", "thread_gone")
NO_QUEUE = "not applicable, because it speaks through a queue, and this worker takes nothing from one"
NO_CONNECTION = "not applicable, because it closes a connection, and this worker reads from none"

# The worker looks between two steps: it stops wherever a step ends by itself.
LOOKS_BETWEEN_STEPS: dict[str, Allowed | str] = {
    "sleep": STOPPED,
    "cpu": STOPPED,
    "files": STOPPED,
    "queue": NEVER,
    "socket": NEVER,
    "lock": NEVER,
    "c-call": STOPPED,
    "c-call-gil": STOPPED,
    "swallow": STOPPED,  # it looks outside the `except:`
    "slow-cleanup": STOPPED,
    "download": STOPPED,  # between two chunks
    "stream": STOPPED,  # between two tokens
}
NOBODY_TELLS_THE_THREAD: dict[str, Allowed | str] = dict.fromkeys(LOOKS_BETWEEN_STEPS, NEVER)

# An exception from outside comes at the end of a C call: never, where that call never returns.
# It may land between debit and credit (`with lock` frees the lock all the same), or when a file was
# opened and its name not yet bound for cleanup.
FORCED: dict[str, Allowed | str] = {
    **LOOKS_BETWEEN_STEPS,
    "sleep": allowed("stopped", perhaps="ledger_balanced"),
    "cpu": allowed("stopped", perhaps="ledger_balanced"),
    "files": allowed("stopped", perhaps="ledger_balanced nothing_left"),
    "c-call": allowed("stopped", perhaps="ledger_balanced"),
    "c-call-gil": allowed("stopped", perhaps="ledger_balanced"),
    # It comes once. The bare `except:` catches it, if it lands there: nearly always, for that is
    # where the worker sleeps. Outside of it, SystemExit passes `except Exception` and ends the worker.
    "swallow": allowed("still-running stopped", perhaps="thread_gone ledger_balanced"),
    "slow-cleanup": allowed("stopped", perhaps="ledger_balanced nothing_left"),
    "download": allowed("stopped", perhaps="ledger_balanced nothing_left"),
    "stream": allowed("stopped", perhaps="ledger_balanced nothing_left"),
}
QUEUE_ONLY: dict[str, Allowed | str] = {
    **dict.fromkeys(LOOKS_BETWEEN_STEPS, NO_QUEUE),
    "queue": STOPPED,
}
# No line runs any more: cleanup never, and what it would have removed stays. What was not begun
# cannot be left: a file may just have been put in its place, and the next not yet be opened.
CUT_OFF: dict[str, Allowed | str] = {
    **dict.fromkeys(LOOKS_BETWEEN_STEPS, allowed("stopped", "cleanup_done", "lock_free ledger_balanced")),
    "files": allowed("stopped", "cleanup_done", "lock_free ledger_balanced nothing_left"),
    "download": allowed("stopped", "cleanup_done", "lock_free ledger_balanced nothing_left"),
    "slow-cleanup": allowed("stopped", "cleanup_done nothing_left", "lock_free ledger_balanced"),
}
WITH_THE_PROCESS: dict[str, Allowed | str] = {
    workload: cell._replace(outcomes={"ended-with-process"}, perhaps=cell.perhaps - {"lock_free"})
    for workload, cell in CUT_OFF.items()
    if isinstance(cell, Allowed)
}

ALLOWED: dict[str, dict[str, Allowed | str]] = {
    "flag": LOOKS_BETWEEN_STEPS,
    "event": LOOKS_BETWEEN_STEPS,
    "event-wait": LOOKS_BETWEEN_STEPS,
    # The three that block take a time-out.
    "timeout": {**LOOKS_BETWEEN_STEPS, "queue": STOPPED, "socket": STOPPED, "lock": STOPPED},
    "join-timeout": NOBODY_TELLS_THE_THREAD,
    "daemon": WITH_THE_PROCESS,
    "async-exception": FORCED,
    "sentinel": QUEUE_ONLY,
    "queue-shutdown": QUEUE_ONLY,  # from Python 3.13 on, see below
    "condition": LOOKS_BETWEEN_STEPS,
    "close": {
        **dict.fromkeys(LOOKS_BETWEEN_STEPS, NO_CONNECTION),
        "socket": STOPPED,
        "download": STOPPED,
        "stream": STOPPED,
    },
    # On Linux a blocked recv() holds on to the connection; and http.client reads through a file made
    # by makefile(), which keeps the socket open whatever close() says. (A recv that begins after the
    # close would fail with EBADF; these workers are already in it.)
    "close-only": {
        **dict.fromkeys(LOOKS_BETWEEN_STEPS, NO_CONNECTION),
        "socket": NEVER,
        "download": NEVER,
        "stream": NEVER,
    },
    "future-cancel": NOBODY_TELLS_THE_THREAD,  # one worker, and it runs; several: see below
    "to-thread-cancel": NOBODY_TELLS_THE_THREAD,
    "anyio-cancel": LOOKS_BETWEEN_STEPS,
    # By its own clock, and with what is left of its time as the time-out of what blocks.
    "deadline": dict.fromkeys(LOOKS_BETWEEN_STEPS, FINISHED),
    "timer": LOOKS_BETWEEN_STEPS,
    "trace": FORCED,
    "terminate": CUT_OFF,
}


def test_the_table_is_whole() -> None:
    assert list(ALLOWED) == list(STRATEGIES)
    assert list(LOOKS_BETWEEN_STEPS) == list(WORKLOADS)
    assert {frozenset(row) for row in ALLOWED.values()} == {frozenset(WORKLOADS)}


@pytest.mark.parametrize("strategy", ALLOWED)
def test_applicable(strategy: str) -> None:
    """A pair that makes no sense says why, in the catalogue and when somebody tries to run it."""
    reasons = {w: cell if isinstance(cell, str) else "" for w, cell in ALLOWED[strategy].items()}
    assert {workload: why_not(strategy, workload) for workload in WORKLOADS} == reasons
    for workload, reason in reasons.items():
        if reason:
            with pytest.raises(SpecError, match=reason):
                checked(strategy=strategy, workload=workload)


def pythons() -> list[str]:
    """This one, and a newer one if this machine has it."""
    newer = sorted(Path.home().glob(".pyenv/versions/3.13*/bin/python"))
    return [sys.executable, *map(str, newer[:1])]


@pytest.mark.parametrize("strategy", [strategy for strategy in ALLOWED if strategy != "queue-shutdown"])
def test_outcomes(strategy: str) -> None:
    with Labs() as labs:
        for workload, cell in ALLOWED[strategy].items():
            if isinstance(cell, Allowed):
                check(measured(labs, strategy, workload, cell), cell)


@pytest.mark.parametrize("python", pythons())
def test_queue_shutdown(python: str) -> None:
    """Before 3.13 it is not available, in one sentence, and the lab is as good as before."""
    with Lab(python) as lab:
        if tuple(map(int, lab.python.split(".")[:2])) >= (3, 13):
            return check(measured(lab, "queue-shutdown", "queue", STOPPED), STOPPED)
        with pytest.raises(NotAvailable, match=r"^queue\.Queue\.shutdown needs Python 3\.13 or newer\.$"):
            lab.start(Spec("queue-shutdown", "queue"))
        assert lab.usable
        check(measured(lab, "sentinel", "queue", STOPPED), STOPPED)
    return None


def test_future_cancel_reaches_what_has_not_begun() -> None:
    with Labs() as labs:
        run = labs.start(Spec("future-cancel", "sleep", 4, 0.02, None, IMPATIENT_S))
        at_work(run, workers=2)
        run.request_stop()
        findings = examine(run.result())
    outcomes = [worker.outcome for worker in findings.workers]
    assert outcomes == [Outcome.STILL_RUNNING] * 2 + [Outcome.CANCELLED] * 2


def test_a_lock_that_a_terminated_process_held() -> None:
    """Half of each step of `cpu` is under the lock: some of the trials must leave it held, for ever,
    and those are the ones that leave the ledger torn."""
    with Labs() as labs:
        trials = [measured(labs, "terminate", "cpu", STOPPED, seed) for seed in range(20)]
    held = [trial.checks["lock_free"].status == FAILED for trial in trials]
    torn = [trial.checks["ledger_balanced"].status == FAILED for trial in trials]
    assert any(held)
    assert all(held[number] for number in range(20) if torn[number])


def measured(labs: Labs | Lab, strategy: str, workload: str, cell: Allowed, seed: int = 0) -> Findings:
    patience_s = IMPATIENT_S if "still-running" in cell.outcomes else LIMIT_S
    run = labs.start(Spec(strategy, workload, 1, 0.02, None, patience_s, seed))
    at_work(run)
    run.request_stop()
    return examine(run.result())


def at_work(run: Run, workers: int = 1) -> None:
    """Wait until the first workers are in their first step, or beyond it."""
    while any(len(Playback(run.snapshot()).lane(number)) < 3 for number in range(1, workers + 1)):
        assert run.wait(0.001) is None, "it ended before it was asked"


def check(findings: Findings, cell: Allowed) -> None:
    assert findings.failure == ""
    about = (findings.spec.strategy, findings.spec.workload, findings.workers, findings.checks)
    assert findings.outcome.value in cell.outcomes, about
    broken = {name for name in CHECKS if findings.checks[name].status == FAILED}
    assert cell.broken <= broken <= cell.broken | cell.perhaps, about
