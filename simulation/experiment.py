"""Many trials: their order, their progress, and a Cancel that keeps what there is.

The order is random but seeded, and goes in rounds: each round runs every pair once. So whatever
drifts on the machine while an experiment runs falls on all strategies alike, and an experiment
that is cancelled in the middle has about as many trials of each.

Its own Cancel is the method `event` together with `close`: the Event is looked at between two
trials, and closing the lab ends the trial that the loop is waiting for. The lab is a process, so
that this is safe: the trial that was cut off is thrown away, not counted.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulation.autopsy import Findings, examine
from simulation.lab.spec import TRIALS, Spec, checked, whole
from simulation.runner import LabError, Labs

NOISE_SAMPLES = 20  # wake-ups of the reference thread a round
RECORDINGS_A_PAIR = 50  # kept, to show timelines of; every trial's numbers are kept
PATIENCE_S = 1.0
REQUEST_AFTER_S = 0.1

Pair = tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """What an experiment runs: rounds of specs, each round one of every pair."""

    rounds: list[list[Spec]]
    seed: int

    @property
    def total(self) -> int:
        return sum(map(len, self.rounds))


def planned(strategies: Sequence[str], workloads: Sequence[str], *, trials: int, seed: int, **settings: Any) -> Plan:
    """The plan of a comparison; SpecError for what no trial can have.

    `settings` as `spec.checked` takes them. Every trial has a seed of its own, from `seed`.
    """
    settings = {"patience_s": PATIENCE_S, "request_after_s": REQUEST_AFTER_S, **settings}
    pairs = [(strategy, workload) for workload in workloads for strategy in strategies]
    chance = random.Random(seed)
    rounds = []
    for number in range(whole(TRIALS, trials)):
        specs = [
            checked(strategy=strategy, workload=workload, seed=seed + number * len(pairs) + place, **settings)
            for place, (strategy, workload) in enumerate(pairs)
        ]
        rounds.append(chance.sample(specs, len(specs)))
    return Plan(rounds, seed)


@dataclass
class Outcomes:
    """What has been measured so far. Lists grow while the experiment runs; nothing else changes.

    `recordings` holds those of the first trials of each pair, by the position in `findings`.
    """

    findings: list[Findings] = field(default_factory=list)
    recordings: dict[int, bytes] = field(default_factory=dict)
    noise_ns: list[int] = field(default_factory=list)
    started_at: float = field(default_factory=time.time)


class Experiment:
    """Runs a plan. `run` in whatever thread, `cancel` from any other."""

    def __init__(self, plan: Plan, labs: Labs) -> None:
        self.plan, self.outcomes = plan, Outcomes()
        self.now: Spec | None = None  # what runs at the moment
        self.problem = ""  # why no further trial could be run
        self._labs = labs
        self._stop = threading.Event()
        self._kept: dict[Pair, int] = {}
        self._began_s = time.monotonic()

    def run(self, after_each: Callable[[], object] = lambda: None) -> None:
        """Run the plan to its end, until `cancel`, or until a lab cannot be had any more."""
        try:
            for specs in self.plan.rounds:
                self._round(specs, after_each)
        except LabError as error:
            if not self._stop.is_set():
                self.problem = str(error)
        finally:
            self.now = None
            self._labs.close()

    def cancel(self) -> None:
        """Stop at once and keep what was measured. May be called at any time, and twice."""
        self._stop.set()
        self._labs.close()

    @property
    def cancelled(self) -> bool:
        return self._stop.is_set()

    @property
    def done(self) -> int:
        return len(self.outcomes.findings)

    @property
    def left_s(self) -> float | None:
        """The time left, if the rest goes on as what was; None before there is anything to go by."""
        if not self.done:
            return None
        return (time.monotonic() - self._began_s) / self.done * (self.plan.total - self.done)

    def _round(self, specs: list[Spec], after_each: Callable[[], object]) -> None:
        for spec in specs:
            if self._stop.is_set():
                return
            self.now = spec
            result = self._labs.start(spec).result()
            if self._stop.is_set():
                return
            self._keep(examine(result), result.recording)
            after_each()
        if not self._stop.is_set():
            self.outcomes.noise_ns += self._labs.noise(NOISE_SAMPLES)

    def _keep(self, findings: Findings, recording: bytes) -> None:
        pair = findings.spec.strategy, findings.spec.workload
        if self._kept.get(pair, 0) < RECORDINGS_A_PAIR:
            self._kept[pair] = self._kept.get(pair, 0) + 1
            self.outcomes.recordings[self.done] = recording
        self.outcomes.findings.append(findings)
