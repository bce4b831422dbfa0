"""Downloads a file from a real web server, chunk by chunk, checks it and puts it in place."""

from __future__ import annotations

import time
from pathlib import Path

from simulation.lab import http_client
from simulation.lab.contract import Bench, Detail, FinishedError, Pause, Transfer, Workload


class Downloader(Workload):
    title = "Download a file"
    offers = frozenset({"close"})
    blocks_on = Detail.SOCKET

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.path = bench.directory / f"worker-{bench.number}.bin"
        self.partial = self.path.with_name(f"{self.path.name}.part")
        self.download: http_client.Download | None = None

    def setup(self) -> None:
        options = self.bench.options
        address = f"{http_client.local_server().url}/file"
        self.url = f"{address}?size={options.size}&rate={options.rate}{options.troubles()}"
        part = Path(options.part)
        if part.is_file() and self.bench.number == 1:  # not there, where a strategy sets up twice
            part.replace(self.partial)

    def step(self, pause: Pause = time.sleep, timeout: float | None = None) -> None:
        if self.download is None:
            self.download = http_client.Download(self.url, self.path)
            self.connection = self.download.reading.connection
        self.blocked()
        chunk = self.download.reading.read(timeout)
        self.working()
        if chunk:
            with self.transfer():
                self.download.write(chunk)
                self.bench.transferred[Transfer.AMOUNT] += len(chunk)
        elif chunk == b"":
            self.download.finish()
            self.download = None  # the next step starts over
            if self.bench.options.once:
                raise FinishedError

    def cleanup(self) -> None:
        if self.download is not None:
            self.download.close()
        self.bench.transferred[Transfer.DISCONNECTED] = time.perf_counter_ns()
        if not self.bench.options.keep_part:
            self.partial.unlink(missing_ok=True)
            self.bench.transferred[Transfer.REMOVED] = time.perf_counter_ns()
