"""The process of a lab, seen from the parent: start it, talk to it, reap it.

One thread a lab reads its answers and, when they end, waits for the process and reads the clock: that is
how the end of a daemon thread gets its stamp (`perf_counter_ns` is one clock for all processes of a machine).

Whatever happens here, nothing stays: `close` kills the lab's process group, collects it and removes its
directory, and if this process dies first, the lab does it (see `simulation.lab`).
"""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter_ns
from typing import IO, Self

from simulation.lab import wire

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 10)
READY_S = 30.0


class LabError(Exception):
    """Raised when no trial could be run: no such Python, no room for the recording, a lab that
    does not start or talks garbage. The message says what to do."""


class NotAvailable(LabError):  # noqa: N818  said as people say it
    """Raised by `Lab.start` when this interpreter lacks what the strategy needs. The lab stays
    usable; the message says what it lacks: choose another interpreter or another strategy."""


class LabProcess:
    """A lab process and its directory. A context manager: nothing is left when it closes.

    Raises LabError when `python` is no Python, too old, or its lab does not get ready.
    """

    def __init__(self, python: str = sys.executable) -> None:
        python = find_python(python)
        self._log = nameless()
        name = f"thread-lab-{os.getpid()}-{secrets.token_hex(4)}"
        self.directory = Path(tempfile.gettempdir()) / name  # made by the lab
        self.python, self.spoilt, self.closed = "", False, False
        self.ended_ns: int | None = None
        self._answers: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
        self._process = _spawn(python, self.directory, self._log)
        self._reader = threading.Thread(target=self._listen, name="lab-reader", daemon=True)
        self._reader.start()
        try:
            self.python = self._ready()["python"]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.poll()

    @property
    def usable(self) -> bool:
        """Whether it may serve another trial: it lives and nothing was left behind in it."""
        return not self.spoilt and self._process.poll() is None

    def send(self, message: wire.Message) -> None:
        """Send a command; a lab that is gone is found out by the missing answer."""
        assert self._process.stdin is not None
        try:
            wire.send(self._process.stdin.fileno(), message)
        except (OSError, ValueError):  # a pipe that nobody reads; one that was closed here
            self.spoil()

    def answer(self, timeout_s: float) -> wire.Message | None:
        """The next answer, or None. After the last one comes {"say": "gone"}."""
        return wire.take(self._answers, timeout_s)

    def spoil(self) -> None:
        """Say that something was left behind in this lab: no further trial for it."""
        self.spoilt = True

    def kill(self) -> None:
        """End the lab and all that it started, whatever state it is in; return when it is gone."""
        if self._reader.is_alive():  # else it was collected, and its number may be somebody else's
            _kill_group(self._process)
        self._reader.join()

    def close(self) -> None:
        """Kill the lab, collect it, remove its files. May be called twice."""
        self.closed = True
        self.kill()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            for line in wire.lines(self._process.stdout.fileno()):
                self._answers.put(_answer(line))
        except wire.WireError:
            self._answers.put({"say": "garbage"})
            _kill_group(self._process)
        ended_ns = perf_counter_ns()  # its end of the wire closed with its last thread; every look costs the GIL
        self._process.wait()
        self.ended_ns = ended_ns
        _kill_group(self._process)  # what it started and did not take along
        self._answers.put({"say": "gone"})

    def _ready(self) -> wire.Message:
        answer = self.answer(READY_S) or {"say": "silent"}
        if answer["say"] != "ready" or "python" not in answer:
            raise LabError(self._why("did not get ready"))
        return answer

    def _why(self, what: str) -> str:
        try:
            self._log.seek(0)
            last = self._log.read().decode(errors="replace").strip().rpartition("\n")[2]
        except ValueError:  # another thread has closed the lab
            last = "it was closed"
        return f"The lab {what}: {last or 'it said nothing'}."


@functools.cache
def find_python(python: str) -> str:
    """The path of an interpreter that can be a lab; LabError when `python` is none."""
    if python == sys.executable:
        return python
    path = shutil.which(python)
    question = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [path or python, "-c", question],
            capture_output=True,
            text=True,
            timeout=READY_S,
            stdin=subprocess.DEVNULL,
        )
        name, *version = answer.stdout.split()
        known = tuple(map(int, version))
    except (OSError, ValueError, subprocess.SubprocessError):
        raise LabError(f"{python} is no Python; give the path of a Python interpreter.") from None
    if name != "cpython" or known < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        raise LabError(f"{python} is {name} {'.'.join(version)}; the lab needs CPython {oldest} or newer.")
    return os.path.abspath(path or python)  # noqa: PTH100  not resolved: a venv is a symbolic link


def _answer(line: bytes) -> wire.Message:
    message = wire.decode(line)
    if "say" not in message:
        raise wire.WireError(f"Not an answer: {line[:80]!r}.")
    return message


def nameless() -> IO[bytes]:
    """A file without a name, so that nobody has to remove it: for a lab's standard error, a kept part."""
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        what = f"No temporary file can be made ({error.strerror})"
        raise LabError(f"{what}; free some space or set TMPDIR to another folder.") from error


def _spawn(python: str, directory: Path, log: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a lab in a process group of its own, out of the reach of the terminal's Ctrl-C."""
    return subprocess.Popen(
        [python, "-m", "simulation.lab", str(directory)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        bufsize=0,
        start_new_session=True,  # POSIX; ignored elsewhere
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # Windows; 0 elsewhere
    )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a zombie
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
