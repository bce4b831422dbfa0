"""What every test gets: a temporary folder of its own, and a look at what it left behind."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import children


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
