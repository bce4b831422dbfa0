"""What a comparison costs over what it measures, and 100,000 trials as table and figures."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from time import perf_counter_ns

import numpy as np
import pandas as pd

from simulation.autopsy import CHECKS
from simulation.experiment import Experiment, Outcomes, planned
from simulation.lab.catalogue import TUTORIAL
from simulation.report import comparison, comparison_figures, tables
from simulation.runner import Labs
from tests.benchmarks.measure import Row

TRIALS = 100_000


def rows() -> Iterator[Row]:
    ours_ms, theirs_ms = default_comparison()
    yield Row("default comparison (7 × sleep × 10, 0.05 s)", ours_ms, "its dwells and latencies", theirs_ms, "≤ 1.25")
    outcomes, trials = many_trials()
    before_mb = memory_mb()
    begin = perf_counter_ns()
    table = comparison.comparison(trials, outcomes, 0)
    comparison_figures.all_trials(table, trials)
    comparison_figures.curves(table, trials)
    took_ms = (perf_counter_ns() - begin) / 1e6
    yield Row(f"table and figures of {TRIALS:,} trials", took_ms, "–", None, "≤ 2 s")
    print(f"| the same, memory on top | {memory_mb() - before_mb:.0f} MB | – | – | – | ≤ 500 MB |")


def default_comparison() -> tuple[float, float]:
    """Wall time, and the sum of dwells and of the time from request to end (or patience), in ms."""
    plan = planned(TUTORIAL, ["sleep"], trials=10, seed=0, interval_s=0.05)
    experiment = Experiment(plan, Labs())
    begin = perf_counter_ns()
    experiment.run()
    wall_ms = (perf_counter_ns() - begin) / 1e6
    found = experiment.outcomes.findings
    patience_ms = plan.rounds[0][0].patience_s * 1e3
    ends = (patience_ms if one.stop_ms is None else one.stop_ms for one in found)
    return wall_ms, sum(one.dwell_ns / 1e6 for one in found) + sum(ends)


def many_trials() -> tuple[Outcomes, pd.DataFrame]:
    """A table of trials as `tables.trials` builds it, with made-up latencies: only its size counts."""
    outcomes = Outcomes(noise_ns=[30_000] * 100)
    experiment = Experiment(planned(["flag"], ["sleep"], trials=1, seed=0, interval_s=0.001), Labs(), outcomes)
    experiment.run()
    trials = pd.concat([tables.trials(outcomes.findings)] * TRIALS, ignore_index=True)
    chance = np.random.default_rng(0)
    outcomes.findings, outcomes.recordings = [], {}
    made_up = {"stop_ms": chance.uniform(0, 50, TRIALS), "strategy": np.resize(TUTORIAL, TRIALS)}
    return outcomes, trials.assign(**made_up, **dict.fromkeys(CHECKS, "ok"))


def memory_mb() -> float:
    """The most this process has had, in MB (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
