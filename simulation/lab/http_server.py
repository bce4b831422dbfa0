"""A real web server with real troubles: ``python -m simulation.lab.http_server``.

It says its port on standard output and ends when its standard input ends: whoever started it holds
the other end of that pipe, so it cannot outlive them, not even ``kill -9``. Loopback only.

``GET /file?size=…&rate=…&stall_after=…&reset_after=…``
    A file of `size` bytes at `rate` bytes a second (0: as fast as it goes). After `stall_after`
    bytes of the file the server says no more and keeps the connection open; after `reset_after`
    bytes it resets the connection. The header Repr-Digest (RFC 9530) has the checksum of the whole
    file; Range (RFC 9110, one range "bytes=FIRST-" or "bytes=FIRST-LAST") is understood.

``GET /stream?tokens=…&first=…&every=…&skip=…&stall_after=…&reset_after=…``
    So many words, one chunk a word, as a language model streams its answer: the first after
    `first` seconds, the others `every` so many. The first `skip` words are left out: the client has
    them. The two troubles count words of the whole answer.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

HOST = "127.0.0.1"
PATTERN = hashlib.shake_256(b"thread-interruption lab").digest(65_521)  # prime: no offset looks like another
PIECE = 1 << 16  # bytes sent at once, at most
PIECES_PER_S = 50  # where the rate is limited: how smooth it flows
WORDS = ("the", "thread", "was", "asked", "to", "stop", "and", "it", "did", "so", "in", "time")
NEVER = float("inf")


def content(first: int, last: int) -> bytes:
    """The bytes of any file from `first` up to, but not including, `last`."""
    begin = first % len(PATTERN)
    times = -(-(begin + last - first) // len(PATTERN))
    return (PATTERN * times)[begin : begin + last - first]


def pieces(first: int, last: int, size: int = PIECE) -> Iterator[bytes]:
    """The same in pieces."""
    for begin in range(first, last, size):
        yield content(begin, min(begin + size, last))


@functools.lru_cache(maxsize=64)
def digest(size: int) -> str:
    """The header value that lets a client check a file of `size` bytes."""
    checksum = hashlib.sha256()
    for piece in pieces(0, size):
        checksum.update(piece)
    return f"sha-256=:{base64.b64encode(checksum.digest()).decode()}:"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "thread-interruption-lab"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        answers: dict[str, Callable[..., None]] = {"/file": self.file, "/stream": self.stream}
        answer = answers.get(address.path)
        if answer is None:
            return self.send_error(HTTPStatus.NOT_FOUND)
        try:
            numbers = {name: float(value) for name, value in parse_qsl(address.query)}
            answer(**numbers)
        except (TypeError, ValueError) as error:
            self.send_error(HTTPStatus.BAD_REQUEST, str(error))
        except ConnectionError:  # the client has left: that is what clients do here
            self.close_connection = True

    def file(self, size: float, rate: float = 0, stall_after: float = NEVER, reset_after: float = NEVER) -> None:
        first, last = self.asked_range(int(size))
        if first >= last > 0:
            return self.not_satisfiable(int(size))
        partly = "Range" in self.headers
        self.send_response(HTTPStatus.PARTIAL_CONTENT if partly else HTTPStatus.OK)
        self.send_header("Content-Length", str(last - first))
        if partly:
            self.send_header("Content-Range", f"bytes {first}-{last - 1}/{int(size)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Repr-Digest", digest(int(size)))
        self.end_headers()
        end = int(max(first, min(last, stall_after, reset_after)))
        self.send(first, end, rate)
        if end < last:
            self.leave_unfinished(rudely=end == reset_after)
        return None

    def asked_range(self, size: int) -> tuple[int, int]:
        """The bytes that the client wants: the first, and the one behind the last."""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", "bytes=0-"))
        if match is None:
            raise ValueError("only one range is understood, bytes=FIRST- or bytes=FIRST-LAST")
        return int(match[1]), min(size, int(match[2]) + 1) if match[2] else size

    def not_satisfiable(self, size: int) -> None:
        self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        self.send_header("Content-Range", f"bytes */{size}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send(self, first: int, last: int, rate: float) -> None:
        """Send bytes of the file; keep to the rate by the clock, so that no pause adds up."""
        piece = min(PIECE, max(1, int(rate / PIECES_PER_S))) if rate else PIECE
        begun, sent = time.monotonic(), 0
        for data in pieces(first, last, piece):
            self.wfile.write(data)
            sent += len(data)
            if rate and (early_s := begun + sent / rate - time.monotonic()) > 0:
                time.sleep(early_s)

    def leave_unfinished(self, *, rudely: bool) -> None:
        """Say nothing more and keep the connection until the client ends it, or hang up on it."""
        self.close_connection = True
        if rudely:
            linger = struct.pack("ii", 1, 0)  # on, for 0 s: RST instead of FIN, the client gets ECONNRESET
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        else:
            select.select([self.connection], [], [])

    def stream(
        self,
        tokens: float,
        first: float = 0,
        every: float = 0,
        skip: float = 0,
        stall_after: float = NEVER,
        reset_after: float = NEVER,
    ) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        end = int(max(skip, min(tokens, stall_after, reset_after)))
        for number in range(int(skip), end):
            time.sleep(every if number > skip else first)
            token = (WORDS[number % len(WORDS)] + " ").encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(token), token))
        if end < tokens:
            self.leave_unfinished(rudely=end == reset_after)
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Nobody reads a log of this."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024  # as many workers may come at once

    def handle_error(self, request: object, client_address: object) -> None:
        """Nobody reads a log of this either: clients come here to break off."""

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        """Without the usual `shutdown`, which would say FIN before a reset can say RST."""
        self.close_request(request)


def main() -> None:
    server = Server((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.buffer.read()  # until its end
    os._exit(0)


if __name__ == "__main__":
    main()
