"""The noise floor: what is measured is the time between two readings, and nothing stays."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import SimpleNamespace

import pytest

from simulation.lab import noise
from simulation.runner import Lab
from tests.waiting import until


@pytest.mark.parametrize(
    ("readings", "wake_ns"),
    [([], []), ([100, 130], [30]), ([0, 5, 10, 17, 20, 29], [5, 7, 9])],
)
def test_wake_up_is_from_asking_to_woken(
    readings: list[int], wake_ns: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(readings)
    monkeypatch.setattr(noise, "perf_counter_ns", clock.__next__)
    assert noise.wake_ups(len(wake_ns)) == wake_ns
    assert next(clock, None) is None


def test_wake_ups_take_time() -> None:
    measured = noise.wake_ups(5)
    assert len(measured) == 5
    assert min(measured) > 0


def test_clock_is_read_after_settling_and_before_asking(monkeypatch: pytest.MonkeyPatch) -> None:
    happened: list[str] = []

    class Told(threading.Event):
        def set(self) -> None:
            happened.append("set")
            super().set()

    monkeypatch.setattr(noise, "threading", SimpleNamespace(Event=Told, Thread=threading.Thread))
    monkeypatch.setattr(noise.time, "sleep", lambda duration_s: happened.append("settle"))
    monkeypatch.setattr(noise, "perf_counter_ns", lambda: happened.append("clock") or 0)
    noise.wake_ups(2)
    assert happened == ["settle", "clock", "set", "clock"] * 2


def test_lab_measures_it() -> None:
    with Lab(sys.executable) as lab:
        assert [len(lab.noise(count)) for count in (1, 3)] == [1, 3]
        assert lab.usable


def test_dead_lab_has_no_noise() -> None:
    with Lab(sys.executable) as lab:
        os.kill(lab.pid, signal.SIGKILL)
        until(lambda: not lab.usable)
        assert lab.noise(3) == []
