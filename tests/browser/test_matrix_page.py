"""The page "Matrix" as a person meets it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from simulation.lab.catalogue import STRATEGIES, why_not
from tests.browser.app import Server


def test_cancel_continue_and_a_click_on_a_cell(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/matrix")
    page.get_by_role("button", name="Start").click()
    page.get_by_text(re.compile(r"^[1-9]\d* of \d+ trials")).first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_text(re.compile(r"^\d\d of \d+ trials")).first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Download CSV", exact=True).wait_for()
    page.get_by_role("button", name="Continue").wait_for()
    page.get_by_role("button", name="Cancel").wait_for(state="detached")
    page.locator(".chart .nsewdrag").click(position={"x": 10, "y": 10})  # the first cell: flag on sleep
    expect(page.get_by_role("heading", name="Flag variable · Work a little, sleep")).to_be_visible()


def test_what_is_asked_for_is_run_first(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/matrix?cell-trials=1")
    page.get_by_role("button", name="Start").click()
    page.get_by_text(re.compile(r"^[1-9]\d* of \d+ trials")).first.wait_for()
    page.get_by_label("My thread is busy with").first.click()
    page.get_by_role("option", name="lock: ").click()
    asked = [title for title in STRATEGIES if not why_not(title, "lock")]
    page.get_by_text(f"{len(asked)} of {len(asked)} methods measured on lock.").wait_for()
    progress = page.get_by_text(re.compile(r"^\d+ of \d+ trials")).first.inner_text()
    done, total = map(int, re.findall(r"\d+", progress)[:2])
    assert done < total / 2  # else it need not have been first
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Continue").wait_for()
