"""A real download through the lab against the bare loop, and its Cancel."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any
from urllib.parse import urlsplit

from simulation.autopsy import examine
from simulation.lab.contract import Options
from simulation.lab.http_client import CHUNK, LocalServer
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.runner import Labs
from tests.benchmarks.measure import Row, medians

SIZE = 200_000_000
ROUNDS = 15
BARE = Path(__file__).with_name("bare_recv.py")


def rows() -> Iterator[Row]:
    with Labs() as labs, LocalServer() as server, bare(server) as script, tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "file"
        name = "a file of 200 MB downloaded through the workload"
        for against, checksum in (("the same checksum", hashlib.sha256), ("no checksum", Unchecked)):
            theirs_ms = partial(bare_whole_ms, server, into, checksum)
            ours, theirs = medians(partial(workload_whole_ms, labs), theirs_ms, ROUNDS)
            yield Row(name, ours, f"a bare http.client loop with {against}", theirs, "≤ 1.11")
        after = max(bytes_after_request(labs) for _ in range(ROUNDS))
        print(f"| bytes after Cancel of a flowing download, most | {after:,} | one chunk | {CHUNK:,} | – | ≤ 1 chunk |")
        ours, theirs = medians(partial(stalled_ms, labs), partial(bare_stalled_ms, script), 10 * ROUNDS)
        yield Row("`close` on a stalled download, stop latency", ours, "a bare script", theirs, "≤ 1.2")


def trial(labs: Labs, strategy: str, after_s: float, options: Options) -> Playback:
    spec = Spec(strategy, "download", 1, 0.01, after_s, 5.0, random.randrange(10**6), options)
    result = labs.start(spec).result()
    assert not result.failure, result.failure
    return Playback(result.recording)


def workload_whole_ms(labs: Labs) -> float:
    """From the connection until the file has its name, checked."""
    playback = trial(labs, "flag", 60.0, Options(size=SIZE, rate=0, once=True))
    assert playback.amount == SIZE
    return float(playback.dwell_ns / 1e6)


class Unchecked:
    """A checksum that costs nothing."""

    def update(self, chunk: bytes) -> None: ...

    def digest(self) -> bytes:
        return b""


def bare_whole_ms(server: LocalServer, path: Path, new_checksum: Callable[[], Any]) -> float:
    begin = perf_counter_ns()
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    partial_path, checksum = path.with_suffix(".part"), new_checksum()
    with contextlib.closing(connection), partial_path.open("wb") as file:
        connection.request("GET", f"/file?size={SIZE}&rate=0")
        answer = connection.getresponse()
        while chunk := answer.read1(CHUNK):
            checksum.update(chunk)
            file.write(chunk)
        checksum.digest()
    partial_path.replace(path)
    took_ms = (perf_counter_ns() - begin) / 1e6
    path.unlink()
    return took_ms


def bytes_after_request(labs: Labs) -> int:
    playback = trial(labs, "flag", 0.1, Options(size=SIZE, rate=0))  # as fast as it goes: whole chunks
    return int(playback.amount - playback.asked_amount)


def stalled_ms(labs: Labs) -> float:
    spec = Spec("close", "download", 1, 0.01, 0.05, 5.0, random.randrange(10**6), Options(stall_after=10))
    stop_ms = examine(labs.start(spec).result()).stop_ms
    assert stop_ms is not None
    return stop_ms


@contextlib.contextmanager
def bare(server: LocalServer) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(BARE), str(urlsplit(server.url).port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as script:
        yield script
        assert script.stdin
        script.stdin.close()


def bare_stalled_ms(script: subprocess.Popen[str]) -> float:
    assert script.stdin and script.stdout
    script.stdin.write(f"{0.05 + random.uniform(0, 0.01)}\n")
    script.stdin.flush()
    return float(script.stdout.readline())
