"""A trial told in plain sentences, every one of them made from the run's own data."""

from __future__ import annotations

from collections import Counter

from simulation.autopsy import CHECKS, FAILED, OK, Findings, Worker
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.contract import Outcome, State
from simulation.playback import Playback
from simulation.report.words import BROKEN, CHECK, DETAIL, STATE, duration

LONG_MS = 100.0  # asking took so long that it is worth a sentence
LATE_MS = 20.0  # the request came so late that it is worth a sentence


def headline(findings: Findings) -> str:
    """The trial in one short line: did it stop, how fast, did it break anything."""
    if findings.failure:
        return "The lab failed: this trial is no measurement"
    ending = {
        Outcome.STOPPED: f"Stopped in {duration(findings.stop_ms)}",
        Outcome.ENDED_WITH_PROCESS: f"Gone with the process in {duration(findings.stop_ms)}",
        Outcome.STILL_RUNNING: f"Still running {findings.spec.patience_s:g} s after the request",
        Outcome.FINISHED: "Finished by itself",
        Outcome.DIED: "Died of its own error",
        Outcome.CANCELLED: "Cancelled before it started",
    }[findings.outcome]
    broken = [BROKEN[name] for name in CHECKS[1:] if findings.checks[name].status == FAILED]
    if broken:
        return f"{ending} – {', '.join(broken)}"
    return ending if findings.outcome is Outcome.STILL_RUNNING else f"{ending}, nothing broken this time"


def went_well(findings: Findings) -> bool:
    """Whether the trial ended as somebody wanted, and nothing was found broken."""
    bad = findings.failure or findings.outcome in (Outcome.STILL_RUNNING, Outcome.DIED)
    return not bad and all(check.status != FAILED for check in findings.checks.values())


def settings(findings: Findings) -> str:
    """What was run, so that it can be run again."""
    spec = findings.spec
    return (
        f"{STRATEGIES[spec.strategy].title} · {WORKLOADS[spec.workload].title} · workers {spec.workers:,} · "
        f"interval {spec.interval_s:g} s · seed {spec.seed} · Python {findings.python}"
    )


def glance(playback: Playback) -> str:
    """What the workers are doing right now, while the trial runs."""
    states = Counter(playback.last_state(number) for number in range(1, playback.workers + 1))
    doing = ", ".join(f"{count:,} {STATE[State(state)]}" for state, count in states.most_common() if state)
    if playback.workers == 1:
        doing = doing.removeprefix("1 ")
        return f"worker-1 is {doing}" if doing else "starting"
    return f"workers: {doing}" if doing else "starting"


def narrative(findings: Findings, playback: Playback) -> str:
    """The story of the request and of the worker that took longest, then the autopsy."""
    if findings.failure:
        return f"{findings.failure} Nothing of this trial counts as a measurement."
    parts = [_request(findings), *_workers(findings, playback), _autopsy(findings)]
    if findings.dropped:
        parts.append(f"The recording was full: the oldest {findings.dropped:,} events were dropped.")
    return " ".join(part for part in parts if part)


def _request(findings: Findings) -> str:
    if findings.requested_ns is None:
        return "Nobody asked: no worker was left to be stopped."
    late_ms = (findings.late_ns or 0) / 1e6
    late = f", {duration(late_ms)} later than wanted: the main thread could not run" if late_ms > LATE_MS else ""
    return f"You asked at {findings.requested_ns / 1e9:.3f} s{late}."


def _workers(findings: Findings, playback: Playback) -> list[str]:
    last = findings.last
    told = [] if last is None else [_story(last, findings, playback)]
    others = [worker for worker in findings.asked if worker is not last]
    return [*told, _others(others, findings), *_unasked(findings)]


def _unasked(findings: Findings) -> list[str]:
    """The workers that nobody had to stop, or that nobody could."""
    endings = {
        Outcome.DIED: "died of its own error ({})",
        Outcome.CANCELLED: "had not begun and never did",
        Outcome.FINISHED: "ran to its own end",
    }
    sentences = []
    for outcome, ending in endings.items():
        group = [worker for worker in findings.workers if worker.outcome is outcome]
        if group:
            more = f", and so did {len(group) - 1:,} more" if len(group) > 1 else ""
            sentences.append(f"{group[0].name} {ending.format(group[0].error)}{more}.")
    return sentences


def _story(worker: Worker, findings: Findings, playback: Playback) -> str:
    before = _before(worker, findings, playback)
    since = findings.since_request_ms
    gone = duration(since(worker.gone_ns))
    if worker.outcome is Outcome.STILL_RUNNING:
        noticed = f" It noticed after {duration(since(worker.noticed_ns))}." if worker.noticed_ns else ""
        patience = f"{findings.spec.patience_s:g} s after you asked"
        return f"{before}.{noticed} {_asking(findings)}{patience} {worker.name} was still running."
    if worker.outcome is Outcome.ENDED_WITH_PROCESS:
        return f"{before}; it was told nothing and went down with the process, gone {gone} after you asked."
    if worker.noticed_ns is None:
        return f"{before}; it was gone {gone} after you asked, cut off before it could clean up."
    noticed = f"it noticed {duration(since(worker.noticed_ns))} later"
    if worker.cleaned_ns is None:
        return f"{before}; {noticed}, did not finish cleaning up and was gone {gone} after you asked."
    cleaned = duration((worker.cleaned_ns - worker.noticed_ns) / 1e6)
    return f"{before}; {noticed}, cleaned up in {cleaned} and was gone {gone} after you asked."


def _before(worker: Worker, findings: Findings, playback: Playback) -> str:
    """What the worker was doing when it was asked."""
    records = playback.lane(worker.number)
    seen = records[records["t_ns"] <= playback.requested]
    if not len(seen):
        return f"{worker.name} was busy (the record of it was dropped)"
    state, detail = (int(seen[-1][name]) for name in ("state", "detail"))
    return f"{worker.name} was {STATE[State(state)]} {DETAIL[detail]}".rstrip()  # type: ignore[index]


def _asking(findings: Findings) -> str:
    """What the main thread did, where asking itself took it a while (as `join(timeout)` does)."""
    took_ms = findings.since_request_ms(findings.signalled_ns) or 0.0
    if took_ms < LONG_MS:
        return ""
    return f"The main thread waited {duration(took_ms)} and went on without it; "


def _others(others: list[Worker], findings: Findings) -> str:
    times = sorted(worker.gone_ns for worker in others if worker.gone_ns is not None)
    if not others:
        return ""
    who = "The other worker was" if len(others) == 1 else f"The other {len(others):,} workers were"
    if len(times) < len(others):
        return f"{who} not all gone either." if len(others) > 1 else f"{who} not gone either."
    first, last = (duration(findings.since_request_ms(t)) for t in (times[0], times[-1]))
    return f"{who} gone after {first}." if first == last else f"{who} gone after {first} to {last}."


def _autopsy(findings: Findings) -> str:
    """First what is broken, with its evidence; then what is whole."""
    broken = [
        check.evidence for name in CHECKS if (check := findings.checks[name]).status == FAILED and name != "thread_gone"
    ]
    whole = [CHECK[name].lower() for name in CHECKS if findings.checks[name].status == OK and name != "thread_gone"]
    return " ".join([*broken, f"{', '.join(whole)}.".capitalize() if whole else ""]).strip()
