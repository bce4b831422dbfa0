"""The other side of `http_server`: start it, read from it, download a file from it."""

from __future__ import annotations

import base64
import functools
import hashlib
import selectors
import subprocess
import sys
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from email.message import Message
    from http.client import HTTPConnection, HTTPResponse

ROOT = Path(__file__).resolve().parents[2]
CHUNK = 1 << 18  # bytes taken at once, at most: larger ones are faster, and cancelled later


class LocalServer:
    """An `http_server` in a process of its own. `url` is its address, without a last slash."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulation.lab.http_server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().decode().strip()
        if not port:
            self.close()
            raise RuntimeError("The web server of the lab did not start.")
        self.url = f"http://127.0.0.1:{port}"

    def __enter__(self) -> LocalServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server; return when it is gone. May be called twice."""
        self._process.communicate()


@functools.cache
def local_server() -> LocalServer:
    """The one server of this process. It ends with this process, by the end of its input."""
    import http.client  # noqa: F401  now, so that no worker's first step pays for it

    return LocalServer()


class Reading:
    """One GET whose answer is read as it comes. Raises OSError for every trouble on the way.

    `connection` is the socket, for whoever wants to shut it down from another thread.
    """

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        from http.client import HTTPConnection, HTTPException

        self._trouble: type[Exception] = HTTPException
        address = urlsplit(url)
        self._http: HTTPConnection = HTTPConnection(address.netloc)
        self._http.connect()
        self.connection: socket = self._http.sock
        self._answer: HTTPResponse | None = None
        self._http.request("GET", f"{address.path}?{address.query}", headers=headers or {})

    def read(self, timeout: float | None = None) -> bytes | None:
        """What has come, at most CHUNK bytes; b"" at the end, None if nothing came in time."""
        try:
            if timeout is not None and not self._comes_within(timeout):
                return None
            return self.answer().read1(CHUNK)
        except self._trouble as error:
            raise ConnectionError(f"the connection ended too early: {error!r}") from error

    def answer(self) -> HTTPResponse:
        """The answer with its headers; waits for them the first time."""
        if self._answer is None:
            self._answer = self._http.getresponse()
            if self._answer.status >= 400:
                raise OSError(f"the server answered {self._answer.status} {self._answer.reason}")
        return self._answer

    def headers(self) -> Message:
        """Those of the answer, once something of it was read."""
        return self.answer().headers

    def _comes_within(self, timeout_s: float) -> bool:
        """Whether there is something to read.

        Not by the socket's own time-out: after one, its file refuses to be read ("cannot read from
        timed out object", https://github.com/python/cpython/blob/3.11/Lib/socket.py#L700).
        """
        if self._answer is None:
            return self._readable(timeout_s) and bool(self.answer()) and self._comes_within(timeout_s)
        return self._buffered(self._answer) or self._readable(timeout_s)

    def _readable(self, timeout_s: float) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            return bool(selector.select(timeout_s))

    def _buffered(self, response: Any) -> bool:
        if response.length == 0:  # all has come, and the server keeps the connection: nothing will
            return True
        rest = len(b"\r\n") if response.chunk_left == 0 else 0  # behind a chunk: read with the next one
        self.connection.setblocking(False)
        try:
            return response.fp is None or len(response.fp.peek(1)) > rest
        finally:
            self.connection.setblocking(True)

    def close(self) -> None:
        if self._answer is not None:
            self._answer.close()
        self._http.close()
        self.connection.close()


class Download:
    """A file on its way from `url` to `path`, chunk by chunk, through `path` + ".part".

    What an earlier, unfinished download has left in the `.part` is not fetched again (HTTP Range).
    When all has come, the checksum is verified and the file gets its name, in one atomic step.
    """

    def __init__(self, url: str, path: Path) -> None:
        self.path, self.partial = path, path.with_name(path.name + ".part")
        self._checksum = hashlib.sha256()
        self.done = self.resumed_at = self._known()
        self._file = self.partial.open("ab")
        if self._file.tell() > self.done:  # not always: ext4 flushes a truncated file when it is closed
            self._file.truncate(self.done)
        try:
            self.reading = Reading(url, {"Range": f"bytes={self.done}-"} if self.done else None)
        except BaseException:
            self._file.close()
            raise

    def _known(self) -> int:
        """How much is there already; it goes into the checksum.

        The last byte is fetched again: to ask for what is behind the end of a file is an error, and
        a download may have been left after its last byte.
        """
        data = self.partial.read_bytes()[:-1] if self.partial.exists() else b""
        self._checksum.update(data)
        return len(data)

    def write(self, chunk: bytes) -> None:
        """Put a chunk on the disk."""
        self._file.write(chunk)
        self._checksum.update(chunk)
        self.done += len(chunk)

    def finish(self) -> None:
        """All has come: check that, and give the file its name."""
        headers = self.reading.headers()
        size = self.resumed_at + int(headers["Content-Length"])
        if self.done < size:
            raise ConnectionError(f"the connection ended after {self.done} of {size} bytes")
        self.close()
        found = f"sha-256=:{base64.b64encode(self._checksum.digest()).decode()}:"
        if found != headers["Repr-Digest"]:
            self.partial.unlink()  # there is nothing in it worth resuming
            raise OSError(f"the checksum is {found}, not {headers['Repr-Digest']}")
        self.partial.replace(self.path)

    def close(self) -> None:
        """Leave; the `.part` stays, to be resumed or to be removed."""
        self.reading.close()
        self._file.close()
