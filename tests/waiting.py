"""How a test waits: until something *is* so. The limit only turns a hang into a failure."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from simulation.playback import Playback
from simulation.runner import Run

LIMIT_S = 60.0
T = TypeVar("T")


def until(condition: Callable[[], T]) -> T:
    """Wait until `condition()` is true and return what it said."""
    end = time.monotonic() + LIMIT_S
    while not (value := condition()):
        assert time.monotonic() < end, "this never became so"
        time.sleep(0.002)
    return value


def at_work(run: Run, steps: int = 1) -> Playback:
    """Wait until every worker of a trial is at its work and they have done so many steps together."""

    def look() -> Playback | None:
        playback = Playback(run.snapshot())
        begun = all(len(playback.lane(number)) > 2 for number in range(1, playback.workers + 1))
        return playback if begun and playback.credit >= steps else None

    playback = until(look)
    assert playback is not None
    return playback


def running(pid: int) -> bool:
    """Whether a process lives; one that has ended and was not collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def children(pid: int | None = None) -> set[int]:
    """The processes that a process has started and that were not collected."""
    tasks = Path(f"/proc/{pid or os.getpid()}/task")
    return {int(child) for task in tasks.glob("*/children") for child in task.read_text().split()}
