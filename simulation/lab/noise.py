"""The noise floor: how long a bare thread takes to wake up, with nothing of the lab around it.

No strategy can be faster than this on this machine at this moment; a floor that is high or wide
says that the machine was busy with something else.
"""

from __future__ import annotations

import threading
import time
from time import perf_counter_ns

SETTLE_S = 0.001  # until the reference thread is asleep in its wait


def wake_ups(count: int) -> list[int]:
    """`count` wake-up latencies in ns: from just before `Event.set` to the first line after `wait`."""
    return [_wake_up() for _ in range(count)]


def _wake_up() -> int:
    event, woken = threading.Event(), 0

    def wait() -> None:
        nonlocal woken
        event.wait()
        woken = perf_counter_ns()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    time.sleep(SETTLE_S)
    asked = perf_counter_ns()
    event.set()
    thread.join()
    return woken - asked
