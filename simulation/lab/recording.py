"""The flight recorder: one memory-mapped file a trial, written by many lanes without a lock.

Theory of operation
===================
Each lane (the main thread, or one worker) owns a fixed run of 16-byte records
(``t_ns`` int64, ``state`` int32, ``detail`` int32) and is the only one to write there. Another
process maps the same file and reads it at any moment, also after ``kill -9``.

*One C call a record.* A mark is an iterator built from `itertools` whose ``__next__`` reads the
clock, takes the next free place and packs the record there. No Python bytecode runs in between,
and CPython looks for an asynchronous exception only between bytecodes
(https://docs.python.org/3/c-api/threads.html#c.PyThreadState_SetAsyncExc), so a forced stop
cannot land inside the recorder: a record is written or it is not.

*Never torn.* A record counts once its ``state`` is not zero, and ``state`` is written after
``t_ns``. Places are zeroed before they are used again, so a reader that comes (or a ``kill -9``
that strikes) between the two sees no record rather than half of one.

*The end is what matters.* A lane is a ring of chunks. On entering a chunk the lane zeroes it and
adds one to its count of chunks begun: the oldest records go, and the count says how many went.
Even this is C: a `map` over slices that assigns zeros, zipped with a `map` that packs the count.

*What must not be lost has its own place.* The stamps of every worker, and the two accounts of
the ledger, stand in front of the lanes, where no record can overwrite them.

The file, in native byte order (both processes are on one machine), all int64 up to the lanes::

    magic · workers · chunks a lane · t0 · requested · signalled · debit · credit
    dwell_ns · cpu_ns · steps           (of the dwell before the request; no CPU time: CPU_UNKNOWN)
    late_ns                             (how much later than due the automatic request came)
    amount · asked_amount · disconnected · removed      (of a transfer, see `contract.Transfer`)
    chunks begun, one a lane            (lane 0 is the main thread)
    noticed · cleaned · gone · left, four a worker      (0: not yet)
    lanes, each `chunks` x `CHUNK` records
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from itertools import chain, count, repeat, starmap
from operator import itemgetter
from pathlib import Path
from time import perf_counter_ns
from typing import Any

MAGIC = 0x7468726561640001
WORD = 8  # bytes of an int64
RECORD = struct.Struct("@qq")  # t_ns; state in the low and detail in the high half (see `_word`)
CHUNK = 128  # records: 2 KiB, so that zeroing one costs about 3 ns a record
TOTAL_RECORDS = 1 << 14  # 256 KiB, shared by the lanes: a trial pays for making them
LEAST_CHUNKS = 2  # so that a full lane still shows its last 128 records or more

HEADER = (
    *("magic", "workers", "chunks", "t0", "requested", "signalled", "debit", "credit"),
    *("dwell_ns", "cpu_ns", "steps", "late_ns"),
    *("amount", "asked_amount", "disconnected", "removed"),
)
STAMPS = ("noticed", "cleaned", "gone", "left")
CPU_UNKNOWN = -1  # as `cpu_ns`

_SPLIT = struct.Struct("@ii")
_COUNT = struct.Struct("@q")


class RecordingError(Exception):
    """Raised when a recording cannot be made (disk full?) or read (not one of ours)."""


class Layout:
    """Where everything stands in a recording of so many workers. Offsets are in bytes."""

    def __init__(self, workers: int, chunks: int) -> None:
        self.workers, self.chunks = workers, chunks
        self.counts = len(HEADER) * WORD
        self.stamps = self.counts + (workers + 1) * WORD
        end = self.stamps + workers * len(STAMPS) * WORD
        self.lanes = -(-end // RECORD.size) * RECORD.size
        self.lane_size = chunks * CHUNK * RECORD.size
        self.size = self.lanes + (workers + 1) * self.lane_size

    @classmethod
    def for_workers(cls, workers: int) -> Layout:
        """The layout of a new recording: fewer workers, longer lanes."""
        return cls(workers, max(LEAST_CHUNKS, TOTAL_RECORDS // (workers + 1) // CHUNK))


def _word(state: int, detail: int) -> int:
    """State and detail as the one int64 that a record stores them in."""
    return int(_COUNT.unpack(_SPLIT.pack(state, detail))[0])


class Lane:
    """One row of the timeline, written by one thread."""

    def __init__(self, buffer: mmap.mmap, start: int, size: int, count_at: int) -> None:
        step = CHUNK * RECORD.size
        zeros = bytes(step)

        def laps(first: int) -> chain[int]:  # first, first + step, … round the ring, for ever
            return chain.from_iterable(repeat(range(start + first, start + first + size, step)))

        places = map(range, laps(0), laps(step), repeat(RECORD.size))
        clearing = map(buffer.__setitem__, map(slice, laps(0), laps(step)), repeat(zeros))
        counting = map(_COUNT.pack_into, repeat(buffer), repeat(count_at), count(1))
        chunks = map(itemgetter(0), zip(places, clearing, counting))
        self._buffer = buffer
        self._places = chain.from_iterable(chunks)
        self._ticks = starmap(perf_counter_ns, repeat(()))

    def mark(self, state: int, detail: int = 0) -> Callable[[], object]:
        """Return a function that records "from now on `state`" for this lane when called."""
        return map(
            RECORD.pack_into,
            repeat(self._buffer),
            self._places,
            self._ticks,
            repeat(_word(state, detail)),
        ).__next__


class Recording:
    """The lab's side of a recording: lanes to write, stamps to set.

    Stamps are absolute `perf_counter_ns` readings. `stamps[4 * (number - 1) + i]` is the i-th of
    `STAMPS` of a worker; `header[i]` the i-th of `HEADER`.
    """

    def __init__(self, path: Path, workers: int) -> None:
        layout = Layout.for_workers(workers)
        self._map = _mapped_file(path, layout.size)
        self._lay_out(path, layout)
        self.header[0], self.header[1], self.header[2] = MAGIC, workers, layout.chunks

    def _lay_out(self, path: Path, layout: Layout) -> None:
        self._path, self._layout = path, layout
        view = memoryview(self._map)
        self.header = view[: layout.counts].cast("q")
        self.stamps = view[layout.stamps : layout.stamps + layout.workers * len(STAMPS) * WORD].cast("q")
        self.accounts = self.header[6:8]
        self.transferred = self.header[12:16]

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process gets the same file: each lane still has one writer."""
        return Recording._of, (self._path, self._layout.workers)

    @classmethod
    def _of(cls, path: Path, workers: int) -> Recording:
        recording = cls.__new__(cls)
        with path.open("r+b") as file:
            recording._map = mmap.mmap(file.fileno(), 0)
        recording._lay_out(path, Layout.for_workers(workers))
        return recording

    def lane(self, index: int) -> Lane:
        """Lane `index`: 0 for the main thread, else the number of the worker."""
        layout = self._layout
        start = layout.lanes + index * layout.lane_size
        return Lane(self._map, start, layout.lane_size, layout.counts + index * WORD)


def _mapped_file(path: Path, size: int) -> mmap.mmap:
    """A new file of `size` zero bytes, really on the disk, mapped and ready to be written.

    Zeros are written, not seeked over: a write into a hole of a full disk would kill the process
    with SIGBUS in the middle of a trial. One byte of every page is written through the map, so
    that no worker pays for the first touch of a page.
    """
    try:
        with path.open("x+b") as file:
            file.write(bytes(size))
            file.flush()
            mapped = mmap.mmap(file.fileno(), size)
    except OSError as error:
        raise RecordingError(
            f"The recording needs {size / 1e6:.1f} MB in {path.parent}, which failed: "
            f"{error.strerror}; free some space or set TMPDIR to another folder."
        ) from error
    pages = slice(0, size, mmap.PAGESIZE)
    mapped[pages] = bytes(len(range(*pages.indices(size))))
    return mapped
