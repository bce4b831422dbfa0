"""``python -m simulation compare``: what it prints and writes, and one clear sentence for bad input."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from simulation import experiment
from simulation.__main__ import main
from simulation.lab.catalogue import STRATEGIES, TUTORIAL
from simulation.process import ROOT
from simulation.report.comparison import COLUMNS
from simulation.runner import Labs, Run
from tests.waiting import LIMIT_S, children, running, until

Said = pytest.CaptureFixture[str]
COMMAND = [sys.executable, "-m", "simulation"]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask at once, and do not wait long for what never stops."""
    monkeypatch.setattr(experiment, "REQUEST_AFTER_S", 0.0)
    monkeypatch.setattr(experiment, "PATIENCE_S", 0.05)


@pytest.mark.usefixtures("no_lab")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["stop"], "There is no strategy 'stop'; choose one of: flag, event, event-wait,"),
        (["flag", "--fast"], "No such option"),
        (["flag", "--workload", "dance"], "There is no workload 'dance'; choose one of: sleep, cpu,"),
        (["flag", "--workload", "sleep", "--workload", "dance"], "There is no workload 'dance'"),
        (["flag", "--trials", "0"], "trials must be between 1 and 100000, not 0."),
        (["flag", "--trials", "many"], "Invalid value for '--trials': 'many' is not a valid int"),
        (["flag", "--workers", "1001"], "workers must be between 1 and 1000, not 1001."),
        (["flag", "--interval", "0"], "interval must be between 0.0001 s and 10 s, not 0.0 s."),
        (["flag", "--interval", "nan"], "interval must be between 0.0001 s and 10 s, not nan s."),
        (["flag", "--seed", "-1"], "seed must be between 0 and "),
        (["flag", "--seed", "9007199254740992"], "seed must be between 0 and "),
        (["flag", "--python", "/nonexistent"], "/nonexistent is no Python; give the path of a Python inter"),
        (["flag", "--csv", "/nonexistent/c.csv"], "/nonexistent/c.csv cannot be written (No such file"),
        (["flag", "--csv", "/"], "/ cannot be written (Is a directory); give --csv another path."),
        (["flag", "--html", "/nonexistent/c.html"], "/nonexistent/c.html cannot be written (No such file"),
        (["flag", "--html", "/"], "/ cannot be written (Is a directory); give --html another path."),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_sentence_before_the_run(arguments: list[str], sentence: str, capsys: Said) -> None:
    assert main(["compare", *arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"Error: {sentence}")
    assert said.err.count("\n") == 1


def test_help(capsys: Said) -> None:
    assert main(["compare", "--help"]) == 0
    said = capsys.readouterr().out
    for option in ("--workload", "--trials", "--workers", "--interval", "--seed", "--python", "--csv", "--html"):
        assert option in said


@pytest.mark.usefixtures("quick")
def test_table_csv_and_page(tmp_path: Path, capsys: Said) -> None:
    csv, html = tmp_path / "comparison.csv", tmp_path / "comparison.html"
    methods = ["event-wait", "daemon", "join-timeout"]
    settings = ["--trials", "2", "--interval", "0.001", "--seed", "7", "--workers", "2"]
    assert main(["compare", *methods, *settings, "--csv", str(csv), "--html", str(html)]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["✔", "safe"], ["→", "ends"], ["∞", "does"]]
    assert said.err.startswith("Note: Only 2 trials")  # and no progress where nobody looks
    table = pd.read_csv(csv, encoding="utf-8")
    assert table.columns.tolist() == COLUMNS
    assert table["strategy"].tolist() == methods
    assert table[["trials", "workers", "seed"]].to_numpy().tolist() == [[2, 2, 7]] * 3
    assert table["stopped"].tolist() == [2, 2, 0]
    assert table["thread_gone"].tolist() == ["0/2", "0/2", "2/2"]
    page = html.read_text(encoding="utf-8")
    assert all(STRATEGIES[key].title in page for key in methods)


@pytest.mark.usefixtures("quick")
def test_compares_the_tutorial_by_default(tmp_path: Path, capsys: Said) -> None:
    csv = tmp_path / "comparison.csv"
    assert main(["compare", "--trials", "1", "--interval", "0.001", "--csv", str(csv)]) == 0
    table = pd.read_csv(csv)
    assert set(table["strategy"]) == set(TUTORIAL)
    assert set(table["workload"]) == {"sleep"}
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(TUTORIAL)


@pytest.mark.usefixtures("quick")
def test_several_workloads(tmp_path: Path) -> None:
    csv = tmp_path / "comparison.csv"
    workloads = ["--workload", "files", "--workload", "cpu"]
    assert main(["compare", "event", *workloads, "--trials", "1", "--csv", str(csv)]) == 0
    assert sorted(pd.read_csv(csv)["workload"]) == ["cpu", "files"]


@pytest.mark.usefixtures("quick")
def test_seed_is_told_when_nobody_chose_one(tmp_path: Path) -> None:
    csv = tmp_path / "comparison.csv"
    assert main(["compare", "event", "--trials", "1", "--interval", "0.001", "--csv", str(csv)]) == 0
    [seed] = pd.read_csv(csv)["seed"]
    assert 0 <= seed < 1_000_000


def kill_labs_of(monkeypatch: pytest.MonkeyPatch, strategies: set[str]) -> None:
    """Let the lab die in every trial of these strategies, which wait for a person who never comes."""
    start = Labs.start

    def mortal(labs: Labs, spec: experiment.Spec, *more: object) -> Run:
        if spec.strategy not in strategies:
            return start(labs, spec, *more)
        run = start(labs, spec._replace(request_after_s=None), *more)
        assert labs._lab is not None
        os.kill(labs._lab.pid, signal.SIGKILL)
        return run

    monkeypatch.setattr(Labs, "start", mortal)


@pytest.mark.usefixtures("quick")
def test_lab_that_fails_is_exit_code_1(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    kill_labs_of(monkeypatch, {"flag"})
    assert main(["compare", "event", "flag", "--trials", "2", "--interval", "0.001"]) == 1
    said = capsys.readouterr()
    assert "2 of 2" in said.out
    assert "Note: 2 of 4 trials failed in the machinery" in said.err


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("more", [[], ["--csv", "comparison.csv"], ["--html", "comparison.html"]], ids=str)
def test_every_trial_fails(more: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Said, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    kill_labs_of(monkeypatch, {"flag"})
    assert main(["compare", "flag", "--trials", "2", "--interval", "0.001", *more]) == 1
    said = capsys.readouterr()
    assert "Empty DataFrame" not in said.out
    assert "Note: 2 of 2 trials failed in the machinery" in said.err


@pytest.mark.usefixtures("quick")
def test_no_lab_to_be_had_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    monkeypatch.setattr("simulation.process.READY_S", 0.0)
    assert main(["compare", "flag", "--trials", "1"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Error: The lab did not get ready")
    assert said.err.count("\n") == 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("option", ["--csv", "--html"])
def test_full_disk_is_one_sentence_and_the_table_is_printed(option: str, capsys: Said) -> None:
    assert main(["compare", "event", "--trials", "1", "--interval", "0.001", option, "/dev/full"]) == 2
    said = capsys.readouterr()
    assert "✔ safe" in said.out
    errors = [line for line in said.err.splitlines() if not line.startswith("Note: ")]
    assert errors == ["Error: /dev/full cannot be written to the end: No space left on device; free some space."]


def shown(terminal: int, text: bytes) -> bytes:
    """What a terminal shows until `text` is among it."""
    said = b""
    while text not in said:
        said += os.read(terminal, 1000)
    return said


def rest(terminal: int) -> bytes:
    """What a terminal shows until whoever wrote to it has ended."""
    said = b""
    try:
        while more := os.read(terminal, 1000):
            said += more
    except OSError:  # Linux: EIO when the other end is closed
        pass
    return said


def test_interrupted_in_the_middle(tmp_path: Path) -> None:
    """Ctrl-C on a terminal: what was measured is printed and written, and nothing stays.

    The progress names a trial when it is over, so that by then there is something to keep.
    """
    csv, html = tmp_path / "comparison.csv", tmp_path / "comparison.html"
    command = [*COMMAND, "compare", "event-wait", "flag", "--trials", "10000", "--csv", str(csv), "--html", str(html)]
    terminal, theirs = pty.openpty()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        assert b"Traceback" not in shown(terminal, b" on sleep")
        [lab] = children(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        out = process.stdout.read().decode()
        told = rest(terminal).decode()
        assert process.wait(LIMIT_S) == 130
    os.close(terminal)
    until(lambda: not running(lab))
    assert "Interrupted; what was measured is above." in told
    assert "Traceback" not in told
    table = pd.read_csv(csv)
    assert table.columns.tolist() == COLUMNS
    assert 1 <= table["trials"].sum() < 20_000
    assert len(out.splitlines()) == 1 + len(table)
    assert "Plotly.newPlot(" in html.read_text(encoding="utf-8")


def test_interrupted_before_anything_was_measured(tmp_path: Path) -> None:
    """In a trial that lasts ten seconds: nothing is printed, and nobody waits for its end."""
    csv = tmp_path / "comparison.csv"
    command = [*COMMAND, "compare", "flag", "--interval", "10", "--trials", "1", "--csv", str(csv)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        [lab] = until(lambda: csv.exists() and children(process.pid))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_S)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    until(lambda: not running(lab))


@pytest.mark.parametrize("terminal", ["ascii", "cp1252"])
def test_files_are_utf_8_and_complete_whatever_the_output_can_say(terminal: str, tmp_path: Path) -> None:
    """A locale without UTF-8; and the code page of a Windows whose output goes to a file, without a tick."""
    csv, html = tmp_path / "comparison.csv", tmp_path / "comparison.html"
    command = [*COMMAND, "compare", "event-wait", "--trials", "1", "--csv", str(csv), "--html", str(html)]
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": terminal}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env={**os.environ, **locale}, timeout=LIMIT_S)
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0
    table = pd.read_csv(io.StringIO(csv.read_bytes().decode("utf-8")))
    assert table["strategy"].tolist() == ["event-wait"]
    assert "✔ safe" in html.read_bytes().decode("utf-8")
