"""Read a recording, while it is written or after its end: the other half of `lab.recording`."""

from __future__ import annotations

import mmap
from functools import cached_property
from time import perf_counter_ns

import numpy as np
from numpy.typing import NDArray

from simulation.lab.recording import CHUNK, CPU_UNKNOWN, HEADER, MAGIC, RECORD, STAMPS, WORD, Layout, RecordingError

RECORD_DTYPE = np.dtype([("t_ns", "=i8"), ("state", "=i4"), ("detail", "=i4")])


class Playback:
    """A recording's content. Times are absolute `perf_counter_ns` readings; 0 means "not yet".

    Attributes: `workers`, `t0`, `requested`, `signalled` (ns), `debit`, `credit` (units),
    `dwell_ns`, `cpu_ns` (None: not to be had), `steps` (of all workers together, in the dwell before
    the request),
    `late_ns` (how much later than it was due the automatic request came: a worker that keeps the
    GIL also stops the one who asks),
    `amount`, `asked_amount` (bytes a transfer has brought so far, and had at the request),
    `disconnected`, `removed` (ns: its socket was closed, its partial file was gone),
    `stamps` (int64 array, a row a worker, columns as `STAMPS`).
    Raises RecordingError when the bytes are not a recording.
    """

    def __init__(self, content: bytes) -> None:
        front = content[: len(HEADER) * WORD]
        whole = len(front) == len(HEADER) * WORD
        named = dict(zip(HEADER, np.frombuffer(front, "=i8").tolist())) if whole else {}
        if named.get("magic") != MAGIC or len(content) != Layout(named["workers"], named["chunks"]).size:
            raise RecordingError("This is not a recording of the lab; run the trial again.")
        self.workers, self.t0 = named["workers"], named["t0"]
        self.requested, self.signalled = named["requested"], named["signalled"]
        self.debit, self.credit = named["debit"], named["credit"]
        self.dwell_ns: int = named["dwell_ns"]
        self.cpu_ns: int | None = named["cpu_ns"] if named["cpu_ns"] != CPU_UNKNOWN else None
        self.steps, self.late_ns = named["steps"], named["late_ns"]
        self.amount, self.asked_amount = named["amount"], named["asked_amount"]
        self.disconnected, self.removed = named["disconnected"], named["removed"]
        self._content = content
        self.layout = Layout(self.workers, named["chunks"])
        shape = (self.workers, len(STAMPS))
        self.stamps = np.frombuffer(content, "=i8", count=shape[0] * shape[1], offset=self.layout.stamps).reshape(shape)

    @cached_property
    def begun(self) -> NDArray[np.int64]:
        """How many chunks each lane has begun (int64, a row a lane)."""
        return np.frombuffer(self._content, "=i8", count=self.workers + 1, offset=self.layout.counts)

    def lane(self, index: int) -> NDArray[np.void]:
        """The records of a lane that are still there, oldest first (`RECORD_DTYPE`)."""
        layout, begun = self.layout, int(self.begun[index])
        records = np.frombuffer(
            self._content,
            RECORD_DTYPE,
            count=layout.lane_size // RECORD.size,
            offset=layout.lanes + index * layout.lane_size,
        )
        if begun > layout.chunks:  # round the ring: the chunk after the newest is the oldest
            records = np.roll(records, -(begun % layout.chunks) * CHUNK)
        else:
            records = records[: begun * CHUNK]
        whole: NDArray[np.void] = records[records["state"] != 0]
        t_ns = whole["t_ns"]
        if np.any(t_ns[1:] < t_ns[:-1]):  # the lane began its next chunk while it was copied
            whole = whole[np.argsort(t_ns, kind="stable")]
        return whole

    def dropped(self, index: int) -> int:
        """How many of its oldest records a lane has given up for newer ones."""
        return max(0, int(self.begun[index]) - self.layout.chunks) * CHUNK

    @cached_property
    def dropped_total(self) -> int:
        return int((np.maximum(0, self.begun - self.layout.chunks) * CHUNK).sum())

    def elapsed_ns(self) -> int:
        """The time now, from the trial's start; the two processes have one clock."""
        return perf_counter_ns() - self.t0 if self.t0 else 0

    def last_state(self, index: int) -> int:
        """The state a lane was last in; 0 when it has none."""
        records = self.lane(index)
        return int(records["state"][-1]) if len(records) else 0


def requested_ns(content: mmap.mmap) -> int:
    """The stamp of the stop request alone, for whoever polls it; 0 while nobody asked."""
    at = HEADER.index("requested") * WORD
    return int(np.frombuffer(content, "=i8", count=1, offset=at)[0])


def trimmed(content: bytes) -> bytes:
    """The same recording without the chunks that no lane has begun: a hundredth, for most trials."""
    playback = Playback(content)
    old = playback.layout
    new = Layout(old.workers, min(old.chunks, max(1, int(playback.begun.max()))))
    words = np.frombuffer(content[: old.stamps], "=i8").copy()
    words[HEADER.index("chunks")] = new.chunks
    starts = range(old.lanes, old.size, old.lane_size)
    lanes = (content[start : start + new.lane_size] for start in starts)
    return b"".join([words.tobytes(), content[old.stamps : old.lanes], *lanes])
