"""Thousands of workers stopped by one Event. The bound of 1,000 is raised here by not asking it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial

from simulation.runner import Labs
from tests.benchmarks.latency import bare, bare_ms, lab_ms
from tests.benchmarks.measure import Row, medians

ROUNDS = 9


def rows() -> Iterator[Row]:
    each = {}
    with Labs() as labs, bare() as script:
        for workers in (1000, 5000):
            ours, theirs = medians(partial(in_lab, labs, workers), partial(in_script, script, workers), ROUNDS)
            each[workers] = ours / workers
            yield Row(f"{workers:,} workers stopped by one Event", ours, "a bare script", theirs, "≤ 1.1")
    yield Row("the same a worker, of 5,000", each[5000], "a worker, of 1,000", each[1000], "1 (linear)")


def in_lab(labs: Labs, workers: int) -> float:
    return lab_ms(labs, workers)[1]


def in_script(script: subprocess.Popen[str], workers: int) -> float:
    return bare_ms(script, workers)[1]
