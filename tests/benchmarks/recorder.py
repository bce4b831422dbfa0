"""What one state event costs in the worker."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter_ns

from simulation.lab.contract import State
from simulation.lab.recording import Recording
from tests.benchmarks.measure import Row, medians

EVENTS = 1_000_000  # all kept, as a log keeps them
FEWER = 100_000
ROUNDS = 9


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        mark = Recording(Path(folder) / "recording", 1).lane(1).mark(State.WORKING)
        for events in (EVENTS, FEWER):
            ours, theirs = medians(partial(calls, mark, events), partial(appends, events), ROUNDS)
            name = f"one state event recorded, of {events:,}"
            yield Row(name, ours, "a bare append of the tuple", theirs, "≤ 1.1")
        ours, theirs = medians(lambda: calls(mark, FEWER), lambda: calls(viztracer(), FEWER), ROUNDS)
        yield Row("one state event recorded", ours, "VizTracer log_instant", theirs, "≤ 0.33")


def calls(mark: Callable[[], object], events: int) -> float:
    """ms a call."""
    begin = perf_counter_ns()
    for _ in range(events):
        mark()
    return (perf_counter_ns() - begin) / events / 1e6


def appends(events: int) -> float:
    """ms an append."""
    log: list[tuple[int, int, int]] = []
    state, detail = State.WORKING.value, 0
    begin = perf_counter_ns()
    for _ in range(events):
        log.append((perf_counter_ns(), state, detail))
    return (perf_counter_ns() - begin) / events / 1e6


def viztracer() -> Callable[[], object]:
    from viztracer import VizTracer

    tracer = VizTracer(tracer_entries=FEWER + 10, verbose=0)
    tracer.enable = True
    return lambda: tracer.log_instant("working")
