"""What every test gets: an end, a temporary folder, and a look at what it left behind."""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import LIMIT_S, children

# A shell that starts a job in the background lets it ignore Ctrl-C, and a child inherits that: then
# no test could interrupt anything.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    """Turn a hang into a failure that shows where: the alarm interrupts whatever the test waits for."""

    def fail(*_: object) -> None:
        raise TimeoutError("this test hangs")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(round(3 * LIMIT_S))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process or a temporary file."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    threads, processes = set(threading.enumerate()), children()
    yield
    assert set(threading.enumerate()) - threads == set()
    assert children() - processes == set()
    assert list(folder.iterdir()) == []


@pytest.fixture
def no_lab(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts a lab fails."""

    def start(*_: object) -> None:
        pytest.fail("a lab was started")

    monkeypatch.setattr("simulation.process._spawn", start)
