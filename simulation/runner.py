"""The parent of a lab: start a trial in it, send the stop request, read the recording.

Theory of operation
===================
A `Lab` is a child process (see `simulation.process`); a `Run` is one trial in it, seen from here.

A lab that does not answer is killed. When that is due is known: the recording shows the moment of
the request; after patience and `GRACE_S` there must be an answer. The trial then says so.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns
from typing import IO, Any, Self

from simulation.lab import wire
from simulation.lab.contract import State
from simulation.lab.spec import Spec
from simulation.lab.workloads.files import PARTIAL
from simulation.lab.workloads.stream import ANSWER
from simulation.playback import Playback, requested_ns, trimmed
from simulation.process import LabError, LabProcess, NotAvailable, nameless

GRACE_S = 5.0
START_S = 30.0  # for a thousand threads to start, before the request is due
LOOK_S = 0.25  # how often a waiting parent looks whether the lab is overdue


@dataclass(frozen=True)
class Result:
    """One trial, over. Times are `perf_counter_ns` readings; nothing here knows pandas.

    `recording` is the file as it was at the end, trimmed. `ended_ns` is the end of the lab process, None
    while it lives. `failure` is "" or what went wrong with the machinery (not with the strategy).
    `left` are the names of the files that cleanup should have removed, `kept` is the size in bytes of the
    partial file that was kept on purpose (None: there is none). `facts` is what the lab
    said at the end (see `simulation.lab.trial.Trial.run`), empty if it could not. `asked_ns` is when a
    person asked here for the stop, None if nobody did.
    """

    spec: Spec
    recording: bytes
    python: str
    facts: dict[str, Any]
    ended_ns: int | None = None
    failure: str = ""
    left: list[str] = field(default_factory=list)
    kept: int | None = None
    asked_ns: int | None = None


class Run:
    """A trial that is running in a lab.

    `part` is the partial file of a download, where the spec says that it is to be kept: a file without
    a name, so that nobody has to remove it. None before the end. Whoever takes it closes it.
    """

    def __init__(self, lab: LabProcess, spec: Spec, request_at_s: float | None, started: wire.Message) -> None:
        self.spec = spec
        self._lab = lab
        self._directory = Path(started["directory"])
        self._recording = Path(started["recording"])
        self._map = _map(self._recording)
        self._result: Result | None = None
        self._answer_text = ""
        self.part: IO[bytes] | None = None
        self._latest = None if request_at_s is None else time.monotonic() + request_at_s + START_S
        self._asked_ns: int | None = None
        self._ending = threading.Lock()  # two tabs may look at one run

    def snapshot(self) -> bytes:
        """The recording as it is now; costs the lab nothing."""
        with self._ending:
            return self._result.recording if self._result else self._map[:]

    def text(self) -> str:
        """What has come of a chat answer."""
        with self._ending:
            return self._answer_text if self._result else self._text()

    def request_stop(self) -> None:
        """Ask now. Asking twice, or after the end, does nothing."""
        if self._asked_ns is None and self._result is None:
            self._asked_ns = perf_counter_ns()
            self._latest = time.monotonic() + START_S
            self._lab.send({"do": "stop"})

    def poll(self) -> Result | None:
        """The result if the trial is over, else None. Never waits."""
        return self.wait(0.0)

    def wait(self, timeout_s: float | None = None) -> Result | None:
        """Wait for the end of the trial, at most `timeout_s`; return its result or None."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while self._result is None:
            left_s = LOOK_S if end is None else min(LOOK_S, end - time.monotonic())
            self._look(max(0.0, left_s))
            if left_s <= 0:
                break
        return self._result

    def _look(self, timeout_s: float) -> None:
        """Take the lab's answer, if it comes in time, and end the trial with it."""
        with self._ending:
            if self._result is not None:
                return
            answer = self._lab.answer(timeout_s)
            if answer is None and self._overdue():
                self._lab.kill()
                answer = {"say": "hung"}
            if answer is not None:
                self._result = self._finish(answer)

    def result(self) -> Result:
        """Wait for the end of the trial, however long that takes."""
        result = self.wait(None)
        assert result is not None  # wait(None) ends with a result only
        return result

    def _overdue(self) -> bool:
        """Whether the lab owes an answer: patience and grace after the request have passed."""
        asked_ns = requested_ns(self._map)
        if not asked_ns:
            return self._latest is not None and time.monotonic() > self._latest + GRACE_S
        waited_s = (perf_counter_ns() - asked_ns) / 1e9
        return waited_s > self.spec.patience_s + GRACE_S

    def _finish(self, answer: wire.Message) -> Result:
        content = self._map[:]
        self._map.close()
        failure = self._failure(answer.pop("say"), answer, content)
        names = _names(self._directory)
        left = sorted(name for name in names if name.endswith(PARTIAL))
        lab, ended_ns = self._lab, self._lab.ended_ns
        reusable = answer.get("reusable")
        if not reusable:
            lab.kill()  # before what it wrote is looked at
        self._answer_text = self._text() if ANSWER.format(1) in names else ""
        kept = self._keep() if self.spec.options.keep_part else None
        left = left if kept is None else []
        if reusable:
            self._tidy()
        else:
            lab.close()  # now: nobody else would remove its files if this process died next
        recording, asked_ns = trimmed(content), self._asked_ns
        return Result(self.spec, recording, lab.python, answer, ended_ns, failure, left, kept, asked_ns)

    def _keep(self) -> int | None:
        """Take the partial file of worker-1 out of the directory that is about to be removed.

        Return its size, or None when there is none, or no room for it.
        """
        for path in self._directory.glob(f"worker-1.*{PARTIAL}"):
            with contextlib.suppress(OSError, LabError), path.open("rb") as file:
                part = nameless()
                shutil.copyfileobj(file, part)
                self.part = part
                return part.tell()
        return None

    def _text(self) -> str:
        try:
            return (self._directory / ANSWER.format(1)).read_text()
        except OSError:  # there is none, or not yet
            return ""

    def _tidy(self) -> None:
        """One trial's files need not wait for the end of a lab that serves hundreds."""
        try:
            self._directory.rmdir()  # most trials leave it empty, and `rmtree` takes ten times as long
        except OSError:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._recording.unlink(missing_ok=True)

    def _failure(self, said: str, answer: wire.Message, content: bytes) -> str:
        if said == "hung":
            patience = f"{self.spec.patience_s:g} s patience and {GRACE_S:g} s grace"
            return f"The lab did not answer within {patience} and was killed."
        if said == "ended":
            return ""
        if said == "error":
            return str(answer["message"])
        if said == "garbage":
            return "The lab said something that is no answer and was killed."
        code = self._lab.exit_code
        if code == 0 and Playback(content).last_state(0) == State.EXITING:
            return ""  # the strategy ended the process, as a main program does
        if self._lab.closed:
            return "The trial was cut off with its lab, as happens when nobody looks at it any more."
        return f"The lab died (exit code {code}) before the trial was over."


class Lab(LabProcess):
    """A lab process that runs trials, one after another."""

    def start(self, spec: Spec, part: IO[bytes] | None = None) -> Run:
        """Start a trial; a download goes on from `part`, if there is one. Raises NotAvailable when it
        cannot run under this interpreter, LabError when the lab fails."""
        request_at_s = spec.request_at_s
        asked = spec if part is None else self._with_part(spec, part)
        self.send({"do": "trial", "spec": list(asked), "request_at_s": request_at_s})
        answer = self.answer(START_S) or {"say": "silent"}
        if answer.get("unavailable"):
            raise NotAvailable(answer["message"])
        if answer["say"] != "started":
            self.spoil()
            raise LabError(answer.get("message") or self._why("did not start the trial"))
        try:
            return Run(self, spec, request_at_s, answer)
        except OSError:  # the recording is not there: the lab was closed from another thread
            raise LabError(self._why("did not start the trial")) from None

    def _with_part(self, spec: Spec, part: IO[bytes]) -> Spec:
        """The spec that says where the lab finds its own copy of `part`."""
        path = self.directory / f"resumed{PARTIAL}"
        try:
            part.seek(0)
            with path.open("wb") as file:
                shutil.copyfileobj(part, file)
        except (OSError, ValueError) as error:  # ValueError: somebody has closed it
            raise LabError(f"The partial file could not be taken up again: {error}; start anew.") from error
        return spec._replace(options=spec.options._replace(part=str(path)))

    def noise(self, count: int) -> list[int]:
        """`count` wake-up latencies (ns) of a bare thread in this lab; none if it does not answer."""
        self.send({"do": "noise", "count": count})
        answer = self.answer(START_S) or {}
        return list(answer.get("wake_ns", []))


class Labs:
    """One lab at a time, replaced when the last trial left something behind in it.

    `close` may be called from another thread, to end the trial that is running; afterwards every
    start raises LabError.
    """

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._lab: Lab | None = None
        self._closed = False
        self._changing = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self, spec: Spec, part: IO[bytes] | None = None) -> Run:
        """Start a trial in a lab that nothing was left behind in; see `Lab.start`."""
        return self._usable().start(spec, part)

    def noise(self, count: int) -> list[int]:
        """`count` wake-up latencies (ns) of a bare thread in a lab."""
        return self._usable().noise(count)

    def close(self) -> None:
        with self._changing:
            self._closed = True
            self._drop()

    def _usable(self) -> Lab:
        with self._changing:
            if self._closed:
                raise LabError("The lab was closed; start again.")
            if self._lab is None or not self._lab.usable:
                self._drop()
                self._lab = Lab(self._python)
            return self._lab

    def _drop(self) -> None:
        if self._lab is not None:
            self._lab.close()
            self._lab = None


def _names(directory: Path) -> list[str]:
    """What is in a trial's directory; nothing if it is gone."""
    with contextlib.suppress(OSError):
        return os.listdir(directory)  # noqa: PTH208  half the time of `iterdir`
    return []


def _map(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
