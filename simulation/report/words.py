"""How numbers and names are told to people: one place, so that they are told the same way."""

from __future__ import annotations

import math

from simulation.lab.contract import Detail, Outcome, State

STATE = {
    State.STARTING: "starting workers",
    State.DWELLING: "waiting (nobody asked yet)",
    State.REQUESTING: "asking to stop",
    State.JOINING: "joining",
    State.WENT_ON: "went on without the worker",
    State.EXITING: "shutting down",
    State.DONE: "done",
    State.WAITING: "held at the start",
    State.WORKING: "working",
    State.SLEEPING: "asleep",
    State.BLOCKED: "blocked",
    State.CLEANING: "cleaning up",
    State.ENDED: "ended",
}
DETAIL = {
    Detail.NONE: "",
    Detail.LEDGER: "on the ledger's lock",
    Detail.QUEUE: "on an empty queue",
    Detail.SOCKET: "on a connection",
    Detail.LOCK: "on a lock that another thread holds",
}
OUTCOME = {
    Outcome.STOPPED: "stopped",
    Outcome.FINISHED: "finished first",
    Outcome.STILL_RUNNING: "still running",
    Outcome.ENDED_WITH_PROCESS: "ended with the process",
    Outcome.CANCELLED: "cancelled before it started",
    Outcome.DIED: "died of its own error",
}
CHECK = {
    "thread_gone": "Thread gone",
    "lock_free": "Lock free",
    "ledger_balanced": "Ledger balanced",
    "cleanup_done": "Cleanup complete",
    "nothing_left": "Nothing left behind",
}
BROKEN = {
    "thread_gone": "thread still there",
    "lock_free": "lock held for ever",
    "ledger_balanced": "ledger torn",
    "cleanup_done": "cleanup cut off",
    "nothing_left": "something left behind",
}


def lane_name(index: int) -> str:
    """Lane 0 is the main thread; the others are workers."""
    return f"worker-{index}" if index else "main"


def duration(ms: float | None, never: str = "never") -> str:
    """A length of time with three significant digits and the unit that suits it."""
    if ms is None or math.isnan(ms):
        return never
    for limit, factor, unit in ((0.9995, 1000, "µs"), (999.5, 1, "ms")):
        if abs(ms) < limit:
            return f"{_three_digits(ms * factor)} {unit}"
    return f"{_three_digits(ms / 1000)} s"


def roughly(seconds: float) -> str:
    """A guess at a length of time, no more exact than it is."""
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(1, round(seconds))} s"


def _three_digits(value: float) -> str:
    size = abs(value)
    return f"{value:.{2 if size < 9.995 else 1 if size < 99.95 else 0}f}"
