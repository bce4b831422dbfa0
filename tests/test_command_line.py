"""``python -m simulation``: what it prints, and one clear sentence for bad input."""

from __future__ import annotations

import json
import os
import pty
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from simulation.__main__ import main
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.process import ROOT
from tests.waiting import LIMIT_S, at_work, children, running, until

Said = pytest.CaptureFixture[str]
COMMAND = [sys.executable, "-m", "simulation"]
QUICK = ["--request-after", "0.05", "--interval", "0.01"]


def simulation(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S)


def test_list_is_the_catalogue() -> None:
    done = simulation("list")
    assert (done.returncode, done.stderr) == (0, "")
    keys = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert keys == [*STRATEGIES, *WORKLOADS]
    assert "event-wait       The Event is also the sleep: wait(interval) ends the moment" in done.stdout


def test_run_tells_the_story_and_shows_a_table() -> None:
    done = simulation("run", "event-wait", *QUICK, "--trials", "2")
    assert (done.returncode, done.stderr) == (0, "")
    for said in ("Trial 1: You asked at 0.", "Trial 2: ", "gone", "Lock free, ledger balanced", "stop_ms"):
        assert said in done.stdout


def test_run_as_json_lines() -> None:
    done = simulation("run", "flag", *QUICK, "--workload", "files", "--workers", "2", "--seed", "7", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    [record] = map(json.loads, done.stdout.splitlines())
    known = {name: record[name] for name in ("strategy", "workload", "workers", "outcome", "seed", "dropped")}
    assert known == {
        "strategy": "flag",
        "workload": "files",
        "workers": 2,
        "outcome": "stopped",
        "seed": 7,
        "dropped": 0,
    }
    assert record["checks"] == {
        "thread_gone": "ok",
        "lock_free": "ok",
        "ledger_balanced": "ok",
        "cleanup_done": "ok",
        "nothing_left": "ok",
    }
    assert record["python"] == sys.version.split()[0]
    stamps = [record[f"{name}_ns"] for name in ("requested", "noticed", "cleaned", "gone")]
    assert stamps == sorted(stamps)
    assert record["signalled_ns"] >= record["requested_ns"] > 0
    assert record["response_ms"] == (record["noticed_ns"] - record["requested_ns"]) / 1e6
    assert record["stop_ms"] == (record["gone_ns"] - record["requested_ns"]) / 1e6


def test_what_never_came_is_null(capsys: Said) -> None:
    assert main(["run", "join-timeout", *QUICK, "--patience", "0.05", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["outcome"] == "still-running"
    never = ("response_ms", "stop_ms", "noticed_ns", "cleaned_ns", "gone_ns")
    assert {name: record[name] for name in never} == dict.fromkeys(never)


def test_trials_have_seeds_of_their_own(capsys: Said) -> None:
    """So that the random phase differs from trial to trial, and is the same when repeated."""
    assert main(["run", "event-wait", *QUICK, "--trials", "3", "--seed", "5", "--json"]) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(record["trial"], record["seed"]) for record in records] == [(1, 5), (2, 6), (3, 7)]


def test_events_are_read_back(tmp_path: Path, capsys: Said) -> None:
    path = tmp_path / "events.csv"
    assert main(["run", "event-wait", *QUICK, "--trials", "2", "--workers", "2", "--events", str(path)]) == 0
    assert capsys.readouterr().err == ""
    events = pd.read_csv(path, keep_default_na=False)
    assert list(events.columns) == ["trial", "lane", "state", "t_ns", "detail"]
    assert events["trial"].unique().tolist() == [1, 2]
    assert events["lane"].unique().tolist() == ["main", "worker-1", "worker-2"]
    assert events["t_ns"].dtype == "int64"
    assert events["t_ns"].min() >= 0
    main_lane = events[(events["trial"] == 2) & (events["lane"] == "main")]
    assert main_lane["state"].tolist() == ["starting", "dwelling", "requesting", "joining", "done"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fly"], "No such command 'fly'."),
        (["run"], "Missing argument 'STRATEGY'."),
        (["run", "flag", "--fast"], "No such option"),
        (["run", "flag", "flag"], "Got unexpected extra argument (flag)"),
        (["run", "stop"], "There is no strategy 'stop'; choose one of: flag, event, event-wait,"),
        (["run", "flag", "--workload", "dance"], "There is no workload 'dance'; choose one of: sleep, cpu,"),
        (["run", "flag", "--workers", "0"], "workers must be between 1 and 1000, not 0."),
        (["run", "flag", "--workers", "1001"], "workers must be between 1 and 1000, not 1001."),
        (["run", "flag", "--workers", "two"], "Invalid value for '--workers': 'two' is not a valid int"),
        (["run", "flag", "--workers", "1.5"], "Invalid value for '--workers': '1.5' is not a valid int"),
        (["run", "flag", "--interval", "0"], "interval must be between 0.0001 s and 10 s, not 0.0 s."),
        (["run", "flag", "--interval", "nan"], "interval must be between 0.0001 s and 10 s, not nan s."),
        (
            ["run", "flag", "--interval", "fast"],
            "Invalid value for '--interval': 'fast' is not a valid float",
        ),
        (["run", "flag", "--request-after", "-1"], "request-after must be between 0 s and 60 s, not -1."),
        (["run", "flag", "--request-after", "61"], "request-after must be between 0 s and 60 s, not 61."),
        (["run", "flag", "--patience", "0"], "patience must be between 0.05 s and 60 s, not 0.0 s."),
        (["run", "flag", "--patience", "inf"], "patience must be between 0.05 s and 60 s, not inf s."),
        (["run", "flag", "--trials", "0"], "trials must be between 1 and 100000, not 0."),
        (["run", "flag", "--seed", "-1"], "seed must be between 0 and "),
        (["run", "flag", "--seed", "9007199254740993"], "seed must be between 0 and "),
        (["run", "flag", "--seed", "9007199254740992", "--trials", "2"], "seed must be between 0 and "),
        (["run", "flag", "--python", "/nonexistent"], "/nonexistent is no Python; give the path of a"),
        (["run", "flag", "--python", ""], " is no Python; give the path of a Python interpreter."),
        (["run", "flag", "--python", "/bin/ls"], "/bin/ls is no Python; give the path of a Python inter"),
        (["run", "flag", "--events", "/nonexistent/e.csv"], "/nonexistent/e.csv cannot be written (No such"),
        (
            ["run", "flag", "--events", "/"],
            "/ cannot be written (Is a directory); give --events another path.",
        ),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], sentence: str, capsys: Said) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Error: {sentence}")
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("no_lab")
@pytest.mark.parametrize("wrong", [["--events", "/nonexistent/e.csv"], ["--seed", "-1"], ["--python", "/"]])
def test_bad_input_is_found_before_the_run(wrong: list[str]) -> None:
    assert main(["run", "flag", *wrong]) == 2


def test_no_room_for_the_recording_is_one_sentence(capsys: Said) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        assert main(["run", "flag", *QUICK]) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    said = capsys.readouterr().err
    assert said.startswith("Error: The recording needs 0.3 MB in ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("full", ["the disk", "the disk of the events"])
def test_full_disk_is_one_sentence(full: str) -> None:
    limit, more = (0, []) if full == "the disk" else (resource.RLIM_INFINITY, ["--events", "/dev/full"])
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, -1));"
        "from simulation.__main__ import main; raise SystemExit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, "run", "flag", *QUICK, *more],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
    )
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


def test_no_command_is_help(capsys: Said) -> None:
    assert main([]) == 2
    assert "Usage: python -m simulation" in capsys.readouterr().err


def test_help(capsys: Said) -> None:
    assert main(["run", "--help"]) == 0
    assert "--request-after" in capsys.readouterr().out


def test_lab_that_fails_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    from simulation.runner import Labs

    start = Labs.start

    def kill(*arguments: object) -> object:
        run = start(*arguments)
        at_work(run)
        os.kill(run._lab.pid, signal.SIGKILL)
        return run

    monkeypatch.setattr(Labs, "start", kill)
    assert main(["run", "flag", "--request-after", "60", "--json"]) == 1
    record = json.loads(capsys.readouterr().out)
    assert record["failure"] == "The lab died (exit code -9) before the trial was over."
    assert record["outcome"] == "ended-with-process"


def test_interrupted() -> None:
    """Ctrl-C in the middle of a trial, on a terminal that shows the progress."""
    terminal, theirs = pty.openpty()
    command = [*COMMAND, "run", "flag", "--request-after", "60", "--trials", "3"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        said = os.read(terminal, 1000)
        assert b"trial 1 of 3" in said
        [lab] = children(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 130
    assert b"Interrupted" in os.read(terminal, 1000)
    os.close(terminal)
    until(lambda: not running(lab))


def test_reader_that_has_seen_enough() -> None:
    command = [*COMMAND, "run", "event-wait", *QUICK, "--trials", "3", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(LIMIT_S) == 0
