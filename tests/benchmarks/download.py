"""A real download through the lab against the bare loop, and its Cancel."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from urllib.parse import urlsplit

from simulation.autopsy import examine
from simulation.lab.contract import Options
from simulation.lab.http_client import CHUNK, LocalServer
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.runner import Labs
from tests.benchmarks.measure import Row, medians

SIZE = 1 << 30  # more than comes in a round: replacing a large file would be measured too
ROUND_S = 1.0
ROUNDS = 9
BARE = Path(__file__).with_name("bare_recv.py")


def rows() -> Iterator[Row]:
    with Labs() as labs, LocalServer() as server, bare(server) as script, tempfile.TemporaryDirectory() as folder:
        into = Path(folder) / "file"
        ours, theirs = medians(partial(workload_ms_a_mb, labs), partial(bare_ms_a_mb, server, into), ROUNDS)
        yield Row(
            "download, ms a MB through the workload",
            ours,
            "a bare http.client loop with the same checksum",
            theirs,
            "≤ 1.11",
        )
        after = max(bytes_after_request(labs) for _ in range(ROUNDS))
        print(f"| bytes after Cancel of a flowing download, most | {after:,} | one chunk | {CHUNK:,} | – | ≤ 1 chunk |")
        ours, theirs = medians(partial(stalled_ms, labs), partial(bare_stalled_ms, script), 10 * ROUNDS)
        yield Row("`close` on a stalled download, stop latency", ours, "a bare script", theirs, "≤ 1.2")


def trial(labs: Labs, strategy: str, after_s: float, options: Options) -> Playback:
    spec = Spec(strategy, "download", 1, 0.01, after_s, 5.0, random.randrange(10**6), options)
    result = labs.start(spec).result()
    assert examine(result).stop_ms is not None, result.failure
    return Playback(result.recording)


def workload_ms_a_mb(labs: Labs) -> float:
    playback = trial(labs, "flag", ROUND_S, Options(size=SIZE, rate=0))
    return float(playback.dwell_ns / max(1, playback.asked_amount))  # ns a byte are ms a MB; 0 while it warms up


def bare_ms_a_mb(server: LocalServer, path: Path) -> float:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    done, checksum = 0, hashlib.sha256()
    with contextlib.closing(connection), path.open("wb") as file:
        connection.request("GET", f"/file?size={SIZE}&rate=0")
        answer = connection.getresponse()
        begin = perf_counter_ns()
        while done < SIZE and perf_counter_ns() - begin < ROUND_S * 1e9:
            chunk = answer.read1(CHUNK)
            checksum.update(chunk)  # as the workload does: it is most of the work
            done += file.write(chunk)
        return (perf_counter_ns() - begin) / done


def bytes_after_request(labs: Labs) -> int:
    playback = trial(labs, "flag", 0.2, Options(size=SIZE, rate=10_000_000))
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
