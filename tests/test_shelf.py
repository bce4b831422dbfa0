"""Runs that people look at: alive while somebody looks, kept after the end, gone when nobody does."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from simulation import shelf as module
from simulation.experiment import planned
from simulation.lab.spec import Spec
from simulation.process import LabError
from simulation.shelf import Compared, Shelf, Visitor, Watched
from tests.waiting import LIMIT_S, children, until

BY_HAND = Spec("event-wait", interval_s=0.001, request_after_s=None, patience_s=LIMIT_S)
ANN, ANN_AGAIN, BOB = Visitor(), Visitor(), Visitor()
AT_ONCE = BY_HAND._replace(request_after_s=0.0)


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    monkeypatch.setattr(module, "LINGER_S", 0.01)
    shelf = Shelf()
    yield shelf
    shelf.close()
    nobody_lingers()


def nobody_lingers() -> None:
    """Wait until every visitor who left has been seen to have left."""
    until(lambda: not lingering())


def lingering() -> list[threading.Timer]:
    return [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]


def started(shelf: Shelf, spec: Spec, visitor: Visitor) -> tuple[str, Watched]:
    watched = Watched(spec)
    key = shelf.put(watched, visitor)
    assert shelf.find(key, visitor) is watched
    return key, watched


def test_run_and_its_result(shelf: Shelf) -> None:
    _, watched = started(shelf, BY_HAND, ANN)
    assert watched.poll() is None
    watched.request_stop()
    result = until(watched.poll)
    assert result.failure == ""
    assert watched.poll() is result
    assert watched.snapshot() == result.recording
    assert children() == set()  # its lab is gone, the result stays


def test_two_clicks_start_one_run(shelf: Shelf) -> None:
    """Also when the second comes while the first one's lab is starting: Streamlit has two threads then."""
    ann, begun, go = Visitor(), [], threading.Event()
    ann.starting = door = Door()

    def begin() -> Watched:
        assert go.wait(LIMIT_S)
        begun.append(Watched(BY_HAND))
        return begun[-1]

    clicks = [threading.Thread(target=shelf.start, args=("run", begin, ann), daemon=True) for _ in range(2)]
    for click in clicks:
        click.start()
    until(lambda: door.came == 2)
    go.set()
    for click in clicks:
        click.join()
    assert begun == [shelf.shown("run", ann)]


class Door:
    """A lock that counts who came to it, whether they are through or not."""

    def __init__(self) -> None:
        self.came, self._lock = 0, threading.Lock()

    def __enter__(self) -> None:
        self.came += 1
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_next_run_starts_when_the_one_before_is_over(shelf: Shelf) -> None:
    ann = Visitor()
    shelf.start("run", lambda: Watched(AT_ONCE), ann)
    first = shelf.shown("run", ann)
    until(lambda: first.over)
    shelf.start("run", lambda: Watched(AT_ONCE), ann)
    second = shelf.shown("run", ann)
    assert second is not first
    until(lambda: second.over)
    shelf.start("run", lambda: Watched(AT_ONCE), ann, instead_of=first)  # a click on a page of before
    assert shelf.shown("run", ann) is second


def test_run_that_failed_to_start_is_not_shown(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.process.READY_S", 0.0)
    ann = Visitor()
    with pytest.raises(LabError):
        shelf.start("run", lambda: Watched(BY_HAND), ann)
    assert shelf.shown("run", ann) is None
    assert not ann.starting.locked()


def test_visitor_who_leaves_while_a_run_starts_takes_it_along(shelf: Shelf) -> None:
    ann, started = Visitor(), []

    def begin() -> Watched:
        started.append(Watched(BY_HAND))
        shelf.leave(ann)
        return started[-1]

    shelf.start("run", begin, ann)
    until(lambda: started[0].over)


def test_keys_outlive_a_broken_connection() -> None:
    keys: dict[str, str] = {}
    Visitor(keys).look("run", "key")
    assert Visitor(keys).look("run", "") == "key"
    Visitor(keys).forget("run")
    assert Visitor(keys).look("run", "") == ""


def test_what_was_just_started_goes_before_an_address_that_does_not_name_it_yet() -> None:
    ann = Visitor()
    assert ann.look("run", "") == ""
    assert ann.look("run", "old") == "old"
    assert ann.look("run", "") == "old"  # back from another page
    ann.started("run", "new")
    assert [ann.look("run", address) for address in ("old", "", "new")] == ["new"] * 3
    assert ann.look("run", "old") == "old"  # the browser's Back button


def test_unknown_key(shelf: Shelf) -> None:
    assert shelf.find("nothing", ANN) is None


def test_two_visitors_do_not_disturb_each_other(shelf: Shelf) -> None:
    (first, one), (second, other) = started(shelf, BY_HAND, ANN), started(shelf, BY_HAND, BOB)
    assert first != second
    one.request_stop()
    until(one.poll)
    assert other.poll() is None


def test_run_that_nobody_looks_at_is_ended(shelf: Shelf) -> None:
    _, watched = started(shelf, BY_HAND, ANN)
    shelf.leave(ANN)
    result = until(watched.poll)
    assert result.failure == "The trial was cut off with its lab, as happens when nobody looks at it any more."


def test_run_that_somebody_else_looks_at_goes_on(shelf: Shelf) -> None:
    key, watched = started(shelf, BY_HAND, ANN)
    shelf.find(key, BOB)
    shelf.leave(ANN)
    nobody_lingers()
    assert watched.poll() is None


def test_reload_is_a_visitor_who_leaves_and_one_who_comes(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LINGER_S", LIMIT_S)
    key, watched = started(shelf, BY_HAND, ANN)
    shelf.leave(ANN)
    assert shelf.find(key, ANN_AGAIN) is watched
    [timer] = lingering()
    timer.cancel()
    timer.function(*timer.args)  # now, and not after the time that a reload may take
    assert watched.poll() is None


def test_results_are_kept_up_to_a_number(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    keys = []
    for _ in range(3):
        key, watched = started(shelf, AT_ONCE, ANN)
        until(watched.poll)
        keys.append(key)
    assert [shelf.find(key, ANN) is not None for key in keys] == [False, True, True]


def test_live_run_is_not_thrown_away(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 1)
    key, watched = started(shelf, BY_HAND, ANN)
    started(shelf, BY_HAND, BOB)
    assert shelf.find(key, ANN) is watched
    assert watched.poll() is None


def test_run_that_cannot_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.process.READY_S", 0.0)
    with pytest.raises(LabError):
        Watched(BY_HAND)
    assert children() == set()


def test_closing_ends_everything() -> None:
    shelf = Shelf()
    for visitor in (ANN, BOB):
        shelf.put(Watched(BY_HAND), visitor)
    shelf.close()
    assert children() == set()


def test_comparison_that_is_over_was_not_cancelled_when_its_last_visitor_leaves(shelf: Shelf) -> None:
    plan = planned(["event-wait"], ["sleep"], trials=1, seed=0, interval_s=0.001, request_after_s=0.0)
    compared = Compared(plan)
    shelf.put(compared, ANN)
    until(lambda: compared.over)
    shelf.leave(ANN)
    nobody_lingers()
    assert not compared.experiment.cancelled
    assert compared.experiment.done == plan.total


def test_comparison_that_nobody_looks_at_is_cancelled_and_keeps_what_it_has(shelf: Shelf) -> None:
    plan = planned(["event-wait"], ["sleep"], trials=1000, seed=0, interval_s=0.001, request_after_s=0.0)
    compared = Compared(plan)
    key = shelf.put(compared, ANN)
    until(lambda: compared.experiment.done)
    shelf.leave(ANN)
    until(lambda: compared.over)
    assert shelf.find(key, ANN) is compared
    assert compared.experiment.cancelled
    assert 0 < compared.experiment.done < plan.total
