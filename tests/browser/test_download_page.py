"""The page "Download" as a person meets it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.app import Server
from tests.browser.test_run_page import choose, press, result, wait_until


@pytest.fixture
def download(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/download")
    page.get_by_role("button", name="Start").wait_for()
    return page


def stalls(page: Page) -> None:
    page.get_by_role("radio", name="Stalls").click()
    page.get_by_label("Stalls after, MB").first.wait_for(state="attached")


def stalled(page: Page) -> None:
    """Start, and wait until the server has fallen silent."""
    press(page, "Start")
    page.get_by_text("5 MB of 100 MB").wait_for()


def number(page: Page, name: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=name).get_by_test_id("stMetricValue")


def test_cancel_and_see_the_numbers(download: Page) -> None:
    press(download, "Start")
    download.get_by_text(re.compile(r"^[1-9].* MB of 100 MB")).wait_for()
    press(download, "Cancel")
    result(download)
    expect(number(download, "Bytes after the request")).to_have_text(re.compile(r"^\d.* (bytes|kB)$"))
    expect(number(download, "Thread gone after")).to_have_text(re.compile(r"^\d.* (µs|ms)$"))
    expect(number(download, "Socket gone after")).to_have_text(re.compile(r"^\d.* (µs|ms)$"))
    expect(number(download, "Partial file")).to_have_text(re.compile(r"MB kept$"))
    expect(download.get_by_text("kept on purpose")).to_be_visible()


@pytest.mark.parametrize(
    ("method", "thread", "verdict"),
    [("Flag variable", r"^never$", "Still running 2 s"), ("Shut down and close", r"^\d.* (µs|ms)$", "Stopped in")],
)
def test_stalled_server(download: Page, method: str, thread: str, verdict: str) -> None:
    choose(download, "Method", method)
    stalls(download)
    stalled(download)
    press(download, "Cancel")
    result(download)
    expect(number(download, "Bytes after the request")).to_have_text("0 bytes")
    expect(number(download, "Thread gone after")).to_have_text(re.compile(thread))
    expect(download.get_by_text(re.compile(rf"^{verdict}")).first).to_be_visible()


def test_resume_loses_nothing_also_when_clicked_twice(download: Page, server: Server) -> None:
    download.goto(f"{server.url}/download?stop-method=Shut+down+and+close&server=Stalls&rate-mb=1000")
    stalled(download)
    press(download, "Cancel")
    result(download)
    download.get_by_role("button", name="Resume from 5 MB").dblclick()
    expect(number(download, "Bytes in this run")).to_have_text("95 MB")
    expect(number(download, "File")).to_have_text("whole")
    expect(download.get_by_role("button", name="Resume")).to_have_count(0)
    wait_until(lambda: not server.labs())


def test_reset_is_told_and_can_be_resumed(download: Page) -> None:
    download.get_by_role("radio", name="Resets").click()
    download.get_by_label("Resets after, MB").first.wait_for(state="attached")
    press(download, "Start")
    result(download)
    expect(download.get_by_text(re.compile(r"^Died of its own error"))).to_be_visible()
    expect(download.get_by_role("button", name="Resume from")).to_be_visible()


def test_impatient_clicks_a_reload_and_another_page_do_no_harm(download: Page, server: Server) -> None:
    stalls(download)
    choose(download, "Method", "Shut down and close")
    download.get_by_role("button", name="Start").dblclick()
    download.get_by_role("button", name="Cancel").wait_for()
    (before,) = server.labs()
    download.reload()
    download.get_by_role("button", name="Cancel").wait_for()
    download.get_by_role("link", name="Run").click()
    download.get_by_text("Stop a thread").first.wait_for()
    download.get_by_role("link", name="Download").click()
    download.get_by_role("button", name="Cancel").wait_for()
    assert server.labs() == [before]
    download.get_by_role("button", name="Cancel").dblclick()
    result(download)
    wait_until(lambda: not server.labs())
    told = number(download, "Thread gone after").inner_text()
    download.reload()
    result(download)
    expect(number(download, "Thread gone after")).to_have_text(told)


def test_stop_generating(download: Page) -> None:
    download.get_by_role("radio", name="Chat answer").click()
    download.get_by_label("First token after, s").first.wait_for(state="attached")
    press(download, "Start")
    download.get_by_text(re.compile(r"^the thread was asked")).wait_for()
    press(download, "Cancel")
    result(download)
    expect(download.get_by_text(re.compile(r"^[1-9]\d* of 200 tokens$"))).to_be_visible()
    expect(number(download, "Thread gone after")).to_have_text(re.compile(r"^\d.* (µs|ms)$"))


def test_stalled_answer_is_resumed_from_a_link(download: Page, server: Server) -> None:
    """The address has the settings; what has come of the answer does not come again."""
    settings = "kind=Chat+answer&stop-method=Shut+down+and+close&server=Stalls&after-tokens=12&first-s=0&tokens=24"
    download.goto(f"{server.url}/download?{settings}")
    press(download, "Start")
    download.get_by_text("12 of 24 tokens").wait_for()
    press(download, "Cancel")
    result(download)
    download.get_by_role("button", name="Resume from 12 tokens").click()
    download.get_by_text("24 of 24 tokens").wait_for()
    result(download)
    answer = "the thread was asked to stop and it did so in time"
    expect(download.get_by_text(f"{answer} {answer}")).to_be_visible()
    assert settings in download.url


def test_closing_the_tab_ends_its_lab(download: Page, server: Server) -> None:
    stalls(download)
    stalled(download)
    assert len(server.labs()) == 1
    download.close()
    wait_until(lambda: not server.labs())
