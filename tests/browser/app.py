"""Start the app's server for a test or a benchmark, and a Chromium to look at it."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",  # CI is root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LIMIT_S = 60.0


def chromium(playwright: Playwright) -> Browser:
    """Debian's Chromium; a missing one is an error, not a skip."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


class Server:
    """A Streamlit server of its own on a free port; `kill` at the end leaves nothing."""

    def __init__(self, script: Path = ROOT / "app.py") -> None:
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"
        self._temporary = tempfile.TemporaryDirectory()  # labs of this server and nobody else's
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": self._temporary.name},
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        end = time.monotonic() + LIMIT_S
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                self.__exit__()
                raise RuntimeError("The server did not start.")
            time.sleep(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.end(signal.SIGINT)
        self._temporary.cleanup()

    def end(self, how: signal.Signals) -> None:
        """End the server with a signal and wait until it is gone."""
        self._process.send_signal(how)
        self._process.wait(LIMIT_S)
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()

    def labs(self) -> list[Path]:
        """The directories of the labs that this server has, or left behind."""
        return list(Path(self._temporary.name).glob("thread-lab-*"))

    def line(self, start: str) -> str:
        """The next line of its output that begins with `start`."""
        while not (line := self._lines.get(timeout=LIMIT_S)).startswith(start):
            pass
        return line

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._lines.put(line)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as response:
                return bool(response.status == 200)
        except OSError:
            return False
