"""The parent dies, however it likes: the lab and its files go with it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.process import ROOT
from tests.waiting import running, until

HEAD = """
import sys, time
from simulation import runner
from simulation.lab.spec import Spec
from simulation.playback import Playback

def say(lab):
    print(lab.pid, flush=True)
    time.sleep(1000)
"""
TRIAL = f"""{HEAD}
with runner.Labs() as labs:
    run = labs.start(Spec(STRATEGY, WORKLOAD, WORKERS, 0.0001, None))
    while Playback(run.snapshot()).credit < 50:
        time.sleep(0.001)
    ASKED
    say(run._lab)
"""
STARTING = f"{HEAD}\nrunner.Lab._ready = say\nrunner.Lab()"
IDLE = f"{HEAD}\nsay(runner.Lab())"


def trial(strategy: str, workload: str, workers: int = 1, asked: str = "") -> str:
    code = TRIAL.replace("STRATEGY", repr(strategy)).replace("WORKLOAD", repr(workload))
    return code.replace("WORKERS", str(workers)).replace("ASKED", asked)


@pytest.fixture
def parents() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for parent in started:
        parent.kill()
        parent.communicate()


MOMENTS = {
    "while its lab starts": STARTING,
    "before a trial": IDLE,
    "asleep": trial("flag", "sleep"),
    "busy": trial("flag", "cpu", 3),
    "writing files": trial("flag", "files", 50),
    "not listening": trial("join-timeout", "sleep", 1, "run.request_stop(); run.wait(0.01)"),
    "after a trial": trial("event-wait", "files", 1, "run.request_stop(); run.result()"),
    "after a daemon": trial("daemon", "files", 1, "run.request_stop(); run.result()"),
}


@pytest.mark.parametrize("code", MOMENTS.values(), ids=MOMENTS)
def test_parent_killed(code: str, parents: list[subprocess.Popen[str]]) -> None:
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    parents.append(parent)
    assert parent.stdout is not None
    lab = int(parent.stdout.readline())
    parent.kill()
    until(lambda: not running(lab))
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
