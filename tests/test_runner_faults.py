"""Labs that lie, hang, die or never were: one sentence, and nothing left."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from simulation import process, runner
from simulation.autopsy import examine
from simulation.lab.contract import Outcome
from simulation.lab.spec import Spec
from simulation.process import LabError, find_python
from simulation.runner import Lab, Labs
from tests.waiting import at_work

SPEC = Spec("flag", request_after_s=0.0, patience_s=0.05)
Pretend = Callable[[str], None]

READY = """
import json, os, sys, time
from pathlib import Path
from simulation.lab.recording import HEADER, Recording

def say(what, **values):
    print(json.dumps({"say": what, **values}), flush=True)

home = Path(sys.argv[1])
(home / "work").mkdir(parents=True)
recording = Recording(home / "recording.bin", 1)
say("ready", python="3.11.7")
sys.stdin.readline()
"""
STARTED = f"""{READY}
recording.header[HEADER.index("t0")] = time.perf_counter_ns()
say("started", recording=str(home / "recording.bin"), directory=str(home / "work"))
"""
ASKED = f"""{STARTED}
recording.header[HEADER.index("requested")] = time.perf_counter_ns()
"""
SILENCE = "import time; time.sleep(1000)"


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Let another program play the lab."""

    def install(code: str) -> None:
        def spawn(python: str, directory: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [python, "-c", code, str(directory)],
                cwd=process.ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                start_new_session=True,
            )

        monkeypatch.setattr(process, "_spawn", spawn)

    return install


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("", "it said nothing"),
        ("raise SystemExit('No module named threading')", "No module named threading"),
        ("print('Welcome to Python!')", "it said nothing"),
        ('print(\'{"say": "hello"}\')', "it said nothing"),
        ("print('{}')", "it said nothing"),
        ('print(\'{"say": "ready"}\')', "it said nothing"),
    ],
)
def test_lab_that_does_not_start(pretend: Pretend, code: str, why: str) -> None:
    pretend(code)
    with pytest.raises(LabError) as caught:
        Lab()
    assert str(caught.value) == f"The lab did not get ready: {why}."


def test_lab_that_never_gets_ready(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "READY_S", 0.1)
    pretend(SILENCE)
    with pytest.raises(LabError, match=r"^The lab did not get ready: it said nothing\.$"):
        Lab()


@pytest.mark.parametrize("then", [SILENCE, "", "print('what?', flush=True)", "say('hello')", "print('{}')"])
def test_lab_that_does_not_start_the_trial(pretend: Pretend, monkeypatch: pytest.MonkeyPatch, then: str) -> None:
    """Deaf, dead, or talking garbage."""
    monkeypatch.setattr(runner, "START_S", 0.1)
    pretend(f"{READY}\n{then}")
    with Labs() as labs, pytest.raises(LabError, match=r"^The lab did not start the trial: .*\.$"):
        labs.start(SPEC)


@pytest.mark.parametrize("garbage", ["print('what?', flush=True)", "print('[1]', flush=True)"])
def test_garbage_in_the_middle_of_a_trial(pretend: Pretend, garbage: str) -> None:
    pretend(f"{STARTED}\n{garbage}\n{SILENCE}")
    with Labs() as labs:
        result = labs.start(SPEC).result()
    assert result.failure == "The lab said something that is no answer and was killed."
    assert {check.status for check in examine(result).checks.values()} == {"n/a"}


@pytest.mark.parametrize("answer", ["print('{}', flush=True)", "say('hello')"])
def test_answer_without_sense_in_the_middle_of_a_trial(pretend: Pretend, answer: str) -> None:
    pretend(f"{STARTED}\n{answer}\n{SILENCE}")
    with Labs() as labs:
        assert labs.start(SPEC).result().failure


def test_lab_exits_in_the_middle_of_a_trial(pretend: Pretend) -> None:
    pretend(f"{STARTED}\nsys.exit(3)")
    with Labs() as labs:
        result = labs.start(SPEC).result()
    assert result.failure == "The lab died (exit code 3) before the trial was over."


def test_lab_exits_as_if_nothing_were_wrong(pretend: Pretend) -> None:
    """Only a strategy that ends the process may, and that one marks it."""
    pretend(f"{STARTED}\nsys.exit(0)")
    with Labs() as labs:
        assert labs.start(SPEC).result().failure


def test_lab_reports_an_error(pretend: Pretend) -> None:
    pretend(f"{STARTED}\nsay('error', message='can\\'t start new thread')\n{SILENCE}")
    with Labs() as labs:
        run = labs.start(SPEC)
        assert run.result().failure == "can't start new thread"
        assert not run._lab.usable


def test_lab_that_hangs_after_the_request(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GRACE_S", 0.1)
    pretend(f"{ASKED}\n{SILENCE}")
    with Labs() as labs:
        run = labs.start(SPEC)
        result = run.result()
        assert not run._lab.usable
    expected = "The lab did not answer within 0.05 s patience and 0.1 s grace and was killed."
    assert result.failure == expected
    assert examine(result).outcome is Outcome.ENDED_WITH_PROCESS


def test_lab_that_hangs_before_the_request(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "GRACE_S", 0.1)
    monkeypatch.setattr(runner, "START_S", 1.0)  # also how long it may take to say "started"
    pretend(f"{STARTED}\n{SILENCE}")
    with Labs() as labs:
        assert "and was killed." in labs.start(SPEC).result().failure


def test_lab_that_is_stopped_does_not_stop_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real lab, asked by hand when none of its threads runs any more."""
    with Labs() as labs:
        run = labs.start(SPEC._replace(request_after_s=None))
        at_work(run)
        os.kill(run._lab.pid, signal.SIGSTOP)
        monkeypatch.setattr(runner, "GRACE_S", 0.1)
        assert run.wait(2 * runner.GRACE_S) is None  # a person may take all the time
        monkeypatch.setattr(runner, "START_S", 0.1)
        run.request_stop()
        assert "and was killed." in run.result().failure
        assert run._lab.exit_code == -signal.SIGKILL


@pytest.mark.parametrize("limit", [0, 4096])
def test_no_room_for_the_recording(limit: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with Labs() as labs, pytest.raises(LabError, match=r"^The recording needs 0\.3 MB in .*\.$"):
            labs.start(SPEC)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_temporary_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent")
    with pytest.raises(LabError):
        Lab()


@pytest.mark.parametrize("python", ["/nonexistent", "/etc", "/bin/ls", "/bin/true", "/bin/echo", "", "a\0b"])
def test_no_python(python: str) -> None:
    with pytest.raises(LabError) as caught:
        find_python(python)
    assert str(caught.value) == f"{python} is no Python; give the path of a Python interpreter."


@pytest.mark.parametrize(
    ("version", "said"),
    [("cpython 3 9", "cpython 3.9"), ("cpython 2 7", "cpython 2.7"), ("pypy 3 10", "pypy 3.10")],
)
def test_unfit_python(tmp_path: Path, version: str, said: str) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\necho {version}\n")
    python.chmod(0o755)
    with pytest.raises(LabError) as caught:
        find_python(str(python))
    assert str(caught.value) == f"{python} is {said}; the lab needs CPython 3.10 or newer."


def test_python_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell finds from here, the lab is run with."""
    (tmp_path / "python").symlink_to(sys.executable)
    monkeypatch.chdir(tmp_path)
    with Lab("./python") as lab:
        assert lab.usable
