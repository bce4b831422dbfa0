"""What a trial came to: the outcome and the stamps of each worker, and what was left behind.

Everything here is computed from a `Result`, after the end and from outside: from the recording,
from the files that stayed, and from the few facts only the lab could see (is the lock free?).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from simulation.lab.contract import Left, Outcome, State
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.runner import Result

OK, FAILED, NOT_APPLICABLE = "ok", "failed", "n/a"
CHECKS = ("thread_gone", "lock_free", "ledger_balanced", "cleanup_done", "nothing_left")
# The outcome of a trial is the first of these that one of its workers had.
GRAVEST_FIRST = (
    Outcome.DIED,
    Outcome.STILL_RUNNING,
    Outcome.ENDED_WITH_PROCESS,
    Outcome.STOPPED,
    Outcome.FINISHED,
    Outcome.CANCELLED,
)
# Workers that were there to be stopped: the only ones that have a latency.
ASKED = (Outcome.STOPPED, Outcome.STILL_RUNNING, Outcome.ENDED_WITH_PROCESS)


class Check(NamedTuple):
    """One thing that was looked at, with what was seen."""

    status: str
    evidence: str


class Worker(NamedTuple):
    """One worker's end. Times in ns from the trial's start; None: it never came."""

    number: int
    outcome: Outcome
    noticed_ns: int | None
    cleaned_ns: int | None
    gone_ns: int | None
    error: str

    @property
    def name(self) -> str:
        return f"worker-{self.number}"


@dataclass(frozen=True)
class Findings:
    """A trial, examined. Times in ns from the trial's start; None: it never came.

    The stamps of a trial are those of its last worker; its latencies count from `requested_ns`.
    `cpu_ns` (None: not to be had) and `steps` are of all workers together, in the `dwell_ns` before the
    request, which came `late_ns` after it was due or a person asked for it.
    """

    spec: Spec
    python: str
    outcome: Outcome
    requested_ns: int | None
    signalled_ns: int | None
    workers: list[Worker]
    checks: dict[str, Check]
    dropped: int
    failure: str
    dwell_ns: int
    cpu_ns: int | None
    steps: int
    late_ns: int

    @property
    def asked(self) -> list[Worker]:
        """The workers that were there to be stopped."""
        return [worker for worker in self.workers if worker.outcome in ASKED]

    @property
    def last(self) -> Worker | None:
        """The asked worker that took longest: one that never went, else the last to go."""
        return max(self.asked, key=lambda w: (w.gone_ns is None, w.gone_ns or 0), default=None)

    @property
    def noticed_ns(self) -> int | None:
        return _last(worker.noticed_ns for worker in self.asked)

    @property
    def cleaned_ns(self) -> int | None:
        return _last(worker.cleaned_ns for worker in self.asked)

    @property
    def gone_ns(self) -> int | None:
        return _last(worker.gone_ns for worker in self.asked)

    @property
    def response_ms(self) -> float | None:
        """Request → the last worker noticed."""
        return self.since_request_ms(self.noticed_ns)

    @property
    def stop_ms(self) -> float | None:
        """Request → the last worker was gone."""
        return self.since_request_ms(self.gone_ns)

    def since_request_ms(self, t_ns: int | None) -> float | None:
        """A time of this trial in ms after the stop request; None if either never came."""
        if t_ns is None or self.requested_ns is None or self.failure:
            return None
        return (t_ns - self.requested_ns) / 1e6


def examine(result: Result) -> Findings:
    """Examine a trial that is over."""
    playback = Playback(result.recording)
    workers = [_worker(number, playback, result) for number in range(1, playback.workers + 1)]
    return Findings(
        spec=result.spec,
        python=result.python,
        outcome=next(o for o in GRAVEST_FIRST if any(worker.outcome is o for worker in workers)),
        requested_ns=_since(playback.t0, playback.requested),
        signalled_ns=_since(playback.t0, playback.signalled),
        workers=workers,
        checks=_checks(workers, playback, result),
        dropped=playback.dropped_total,
        failure=result.failure,
        dwell_ns=playback.dwell_ns,
        cpu_ns=playback.cpu_ns,
        steps=playback.steps,
        late_ns=_late_ns(playback, result.asked_ns),
    )


def _late_ns(playback: Playback, asked_ns: int | None) -> int:
    """How much later the request came than it was due, or than a person asked for it."""
    if asked_ns is None or asked_ns > playback.requested:
        return int(playback.late_ns)
    return int(playback.requested - asked_ns)


def outcome_of(*, requested: int, noticed: int, gone: int, left: int, began: bool, process_ended: bool) -> Outcome:
    """The outcome of one worker, from its stamps (0: never came)."""
    if left == Left.DIED:
        return Outcome.DIED
    if left == Left.FINISHED or (noticed and (not requested or noticed < requested)):
        return Outcome.FINISHED
    if gone:
        return Outcome.STOPPED if began else Outcome.CANCELLED
    return Outcome.ENDED_WITH_PROCESS if process_ended else Outcome.STILL_RUNNING


def _worker(number: int, playback: Playback, result: Result) -> Worker:
    noticed, cleaned, gone, left = playback.stamps[number - 1].tolist()
    outcome = outcome_of(
        requested=playback.requested,
        noticed=noticed,
        gone=gone,
        left=left,
        began=bool(noticed) or playback.last_state(number) >= State.WORKING,
        process_ended=result.ended_ns is not None,
    )
    if outcome is Outcome.ENDED_WITH_PROCESS:
        gone = result.ended_ns
    error = result.facts.get("errors", {}).get(str(number), "")
    noticed_ns, cleaned_ns, gone_ns = (_since(playback.t0, t_ns) for t_ns in (noticed, cleaned, gone))
    return Worker(number, outcome, noticed_ns, cleaned_ns, gone_ns, error)


def _since(t0: int, t_ns: int) -> int | None:
    return t_ns - t0 if t_ns else None


def _last(times: Iterable[int | None]) -> int | None:
    """The last of the times; None if there is none or one of them never came."""
    known = list(times)
    return None if None in known else max(known, default=None)  # type: ignore[type-var]


def _checks(workers: list[Worker], playback: Playback, result: Result) -> dict[str, Check]:
    if result.failure:
        return dict.fromkeys(CHECKS, Check(NOT_APPLICABLE, result.failure))
    running = [worker for worker in workers if worker.gone_ns is None]
    if running:
        look = Check(NOT_APPLICABLE, f"{_named(running)} still at work: there is no end to look at.")
        gone = f"{_named(running)} still running when patience ({result.spec.patience_s:g} s) was spent."
        return {**dict.fromkeys(CHECKS, look), "thread_gone": Check(FAILED, gone)}
    by_process = any(worker.outcome is Outcome.ENDED_WITH_PROCESS for worker in workers)
    how = (
        "The process ended, and its threads with it; seen from outside, as soon as the app could look."
        if by_process
        else "join returned for every worker."
    )
    return {
        "thread_gone": Check(OK, how),
        "lock_free": _lock(result.facts.get("lock_free")),
        "ledger_balanced": _ledger(playback.debit, playback.credit),
        "cleanup_done": _cleanup([w for w in workers if w.cleaned_ns is None and w.outcome is not Outcome.CANCELLED]),
        "nothing_left": _left(result.left, result.facts.get("left", []), result.kept),
    }


def _lock(free: bool | None) -> Check:
    if free is None:
        return Check(NOT_APPLICABLE, "The lock went with the process.")
    if free:
        return Check(OK, "The main thread could take the ledger's lock.")
    return Check(FAILED, "The ledger's lock is held by a worker that is gone.")


def _ledger(debit: int, credit: int) -> Check:
    if debit + credit == 0:
        return Check(OK, f"{credit:,} units left one account, {credit:,} arrived in the other.")
    return Check(FAILED, f"{-debit:,} units left one account, {credit:,} arrived in the other.")


def _cleanup(unclean: list[Worker]) -> Check:
    if not unclean:
        return Check(OK, "cleanup() returned in every worker.")
    return Check(FAILED, f"{_named(unclean)} cut off before cleanup() was done.")


def _left(files: list[str], others: list[str], kept: int | None) -> Check:
    if not files and not others:
        if kept is not None:
            part = f"The partial file ({kept:,} bytes) was kept on purpose: the download can be resumed"
            return Check(OK, f"{part}. No open socket and no child process was found.")
        return Check(OK, "No partial file, no open socket and no child process was found.")
    more = f" and {len(files) - 3} more" if len(files) > 3 else ""
    on_disk = [f"Left on the disk: {', '.join(files[:3])}{more}."] if files else []
    return Check(FAILED, " ".join([*on_disk, *others[:3]]))


def _named(workers: list[Worker]) -> str:
    if len(workers) == 1:
        return f"{workers[0].name} was"
    return f"{len(workers)} workers ({workers[0].name}, …) were"
