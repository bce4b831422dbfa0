"""The pages as Streamlit runs them: what is on them, and what their buttons do.

No browser: charts are not drawn and nothing refreshes by itself, so a test waits until the work
is so and then runs the page again. What needs a browser is in `tests/browser`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from simulation import experiment
from simulation.lab.catalogue import STRATEGIES, TUTORIAL, WORKLOADS
from simulation.process import ROOT
from simulation.shelf import SHELF, Compared, Visitor, Watched
from tests.waiting import LIMIT_S, at_work, children, until

FIRST_WORDS = "Press **Start**"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    """The app as a visitor first sees it. Whatever the visitor started has ended at the end."""
    monkeypatch.setattr(experiment, "REQUEST_AFTER_S", 0.0)
    monkeypatch.setattr(experiment, "PATIENCE_S", 0.05)
    yield drawn(AppTest.from_file(str(ROOT / "app.py"), default_timeout=LIMIT_S).run())
    SHELF.close()


@pytest.fixture
def compare(app: AppTest) -> AppTest:
    """The page "Compare", with a comparison of two methods chosen that takes no time."""
    drawn(app.switch_page("pages/compare.py").run())
    app.multiselect(key="methods").set_value(["join-timeout", "event-wait"])
    app.number_input(key="trials").set_value(1)
    app.number_input(key="pause").set_value(0.001)
    return drawn(app.run())


def drawn(app: AppTest) -> AppTest:
    assert not app.exception
    return app


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def press(app: AppTest, label: str) -> AppTest:
    [button] = [button for button in app.button if button.label.startswith(label)]
    assert not button.disabled
    return drawn(button.click().run())


def opened(app: AppTest, tab: str) -> AppTest:
    """Open one of the tabs under a run."""
    app.session_state["lesson"] = tab
    return drawn(app.run())


def said(app: AppTest) -> str:
    """All texts of the page but those of tables."""
    boxes = (*app.success, *app.warning, *app.error, *app.info, *app.caption, *app.markdown)
    return "\n".join(box.value for box in boxes)


def exhibit(app: AppTest, kind: str) -> Watched | Compared:
    """What the visitor has started, by the key in the page's address."""
    found = SHELF.find(app.query_params[kind], Visitor())
    assert isinstance(found, Watched | Compared)
    return found


def by_hand(app: AppTest) -> Watched:
    """A run that waits for Cancel, at work."""
    app.number_input(key="interval").set_value(0.001)
    drawn(app.toggle(key="automatic").set_value(False).run())
    press(app, "Start")
    watched = exhibit(app, "run")
    assert isinstance(watched, Watched)
    at_work(watched._run)
    return watched


def test_run_page_as_it_is_first_seen(app: AppTest) -> None:
    assert app.title[0].value == "Stop a thread"
    assert app.info[0].value.startswith(FIRST_WORDS)
    assert labels(app) == ["Start"]
    assert app.selectbox(key="method").options == [strategy.title for strategy in STRATEGIES.values()]
    assert app.selectbox(key="workload").options == [workload.title for workload in WORKLOADS.values()]
    assert {number.key for number in app.number_input} == {"workers", "interval", "patience", "request-after"}
    assert [tab.label for tab in app.tabs] == ["Lesson", "Source"]
    assert children() == set()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_lesson_and_source_follow_the_method(strategy: str, app: AppTest) -> None:
    drawn(app.selectbox(key="method").set_value(strategy).run())
    assert "#### Idea" in app.tabs[0].markdown[0].value
    assert not app.code  # a tab is filled when it is opened
    opened(app, "Source")
    assert f"class {STRATEGIES[strategy].__name__}(Strategy):" in app.code[0].value


def test_settings_that_do_not_apply_are_gone(app: AppTest) -> None:
    drawn(app.toggle(key="automatic").set_value(False).run())
    assert "request-after" not in {number.key for number in app.number_input}


def test_start_and_cancel(app: AppTest) -> None:
    watched = by_hand(app)
    drawn(app.run())
    assert labels(app) == ["Start", "Cancel"]
    assert app.button[0].disabled
    press(app, "Cancel")
    result = until(watched.poll)
    assert result.failure == ""
    drawn(app.run())
    assert labels(app) == ["Start"]
    assert not app.button[0].disabled
    assert app.success[0].value.startswith("**Stopped in ")
    assert app.metric[0].label == "Stop latency"
    assert [tab.label for tab in app.tabs] == ["Lesson", "Source", "State events", "Workers"]
    assert children() == set()


def test_what_a_run_left_behind_is_shown(app: AppTest) -> None:
    watched = by_hand(app)
    watched.request_stop()
    until(watched.poll)
    drawn(app.run())
    for check in ("Thread gone", "Lock free", "Ledger balanced", "Cleanup complete", "Nothing left behind"):
        assert f":green[✔ ok] **{check}**" in said(app)
    [events] = opened(app, "State events").dataframe
    [workers] = opened(app, "Workers").dataframe
    events, workers = events.value, workers.value
    assert {"trial", "lane", "state", "t_ns", "detail"} == set(events.columns)
    assert workers["outcome"].tolist() == ["stopped"]


def test_lesson_of_another_method_is_at_hand_after_a_run(app: AppTest) -> None:
    watched = by_hand(app)
    watched.request_stop()
    until(watched.poll)
    drawn(app.selectbox(key="method").set_value("flag").run())
    assert [tab.label for tab in app.tabs][-1] == f"Lesson of {STRATEGIES['flag'].title}"


def test_run_that_nobody_can_stop(app: AppTest) -> None:
    app.selectbox(key="method").set_value("join-timeout")
    app.number_input(key="patience").set_value(0.05)
    watched = by_hand(app)
    press(app, "Cancel")
    until(watched.poll)
    drawn(app.run())
    assert "still running" in app.warning[0].value.lower()
    assert ":red[✘ failed] **Thread gone**" in said(app)


def test_second_start_leaves_the_first_run_alone(app: AppTest) -> None:
    """The click of somebody whose page does not know yet that a run is under way."""
    [button] = app.button
    watched = by_hand(app)
    drawn(button.click().run())
    assert exhibit(app, "run") is watched
    assert watched.poll() is None
    assert len(children()) == 1


def test_start_takes_the_settings_as_they_are_when_it_is_pressed(app: AppTest) -> None:
    """A number that was typed just before the click comes to the server together with the click."""
    app.selectbox(key="method").set_value("flag")
    app.number_input(key="interval").set_value(0.25)
    app.number_input(key="request-after").set_value(0.0)
    press(app, "Start")
    watched = exhibit(app, "run")
    spec = watched.spec
    assert (spec.strategy, spec.interval_s, spec.request_after_s) == ("flag", 0.25, 0.0)


def test_reload_finds_the_run_again(app: AppTest) -> None:
    watched = by_hand(app)
    again = AppTest.from_file(str(ROOT / "app.py"), default_timeout=LIMIT_S)
    again.query_params["run"] = app.query_params["run"]
    drawn(again.run())
    assert labels(again) == ["Start", "Cancel"]
    press(again, "Cancel")
    until(watched.poll)
    assert drawn(again.run()).success


def test_address_of_a_run_that_is_not_there(app: AppTest) -> None:
    app.query_params["run"] = "nothing"
    drawn(app.run())
    assert app.info[0].value.startswith(FIRST_WORDS)
    assert app.error[0].value.startswith("What this address names is not kept any more")
    assert "run" not in app.query_params
    assert not drawn(app.run()).error  # said once


def test_lab_that_cannot_be_had_is_told(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.process.READY_S", 0.0)
    press(app, "Start")
    [error] = app.error
    assert error.value.startswith("The lab did not get ready")
    assert labels(app) == ["Start"]
    assert not drawn(app.run()).error  # said once


def test_download_page_as_it_is_first_seen(app: AppTest) -> None:
    drawn(app.switch_page("pages/download.py").run())
    assert app.title[0].value == "Download"
    assert labels(app) == ["Start"]
    assert {number.key for number in app.number_input} == {"size-mb", "rate-mb", "wait"}
    assert children() == set()


@pytest.mark.parametrize(("kind", "server"), [("stream", "flows"), ("stream", "stalls"), ("download", "resets")])
def test_download_starts_with_settings_that_were_not_drawn_yet(app: AppTest, kind: str, server: str) -> None:
    """Somebody changes what to load and presses Start at once: both come together."""
    drawn(app.switch_page("pages/download.py").run())
    app.button_group(key="kind").set_value(kind)
    app.button_group(key="server").set_value(server)
    press(app, "Start")
    fetch = exhibit(app, "download")
    assert isinstance(fetch, Watched)
    assert fetch.spec.workload == kind
    assert (
        fetch.spec.options.troubles()
        == {
            ("stream", "flows"): "",
            ("stream", "stalls"): "&stall_after=20",
            ("download", "resets"): "&reset_after=5000000",
        }[kind, server]
    )


def test_key_of_another_page_is_nobodys(app: AppTest) -> None:
    """And does not stand in the way of Start."""
    by_hand(app)
    key = app.query_params["run"]
    drawn(app.switch_page("pages/compare.py").run())
    app.query_params["compare"] = key
    drawn(app.run())
    assert app.info[0].value.startswith(FIRST_WORDS)
    app.number_input(key="trials").set_value(1)
    press(app, "Start")
    assert isinstance(exhibit(app, "compare"), Compared)


def test_compare_page_as_it_is_first_seen(app: AppTest) -> None:
    drawn(app.switch_page("pages/compare.py").run())
    assert app.title[0].value == "Compare"
    assert app.info[0].value.startswith(FIRST_WORDS)
    assert labels(app) == ["Start"]
    assert app.multiselect(key="methods").value == list(TUTORIAL)
    assert app.multiselect(key="workloads").value == ["sleep"]
    assert {number.key for number in app.number_input} == {"trials", "threads", "pause"}
    assert children() == set()


def compared(app: AppTest) -> pd.DataFrame:
    """The table of a comparison once it is over."""
    found = exhibit(app, "compare")
    until(lambda: found.over)
    [table] = drawn(app.run()).dataframe
    return table.value


def test_comparison_fills_the_table(compare: AppTest) -> None:
    press(compare, "Start")
    table = compared(compare)
    assert table["Verdict"].tolist() == ["✔ safe", "∞ does not stop"]
    assert table["Method"].tolist() == ["Event, waited on", "join(timeout)"]
    assert table["Stopped"].tolist() == ["1 of 1", "0 of 1"]
    assert labels(compare) == ["Start"]
    assert "2 of 2 trials" in said(compare)
    assert "Only 1 trial of some rows" in said(compare)
    assert children() == set()


def test_comparison_takes_the_settings_as_they_are_when_start_is_pressed(compare: AppTest) -> None:
    compare.multiselect(key="methods").set_value(["flag"])
    compare.number_input(key="trials").set_value(3)
    compare.number_input(key="threads").set_value(2)
    press(compare, "Start")
    assert compared(compare)["Stopped"].tolist() == ["3 of 3"]
    [specs, *_] = exhibit(compare, "compare").experiment.plan.rounds
    assert [(spec.strategy, spec.workers) for spec in specs] == [("flag", 2)]


def test_comparison_of_several_workloads(compare: AppTest) -> None:
    compare.multiselect(key="workloads").set_value(["sleep", "files"])
    press(compare, "Start")
    assert sorted(compared(compare)["Workload"]) == ["files", "files", "sleep", "sleep"]


def test_cancel_keeps_what_was_measured(compare: AppTest) -> None:
    compare.number_input(key="trials").set_value(1000)
    press(compare, "Start")
    found = exhibit(compare, "compare")
    assert isinstance(found, Compared)
    until(lambda: found.experiment.done > 2)
    drawn(compare.run())
    assert labels(compare) == ["Start", "Cancel and keep what was measured"]
    assert compare.button[0].disabled
    press(compare, "Cancel")
    table = compared(compare)
    assert len(table) == 2
    assert f"{found.experiment.done} of 2,000 trials · cancelled" in said(compare)
    assert labels(compare) == ["Start"]


def test_comparison_survives_a_visit_to_the_other_page(compare: AppTest) -> None:
    press(compare, "Start")
    before = compared(compare)
    drawn(compare.switch_page("pages/run.py").run())
    assert compare.title[0].value == "Stop a thread"
    drawn(compare.switch_page("pages/compare.py").run())
    pd.testing.assert_frame_equal(compared(compare), before)


@pytest.mark.parametrize("nothing", ["methods", "workloads"])
def test_nothing_to_compare_is_told(nothing: str, compare: AppTest) -> None:
    compare.multiselect(key=nothing).set_value([])
    press(compare, "Start")
    assert len(compare.error) == 1
    assert labels(compare) == ["Start"]


def test_comparison_without_a_lab_is_told(compare: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.process.READY_S", 0.0)
    press(compare, "Start")
    found = exhibit(compare, "compare")
    until(lambda: found.over)
    drawn(compare.run())
    assert compare.error[0].value.startswith("The lab did not get ready")
    assert not compare.dataframe
