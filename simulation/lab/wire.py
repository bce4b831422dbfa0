"""Commands to the lab and its answers: one JSON object a line, UTF-8; and how either side waits for one.

Commands have a key ``do`` ("trial", "stop", "noise"), answers a key ``say`` ("ready", "started",
"ended", "noise", "error").
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
from collections.abc import Iterator
from typing import Any, TypeVar

Message = dict[str, Any]
T = TypeVar("T")


class WireError(Exception):
    """Raised when a line is not a message; the other side is not what it should be."""


def encode(message: Message) -> bytes:
    """A message as the bytes of one line."""
    return json.dumps(message).encode() + b"\n"


def decode(line: bytes) -> Message:
    """The message in a line; WireError when there is none."""
    try:
        message = json.loads(line)
    except ValueError as error:
        raise WireError(f"Not a message: {line[:80]!r}.") from error
    if not isinstance(message, dict):
        raise WireError(f"Not a message: {line[:80]!r}.")
    return message


def lines(descriptor: int) -> Iterator[bytes]:
    """The lines that come through a descriptor, until its end.

    `os.read` and not a buffered file: a daemon thread blocked in one holds its lock, and the
    interpreter aborts when it meets that lock at shutdown (https://bugs.python.org/issue26037).
    """
    rest = b""
    while chunk := os.read(descriptor, 1 << 16):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole


def send(descriptor: int, message: Message) -> None:
    """Write a message; a line shorter than a pipe's buffer goes out whole."""
    data = encode(message)
    while data:
        data = data[os.write(descriptor, data) :]


def take(items: queue.SimpleQueue[T], timeout_s: float | None) -> T | None:
    """The next item, or None if there was none within `timeout_s` (None: wait however long it takes).

    It looks before it waits. `SimpleQueue.get` with a time-out may find its inner lock open and yet no
    item; before Python 3.13 it then reckons how long to wait, and once the time is up, and the
    reckoning below zero, it waits for ever. A look closes that lock.
    https://github.com/python/cpython/blob/3.11/Modules/_queuemodule.c
    """
    with contextlib.suppress(queue.Empty):
        return items.get_nowait()
    with contextlib.suppress(queue.Empty):
        return items.get(timeout=timeout_s)
    return None
