"""What is no recording is said to be none."""

from __future__ import annotations

import pytest

from simulation.lab.recording import RecordingError
from simulation.playback import Playback
from tests.making import recording


@pytest.mark.parametrize("content", [b"", b"no recording", b"x" * 64, bytes(100_000)])
def test_other_files_are_refused(content: bytes) -> None:
    with pytest.raises(RecordingError, match=r"^This is not a recording of the lab; .*\.$"):
        Playback(content)


def test_half_a_recording_is_refused() -> None:
    whole = recording((), ())
    with pytest.raises(RecordingError):
        Playback(whole[:100]).lane(1)
