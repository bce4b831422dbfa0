"""The lab as a process of its own, spoken to over its wire and nothing else."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from simulation.lab import wire
from simulation.lab.spec import Spec
from simulation.process import ROOT
from tests.waiting import LIMIT_S, until

LAB = """
import itertools, os, runpy, subprocess, sys
from simulation.lab import catalogue

class Loud(catalogue.EventWait):
    def run(self, work):
        print("printed"), print("printed too", file=sys.stderr), os.write(1, b"written")
        subprocess.run(["echo", "from a child"])
        assert sys.stdin.read() == ""
        super().run(work)

class Litters(catalogue.EventWait):
    def run(self, work):
        for number in itertools.count():
            (work.bench.directory / str(number)).touch()

catalogue.STRATEGIES |= {"loud": Loud, "litters": Litters}
runpy.run_module("simulation.lab", run_name="__main__")
"""


class Conversation:
    """A lab process and both ends of its wire."""

    def __init__(self, process: subprocess.Popen[bytes], directory: Path) -> None:
        assert process.stdin and process.stdout
        self.process, self.directory = process, directory
        self.stdin: IO[bytes] = process.stdin
        self.stdout: IO[bytes] = process.stdout
        self._answers = wire.lines(process.stdout.fileno())

    def ask(self, **command: Any) -> None:
        self.stdin.write(wire.encode(command))
        self.stdin.flush()

    def trial(self, strategy: str, request_at_s: float | None) -> None:
        self.ask(do="trial", spec=list(Spec(strategy, interval_s=0.001)), request_at_s=request_at_s)

    @property
    def left(self) -> list[Path]:
        """What stands where the lab had its files."""
        return list(self.directory.parent.glob(f"{self.directory.name}*"))

    def hear(self) -> wire.Message:
        return wire.decode(next(self._answers))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Conversation]:
    directory = tmp_path / "lab"
    command = [sys.executable, "-c", LAB, str(directory)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        try:
            yield Conversation(process, directory)
        finally:
            process.kill()


def test_ready_before_it_is_used(lab: Conversation) -> None:
    assert lab.hear() == {"say": "ready", "python": sys.version.split()[0], "pid": lab.process.pid}
    assert lab.directory.is_dir()


def test_serves_one_trial_after_the_other(lab: Conversation) -> None:
    lab.hear()
    for number in (1, 2):
        lab.trial("event-wait", 0.0)
        assert lab.hear() == {
            "say": "started",
            "recording": str(lab.directory / f"recording-{number}.bin"),
            "directory": str(lab.directory / f"work-{number}"),
        }
        assert lab.hear()["say"] == "ended"


def test_what_a_worker_prints_is_not_on_the_wire(lab: Conversation) -> None:
    lab.hear()
    lab.trial("loud", 0.05)
    assert [lab.hear()["say"], lab.hear()["say"]] == ["started", "ended"]
    _, log = lab.process.communicate(timeout=LIMIT_S)
    for said in (b"printed\n", b"printed too\n", b"written", b"from a child\n"):
        assert said in log


def test_end_of_input_ends_the_lab(lab: Conversation) -> None:
    lab.hear()
    lab.stdin.close()
    assert lab.process.wait(LIMIT_S) == 0
    assert lab.left == []


def test_end_of_input_ends_a_trial(lab: Conversation) -> None:
    """Also when a worker writes new files while the old ones are removed."""
    lab.hear()
    lab.trial("litters", None)
    assert lab.hear()["say"] == "started"
    until((lab.directory / "work-1" / "1000").exists)
    lab.stdout.close()  # nobody hears how the trial ended
    lab.stdin.close()
    assert lab.process.wait(LIMIT_S) == 0
    assert lab.left == []


@pytest.mark.parametrize("garbage", [b"hello\n", b"[]\n", b'{"what": 1}\n'])
def test_garbage_ends_the_lab(lab: Conversation, garbage: bytes) -> None:
    """Whoever talks like this is not the parent it was made for."""
    lab.hear()
    lab.stdin.write(garbage)
    lab.stdin.flush()
    lab.process.wait(LIMIT_S)
    assert lab.left == []


def test_stop_without_a_trial_is_nothing(lab: Conversation) -> None:
    lab.hear()
    lab.ask(do="stop")
    lab.trial("event-wait", 0.0)
    assert [lab.hear()["say"], lab.hear()["say"]] == ["started", "ended"]


def test_trial_without_room_is_told_and_not_the_end(lab: Conversation) -> None:
    lab.hear()
    (lab.directory / "recording-1.bin").mkdir()
    lab.trial("event-wait", 0.0)
    answer = lab.hear()
    assert answer["say"] == "error"
    assert answer["message"].startswith("The recording needs 0.3 MB in ")
    lab.trial("event-wait", 0.0)
    assert lab.hear()["say"] == "started"
