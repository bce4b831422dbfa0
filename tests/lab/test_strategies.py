"""The catalogue: table and folder say the same, and every strategy is a lesson."""

from __future__ import annotations

import importlib
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from simulation.lab import strategies, workloads
from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.contract import Strategy, Workload
from simulation.process import ROOT

HEADINGS = ["Idea", "Mechanism", "When it fails", "Safety", "Cost"]


def test_teaching_order() -> None:
    assert list(STRATEGIES) == [
        *("flag", "event", "event-wait", "timeout", "join-timeout", "daemon", "async-exception"),
        *("sentinel", "queue-shutdown", "condition", "close", "close-only", "future-cancel"),
        *("to-thread-cancel", "anyio-cancel", "deadline", "timer", "trace", "terminate"),
    ]
    assert list(WORKLOADS) == [
        *("sleep", "cpu", "files", "queue", "socket", "lock", "c-call", "c-call-gil"),
        *("swallow", "slow-cleanup", "download", "stream"),
    ]


@pytest.mark.parametrize(
    ("table", "package", "kind"), [(STRATEGIES, strategies, Strategy), (WORKLOADS, workloads, Workload)]
)
def test_table_is_the_folder(table: dict[str, type], package: Any, kind: type) -> None:
    files = sorted(path.stem for path in Path(package.__path__[0]).glob("*.py") if path.stem != "__init__")
    assert sorted(entry.__module__.rpartition(".")[2] for entry in table.values()) == files
    assert [key.replace("-", "_") for key in table] == [entry.__module__.rpartition(".")[2] for entry in table.values()]
    assert all(issubclass(entry, kind) for entry in table.values())


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_docstring_is_a_lesson(strategy: type[Strategy]) -> None:
    first, *lines = (importlib.import_module(strategy.__module__).__doc__ or "").splitlines()
    underlined = [line for line, under in pairwise(lines) if under and set(under) == {"-"}]
    assert underlined == HEADINGS
    assert first.endswith(".")
    for heading, following in zip(HEADINGS, [*HEADINGS[1:], None]):
        begin, end = lines.index(heading) + 2, lines.index(following) if following else len(lines)
        assert any(lines[begin:end]), f"{heading} says nothing"


@pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=STRATEGIES)
def test_strategy_has_words_for_people(strategy: type[Strategy]) -> None:
    assert strategy.title
    assert strategy.advice
    assert strategy.note


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=WORKLOADS)
def test_workload_has_words_for_people(workload: type[Workload]) -> None:
    assert workload.title
    assert (importlib.import_module(workload.__module__).__doc__ or "").partition("\n")[0].endswith(".")


def test_titles_differ() -> None:
    titles = [entry.title for entry in [*STRATEGIES.values(), *WORKLOADS.values()]]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("module", [entry.__module__ for entry in STRATEGIES.values()])
def test_import_has_no_side_effect(module: str, tmp_path: Path) -> None:
    """In a fresh interpreter: no thread, no output, no file."""
    folder = tmp_path / "here"
    folder.mkdir()
    code = f"import threading, {module}; assert threading.active_count() == 1"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)},
        capture_output=True,
    )
    assert (done.returncode, done.stdout, done.stderr, list(folder.iterdir())) == (0, b"", b"", [])
