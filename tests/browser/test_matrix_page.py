"""The page "Matrix" as a person meets it."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

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
    plot = page.locator(".chart .nsewdrag").bounding_box()
    assert plot
    page.mouse.click(plot["x"] + 10, plot["y"] + 10)  # the first cell: flag on sleep
    expect(page.get_by_role("heading", name="Flag variable · Work a little, sleep")).to_be_visible()
