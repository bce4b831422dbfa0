"""Experiments: their order, their Cancel that keeps what there is, and the law a polled flag obeys."""

from __future__ import annotations

import io
import os
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from simulation import experiment as module
from simulation.autopsy import Findings
from simulation.experiment import Experiment, Outcomes, Plan, planned
from simulation.lab.contract import Outcome, State
from simulation.lab.spec import Spec, SpecError
from simulation.playback import Playback
from simulation.process import LabError
from simulation.report.comparison import representatives
from simulation.runner import Lab, Labs, Run
from tests.waiting import LIMIT_S, at_work, children, until

PAIRS = [(strategy, workload) for workload in ("sleep", "files") for strategy in ("flag", "event", "daemon")]
QUICK = {"interval_s": 0.001, "request_after_s": 0.0, "patience_s": LIMIT_S}
BY_HAND = Spec("event-wait", interval_s=0.001, request_after_s=None, patience_s=LIMIT_S)
AT_ONCE = BY_HAND._replace(request_after_s=0.0)


def plan(seed: int = 1, trials: int = 4, **settings: Any) -> Plan:
    return planned(["flag", "event", "daemon"], ["sleep", "files"], trials=trials, seed=seed, **settings)


def order(made: Plan) -> list[tuple[str, str]]:
    return [(spec.strategy, spec.workload) for spec in chain(*made.rounds)]


def test_same_seed_same_plan() -> None:
    assert plan(seed=1) == plan(seed=1)


def test_another_seed_another_order() -> None:
    assert order(plan(seed=1)) != order(plan(seed=2))


def test_each_round_has_every_pair_once() -> None:
    made = plan(trials=5)
    assert [Counter((spec.strategy, spec.workload) for spec in specs) for specs in made.rounds] == [Counter(PAIRS)] * 5
    assert made.total == 30


def test_pair_that_is_named_twice_is_run_once_a_round() -> None:
    assert planned(["flag", "flag"], ["sleep", "sleep"], trials=3, seed=1).total == 3


def test_rounds_differ_in_their_order() -> None:
    """With 6! orders of a round, ten that are all the same would be no chance."""
    orders = {tuple((spec.strategy, spec.workload) for spec in specs) for specs in plan(trials=10).rounds}
    assert len(orders) > 1


def test_every_trial_has_a_seed_of_its_own() -> None:
    seeds = [spec.seed for spec in chain(*plan(seed=7).rounds)]
    assert sorted(seeds) == list(range(7, 7 + 24))


def test_settings_reach_every_trial() -> None:
    for spec in chain(*plan(workers=3, interval_s=0.25).rounds):
        assert (spec.workers, spec.interval_s) == (3, 0.25)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"strategies": ["flag", "stop"]}, "There is no strategy 'stop'"),
        ({"workloads": ["dance"]}, "There is no workload 'dance'"),
        ({"strategies": []}, ""),
        ({"workloads": []}, ""),
        ({"trials": 0}, "trials must be between 1 and 100000, not 0."),
        ({"trials": 1.5}, "trials must be a whole number, not 1.5."),
        ({"workers": 0}, "workers must be between 1 and 1000, not 0."),
        ({"interval_s": 0.0}, "interval must be between 0.0001 s and 10 s, not 0.0 s."),
        ({"patience_s": 61}, "patience must be between 0.05 s and 60 s, not 61 s."),
        ({"seed": -1}, "seed must be between 0 and "),
        ({"seed": 2**53, "trials": 2}, "seed must be between 0 and "),
    ],
    ids=str,
)
def test_bad_input(wrong: dict[str, Any], sentence: str) -> None:
    usual = {"strategies": ["flag"], "workloads": ["sleep"], "trials": 1, "seed": 1}
    with pytest.raises(SpecError) as caught:
        planned(**{**usual, **wrong})
    assert str(caught.value).startswith(sentence)


class Counted(Labs):
    """Labs that know what they were asked to start, and what they have started."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Spec] = []
        self.started: list[Run] = []

    def start(self, spec: Spec, *more: Any) -> Run:
        self.asked.append(spec)
        self.started.append(super().start(spec, *more))
        return self.started[-1]


def small(strategies: tuple[str, ...] = ("event-wait", "flag"), trials: int = 3, **settings: Any) -> Plan:
    return planned(strategies, ["sleep"], trials=trials, seed=1, **{**QUICK, **settings})


def test_runs_all_and_leaves_nothing() -> None:
    experiment = Experiment(small(), Labs())
    told: list[int] = []
    experiment.run(after_each=lambda: told.append(experiment.done))
    assert told == [1, 2, 3, 4, 5, 6]
    assert [found.spec for found in experiment.outcomes.findings] == [*chain(*experiment.plan.rounds)]
    assert {found.outcome for found in experiment.outcomes.findings} == {Outcome.STOPPED}
    assert (experiment.now, experiment.problem, experiment.cancelled) == (None, "", False)
    assert children() == set()


def test_noise_is_measured_beside_every_round() -> None:
    experiment = Experiment(small(trials=3), Labs())
    counts: list[int] = []
    experiment.run(after_each=lambda: counts.append(len(experiment.outcomes.noise_ns)))
    assert counts == [0, 0, 20, 20, 40, 40]
    assert len(experiment.outcomes.noise_ns) == 60
    assert min(experiment.outcomes.noise_ns) > 0


def test_one_lab_serves_what_leaves_nothing_behind() -> None:
    experiment, labs = Experiment(small(), Labs()), set()
    experiment.run(after_each=lambda: labs.update(children()))
    assert len(labs) == 1


def test_what_runs_now_and_the_time_left() -> None:
    experiment, seen = Experiment(small(trials=1), Labs()), []
    assert (experiment.now, experiment.left_s) == (None, None)
    experiment.run(after_each=lambda: seen.append((experiment.now, experiment.left_s)))
    assert [now for now, _ in seen] == experiment.plan.rounds[0]
    assert [left_s > 0 for _, left_s in seen] == [True, False]
    assert experiment.left_s == 0


def test_what_somebody_waits_for_is_run_first() -> None:
    """All its rounds, in their order; then the rest in theirs. The wish may come in the middle."""
    experiment = Experiment(planned(["flag"], ["sleep", "files", "cpu"], trials=2, seed=1, **QUICK), Labs())
    before = [spec.workload for spec in chain(*experiment.plan.rounds)]

    def ask() -> None:
        experiment.first = "cpu"

    experiment.run(after_each=ask)
    run = [found.spec for found in experiment.outcomes.findings]
    started, rest = before[0], before[1:]
    assert [spec.workload for spec in run] == [
        started,
        *(workload for workload in rest if workload == "cpu"),
        *(workload for workload in rest if workload != "cpu"),
    ]
    assert sorted(run) == sorted(chain(*experiment.plan.rounds))
    assert len(experiment.outcomes.noise_ns) == 40


def test_cancel_in_the_middle_keeps_what_there_is() -> None:
    labs = Counted()
    experiment = Experiment(small(trials=100), labs)

    def cancel_after_five() -> None:
        if experiment.done == 5:
            experiment.cancel()

    experiment.run(after_each=cancel_after_five)
    assert experiment.done == len(labs.asked) == 5
    assert sorted(experiment.outcomes.recordings) == [0, 1, 2, 3, 4]
    assert len(experiment.outcomes.noise_ns) == 40  # of the two rounds that were over
    assert experiment.cancelled
    assert (experiment.problem, experiment.now) == ("", None)
    assert children() == set()


@contextmanager
def running(experiment: Experiment) -> Iterator[Future[None]]:
    """The experiment in a thread of its own. What it raised there is raised here, by `result()`."""
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(experiment.run)
        finally:
            experiment._labs.close()  # should Cancel not have ended it, this does


def test_cancel_ends_the_trial_that_runs() -> None:
    """A trial of a minute, at work: it is cut off, and thrown away."""
    labs = Counted()
    experiment = Experiment(Plan([[AT_ONCE], [BY_HAND], [AT_ONCE]], seed=1), labs)
    with running(experiment) as end:
        until(lambda: len(labs.started) == 2)
        at_work(labs.started[1])
        experiment.cancel()
        end.result(LIMIT_S)
    assert (experiment.done, experiment.problem) == (1, "")
    assert labs.asked == [AT_ONCE, BY_HAND]
    assert children() == set()


@pytest.mark.parametrize("done", range(4))
def test_cancel_from_another_thread(done: int) -> None:
    """Wherever it falls: while a lab starts, in a trial, between two, while noise is measured."""
    experiment = Experiment(small(trials=100), Labs())
    with running(experiment) as end:
        until(lambda: experiment.done >= done)
        experiment.cancel()
        end.result(LIMIT_S)
    assert done <= experiment.done < experiment.plan.total
    assert len(experiment.outcomes.recordings) == experiment.done
    assert not any(found.failure for found in experiment.outcomes.findings)
    assert (experiment.problem, children()) == ("", set())


def test_cancel_before_it_starts() -> None:
    labs = Counted()
    experiment = Experiment(small(), labs)
    experiment.cancel()
    experiment.run()
    assert (experiment.done, labs.asked, experiment.problem) == (0, [], "")
    assert experiment.cancelled


def test_cancel_twice_and_after_the_end() -> None:
    experiment = Experiment(small(trials=1), Labs())
    experiment.run()
    experiment.cancel()
    experiment.cancel()
    assert (experiment.done, experiment.problem) == (2, "")


def test_lab_that_cannot_be_had_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.process.READY_S", 0.0)
    experiment = Experiment(small(), Labs())
    experiment.run()
    assert experiment.problem.startswith("The lab did not get ready")
    assert (experiment.done, experiment.now, experiment.cancelled) == (0, None, False)
    assert children() == set()


def test_lab_that_cannot_be_had_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon thread takes its lab with it; from the third trial on there is no room for another."""
    experiment = Experiment(small(("daemon",), trials=9), Labs())

    def fill_the_disk() -> None:
        if experiment.done == 2:
            monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")

    experiment.run(after_each=fill_the_disk)
    assert experiment.problem.startswith("No temporary file can be made (No such file or directory)")
    assert experiment.done == len(experiment.outcomes.recordings) == 2
    assert {found.failure for found in experiment.outcomes.findings} == {""}


class ClosedMeanwhile(io.BytesIO):
    """A closed file of which somebody has just heard that it is open."""

    closed = property(lambda _: False)  # type: ignore[assignment]


def test_cancel_while_a_lab_is_asked_why_it_does_not_start() -> None:
    """Closing a lab kills it first and closes its log later; in between falls the other thread's look."""
    with Lab() as lab:
        lab.kill()
        lab._log.close()
        lab._log = ClosedMeanwhile()
        lab._log.close()
        with pytest.raises(LabError, match="did not start the trial"):
            lab.start(AT_ONCE)


class Mortal(Labs):
    """Labs that die in a trial that waits for a person."""

    def start(self, spec: Spec, *more: Any) -> Run:
        run = super().start(spec, *more)
        if spec.request_after_s is None:
            at_work(run)
            assert self._lab is not None
            os.kill(self._lab.pid, signal.SIGKILL)
        return run


def test_lab_that_dies_is_a_failed_trial_and_no_latency() -> None:
    experiment = Experiment(Plan([[AT_ONCE], [BY_HAND], [AT_ONCE]], seed=1), Mortal())
    experiment.run()
    first, killed, last = experiment.outcomes.findings  # and no fourth: it was not tried again
    assert killed.failure == "The lab died (exit code -9) before the trial was over."
    assert (killed.response_ms, killed.stop_ms) == (None, None)
    assert {check.status for check in killed.checks.values()} == {"n/a"}
    for found in (first, last):
        assert found.failure == ""
        assert found.stop_ms is not None
    assert experiment.problem == ""


def test_recordings_of_the_first_trials_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORDINGS_A_PAIR", 2)
    experiment = Experiment(small(trials=4), Labs())
    experiment.run()
    assert experiment.done == 8
    assert sorted(experiment.outcomes.recordings) == [0, 1, 2, 3]
    for place, recording in experiment.outcomes.recordings.items():
        found = experiment.outcomes.findings[place]
        playback = Playback(recording)
        assert playback.requested - playback.t0 == found.requested_ns


class Watching(list[Findings]):
    """Findings at which somebody looks at the moment before one is added."""

    def __init__(self, look: Callable[[], object]) -> None:
        super().__init__()
        self.look = look

    def append(self, found: Findings) -> None:
        self.look()
        super().append(found)


def test_outcomes_can_be_looked_at_while_they_grow() -> None:
    """As a page does: from another thread, which may get its turn between any two lines."""
    experiment = Experiment(small(trials=2), Labs())
    outcomes = Outcomes(findings=Watching(lambda: representatives(outcomes)))
    experiment.outcomes = outcomes
    experiment.run()
    assert experiment.done == 4


# The law of a polled flag. A worker that looks every T and is asked at a random moment U has a
# response that is spread evenly over 0 … T, U being uniform over a length of T and independent of
# all that the machine does. Noise breaks that, but only in one direction each:
#
# - What was measured, L: two looks are never less than T apart (`sleep` does not end early), so
#   for any response x at most one moment U in a length of T leads to it, and the density of L is at
#   most 1/T, however late the threads are. So P(L ≤ x) ≤ x/T: noise only makes it longer.
# - What it would have been had the worker been woken on time, V: L less the lateness of that very
#   wake-up, which the recording shows. V is at most T, and by the same argument P(V > x) ≤ (T-x)/T,
#   so P(V ≤ x) ≥ x/T. (The µs of work between a look and the next sleep are neglected; so is a
#   worker that took more than 20 ms to begin, which is when the first requests come.)
#
# By the inequality of Dvoretzky, Kiefer and Wolfowitz with Massart's constant the distribution of
# n = 50 latencies oversteps such a limit by more than ε somewhere with a probability of at most
# exp(-2nε²). With ε = 0.3717 that is 1e-6 a side: two false alarms in a million runs, and as the
# seed is fixed (and the phases with it), fewer.
T_MS, N, EPSILON = 20.0, 50, 0.3717


def above(ms: NDArray[np.float64]) -> float:
    """By how much the share of latencies up to some x is greater than x/T, at most."""
    return float(np.max(np.arange(1, len(ms) + 1) / len(ms) - np.sort(ms) / T_MS))


def below(ms: NDArray[np.float64]) -> float:
    """By how much the share of latencies below some x is smaller than x/T, at most."""
    return float(np.max(np.sort(ms) / T_MS - np.arange(len(ms)) / len(ms)))


def on_time_ms(found: Findings, recording: bytes) -> float:
    """The response had the worker been woken on time: until its last sleep was due to end."""
    playback = Playback(recording)
    lane = playback.lane(1)
    asleep_ns = int(lane["t_ns"][lane["state"] == State.SLEEPING][-1])
    return min(T_MS, (asleep_ns - playback.requested) / 1e6 + found.spec.interval_s * 1e3)


def test_flag_obeys_the_uniform_law() -> None:
    settings = {"interval_s": T_MS / 1e3, "request_after_s": T_MS / 1e3, "patience_s": LIMIT_S}
    experiment = Experiment(planned(["flag", "event-wait"], ["sleep"], trials=N, seed=2, **settings), Labs())
    experiment.run()
    outcomes = experiment.outcomes
    flags = {place: found for place, found in enumerate(outcomes.findings) if found.spec.strategy == "flag"}
    response_ms = np.array([found.response_ms for found in flags.values()], float)
    assert len(response_ms) == N
    assert above(response_ms) < EPSILON
    assert below(np.array([on_time_ms(found, outcomes.recordings[place]) for place, found in flags.items()])) < EPSILON


@pytest.mark.parametrize(
    ("ms", "broken"),
    [
        (np.linspace(0, T_MS, N), []),
        (np.full(N, 0.05), ["above"]),
        (np.full(N, T_MS), ["below"]),
        (np.full(N, T_MS / 2), ["above", "below"]),
    ],
    ids=["the law itself", "as fast as an Event", "always asked as the sleep begins", "always in its middle"],
)
def test_law_can_be_broken(ms: NDArray[np.float64], broken: list[str]) -> None:
    found = {"above": above(ms) > EPSILON, "below": below(ms) > EPSILON}
    assert [name for name, seen in found.items() if seen] == broken


def test_closed_labs_start_nothing() -> None:
    """What makes Cancel final: nobody gets a lab of an experiment that was cancelled."""
    labs = Labs()
    labs.close()
    with pytest.raises(LabError, match="closed"):
        labs.start(AT_ONCE)
