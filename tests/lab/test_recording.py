"""The flight recorder: literal records in, literal records out."""

from __future__ import annotations

import ctypes
import itertools
import mmap
import resource
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from simulation.lab import recording
from simulation.lab.contract import Detail, State
from simulation.lab.recording import CHUNK, MAGIC, RECORD, Layout, Recording, RecordingError
from simulation.playback import RECORD_DTYPE, Playback
from tests.waiting import until

SMALL = 2 * CHUNK  # records a lane holds when `TOTAL_RECORDS` is used up


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.bin"


@pytest.fixture
def small_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "TOTAL_RECORDS", 0)


@pytest.fixture
def counting_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reading is one more than the last."""
    monkeypatch.setattr(recording, "perf_counter_ns", itertools.count(1).__next__)


@pytest.mark.usefixtures("counting_clock")
def test_records_come_back_in_order(path: Path) -> None:
    lane = Recording(path, 1).lane(1)
    work, blocked = lane.mark(State.WORKING), lane.mark(State.BLOCKED, Detail.LEDGER)
    for mark in (work, blocked, work):
        mark()
    assert Playback(path.read_bytes()).lane(1).tolist() == [(1, 11, 0), (2, 13, 1), (3, 11, 0)]


def test_new_recording_is_empty(path: Path) -> None:
    Recording(path, 2)
    playback = Playback(path.read_bytes())
    assert [len(playback.lane(index)) for index in range(3)] == [0, 0, 0]
    assert (playback.last_state(1), playback.dropped_total, playback.stamps.tolist()) == (0, 0, [[0] * 4] * 2)


@pytest.mark.usefixtures("small_lanes", "counting_clock")
@pytest.mark.parametrize(
    ("written", "dropped"),
    [(1, 0), (SMALL, 0), (SMALL + 1, CHUNK), (3 * CHUNK, CHUNK), (3 * CHUNK + 1, SMALL), (1000, 768)],
)
def test_full_lane_drops_its_oldest_chunks(path: Path, written: int, dropped: int) -> None:
    mark = Recording(path, 1).lane(1).mark(State.WORKING)
    for _ in range(written):
        mark()
    playback = Playback(path.read_bytes())
    assert playback.lane(1)["t_ns"].tolist() == list(range(dropped + 1, written + 1))
    assert (playback.dropped(0), playback.dropped(1), playback.dropped_total) == (0, dropped, dropped)


@pytest.mark.usefixtures("small_lanes")
def test_full_lanes_overwrite_nothing_but_themselves(path: Path) -> None:
    made = Recording(path, 3)
    made.header[3:8] = array("q", [11, 12, 13, -14, 15])
    made.stamps[:] = array("q", range(12))
    made.lane(2).mark(State.ENDED)()
    for mark in (made.lane(index).mark(State.WORKING) for index in (0, 1, 3)):
        for _ in range(5 * CHUNK):
            mark()
    playback = Playback(path.read_bytes())
    front = (playback.t0, playback.requested, playback.signalled, playback.debit, playback.credit)
    assert front == (11, 12, 13, -14, 15)
    assert playback.stamps.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert playback.lane(2)["state"].tolist() == [State.ENDED]
    assert made.header[0] == MAGIC


def test_torn_record_is_not_seen(path: Path) -> None:
    """A reader may come, or a kill strike, after the time and before the state was written."""
    mark = Recording(path, 1).lane(1).mark(State.WORKING)
    mark()
    content, layout = bytearray(path.read_bytes()), Layout.for_workers(1)
    RECORD.pack_into(content, layout.lanes + layout.lane_size + RECORD.size, 99, 0)
    assert len(Playback(bytes(content)).lane(1)) == 1


@pytest.mark.usefixtures("small_lanes")
def test_several_threads_write_several_lanes(path: Path) -> None:
    made = Recording(path, 8)
    line = threading.Barrier(8)

    def write(number: int) -> None:
        mark = made.lane(number).mark(number)
        line.wait()
        for _ in range(20 * CHUNK):
            mark()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    playback = Playback(path.read_bytes())
    for number in range(1, 9):
        assert playback.lane(number)["state"].tolist() == [number] * SMALL
        assert playback.dropped(number) == 18 * CHUNK
        assert np.diff(playback.lane(number)["t_ns"]).min() >= 0


WRITER = """
import sys
from pathlib import Path
from simulation.lab import recording
recording.TOTAL_RECORDS = int(sys.argv[2])
lane = recording.Recording(Path(sys.argv[1]), 1).lane(1)
marks = [lane.mark(state) for state in (11, 12)]
print("ready", flush=True)
while True:
    for mark in marks:
        mark()
"""


@pytest.fixture(params=[0, 1 << 16])
def written_meanwhile(path: Path, request: pytest.FixtureRequest) -> Iterator[mmap.mmap]:
    """A recording that another process writes as fast as it can, in a short or a long lane."""
    command = [sys.executable, "-c", WRITER, str(path), str(request.param)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                until(lambda: Playback(content[:]).dropped(1))
                yield content
        finally:
            writer.kill()


def test_reader_sees_whole_records_in_order_while_they_are_written(written_meanwhile: mmap.mmap) -> None:
    for _ in range(300):
        lane = Playback(written_meanwhile[:]).lane(1)
        assert set(lane["state"].tolist()) <= {11, 12}
        assert lane["t_ns"].min(initial=1) > 0
        assert np.diff(lane["t_ns"]).min(initial=0) >= 0


@pytest.mark.usefixtures("small_lanes")
def test_forced_stop_never_tears_a_record(path: Path) -> None:
    made = Recording(path, 1)
    lane, layout = made.lane(1), Layout.for_workers(1)
    mark, last = lane.mark(State.WORKING), lane.mark(State.ENDED)

    def work() -> None:
        with suppress(SystemExit):
            while True:
                mark()

    for _ in range(300):
        begun = Playback(path.read_bytes()).begun[1]
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        until(lambda begun=begun: Playback(path.read_bytes()).begun[1] > begun)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
        thread.join()
        last()  # the lane goes on where it was left
        content = path.read_bytes()
        raw = np.frombuffer(content, RECORD_DTYPE, SMALL, layout.lanes + layout.lane_size)
        assert ((raw["t_ns"] == 0) == (raw["state"] == 0)).all()
        records = Playback(content).lane(1)
        assert np.diff(records["t_ns"]).min() >= 0
        assert records["state"][-1] == State.ENDED


def test_no_room_is_one_sentence(path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(RecordingError, match=r"^The recording needs 0\.3 MB in .*; free some .*\.$"):
            Recording(path, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("workers", "chunks"), [(1, 64), (7, 16), (255, 2), (1000, 2), (5000, 2)])
def test_fewer_workers_have_longer_lanes(workers: int, chunks: int) -> None:
    assert Layout.for_workers(workers).chunks == chunks
