"""Writes a temporary file chunk by chunk and renames it into place when it is whole."""

from __future__ import annotations

import time
from typing import BinaryIO

from simulation.lab.contract import Bench, Pause, Workload

CHUNK = b"\x2e" * 4096
CHUNKS = 8  # a file
PARTIAL = ".part"


class Files(Workload):
    title = "Write files in chunks"
    rests = True

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.whole = bench.directory / f"worker-{bench.number}.bin"
        self.partial = self.whole.with_suffix(PARTIAL)
        self.file: BinaryIO | None = None
        self.written = 0

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        if self.file is None:
            self.file = self.partial.open("wb")
        with self.transfer():
            self.file.write(CHUNK)
            self.file.flush()
        self.written += 1
        if self.written == CHUNKS:
            self.put_in_place(self.file)
        self.rest(pause)

    def put_in_place(self, file: BinaryIO) -> None:
        """The last chunk is written: the file gets its real name, in one atomic step."""
        file.close()
        self.partial.replace(self.whole)
        self.file, self.written = None, 0

    def cleanup(self) -> None:
        if self.file is not None:
            self.file.close()
            self.partial.unlink(missing_ok=True)
