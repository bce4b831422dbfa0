"""A whole download, as a program without a lab would make it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulation.lab.http_client import Download


def download(url: str, path: Path) -> Iterator[int]:
    """Download `url` to `path`, resuming what is there; yield the bytes on the disk after each chunk."""
    coming = Download(url, path)
    try:
        while chunk := coming.reading.read():
            coming.write(chunk)
            yield coming.done
        coming.finish()
    finally:
        coming.close()
