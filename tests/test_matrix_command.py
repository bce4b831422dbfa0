"""`python -m simulation matrix`: what was measured before is not run again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from simulation import __main__ as command
from simulation.lab import catalogue
from simulation.report import matrix

FEW = ("flag", "event-wait", "sentinel")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three strategies on two workloads, as fast as they go."""
    for name, keys in (("STRATEGIES", FEW), ("WORKLOADS", ("sleep", "queue"))):
        table = {key: getattr(catalogue, name)[key] for key in keys}
        monkeypatch.setattr(command, name, table)
        monkeypatch.setattr(matrix, name, table)
    monkeypatch.setattr(matrix, "SETTINGS", {"interval_s": 0.001, "request_after_s": 0.0, "patience_s": 0.05})


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert command.main(["matrix", "--trials", "1", *arguments]) == 0
    return capsys.readouterr().out


def test_every_cell_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    said = ran(capsys)
    assert all(key in said for key in (*FEW, "sleep", "queue", "never", "n/a"))


def test_cells_in_the_file_are_kept_and_the_missing_ones_are_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "matrix.csv"
    ran(capsys, "--csv", str(path))
    whole = pd.read_csv(path)
    assert set(zip(whole["strategy"], whole["workload"])) == {
        *(("flag", "sleep"), ("event-wait", "sleep")),
        *(("flag", "queue"), ("event-wait", "queue"), ("sentinel", "queue")),
    }
    kept = whole[whole["strategy"] != "flag"]
    kept.to_csv(path, index=False)
    ran(capsys, "--csv", str(path))
    again = pd.read_csv(path)
    assert len(again) == len(whole)
    unchanged = again.merge(kept, on=["strategy", "workload", "seed", "stop_ms_median"])
    assert len(unchanged) == len(kept)


@pytest.mark.parametrize(("content", "sentence"), [("a,b\n1,2\n", "is not a table of ours"), ("\0\0", "Error: ")])
def test_other_files_are_refused(
    content: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    assert command.main(["matrix", "--csv", str(path)]) == 2
    assert sentence in capsys.readouterr().err
    assert path.read_text() == content


def test_a_path_that_cannot_be_written_is_found_before_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["matrix", "--csv", "/nowhere/matrix.csv"]) == 2
    assert capsys.readouterr().err.startswith("Error: /nowhere/matrix.csv cannot be used")
