"""Many trials: their order, their progress, and a Cancel that keeps what there is.

The order is random but seeded, and goes in rounds: each round runs every pair once. So whatever
drifts on the machine while an experiment runs falls on all strategies alike, and an experiment
that is cancelled in the middle has about as many trials of each. Somebody who waits for the answer
about one workload may have its trials first: still all strategies in turn.

Its own Cancel is the method `event` together with `close`: the Event is looked at between two
trials, and closing the lab ends the trial that the loop is waiting for. The lab is a process, so
that this is safe: the trial that was cut off is thrown away, not counted.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulation.autopsy import Findings, examine
from simulation.lab.catalogue import STRATEGIES, WORKLOADS, why_not
from simulation.lab.spec import TRIALS, Spec, SpecError, checked, known, whole
from simulation.process import LabError, NotAvailable
from simulation.runner import Labs

NOISE_SAMPLES = 20  # wake-ups of the reference thread a round
RECORDINGS_A_PAIR = 50  # recordings, to show timelines of; every trial's numbers are kept
PATIENCE_S = 1.0
REQUEST_AFTER_S = 0.1

Pair = tuple[str, str]


@dataclass(frozen=True)
class Plan:
    """What an experiment runs: rounds of specs, each round one of every pair.

    `left_out` says of the pairs that make no sense why they are not applicable.
    """

    rounds: list[list[Spec]]
    seed: int
    left_out: dict[Pair, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(map(len, self.rounds))

    def without(self, pairs: Collection[Pair]) -> Plan:
        """The same plan without some pairs, such as those that were measured before."""
        rounds = [[spec for spec in specs if _pair(spec) not in pairs] for specs in self.rounds]
        return Plan(rounds, self.seed, self.left_out)


def planned(strategies: Sequence[str], workloads: Sequence[str], *, trials: int, seed: int, **settings: Any) -> Plan:
    """The plan of a comparison; SpecError for what no trial can have, or when nothing applies.

    `settings` as `spec.checked` takes them. Every trial has a seed of its own, from `seed`.
    """
    settings = {"patience_s": PATIENCE_S, "request_after_s": REQUEST_AFTER_S, **settings}
    reasons = _reasons(strategies, workloads)
    pairs = [pair for pair, reason in reasons.items() if not reason]
    left_out = {pair: reason for pair, reason in reasons.items() if reason}
    if not pairs:
        pair, reason = next(iter(left_out.items()))
        raise SpecError(f"{pair[0]} on {pair[1]} is {reason}.")
    chance = random.Random(seed)
    rounds = []
    for number in range(whole(TRIALS, trials)):
        specs = [
            checked(strategy=strategy, workload=workload, seed=seed + number * len(pairs) + place, **settings)
            for place, (strategy, workload) in enumerate(pairs)
        ]
        rounds.append(chance.sample(specs, len(specs)))
    return Plan(rounds, seed, left_out)


def _reasons(strategies: Sequence[str], workloads: Sequence[str]) -> dict[Pair, str]:
    """For each pair why it is not applicable, "" where it is."""
    for kind, keys, table in (("strategy", strategies, STRATEGIES), ("workload", workloads, WORKLOADS)):
        if not keys:
            raise SpecError(f"Choose at least one {kind}.")
        for key in keys:
            known(kind, key, table)
    return {(strategy, workload): why_not(strategy, workload) for workload in workloads for strategy in strategies}


@dataclass
class Outcomes:
    """What has been measured so far. Lists grow while the experiment runs; nothing else changes.

    `recordings` holds those of the first trials of each pair, by the position in `findings`;
    `unavailable` says why a pair cannot be run under this interpreter.
    """

    findings: list[Findings] = field(default_factory=list)
    recordings: dict[int, bytes] = field(default_factory=dict)
    noise_ns: list[int] = field(default_factory=list)
    unavailable: dict[Pair, str] = field(default_factory=dict)
    started_at: float = field(default_factory=time.time)


class Experiment:
    """Runs a plan. `run` in whatever thread, `cancel` from any other, and so `first`: the workload whose
    trials go before the others ("": none)."""

    def __init__(self, plan: Plan, labs: Labs, outcomes: Outcomes | None = None) -> None:
        """`outcomes`: those of an earlier experiment with this plan, to go on from."""
        self.plan, self.outcomes = plan, outcomes or Outcomes()
        self.now: Spec | None = None  # what runs at the moment
        self.problem = ""  # why no further trial could be run
        self.first = ""
        self._labs = labs
        self._stop = threading.Event()
        measured = {found.spec for found in self.outcomes.findings}
        self._coming = deque(spec for specs in plan.rounds for spec in specs if spec not in measured)
        self._kept = Counter(_pair(self.outcomes.findings[place].spec) for place in self.outcomes.recordings)
        self._began_s, self._began_at = time.monotonic(), self.done

    def run(self, after_each: Callable[[], object] = lambda: None) -> None:
        """Run the plan to its end, until `cancel`, or until a lab cannot be had any more."""
        try:
            for number, spec in enumerate(self._in_order(), 1):
                if _pair(spec) not in self.outcomes.unavailable:
                    self._trial(spec)
                if not self._stop.is_set():
                    after_each()
                    self._noise(number)
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
    def total(self) -> int:
        """The trials there are to do: those of the plan that this interpreter can run."""
        each = len(self.plan.rounds) * len(self.outcomes.unavailable)
        return self.plan.total - each

    @property
    def left_s(self) -> float | None:
        """The time left, if the rest goes on as what was; None before there is anything to go by."""
        fresh = self.done - self._began_at
        if not fresh:
            return None
        return (time.monotonic() - self._began_s) / fresh * (self.total - self.done)

    def _in_order(self) -> Iterator[Spec]:
        """The trials that are still to be run, as they come to their turn."""
        while self._coming and not self._stop.is_set():
            preferred = (place for place, spec in enumerate(self._coming) if spec.workload == self.first)
            place = next(preferred, 0) if self.first else 0
            spec = self._coming[place]
            del self._coming[place]
            yield spec

    def _noise(self, number: int) -> None:
        """After as many trials as a round has, and after the last one."""
        if not self._stop.is_set() and (number % len(self.plan.rounds[0]) == 0 or not self._coming):
            self.outcomes.noise_ns += self._labs.noise(NOISE_SAMPLES)

    def _trial(self, spec: Spec) -> None:
        self.now = spec
        try:
            result = self._labs.start(spec).result()
        except NotAvailable as error:
            self.outcomes.unavailable[_pair(spec)] = str(error)
            return
        if not self._stop.is_set():  # else it was cut off
            self._keep(examine(result), result.recording)

    def _keep(self, findings: Findings, recording: bytes) -> None:
        place, pair = self.done, _pair(findings.spec)
        self.outcomes.findings.append(findings)
        if self._kept[pair] < RECORDINGS_A_PAIR:
            self._kept[pair] += 1
            self.outcomes.recordings[place] = recording


def _pair(spec: Spec) -> Pair:
    return spec.strategy, spec.workload
