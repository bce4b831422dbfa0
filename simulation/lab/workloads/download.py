"""Downloads a file from a real web server, chunk by chunk, checks it and puts it in place."""

from __future__ import annotations

import time

from simulation.lab import http_client
from simulation.lab.contract import Bench, Detail, Pause, Workload

SIZE = 20_000_000  # bytes of a file
RATE = 10_000_000  # bytes a second


class Downloader(Workload):
    title = "Download a file"
    offers = frozenset({"close"})
    blocks_on = Detail.SOCKET

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.path = bench.directory / f"worker-{bench.number}.bin"
        self.download: http_client.Download | None = None

    def setup(self) -> None:
        self.url = f"{http_client.local_server().url}/file?size={SIZE}&rate={RATE}"

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
        elif chunk == b"":
            self.download.finish()
            self.download = None  # the next step starts over

    def cleanup(self) -> None:
        if self.download is not None:
            self.download.close()
        self.path.with_name(f"{self.path.name}.part").unlink(missing_ok=True)
