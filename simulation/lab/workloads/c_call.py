"""One long call into C that releases the GIL: hashing, compression, a database driver."""

from __future__ import annotations

import hashlib
import time

from simulation.lab.contract import Pause, Workload

ITERATIONS = 1_000_000  # about 0.3 s


class Hash(Workload):
    title = "Long C call, GIL released"

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        with self.transfer():
            pass
        # Releases the GIL for the whole call; no bytecode of this thread runs until it returns.
        # https://docs.python.org/3/library/hashlib.html#hashlib.pbkdf2_hmac
        hashlib.pbkdf2_hmac("sha256", b"password", b"salt", ITERATIONS)
        self.working()
