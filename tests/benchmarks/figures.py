"""The timeline of 100,000 state events against that of 500."""

from __future__ import annotations

from collections.abc import Iterator
from time import perf_counter_ns

import numpy as np
import pandas as pd

from simulation.report.figures import timeline
from simulation.report.tables import STATES, categorical
from tests.benchmarks.measure import Row, medians

ROUNDS = 20


def rows() -> Iterator[Row]:
    many, few = intervals(100_000), intervals(500)
    ours, theirs = medians(lambda: build_ms(many), lambda: build_ms(few), ROUNDS)
    drawn = sum(len(trace.x) for trace in timeline(many).data)
    yield Row(f"figure of 100,000 state events ({drawn:,} bars)", ours, "figure of 500", theirs, "≤ 50 ms")


def intervals(count: int) -> pd.DataFrame:
    """Two lanes that change their state all the time."""
    rng = np.random.default_rng(0)
    lane = np.repeat([0, 1], count // 2)
    length = rng.exponential(1e6, count).astype(np.int64)
    start = np.concatenate([np.cumsum(part) for part in np.split(length, 2)]) - length
    state = categorical(rng.choice([STATES.index("working"), STATES.index("sleeping")], count), STATES)
    lanes = categorical(lane, ["main", "worker-1"])
    columns = {
        "trial": 1,
        "lane": lanes,
        "state": state,
        "detail": "",
        "start_ns": start,
        "end_ns": start + length,
    }
    return pd.DataFrame(columns)


def build_ms(bars: pd.DataFrame) -> float:
    begin = perf_counter_ns()
    timeline(bars)
    return (perf_counter_ns() - begin) / 1e6
