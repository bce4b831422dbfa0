"""Does the lab add to what it measures? And does a busy app?"""

from __future__ import annotations

import contextlib
import random
import statistics
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from simulation.autopsy import examine
from simulation.lab.spec import Spec
from simulation.runner import Labs
from tests.benchmarks.measure import Row, interleaved, p95

ROUNDS = 300
INTERVAL_S = 0.02
AFTER_S = 0.02
BARE = Path(__file__).with_name("bare.py")


def rows() -> Iterator[Row]:
    with Labs() as labs, bare() as script:
        ours, theirs = interleaved(lambda: lab_ms(labs)[0], lambda: bare_ms(script)[0], ROUNDS)
        name, against = "response latency, event-wait, idle", "a bare script"
        yield Row(f"{name}, median", statistics.median(ours), against, statistics.median(theirs), "≤ 1.05")
        yield Row(f"{name}, p95", p95(ours), against, p95(theirs), "≤ 1.25")
        busy, idle = interleaved(lambda: while_busy(labs), lambda: lab_ms(labs)[0], ROUNDS)
        name, against = "the same while the app is busy", "the lab with an idle app"
        yield Row(f"{name}, median", statistics.median(busy), against, statistics.median(idle), "≤ 1.1")
        yield Row(f"{name}, p95", p95(busy), against, p95(idle), "≤ 1.1")


def lab_ms(labs: Labs, workers: int = 1) -> tuple[float, float]:
    """Response and stop latency of one trial in the lab."""
    spec = Spec("event-wait", "sleep", workers, INTERVAL_S, AFTER_S, 30.0, random.randrange(10**6))
    findings = examine(labs.start(spec).result())
    assert findings.response_ms is not None and findings.stop_ms is not None
    return findings.response_ms, findings.stop_ms


def bare_ms(script: subprocess.Popen[str], workers: int = 1) -> tuple[float, float]:
    """The same by the bare script."""
    assert script.stdin and script.stdout
    delay_s = AFTER_S + random.uniform(0, INTERVAL_S)
    script.stdin.write(f"{workers} {INTERVAL_S} {delay_s}\n")
    script.stdin.flush()
    response_ms, stop_ms = map(float, script.stdout.readline().split())
    return response_ms, stop_ms


@contextlib.contextmanager
def bare() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(BARE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as script:
        yield script
        assert script.stdin
        script.stdin.close()


def while_busy(labs: Labs) -> float:
    """Response latency in the lab while a thread of this process, the parent, is busy."""
    over = threading.Event()

    def burn() -> None:
        while not over.is_set():
            sum(range(1000))

    burner = threading.Thread(target=burn, daemon=False)
    burner.start()
    try:
        return lab_ms(labs)[0]
    finally:
        over.set()
        burner.join()
