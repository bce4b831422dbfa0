"""The web server of the lab and what reads from it: ranges, stalls, resets, checksums, its end."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.lab import http_server
from simulation.lab.http_client import ROOT, Download, LocalServer, Reading
from tests.downloading import download

SIZE = 300_000
LIMIT_S = 30.0  # only turns a hang into a failure


@pytest.fixture
def server() -> Iterator[LocalServer]:
    with LocalServer() as server:
        yield server


def get(url: str, headers: dict[str, str] | None = None) -> tuple[http.client.HTTPResponse, bytes]:
    address, _, target = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(address)
    try:
        connection.request("GET", f"/{target}", headers=headers or {})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def whole(size: int = SIZE) -> bytes:
    return http_server.content(0, size)


def everything(reading: Reading) -> bytes:
    received = b""
    while chunk := reading.read():
        received += chunk
    return received


@pytest.mark.parametrize("size", [0, 1, 65_520, 65_521, 65_522, SIZE])
def test_file(server: LocalServer, size: int) -> None:
    response, body = get(f"{server.url}/file?size={size}")
    assert response.status == 200
    assert body == whole(size)
    assert response.headers["Repr-Digest"] == http_server.digest(size)


def test_content_is_the_same_however_it_is_cut() -> None:
    assert b"".join(http_server.pieces(7, SIZE, 1000)) == whole()[7:]
    assert len(set(http_server.pieces(0, SIZE, 4096))) == -(-SIZE // 4096)  # nowhere the same


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=1000-", 1000, SIZE),
        ("bytes=10-19", 10, 20),
        ("bytes=10-9999999", 10, SIZE),
    ],
)
def test_range(server: LocalServer, asked: str, first: int, last: int) -> None:
    response, body = get(f"{server.url}/file?size={SIZE}", {"Range": asked})
    assert response.status == 206
    assert response.headers["Content-Range"] == f"bytes {first}-{last - 1}/{SIZE}"
    assert body == whole()[first:last]


def test_range_behind_the_end(server: LocalServer) -> None:
    response, _ = get(f"{server.url}/file?size={SIZE}", {"Range": f"bytes={SIZE}-"})
    assert (response.status, response.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/", 404),
        ("/file", 400),
        ("/file?size=much", 400),
        ("/file?size=1&colour=2", 400),
        ("/stream?tokens=x", 400),
    ],
)
def test_nonsense(server: LocalServer, target: str, status: int) -> None:
    assert get(server.url + target)[0].status == status


def test_stall(server: LocalServer) -> None:
    """All bytes up to the stall come, then nothing, on an open connection."""
    reading = Reading(f"{server.url}/file?size={SIZE}&stall_after=100000")
    received = b""
    while len(received) < 100_000:
        received += reading.read() or b""
    assert received == whole()[:100_000]
    assert reading.read(timeout=0.05) is None
    reading.close()


def test_reset(server: LocalServer) -> None:
    reading = Reading(f"{server.url}/file?size={SIZE}&reset_after=100000")
    with pytest.raises(ConnectionResetError):
        everything(reading)
    reading.close()


def test_stream(server: LocalServer) -> None:
    reading = Reading(f"{server.url}/stream?tokens=20&first=0.01&every=0.001")
    assert everything(reading).decode().split() == [*http_server.WORDS, *http_server.WORDS[:8]]
    reading.close()


def test_stream_goes_on_where_the_client_says(server: LocalServer) -> None:
    reading = Reading(f"{server.url}/stream?tokens=20&first=0&skip=18")
    assert everything(reading).decode().split() == [*http_server.WORDS, *http_server.WORDS][18:20]
    reading.close()


def test_stream_that_stalls(server: LocalServer) -> None:
    reading = Reading(f"{server.url}/stream?tokens=20&first=0&stall_after=3")
    received = b""
    while len(received.split()) < 3:
        received += reading.read() or b""
    assert received == b"the thread was "
    assert reading.read(timeout=0.05) is None
    reading.close()


def test_stream_that_is_reset(server: LocalServer) -> None:
    reading = Reading(f"{server.url}/stream?tokens=20&first=0&every=0.01&reset_after=3")
    with pytest.raises(ConnectionError):
        everything(reading)
    reading.close()


def test_waiting_for_the_first_token_can_be_cut_in_slices(server: LocalServer) -> None:
    """And after a time-out the connection is still good."""
    reading = Reading(f"{server.url}/stream?tokens=3&first=0.2")
    tokens = [reading.read(timeout=0.01)]
    while tokens[-1] != b"":
        tokens.append(reading.read(timeout=0.01))
    assert tokens[0] is None
    assert b"".join(filter(None, tokens)) == b"the thread was "
    reading.close()


def test_download(server: LocalServer, tmp_path: Path) -> None:
    path = tmp_path / "file"
    *_, last = download(f"{server.url}/file?size={SIZE}", path)
    assert last == SIZE
    assert path.read_bytes() == whole()
    assert list(tmp_path.glob("file*")) == [path]


def test_resume_after_a_reset(server: LocalServer, tmp_path: Path) -> None:
    """What is on the disk is not fetched again."""
    path = tmp_path / "file"
    with pytest.raises(ConnectionError):
        list(download(f"{server.url}/file?size={SIZE}&rate=5000000&reset_after=200000", path))
    kept = path.with_name("file.part").stat().st_size
    assert 0 < kept <= 200_000
    first, *_ = download(f"{server.url}/file?size={SIZE}", path)
    assert first > kept
    assert path.read_bytes() == whole()


def test_resume_after_leaving_in_the_middle(server: LocalServer, tmp_path: Path) -> None:
    path = tmp_path / "file"
    coming = download(f"{server.url}/file?size={SIZE}&stall_after=100000", path)
    while next(coming) < 100_000:
        pass
    coming.close()
    assert path.with_name("file.part").read_bytes() == whole()[:100_000]
    assert [*download(f"{server.url}/file?size={SIZE}", path)][-1] == SIZE
    assert path.read_bytes() == whole()


def test_wrong_checksum(server: LocalServer, tmp_path: Path) -> None:
    """What was kept is of another file: nothing gets the name, and nothing wrong is resumed again."""
    (tmp_path / "file.part").write_bytes(b"something else")
    with pytest.raises(OSError, match="checksum"):
        list(download(f"{server.url}/file?size={SIZE}", tmp_path / "file"))
    assert list(tmp_path.glob("file*")) == []


def test_left_after_the_last_byte(server: LocalServer, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(whole())
    assert [*download(f"{server.url}/file?size={SIZE}", tmp_path / "file")] == [SIZE]
    assert (tmp_path / "file").read_bytes() == whole()


def test_no_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        Download(f"http://127.0.0.1:{port}/file?size=1", tmp_path / "file")


PARENT = "import sys, time; from simulation.lab.http_client import LocalServer; " + (
    "print(LocalServer().url, flush=True); time.sleep(600)"
)


def test_dies_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    assert get(f"{url}/file?size=1")[0].status == 200
    parent.kill()
    parent.communicate()
    end = time.monotonic() + LIMIT_S
    while answers(url):
        assert time.monotonic() < end


def answers(url: str) -> bool:
    try:
        return bool(get(f"{url}/file?size=1"))
    except (OSError, http.client.HTTPException):
        return False


def test_close_twice() -> None:
    server = LocalServer()
    server.close()
    server.close()
    assert not answers(server.url)


def test_digest_is_that_of_the_content() -> None:
    checksum = base64.b64encode(hashlib.sha256(whole()).digest()).decode()
    assert http_server.digest(SIZE) == f"sha-256=:{checksum}:"
