"""The page "Run" as a person meets it."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import LIMIT_S, Server

RESULT = "What was left behind"
RANGE = "document.querySelector('.chart')._fullLayout.xaxis.range"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_label(label).first.click()
    page.get_by_role("option", name=option, exact=True).click()


def result(page: Page) -> None:
    page.get_by_text(RESULT).wait_for()


def by_hand(page: Page, server: Server) -> None:
    """Open the page with the automatic request off: the run is alive until Cancel."""
    page.goto(f"{server.url}?automatic=false")


def zoom(page: Page) -> None:
    """Drag the mouse over the middle of the plot, as people do, while it is refreshed."""
    box = page.locator(".chart .nsewdrag").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=20)
    page.mouse.up()


def wait_until(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_start_cancel_verdict_and_events_as_csv(page: Page, tmp_path: Path) -> None:
    press(page, "Start")
    page.locator(".chart .barlayer").wait_for()
    press(page, "Cancel")
    result(page)
    expect(page.get_by_text(re.compile(r"^Stopped in .*nothing broken this time"))).to_be_visible()
    page.get_by_role("tab", name="State events").click()
    with page.expect_download() as download:
        press(page, "Download CSV")
    download.value.save_as(tmp_path / "events.csv")
    events = pd.read_csv(tmp_path / "events.csv")
    assert list(events.columns) == ["trial", "lane", "state", "t_ns", "detail"]
    assert {"main", "worker-1"} == set(events["lane"])
    assert events.loc[events["lane"] == "worker-1", "state"].iloc[-1] == "ended"


def test_start_alone_is_enough(page: Page) -> None:
    press(page, "Start")
    result(page)


@pytest.mark.parametrize(
    ("method", "verdict"),
    [
        ("join(timeout)", r"^Still running 2 s after the request"),
        ("Daemon thread", r"^Gone with the process in"),
        ("Forced stop", r"^Stopped in"),
    ],
)
def test_verdict_of_a_method_on_files(page: Page, method: str, verdict: str) -> None:
    choose(page, "Method", method)
    choose(page, "What the thread is doing", "Write files in chunks")
    press(page, "Start")
    press(page, "Cancel")
    result(page)
    expect(page.get_by_text(re.compile(verdict)).first).to_be_visible()


def test_the_chart_is_kept_and_so_is_the_zoom_while_it_is_live(page: Page, server: Server) -> None:
    by_hand(page, server)
    press(page, "Start")
    page.locator(".chart .barlayer").wait_for()
    page.evaluate("document.querySelector('.chart').mine = true")
    zoom(page)
    wanted = page.evaluate(RANGE)
    page.evaluate(
        "() => { const chart = document.querySelector('.chart'); chart.drawn = 0;"
        " chart.on('plotly_afterplot', () => chart.drawn++); }"
    )
    page.wait_for_function("document.querySelector('.chart').drawn > 5")
    assert page.evaluate("document.querySelector('.chart').mine")
    assert page.evaluate(RANGE) == wanted
    press(page, "Cancel")
    result(page)


def test_impatient_clicks_do_no_harm(page: Page, server: Server) -> None:
    by_hand(page, server)
    page.get_by_role("button", name="Start").dblclick()
    page.get_by_role("button", name="Cancel").wait_for()
    assert len(server.labs()) == 1
    page.get_by_role("button", name="Cancel").dblclick()
    result(page)
    wait_until(lambda: not server.labs())


def test_a_reload_loses_nothing(page: Page) -> None:
    press(page, "Start")
    press(page, "Cancel")
    result(page)
    told = page.get_by_text(re.compile("You asked at")).inner_text()
    page.reload()
    result(page)
    assert page.get_by_text(re.compile("You asked at")).inner_text() == told


def test_a_live_run_survives_a_reload(page: Page, server: Server) -> None:
    by_hand(page, server)
    press(page, "Start")
    page.get_by_role("button", name="Cancel").wait_for()
    (before,) = server.labs()
    page.reload()
    page.get_by_role("button", name="Cancel").wait_for()
    assert server.labs() == [before]
    press(page, "Cancel")
    result(page)


def test_a_live_run_survives_a_visit_to_another_page(page: Page, server: Server) -> None:
    by_hand(page, server)
    press(page, "Start")
    page.get_by_role("button", name="Cancel").wait_for()
    (before,) = server.labs()
    page.get_by_role("link", name="Compare").click()
    page.get_by_role("heading", name="Compare").wait_for()
    page.get_by_role("link", name="Run").click()
    page.get_by_role("button", name="Cancel").wait_for()
    assert server.labs() == [before]
    press(page, "Cancel")
    result(page)


def test_two_tabs_do_not_disturb_each_other(page: Page, server: Server) -> None:
    by_hand(page, server)
    other = page.context.new_page()
    by_hand(other, server)
    press(page, "Start")
    press(other, "Start")
    press(page, "Cancel")
    result(page)
    expect(other.get_by_role("button", name="Cancel")).to_be_visible()
    press(other, "Cancel")
    result(other)


def test_closing_the_tab_ends_its_lab(page: Page, server: Server) -> None:
    by_hand(page, server)
    press(page, "Start")
    page.get_by_role("button", name="Cancel").wait_for()
    assert len(server.labs()) == 1
    page.close()
    wait_until(lambda: not server.labs())


@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_no_lab_outlives_its_server(page: Page, how: str) -> None:

    with Server() as server:
        by_hand(page, server)
        press(page, "Start")
        page.get_by_role("button", name="Cancel").wait_for()
        assert len(server.labs()) == 1
        server.end(signal.Signals[how])
        wait_until(lambda: not server.labs())


def test_the_page_asks_nobody_else(page: Page, server: Server) -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: elsewhere.append(request.url))
    page.reload()
    page.get_by_role("button", name="Start").wait_for()
    page.wait_for_function("window.Plotly !== undefined")
    assert [url for url in elsewhere if not url.startswith((server.url, "data:", "blob:"))] == []
