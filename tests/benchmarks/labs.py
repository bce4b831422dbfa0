"""What a trial costs beside its dwell: in a fresh lab, and in one that is used again."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from time import perf_counter_ns

from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.process import ROOT
from simulation.runner import Labs
from tests.benchmarks.measure import Row, medians

SPEC = Spec("event-wait", "sleep", 1, 0.01, 0.02, 2.0, 0)
# Prints what a lab imports of the standard library, as a line of Python.
IMPORTS = """
import shutil, sys, simulation.lab.noise, simulation.lab.trial, simulation.lab.wire
public = [name for name in sys.modules if not any(part.startswith("_") for part in name.split("."))]
print("import", ", ".join(name for name in public if name.partition(".")[0] in sys.stdlib_module_names))
"""
ROUNDS = 30


def rows() -> Iterator[Row]:
    command = [sys.executable, "-c", IMPORTS]
    imports = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    ours, theirs = medians(fresh_ms, partial(interpreter_ms, imports), ROUNDS)
    yield Row("one trial in a fresh lab, over its dwell", ours, "interpreter with the same imports", theirs, "≤ 1.3")
    with Labs() as labs:
        over_ms(labs)
        again = statistics.median(over_ms(labs) for _ in range(ROUNDS))
        yield Row("one trial in a reused lab, over its dwell", again, "–", None, "≤ 2 ms")


def over_ms(labs: Labs) -> float:
    begin = perf_counter_ns()
    result = labs.start(SPEC).result()
    over_ns: int = perf_counter_ns() - begin - Playback(result.recording).dwell_ns
    return over_ns / 1e6


def fresh_ms() -> float:
    begin = perf_counter_ns()
    with Labs() as labs:
        result = labs.start(SPEC).result()
    over_ns: int = perf_counter_ns() - begin - Playback(result.recording).dwell_ns
    return over_ns / 1e6


def interpreter_ms(imports: str) -> float:
    begin = perf_counter_ns()
    subprocess.run([sys.executable, "-c", imports], check=True)
    return (perf_counter_ns() - begin) / 1e6
