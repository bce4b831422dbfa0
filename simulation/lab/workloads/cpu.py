"""Arithmetic in pure Python, with no sleep at all: a calculation that holds the GIL."""

from __future__ import annotations

import time

from simulation.lab.contract import Pause, Workload

ROUNDS = 5_000  # some tenths of a millisecond: a step is worth showing and short enough to poll


class Cpu(Workload):
    title = "Pure-Python arithmetic"

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        with self.transfer():
            calculate(ROUNDS)
        calculate(ROUNDS)
        self.working()


def calculate(rounds: int) -> int:
    """Arithmetic that the compiler cannot shorten: a linear congruential generator."""
    value = 1
    for _ in range(rounds):
        value = (value * 1_103_515_245 + 12_345) % 2_147_483_648
    return value
