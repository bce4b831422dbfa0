"""A download (or a chat answer) that people look at: how far it is, what came after the stop request."""

from __future__ import annotations

import io
import threading
from collections import deque
from typing import IO, NamedTuple

from simulation.autopsy import Findings, examine
from simulation.lab.contract import Outcome
from simulation.lab.http_client import CHUNK
from simulation.lab.http_server import PIECE, PIECES_PER_S
from simulation.lab.spec import Spec
from simulation.playback import Playback
from simulation.process import LabError
from simulation.report.words import duration
from simulation.runner import Result
from simulation.shelf import Watched

SPEED_OVER_NS = 1_000_000_000  # the speed shown is that of the last second
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
NEVER = "never"


class Now(NamedTuple):
    """How far it is, with what was there before: in bytes, or in tokens of a chat answer."""

    amount: int
    total: int
    per_s: float
    chat: bool

    @property
    def share(self) -> float:
        return min(1.0, self.amount / self.total)

    @property
    def far(self) -> str:
        """As people read it: "3 MB of 100 MB", "7 of 200 tokens"."""
        done = f"{self.amount:,}" if self.chat else amount(self.amount)
        return f"{done} of {quantity(self.total, self.chat)}"

    @property
    def speed(self) -> str:
        return f"{self.per_s:.0f} tokens/s" if self.chat else speed(self.per_s)


class Fact(NamedTuple):
    """One number of a transfer that is over: its name, the value with its unit, what it means."""

    name: str
    value: str
    meaning: str


class Fetch(Watched):
    """One transfer, started or taken up again at `resumed_at` (in bytes; in tokens of a chat answer).

    The partial file, if it is to be kept, goes with it; of a chat answer the text always stays.
    Raises LabError when it cannot start.
    """

    def __init__(self, spec: Spec, part: IO[bytes] | None = None, resumed_at: int = 0) -> None:
        super().__init__(spec, part)
        self.resumed_at = resumed_at
        self._seen: deque[tuple[int, int]] = deque()
        self._text = ""
        self._resuming = threading.Lock()  # two visitors are two threads

    @property
    def chat(self) -> bool:
        return self.spec.workload == "stream"

    def now(self) -> Now:
        """How far it is, and how fast it was in the last second."""
        playback = Playback(self.snapshot())
        now_ns, amount = playback.elapsed_ns(), self._amount(playback)
        self._seen.append((now_ns, amount))
        while self._seen[0][0] < now_ns - SPEED_OVER_NS and len(self._seen) > 2:
            self._seen.popleft()
        then_ns, then = self._seen[0] if len(self._seen) > 1 else (0, self.resumed_at)
        per_s = max(0, amount - then) / (now_ns - then_ns) * 1e9 if now_ns > then_ns else 0.0
        return Now(amount, self._total, per_s, self.chat)

    @property
    def _total(self) -> int:
        return self.spec.options.tokens if self.chat else self.spec.options.size

    def _amount(self, playback: Playback) -> int:
        if self.chat:
            return max(self.resumed_at, len(self.text().split()))
        # Whoever resumes asks for the last byte again (see `http_client.Download`).
        return max(0, self.resumed_at - 1) + int(playback.amount)

    @property
    def asked(self) -> bool:
        """Whether the stop was requested."""
        return bool(Playback(self.snapshot()).requested)

    def text(self) -> str:
        """What has come of a chat answer."""
        self._text = self._run.text() or self._text  # the lab that is closed takes its file along
        return self._text

    @property
    def kept(self) -> int | None:
        """How much can be resumed (in bytes; in tokens of a chat answer); None: nothing (any more)."""
        result = self.poll()
        if result is None:
            return None
        if self.chat:
            return None if self.whole else len(self.text().split()) or None
        return None if self._run.part is None else result.kept

    @property
    def whole(self) -> bool:
        """Whether all has come and was found to be right."""
        result = self.poll()
        if result is None or examine(result).outcome is not Outcome.FINISHED or result.kept is not None:
            return False
        return self._amount(Playback(result.recording)) == self._total

    def resume(self) -> Fetch:
        """Go on from what has come, from a server that is well again. A file goes with who comes first."""
        with self._resuming:
            amount, part = self.kept, io.BytesIO(self.text().encode()) if self.chat else self._run.part
            if amount is None or part is None:
                raise LabError("The partial file is not there any more; start anew.")
            options = self.spec.options._replace(stall_after=None, reset_after=None)
            following = Fetch(self.spec._replace(options=options), part, amount)
            self.drop()
            return following

    def drop(self) -> None:
        """Remove the partial file."""
        part, self._run.part = self._run.part, None
        if part is not None:
            part.close()

    def close(self) -> None:
        self.text()  # while it can be read
        super().close()
        self.drop()


def facts(result: Result, whole: bool) -> list[Fact]:
    """What a transfer that is over came to: after the stop request if there was one."""
    findings, playback = examine(result), Playback(result.recording)
    told = [Fact("Bytes in this run", amount(playback.amount), "Taken from the connection by the worker.")]
    if findings.requested_ns is not None:
        after = playback.amount - playback.asked_amount
        told = [
            Fact("Bytes after the request", amount(after), "Taken by the worker after you pressed Cancel."),
            Fact("Thread gone after", _thread(findings), "join returned, or its process ended."),
            Fact("Socket gone after", _socket(findings, playback, result), "Its last user had closed it."),
        ]
    if result.spec.workload == "download":
        told.append(_file(findings, playback, result, whole))
    return told


def _thread(findings: Findings) -> str:
    """Also of a worker that came to its own end after the request."""
    return duration(findings.since_request_ms(findings.workers[0].gone_ns), NEVER)


def _socket(findings: Findings, playback: Playback, result: Result) -> str:
    if playback.disconnected:
        return duration((playback.disconnected - playback.requested) / 1e6)
    if any("socket" in sentence for sentence in result.facts.get("left", [])):
        return NEVER
    return _thread(findings)  # with the process, if that has ended


def _file(findings: Findings, playback: Playback, result: Result, whole: bool) -> Fact:
    if whole:
        return Fact("File", "whole", "All came, the checksum was right, and the file got its name.")
    if result.kept is not None:
        return Fact("Partial file", f"{amount(result.kept)} kept", "On purpose: the download can be resumed from it.")
    if playback.removed and playback.requested:
        after = duration((playback.removed - playback.requested) / 1e6)
        return Fact("Partial file gone after", after, "Removed by the worker's cleanup.")
    if findings.workers[0].gone_ns is not None and not result.left:
        return Fact("Partial file", "none", "There was none when the thread had gone.")
    return Fact("Partial file gone after", NEVER, "It was there when the thread had gone, or patience was spent.")


def amount(size: int) -> str:
    """So many bytes, as people read them."""
    for limit, unit in UNITS:
        if size >= limit:
            return f"{size / limit:.3g} {unit}" if size < 999.5 * limit else f"{size / limit:,.0f} {unit}"
    return f"{size} bytes" if size != 1 else "1 byte"


def quantity(much: int, chat: bool) -> str:
    """So many bytes, or tokens of a chat answer."""
    return f"{much:,} token{'s' if much != 1 else ''}" if chat else amount(much)


def speed(bytes_per_s: float) -> str:
    """So many bytes a second, as people read them."""
    return f"{amount(round(bytes_per_s))}/s"


def why(result: Result, whole: bool) -> str:
    """Why the stop took as long as it did: the rhythm in which bytes come, against how one asks."""
    told = _chat_rhythm(result.spec) if result.spec.workload == "stream" else _file_rhythm(result.spec)
    return f"{told} {_measured(result, whole)}".strip()


def _file_rhythm(spec: Spec) -> str:
    rate = spec.options.rate
    chunk = min(PIECE, max(1, rate // PIECES_PER_S)) if rate else CHUNK
    pace = (
        f"At {speed(rate)} a chunk of {amount(chunk)} comes every {duration(chunk / rate * 1000)}"
        if rate
        else f"Without a limit chunks of up to {amount(chunk)} come as fast as they can be written"
    )
    return (
        f"{pace}: a worker that looks for the stop **between two chunks** looks that often, and that is enough. "
        "When the server **stalls**, no next chunk comes. The worker stays inside `recv()`, where it looks at nothing: "
        "the same check is useless. Then the wait itself must end: by a timeout on the read, or by shutting "
        "the connection down."
    )


def _chat_rhythm(spec: Spec) -> str:
    return (
        "Once tokens flow, a worker that looks for the stop **between two tokens** looks some thirty times a second. "
        f"But the **first token** comes after {spec.options.first_s:g} s: until then, and whenever the server "
        "**stalls**, the worker stays inside `recv()`, where it looks at nothing. A \u201cstop generating\u201d button "
        "that works at once must end the wait itself: by a timeout on the read, or by shutting the connection down."
    )


def _measured(result: Result, whole: bool) -> str:
    findings, playback = examine(result), Playback(result.recording)
    if findings.failure:
        return ""
    if whole:
        asked = "after the request it went on until all had come" if findings.requested_ns else "all had come"
        return f"**Here** {asked}, and nothing stopped it."
    if findings.outcome is Outcome.DIED:
        return (
            "**Here** the connection broke: the read raised an error, so the worker left by itself. "
            "A broken connection wakes the reader; a silent one does not."
        )
    if findings.outcome is Outcome.STILL_RUNNING:
        after = playback.amount - playback.asked_amount
        how = (
            f"another {amount(after)} came, and nobody looked"
            if after
            else "not one byte came, so the worker never came round to look"
        )
        return f"**Here** {how}: {result.spec.patience_s:g} s after the request the thread was still there."
    if findings.stop_ms is None:
        return ""
    return f"**Here** the thread was gone {duration(findings.stop_ms)} after the request."
