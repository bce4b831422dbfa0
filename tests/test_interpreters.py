"""A lab under other interpreters than the one that runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.lab.catalogue import STRATEGIES
from simulation.process import NotAvailable
from simulation.runner import Labs
from tests.test_matrix_outcomes import ALLOWED, Allowed, check, measured


def found(version: str) -> str | None:
    """An interpreter of that version, as pyenv lays them out."""
    pythons = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(pythons[-1]) if pythons else None


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_every_strategy_runs_there_or_says_what_it_lacks(version: str) -> None:
    python = found(version)
    if python is None:
        pytest.skip(f"There is no Python {version} in ~/.pyenv/versions on this machine.")
    with Labs(python) as labs:
        lacking = {strategy: run(labs, strategy, version) for strategy in STRATEGIES}
    lacking = {strategy: reason for strategy, reason in lacking.items() if reason}
    possible = {"anyio-cancel": "anyio 4.1 or newer is not installed for this Python."}
    if int(version.partition(".")[2]) < 13:
        assert lacking.pop("queue-shutdown") == "queue.Queue.shutdown needs Python 3.13 or newer."
    assert lacking.items() <= possible.items()


def run(labs: Labs, strategy: str, version: str) -> str:
    """Run the strategy on the first workload of its row; return what this Python lacks for it, or ""."""
    workload, cell = next((w, cell) for w, cell in ALLOWED[strategy].items() if isinstance(cell, Allowed))
    try:
        findings = measured(labs, strategy, workload, cell)
    except NotAvailable as lacking:
        return str(lacking)
    assert findings.python.startswith(version)
    check(findings, cell)
    return ""
