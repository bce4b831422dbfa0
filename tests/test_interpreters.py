"""A lab under other interpreters than the one that runs the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.autopsy import examine
from simulation.lab.catalogue import TUTORIAL
from simulation.lab.contract import Outcome
from simulation.lab.spec import Spec
from simulation.runner import Labs
from tests.waiting import LIMIT_S, at_work

EXPECTED = {"daemon": Outcome.ENDED_WITH_PROCESS, "join-timeout": Outcome.STILL_RUNNING}


def found(version: str) -> str | None:
    """An interpreter of that version, as pyenv lays them out."""
    pythons = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return str(pythons[-1]) if pythons else None


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_every_strategy_runs_there(version: str) -> None:
    python = found(version)
    if python is None:
        pytest.skip(f"There is no Python {version} in ~/.pyenv/versions on this machine.")
    with Labs(python) as labs:
        for strategy in TUTORIAL:
            patience_s = 0.05 if strategy == "join-timeout" else LIMIT_S
            run = labs.start(Spec(strategy, "sleep", 2, 0.02, None, patience_s))
            at_work(run)
            run.request_stop()
            findings = examine(run.result())
            assert findings.failure == ""
            assert findings.python.startswith(version)
            assert findings.outcome is EXPECTED.get(strategy, Outcome.STOPPED)
