"""One JSON object a line, however the bytes arrive."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Iterator

import pytest

from simulation.lab import wire
from simulation.lab.wire import Message, WireError


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("message", [{}, {"do": "stop"}, {"say": "ended", "text": "a\nb · 5 µs", "n": None}])
def test_round_trip(message: Message) -> None:
    line = wire.encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert wire.decode(line) == message


@pytest.mark.parametrize("line", [b"", b"hello", b'{"do": ', b"[1]", b"3", b"null", b'"stop"', b"\xff\xfe"])
def test_garbage_is_no_message(line: bytes) -> None:
    with pytest.raises(WireError, match=r"^Not a message: .*\.$"):
        wire.decode(line)


def test_long_garbage_is_told_briefly() -> None:
    with pytest.raises(WireError) as caught:
        wire.decode(b"x" * 1_000_000)
    assert len(str(caught.value)) < 120


def test_line_split_over_reads(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    lines = wire.lines(reader)
    os.write(writer, b'{"do": 1}\n{"d')
    assert next(lines) == b'{"do": 1}'
    os.write(writer, b'o": 2}\n{"do": 3}\n')
    assert [next(lines), next(lines)] == [b'{"do": 2}', b'{"do": 3}']


def test_end_of_input_ends_the_lines() -> None:
    """What the other side did not finish saying before it died is no message."""
    reader, writer = os.pipe()
    os.write(writer, b'{"do": 1}\n{"do": 2')
    os.close(writer)
    assert list(wire.lines(reader)) == [b'{"do": 1}']
    os.close(reader)


def test_message_longer_than_a_pipe(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    message = {"say": "x" * 1_000_000}
    thread = threading.Thread(target=wire.send, args=(writer, message))
    thread.start()
    assert wire.decode(next(wire.lines(reader))) == message
    thread.join()


class TouchyQueue:
    """A queue as CPython's SimpleQueue was before 3.13, at its worst: whoever waits without having
    looked since the last `put` waits for ever."""

    def __init__(self, *items: int) -> None:
        self.items, self.looked = list(items), False

    def get_nowait(self) -> int:
        if not self.items:
            self.looked = True
            raise queue.Empty
        return self.items.pop(0)

    def get(self, timeout: float | None) -> int:
        assert self.looked, "this would wait for ever"
        raise queue.Empty


def test_taking_never_waits_without_having_looked() -> None:
    items = TouchyQueue(7)
    assert [wire.take(items, 0.0), wire.take(items, 0.0)] == [7, None]


@pytest.mark.parametrize("timeout_s", [0.0, 1e-7, 1e-6, 1e-3])
def test_taking_from_an_empty_queue_ends(timeout_s: float) -> None:
    items: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(200):
        assert wire.take(items, timeout_s) is None
        items.put(number)
        assert wire.take(items, timeout_s) == number
