"""Runs that people look at in a browser: alive while somebody looks, kept after the end.

A run stands here under a key that is also in the address of the page, so that a reload, a visit
to another page or a link sent to a colleague finds it again. A run whose last visitor has left
is ended soon after, and its lab with it.
"""

from __future__ import annotations

import secrets
import threading

from simulation.lab.spec import Spec
from simulation.runner import Labs, Result, Run

KEPT = 100  # results; about 1 MB each
LINGER_S = 5.0  # between the last visitor's leaving and the end of a run: time for a reload


class Watched:
    """One run that people look at: its lab while it runs, its result afterwards."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.visitors: set[object] = set()
        self._labs = Labs()
        try:
            self._run: Run = self._labs.start(spec)
        except BaseException:
            self._labs.close()
            raise

    def poll(self) -> Result | None:
        """The result once the trial is over; its lab is gone then."""
        result = self._run.poll()
        if result is not None:
            self._labs.close()
        return result

    def snapshot(self) -> bytes:
        """The recording so far."""
        return self._run.snapshot()

    def request_stop(self) -> None:
        self._run.request_stop()

    def close(self) -> None:
        """End the run if it still runs. Its recording up to now is kept as its result."""
        self._labs.close()
        self._run.poll()


class Shelf:
    """All runs of this server, by key."""

    def __init__(self) -> None:
        self._runs: dict[str, Watched] = {}
        self._lock = threading.Lock()  # sessions are threads

    def start(self, spec: Spec, visitor: object) -> str:
        """Start a run for `visitor`; return its key. Raises LabError."""
        watched = Watched(spec)
        watched.visitors.add(visitor)
        key = secrets.token_urlsafe(6)
        with self._lock:
            self._runs[key] = watched
            surplus = [key for key, run in self._runs.items() if not run.visitors or run.poll()]
            for old in surplus[: max(0, len(self._runs) - KEPT)]:
                self._runs.pop(old).close()
        return key

    def find(self, key: str, visitor: object) -> Watched | None:
        """The run of that key, from now on also looked at by `visitor`; None if it is not here."""
        with self._lock:
            watched = self._runs.get(key)
            if watched is not None:
                watched.visitors.add(visitor)
        return watched

    def leave(self, visitor: object) -> None:
        """`visitor` has gone: soon end the runs that nobody looks at any more.

        Soon, not now: a reload is one visitor who leaves and then another who comes.
        """
        with self._lock:
            runs = [run for run in self._runs.values() if visitor in run.visitors]
            for run in runs:
                run.visitors.discard(visitor)
        timer = threading.Timer(LINGER_S, self._end_unwatched, [runs])
        timer.daemon = True  # must not hold up the end of the server
        timer.start()

    def _end_unwatched(self, runs: list[Watched]) -> None:
        for run in runs:
            if not run.visitors:
                run.close()

    def close(self) -> None:
        """End everything."""
        with self._lock:
            runs, self._runs = list(self._runs.values()), {}
        for run in runs:
            run.close()


SHELF = Shelf()
