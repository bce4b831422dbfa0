"""What people look at in a browser: alive while somebody looks, kept after the end.

A run or a comparison stands here under a key that is also in the address of the page, so that a
reload, a visit to another page or a link sent to a colleague finds it again. Work whose last
visitor has left is ended soon after, and its lab with it; what it measured is kept.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import IO

from simulation.experiment import Experiment, Plan
from simulation.lab.spec import Spec
from simulation.runner import Labs, Result, Run

KEPT = 100  # exhibits
LINGER_S = 5.0  # between the last visitor's leaving and the end of the work: time for a reload


class Visitor:
    """Somebody who looks: the key of what they look at, by kind, and their right to start the next one.

    `keys` may be those of the same person before the connection broke.
    """

    def __init__(self, keys: dict[str, str] | None = None) -> None:
        self._keys = {} if keys is None else keys
        self._started: dict[str, str] = {}
        self.starting = threading.Lock()
        self.left = False

    def look(self, kind: str, address: str) -> str:
        """Look at what the address names, or went to before; return its key, or "".

        What was just started goes first until the address has once named it: the click that started it
        may be overtaken by another one, that comes with the address of before.
        """
        if address and address == self._started.get(kind):
            self._started.pop(kind, None)
        self._keys[kind] = self._started.get(kind) or address or self._keys.get(kind, "")
        return self.key(kind)

    def key(self, kind: str) -> str:
        """What is looked at, or ""."""
        return self._started.get(kind) or self._keys.get(kind, "")

    def started(self, kind: str, key: str) -> None:
        """Look at something new."""
        self._started[kind] = key

    def forget(self, kind: str) -> None:
        """Look at nothing of that kind."""
        self._keys.pop(kind, None)


class Exhibit:
    """Something that works for a while, and then is looked at."""

    def __init__(self) -> None:
        self.visitors: set[Visitor] = set()

    @property
    def over(self) -> bool:
        """Whether the work is done. Never waits."""
        raise NotImplementedError

    def close(self) -> None:
        """End the work if it still goes on, keep what it brought."""
        raise NotImplementedError


class Watched(Exhibit):
    """One run: its lab while it runs, its result afterwards. Raises LabError when it cannot start."""

    def __init__(self, spec: Spec, part: IO[bytes] | None = None) -> None:
        super().__init__()
        self.spec = spec
        self._labs = Labs()
        try:
            self._run: Run = self._labs.start(spec, part)
        except BaseException:
            self._labs.close()
            raise

    def poll(self) -> Result | None:
        """The result once the trial is over; its lab is gone then."""
        result = self._run.poll()
        if result is not None:
            self._labs.close()
        return result

    @property
    def over(self) -> bool:
        return self.poll() is not None

    def snapshot(self) -> bytes:
        """The recording so far."""
        return self._run.snapshot()

    def request_stop(self) -> None:
        self._run.request_stop()

    def close(self) -> None:
        self._labs.close()
        self._run.poll()


class Compared(Exhibit):
    """One experiment, running in a thread of its own."""

    def __init__(self, plan: Plan, first: str = "") -> None:
        super().__init__()
        self._resuming = threading.Lock()  # two clicks are two threads
        self._run(Experiment(plan, Labs()), first)

    def resume(self, first: str = "") -> None:
        """Go on with a cancelled experiment, with one workload first; what was measured is kept."""
        with self._resuming:
            if self.over:
                self._run(Experiment(self.experiment.plan, Labs(), self.experiment.outcomes), first)

    def _run(self, experiment: Experiment, first: str) -> None:
        experiment.first = first
        self.experiment = experiment
        # A daemon, so that it cannot hold up the end of the server; its lab ends with the server.
        self._thread = threading.Thread(target=experiment.run, name="experiment", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def close(self) -> None:
        if not self.over:  # what is over was not cancelled
            self.experiment.cancel()
            self._thread.join()


class Shelf:
    """All exhibits of this server, by key."""

    def __init__(self) -> None:
        self._exhibits: dict[str, Exhibit] = {}
        self._lock = threading.Lock()  # sessions are threads

    def start(
        self, kind: str, begin: Callable[[], Exhibit], visitor: Visitor, instead_of: Exhibit | None = None
    ) -> None:
        """Put what `begin` starts on the shelf, unless the visitor has something of that kind going on,
        or looks at another one than `instead_of` by now."""
        with visitor.starting:
            now = self.shown(kind, visitor)
            if now is None or (now.over and instead_of in (None, now)):
                visitor.started(kind, self.put(begin(), visitor))
                if visitor.left:  # while it was begun
                    self.leave(visitor)

    def shown(self, kind: str, visitor: Visitor) -> Exhibit | None:
        """What the visitor looks at; None if that is nothing, or not here."""
        return self.find(visitor.key(kind), visitor)

    def put(self, exhibit: Exhibit, visitor: Visitor) -> str:
        """Keep what `visitor` has started; return its key. Makes room by removing the oldest."""
        exhibit.visitors.add(visitor)
        key = secrets.token_urlsafe(6)
        with self._lock:
            self._exhibits[key] = exhibit
            over = [key for key, kept in self._exhibits.items() if kept.over]
            for old in over[: max(0, len(self._exhibits) - KEPT)]:
                del self._exhibits[old]
        return key

    def find(self, key: str, visitor: Visitor) -> Exhibit | None:
        """The exhibit of that key, from now on also looked at by `visitor`; None if it is not here."""
        with self._lock:
            exhibit = self._exhibits.get(key)
            if exhibit is not None:
                exhibit.visitors.add(visitor)
        return exhibit

    def leave(self, visitor: Visitor) -> None:
        """`visitor` has gone: soon end the work that nobody looks at any more.

        Soon, not now: a reload is one visitor who leaves and then another who comes.
        """
        visitor.left = True
        with self._lock:
            left = [exhibit for exhibit in self._exhibits.values() if visitor in exhibit.visitors]
            for exhibit in left:
                exhibit.visitors.discard(visitor)
        timer = threading.Timer(LINGER_S, self._end_unwatched, [left])
        timer.daemon = True  # must not hold up the end of the server
        timer.start()

    def _end_unwatched(self, exhibits: list[Exhibit]) -> None:
        for exhibit in exhibits:
            if not exhibit.visitors:
                exhibit.close()

    def close(self) -> None:
        """End everything."""
        with self._lock:
            exhibits, self._exhibits = list(self._exhibits.values()), {}
        for exhibit in exhibits:
            exhibit.close()


SHELF = Shelf()
