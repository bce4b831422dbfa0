"""Serve trials: ``python -m simulation.lab DIRECTORY``, commands on standard input.

The wire moves to private descriptors first: what a worker reads or prints must not meet it.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import sys
import threading
from pathlib import Path

from simulation.lab import noise, trial, wire
from simulation.lab.contract import UnavailableError
from simulation.lab.recording import RecordingError
from simulation.lab.spec import Spec


class Server:
    """The lab's two ends of the wire, and the reader thread that listens while trials run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.commands, self.answers = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        self.todo: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
        self.inbox: trial.Inbox = queue.SimpleQueue()
        self._vanishing = threading.Lock()
        threading.Thread(target=self._listen, name="reader", daemon=True).start()

    def _listen(self) -> None:
        """Pass commands on; when the input ends the parent is gone, and so is the lab.

        `os._exit`, because nothing else ends a process with a worker that will not stop.
        """
        try:
            for line in wire.lines(self.commands):
                message = wire.decode(line)
                if message["do"] == "stop":
                    self.inbox.put(trial.STOP)
                else:
                    self.todo.put(message)
        finally:
            self._vanish()

    def _vanish(self) -> None:
        """Remove the directory and end. It is renamed first: workers go on making files in it.

        The lock is never given back: who comes second must not end the process under the first.
        """
        self._vanishing.acquire()
        gone = self.directory.with_suffix(".gone")
        with contextlib.suppress(OSError):
            self.directory.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        os._exit(0)

    def say(self, what: str, **values: object) -> None:
        try:
            wire.send(self.answers, {"say": what, **values})
        except OSError:  # nobody listens any more
            self._vanish()

    def serve(self) -> None:
        """Answer commands for ever."""
        self.say("ready", python=sys.version.split()[0], pid=os.getpid())
        number = 0
        while True:
            command = self.todo.get()
            number += 1
            try:
                if command["do"] == "noise":
                    self.say("noise", wake_ns=noise.wake_ups(command["count"]))
                else:
                    self._trial(number, command)
            except (RecordingError, RuntimeError) as error:
                self.say("error", message=str(error), unavailable=isinstance(error, UnavailableError))

    def _trial(self, number: int, command: wire.Message) -> None:
        self.inbox = queue.SimpleQueue()  # a stop that came too late was for the trial before
        path = self.directory / f"recording-{number}.bin"
        work = self.directory / f"work-{number}"
        spec = Spec(*command["spec"])
        facts = trial.run(
            spec,
            command["request_at_s"],
            work,
            path,
            self.inbox,
            lambda: self.say("started", recording=str(path), directory=str(work)),
        )
        self.say("ended", **facts)


if __name__ == "__main__":
    home = Path(sys.argv[1])
    home.mkdir()
    Server(home).serve()
