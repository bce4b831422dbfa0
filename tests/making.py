"""Literal recordings and results. Times are ms from the trial's start; None: it never came."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from simulation.lab import recording as recorder
from simulation.lab.contract import Left, State
from simulation.lab.recording import HEADER, Recording
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.runner import Result

MS = 1_000_000
T0 = 5_000 * MS  # no trial starts at zero

Event = tuple[float, State] | tuple[float, State, int]
Stamps = tuple[float | None, float | None, float | None, Left | int]

ASLEEP: Sequence[Event] = ((0, State.WAITING), (1, State.WORKING), (2, State.SLEEPING))
LEFT_AT_20: Stamps = (20, 21, 22, Left.RETURNED)
NOT_LEFT: Stamps = (None, None, None, 0)


def at(ms: float | None) -> int:
    return 0 if ms is None else T0 + round(ms * MS)


def recording(
    *lanes: Sequence[Event],
    requested: float | None = None,
    signalled: float | None = None,
    stamps: Sequence[Stamps] = (),
    accounts: tuple[int, int] = (-3, 3),
) -> bytes:
    """The file of a trial whose lanes (main thread first) and stamps are these."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.bin"
        made = Recording(path, len(lanes) - 1)
        front = {"t0": T0, "requested": at(requested), "signalled": at(signalled)}
        for name, value in {**front, "debit": accounts[0], "credit": accounts[1]}.items():
            made.header[HEADER.index(name)] = value
        for number, (*times, left) in enumerate(stamps):
            for place, value in enumerate([*map(at, times), int(left)]):
                made.stamps[4 * number + place] = value
        for index, events in enumerate(lanes):
            _write(made, index, events)
        return path.read_bytes()


def _write(made: Recording, index: int, events: Sequence[Event]) -> None:
    clock = iter([at(event[0]) for event in events])
    with mock.patch.object(recorder, "perf_counter_ns", clock.__next__):
        lane = made.lane(index)
    for _, *what in events:
        lane.mark(*what)()


def result(content: bytes, **values: Any) -> Result:
    """A trial that is over, with nothing left behind unless `values` say so."""
    usual = {
        "spec": Spec("flag", workers=Playback(content).workers),
        "python": "3.11.7",
        "facts": {"lock_free": True, "errors": {}},
    }
    return Result(recording=content, **{**usual, **values})


def stopped(*stamps: Stamps, **values: Any) -> Result:
    """A trial asked to stop after 10 ms, in which every worker was asleep; workers' stamps given."""
    main: Sequence[Event] = ((0, State.STARTING), (1, State.DWELLING), (10, State.REQUESTING))
    lanes = [ASLEEP] * len(stamps)
    return result(recording(main, *lanes, requested=10, signalled=11, stamps=stamps), **values)
