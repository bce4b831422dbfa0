"""The DataFrames. Each builder says its columns, dtypes, units, order and what is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulation.autopsy import CHECKS, Findings
from simulation.lab.contract import Detail, State
from simulation.playback import Playback
from simulation.report.words import DETAIL, lane_name

STATES = [state.name.lower() for state in State]
DETAILS = [DETAIL[detail] for detail in Detail]
POINTS = ("done", "ended")  # states that last no time: no bar

_STATE_CODE = np.full(max(State) + 1, -1)
_STATE_CODE[list(State)] = np.arange(len(State))


def categorical(codes: NDArray[np.integer[Any]], names: list[str]) -> pd.Categorical[str]:
    """A column of `names` from their positions: what pandas stores, without comparing a string."""
    return pd.Categorical.from_codes(codes.astype(int), pd.Index(names))


def events(recordings: Sequence[bytes], first_trial: int = 1) -> pd.DataFrame:
    """The state events of one or more trials.

    Columns: `trial` (int64, from `first_trial`), `lane` (category: "main", "worker-1" …), `state`
    (category: the names of `contract.State` in lower case), `t_ns` (int64, from the trial's
    start), `detail` (category, "" where there is none).
    Order: trial, lane, time. A lane whose recording was full has lost its oldest events.
    """
    playbacks = [Playback(content) for content in recordings]
    lanes = [(trial, lane) for trial, p in enumerate(playbacks, 1) for lane in range(p.workers + 1)]
    parts = [playbacks[trial - 1].lane(lane) for trial, lane in lanes]
    sizes = [len(part) for part in parts]
    records = np.concatenate(parts)
    trials, numbers = np.array(lanes, dtype=np.int64).T
    starts = np.array([playback.t0 for playback in playbacks])
    names = [lane_name(index) for index in range(int(numbers.max()) + 1)]
    return pd.DataFrame(
        {
            "trial": np.repeat(trials, sizes) + first_trial - 1,
            "lane": categorical(np.repeat(numbers, sizes), names),
            "state": categorical(_STATE_CODE[records["state"]], STATES),
            "t_ns": records["t_ns"] - np.repeat(starts[trials - 1], sizes),
            "detail": categorical(records["detail"], DETAILS),
        }
    )


def intervals(events: pd.DataFrame, now_ns: int | None = None) -> pd.DataFrame:
    """The time each state lasted: the bars of a timeline.

    Columns: `trial`, `lane`, `state`, `detail` as in `events`; `start_ns`, `end_ns` (int64, from
    the trial's start). Order: trial, lane, time. A state that nothing followed lasts until
    `now_ns`, or until the last event of its trial. States that last no time have no row.
    """
    if events.empty:
        return events.rename(columns={"t_ns": "start_ns"}).assign(end_ns=events["t_ns"])
    start_ns = events["t_ns"].to_numpy()
    same = (events["trial"].diff(-1) == 0) & (np.diff(events["lane"].cat.codes, append=-1) == 0)
    if now_ns is None:
        last_ns = events.groupby("trial")["t_ns"].transform("max").to_numpy()
    else:
        last_ns = np.full(len(events), now_ns)
    end_ns = np.where(same, np.roll(start_ns, -1), np.maximum(last_ns, start_ns))
    bars = events.rename(columns={"t_ns": "start_ns"}).assign(end_ns=end_ns)
    return bars[~bars["state"].isin(POINTS)].reset_index(drop=True)


def trials(findings: Sequence[Findings]) -> pd.DataFrame:
    """One row a trial, in the order given.

    Columns: `trial` (int64, from 1), `strategy`, `workload`, `outcome` (str), `workers`, `seed`,
    `dropped` (int64), `interval_s`, `response_ms`, `stop_ms` (float64, from the stop request; NaN:
    never, or not to be had), `cpu_percent` (float64, of one core, before the request; NaN: there
    was no dwell, or the workers were in other processes), `steps_per_s` (float64; NaN: there was no
    dwell), `requested_ns` … `gone_ns` (Int64, from the trial's start; <NA>: never), one str column a
    check ("ok", "failed", "n/a"), `failure` (str, "" unless the machinery failed), `python` (str),
    `late_ms` (float64: how much later the request came than it was due, or than a person asked for
    it, because the main thread could not run).
    """
    rows = [
        {
            "trial": number,
            "strategy": found.spec.strategy,
            "workload": found.spec.workload,
            "outcome": found.outcome.value,
            "workers": found.spec.workers,
            "seed": found.spec.seed,
            "dropped": found.dropped,
            "interval_s": found.spec.interval_s,
            "cpu_percent": _ratio(found.cpu_ns, found.dwell_ns) * 100,
            "steps_per_s": _ratio(found.steps, found.dwell_ns) * 1e9,
            "response_ms": found.response_ms,
            "stop_ms": found.stop_ms,
            **{name: getattr(found, name) for name in _STAMPS},
            **{name: found.checks[name].status for name in CHECKS},
            "failure": found.failure,
            "python": found.python,
            "late_ms": found.late_ns / 1e6,
        }
        for number, found in enumerate(findings, 1)
    ]
    stamps = dict.fromkeys(_STAMPS, "Int64")
    return pd.DataFrame(rows).astype({**stamps, "response_ms": "float64", "stop_ms": "float64"})


def _ratio(part: int | None, whole: int) -> float:
    return part / whole if whole and part is not None else math.nan


_STAMPS = ("requested_ns", "signalled_ns", "noticed_ns", "cleaned_ns", "gone_ns")


def workers(findings: Findings) -> pd.DataFrame:
    """One row a worker of a trial, in the order of their numbers.

    Columns: `worker`, `outcome`, `error` (str), `response_ms`, `cleanup_ms`, `stop_ms` (float64;
    response and stop count from the request, cleanup from noticing; NaN: it never came).
    """
    rows = [
        {
            "worker": worker.name,
            "outcome": worker.outcome.value,
            "response_ms": findings.since_request_ms(worker.noticed_ns),
            "cleanup_ms": (worker.cleaned_ns - worker.noticed_ns) / 1e6
            if worker.cleaned_ns and worker.noticed_ns
            else None,
            "stop_ms": findings.since_request_ms(worker.gone_ns),
            "error": worker.error,
        }
        for worker in findings.workers
    ]
    times = dict.fromkeys(("response_ms", "cleanup_ms", "stop_ms"), "float64")
    return pd.DataFrame(rows).astype(times)


def latency_parts(findings: Findings) -> pd.DataFrame:
    """The stop latency of a trial taken apart, in the order in which it passed.

    Columns: `part` (str), `from_ms`, `to_ms`, `took_ms` (float64, from the stop request; NaN: it
    never came). The parts follow the trial's last worker, so they add up to its stop latency.
    """
    since = findings.since_request_ms
    last = findings.last
    stamps = [None] * 3 if last is None else [last.noticed_ns, last.cleaned_ns, last.gone_ns]
    ends = [since(findings.requested_ns), *(since(stamp) for stamp in stamps)]
    rows = [
        {"part": part, "from_ms": begin, "to_ms": end}
        for part, begin, end in zip(("until it noticed", "cleaning up", "until it was gone"), ends, ends[1:])
    ]
    table = pd.DataFrame(rows).astype({"from_ms": "float64", "to_ms": "float64"})
    return table.assign(took_ms=table["to_ms"] - table["from_ms"])
