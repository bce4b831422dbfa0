"""A download that is cancelled: what still comes, what goes, and what is kept to be resumed."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simulation.autopsy import Findings, examine
from simulation.lab import http_client
from simulation.lab.contract import Options, Outcome, State
from simulation.lab.http_server import WORDS, content
from simulation.lab.spec import Spec, SpecError, checked
from simulation.playback import Playback
from simulation.runner import Labs, Result, Run
from simulation.shelf import Shelf, Visitor
from simulation.transfer import Fetch, amount, facts, speed, why
from tests.downloading import download
from tests.waiting import LIMIT_S, children, until

SIZE = 2_000_000
PART = 600_000
PATIENCE_S = 0.2  # for what never stops


@pytest.fixture
def labs() -> Iterator[Labs]:
    with Labs() as labs:
        yield labs


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    yield shelf
    shelf.close()
    assert children() == set()


def spec(strategy: str, patience_s: float = LIMIT_S, workload: str = "download", **options: Any) -> Spec:
    usual = {"size": SIZE, "rate": 0, "once": True}
    return checked(
        strategy=strategy,
        workload=workload,
        request_after_s=None,
        patience_s=patience_s,
        options={**usual, **options},
    )


def brought(run: Run, size: int) -> None:
    """Wait until so many bytes have come."""
    until(lambda: Playback(run.snapshot()).amount >= size)


def cancelled(run: Run, size: int) -> tuple[Result, Findings]:
    """The end of a run that was asked to stop when it had brought so many bytes."""
    brought(run, size)
    run.request_stop()
    result = run.result()
    return result, examine(result)


def broken(findings: Findings) -> dict[str, str]:
    return {name: check.evidence for name, check in findings.checks.items() if check.status == "failed"}


@pytest.mark.parametrize("strategy", ["flag", "event-wait", "timeout", "close"])
def test_cancelled_download_leaves_no_part(labs: Labs, strategy: str) -> None:
    result, findings = cancelled(labs.start(spec(strategy, rate=1_000_000)), 1)
    playback = Playback(result.recording)
    assert (findings.outcome, broken(findings)) == (Outcome.STOPPED, {})
    assert result.left == []
    assert result.kept is None
    assert playback.requested < playback.disconnected <= playback.removed
    assert 0 < playback.asked_amount <= playback.amount < SIZE


@pytest.mark.parametrize("strategy", ["flag", "close", "timeout"])
def test_bytes_after_the_request_are_counted(labs: Labs, strategy: str) -> None:
    """At most the chunk that is on its way: who looks between two chunks takes one more."""
    result, _ = cancelled(labs.start(spec(strategy, rate=5_000_000)), 1)
    playback = Playback(result.recording)
    assert 0 <= playback.amount - playback.asked_amount <= http_client.CHUNK


def test_close_alone_lets_the_rest_come(labs: Labs) -> None:
    """`http.client` reads through a file of its own, which keeps the connection open."""
    result, findings = cancelled(labs.start(spec("close-only", rate=4_000_000)), 1)
    playback = Playback(result.recording)
    assert findings.outcome is Outcome.FINISHED
    assert playback.amount == SIZE
    assert playback.amount - playback.asked_amount > 0


@pytest.mark.parametrize(
    ("strategy", "outcome"),
    [
        ("flag", Outcome.STILL_RUNNING),  # nobody looks while no chunk comes
        ("event-wait", Outcome.STILL_RUNNING),
        ("async-exception", Outcome.STILL_RUNNING),
        ("close-only", Outcome.STILL_RUNNING),
        ("timeout", Outcome.STOPPED),
        ("close", Outcome.STOPPED),
        ("daemon", Outcome.ENDED_WITH_PROCESS),
        ("terminate", Outcome.STOPPED),
    ],
)
def test_stalled_server(labs: Labs, strategy: str, outcome: Outcome) -> None:
    patience_s = PATIENCE_S if outcome is Outcome.STILL_RUNNING else LIMIT_S
    result, findings = cancelled(labs.start(spec(strategy, patience_s, stall_after=PART)), PART)
    playback = Playback(result.recording)
    assert findings.outcome is outcome
    assert (playback.asked_amount, playback.amount) == (PART, PART)
    if outcome is Outcome.STILL_RUNNING:
        assert (playback.disconnected, playback.removed) == (0, 0)


@pytest.mark.parametrize("strategy", ["flag", "close", "timeout"])
def test_reset_wakes_the_worker_whatever_the_method(labs: Labs, strategy: str) -> None:
    """A broken connection is an error of the read, which no method here has asked for."""
    result = labs.start(spec(strategy, rate=4_000_000, reset_after=PART, keep_part=True)).result()
    findings = examine(result)
    assert (findings.outcome, findings.requested_ns) == (Outcome.DIED, None)
    assert "Connection" in findings.workers[0].error
    assert "the connection broke" in why(result, whole=False)
    assert result.kept is not None  # a reset throws away what the reader has not taken yet
    assert 0 < result.kept <= PART


@pytest.mark.parametrize("strategy", ["close", "terminate", "flag"])
def test_kept_part_is_resumed_and_the_file_is_right(labs: Labs, strategy: str) -> None:
    patience_s = PATIENCE_S if strategy == "flag" else LIMIT_S
    asked = spec(strategy, patience_s, stall_after=PART, keep_part=True)
    run = labs.start(asked)
    result, findings = cancelled(run, PART)
    assert result.left == []
    assert run.part is not None
    with run.part:
        run.part.seek(0)
        got = run.part.read()
        assert result.kept == len(got) > 0
        assert got == content(0, len(got))
        if findings.outcome is Outcome.STOPPED:
            check = findings.checks["nothing_left"]
            assert check.status == "ok"
            assert check.evidence.startswith(f"The partial file ({len(got):,} bytes) was kept on purpose")
        well = asked._replace(options=asked.options._replace(stall_after=None))
        resumed = labs.start(well, run.part)
    rest = examine(resumed.result())
    assert (rest.outcome, broken(rest)) == (Outcome.FINISHED, {})  # which says that the checksum was right
    assert Playback(resumed.result().recording).amount == SIZE - len(got) + 1  # the last byte comes again


def test_resumed_file_has_the_right_checksum(tmp_path: Path) -> None:
    with http_client.LocalServer() as server:
        address = f"{server.url}/file?size={SIZE}"
        with pytest.raises(ConnectionError):
            list(download(f"{address}&rate=40000000&reset_after={PART}", tmp_path / "it"))
        list(download(address, tmp_path / "it"))
    found = hashlib.sha256((tmp_path / "it").read_bytes()).digest()
    assert found == hashlib.sha256(content(0, SIZE)).digest()
    assert not (tmp_path / "it.part").exists()


@pytest.mark.parametrize("strategy", ["flag", "timeout", "event-wait", "future-cancel"])
@pytest.mark.parametrize("workload", ["download", "stream"])
def test_once_ends_by_itself(labs: Labs, strategy: str, workload: str) -> None:
    """Also with a timeout on each read: the server keeps the connection, so nothing marks the end."""
    result = labs.start(spec(strategy, workload=workload, tokens=3, first_s=0)).result()
    findings = examine(result)
    assert (findings.outcome, broken(findings)) == (Outcome.FINISHED, {})
    assert findings.requested_ns is None


def test_200_downloads_cancelled_at_random_moments() -> None:
    """Nothing is left: no thread, no socket, no file, no process. What each left, the autopsy says."""
    chance = random.Random(200)
    before = {thread.name for thread in threading.enumerate()}
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  Linux
    whole = 0
    with Labs() as labs:
        for seed in range(200):
            strategy = chance.choice(["flag", "event-wait", "timeout", "close"])
            asked = checked(
                strategy=strategy,
                workload="download",
                interval_s=0.0001,
                request_after_s=chance.uniform(0, 0.03),
                patience_s=LIMIT_S,
                seed=seed,
                options={"size": 500_000, "rate": 20_000_000},
            )
            result = labs.start(asked).result()
            findings = examine(result)
            assert (findings.outcome, broken(findings)) == (Outcome.STOPPED, {}), (strategy, findings.workers)
            assert result.facts["reusable"] is True
            playback = Playback(result.recording)
            whole += playback.amount >= 500_000
            assert playback.removed
    assert 0 < whole < 200  # the moments were before, in and after the first file
    assert children() == set()
    assert {thread.name for thread in threading.enumerate()} == before
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"size": 0}, "size must be between 1 bytes and 200000000 bytes, not 0 bytes."),
        ({"size": 1.5}, "size must be a whole number, not 1.5."),
        ({"rate": -1}, "rate must be between 0 bytes a second and 1000000000 bytes a second, not -1 bytes a second."),
        ({"stall_after": -1}, "stall-after must be between 0 bytes and 20000000 bytes, not -1 bytes."),
        ({"size": 5, "reset_after": 6}, "reset-after must be between 0 bytes and 5 bytes, not 6 bytes."),
        ({"tokens": 0}, "tokens must be between 1 and 10000, not 0."),
        ({"first_s": 61}, "first must be between 0 s and 60 s, not 61 s."),
        ({"stall_after": 1, "reset_after": 2}, "A server cannot both stall and reset; choose one of stall-after "),
        ({"speed": 1}, "There is no option 'speed'; choose one of: size, rate, stall_after, "),
    ],
)
def test_bad_options(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        checked(strategy="flag", workload="download", options=options)
    assert str(caught.value).startswith(sentence)


def test_troubles_of_a_chat_answer_count_tokens() -> None:
    assert spec("flag", workload="stream", tokens=5, stall_after=5).options.stall_after == 5
    with pytest.raises(SpecError, match=r"^stall-after must be between 0 tokens and 5 tokens, not 6 tokens\.$"):
        spec("flag", workload="stream", tokens=5, stall_after=6)


def test_options_may_be_given_whole() -> None:
    assert checked(strategy="flag", options=Options(size=7)).options == Options(size=7)


def told(fetch: Fetch) -> dict[str, str]:
    result = fetch.poll()
    assert result is not None
    return {fact.name: fact.value for fact in facts(result, fetch.whole)}


def test_fetch_cancelled_and_resumed(shelf: Shelf) -> None:
    first = Fetch(spec("close", keep_part=True, stall_after=PART))
    shelf.put(first, Visitor())
    until(lambda: first.now().amount == PART)
    assert (first.kept, first.whole) == (None, False)
    first.request_stop()
    until(lambda: first.over)
    assert first.kept == PART
    assert told(first) == {
        "Bytes after the request": "0 bytes",
        "Thread gone after": told(first)["Thread gone after"],
        "Socket gone after": told(first)["Socket gone after"],
        "Partial file": "600 kB kept",
    }
    assert "never" not in told(first).values()
    following = first.resume()
    shelf.put(following, Visitor())
    assert first.kept is None  # it has gone with the other
    until(lambda: following.over)
    assert following.whole
    assert following.now()[:2] == (SIZE, SIZE)
    assert told(following) == {"Bytes in this run": "1.4 MB", "File": "whole"}


def test_fetch_that_never_stops_says_so(shelf: Shelf) -> None:
    fetch = Fetch(spec("flag", PATIENCE_S, stall_after=PART))
    shelf.put(fetch, Visitor())
    until(lambda: fetch.now().amount == PART)
    fetch.request_stop()
    until(lambda: fetch.over)
    never = ("Thread gone after", "Socket gone after", "Partial file gone after")
    assert told(fetch) == {"Bytes after the request": "0 bytes", **dict.fromkeys(never, "never")}
    result = fetch.poll()
    assert result is not None
    assert "**Here** not one byte came, so the worker never came round to look: 0.2 s" in why(result, fetch.whole)


def test_two_who_resume_at_once_do_not_share_the_part(shelf: Shelf) -> None:
    """The file goes with who comes first; the other is told."""
    fetch = Fetch(spec("close", keep_part=True, stall_after=PART))
    shelf.put(fetch, Visitor())
    until(lambda: fetch.now().amount == PART)
    fetch.request_stop()
    until(lambda: fetch.over)
    with ThreadPoolExecutor(2) as pool:
        clicks = [pool.submit(fetch.resume) for _ in range(2)]
    [refused] = [click.exception() for click in clicks if click.exception()]
    assert "start anew" in str(refused)
    [following] = [click.result() for click in clicks if not click.exception()]
    shelf.put(following, Visitor())
    until(lambda: following.over)
    assert following.whole


def test_text_of_an_answer_that_nobody_looks_at_any_more_stays(shelf: Shelf) -> None:
    fetch = Fetch(spec("close", workload="stream", tokens=20, first_s=0, stall_after=5))
    shelf.put(fetch, Visitor())
    until(lambda: fetch.now().amount == 5)
    fetch.close()
    assert (fetch.text().split(), fetch.kept) == (words(5), 5)


def test_closed_fetch_keeps_no_part(shelf: Shelf) -> None:
    fetch = Fetch(spec("close", keep_part=True, stall_after=PART))
    shelf.put(fetch, Visitor())
    until(lambda: fetch.now().amount == PART)
    fetch.request_stop()
    until(lambda: fetch.over)
    assert fetch.kept == PART
    fetch.close()
    assert fetch.kept is None
    with pytest.raises(Exception, match="start anew"):
        fetch.resume()


def test_chat_answer_that_is_stopped(shelf: Shelf) -> None:
    fetch = Fetch(spec("close", workload="stream", tokens=10_000, first_s=0))
    shelf.put(fetch, Visitor())
    seen = until(lambda: fetch.text().split())
    fetch.request_stop()
    until(lambda: fetch.over)
    answer = fetch.text().split()
    assert answer[: len(seen)] == seen
    assert answer == words(len(answer))
    assert len(answer) < 10_000
    assert "Partial file" not in told(fetch)
    assert not fetch.whole


def words(count: int) -> list[str]:
    return [WORDS[place % len(WORDS)] for place in range(count)]


@pytest.mark.parametrize(("strategy", "outcome"), [("flag", Outcome.STILL_RUNNING), ("close", Outcome.STOPPED)])
def test_stalled_chat_answer_is_resumed_and_no_token_is_lost(shelf: Shelf, strategy: str, outcome: Outcome) -> None:
    patience_s = PATIENCE_S if outcome is Outcome.STILL_RUNNING else LIMIT_S
    first = Fetch(spec(strategy, patience_s, workload="stream", tokens=20, first_s=0, stall_after=5))
    shelf.put(first, Visitor())
    until(lambda: first.now().amount == 5)
    assert first.kept is None  # it still runs
    first.request_stop()
    result = until(first.poll)
    assert (examine(result).outcome, first.kept, first.whole) == (outcome, 5, False)
    following = first.resume()
    shelf.put(following, Visitor())
    until(lambda: following.over)
    assert following.text().split() == words(20)
    assert following.whole
    assert (following.kept, following.resumed_at) == (None, 5)
    brought = sum(len(word) + 1 for word in words(20)[5:])
    assert Playback(following.snapshot()).amount == brought  # the first five did not come again


def test_reset_chat_answer_is_told_and_can_be_resumed(shelf: Shelf) -> None:
    fetch = Fetch(spec("timeout", workload="stream", tokens=20, first_s=0, reset_after=3))
    shelf.put(fetch, Visitor())
    result = until(fetch.poll)
    assert examine(result).outcome is Outcome.DIED
    assert "the connection broke" in why(result, fetch.whole)
    assert fetch.text().split() == words(3)
    assert fetch.kept == 3


def test_chat_answer_of_which_nothing_came_starts_anew(shelf: Shelf) -> None:
    fetch = Fetch(spec("close", workload="stream", stall_after=0, first_s=0))
    shelf.put(fetch, Visitor())
    until(lambda: Playback(fetch.snapshot()).last_state(1) == State.BLOCKED)
    fetch.request_stop()
    until(lambda: fetch.over)
    assert (fetch.kept, fetch.now()[:2], fetch.now().far) == (None, (0, 50), "0 of 50 tokens")


def test_amounts_have_units() -> None:
    sizes = (0, 1, 999, 1000, 65_536, 999_499, 9_895_936, 200_000_000)
    assert [amount(size) for size in sizes] == [
        *("0 bytes", "1 byte", "999 bytes", "1 kB", "65.5 kB", "999 kB", "9.9 MB", "200 MB"),
    ]
    assert speed(10_000_000.4) == "10 MB/s"
