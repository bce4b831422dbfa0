"""What a person feels: how soon Cancel arrives in the lab, how soon the page is there."""

from __future__ import annotations

import mmap
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from simulation.playback import requested_ns
from tests.benchmarks.measure import Row, medians
from tests.browser.app import Server, chromium

ROUNDS = 12
HELLO = Path(__file__).with_name("hello.py")
NOTE_THE_CLICK = """
window.addEventListener("pointerup", () => {
  window.clicked = performance.timeOrigin + performance.now();
}, true);
"""


def rows() -> Iterator[Row]:
    with (
        sync_playwright() as playwright,
        chromium(playwright) as browser,
        Server() as ours,
        Server(HELLO) as hello,
    ):
        app, other = opened(browser, ours, "Start"), opened(browser, hello, "Press")
        cancel, press = medians(lambda: cancel_ms(app, ours), lambda: press_ms(other, hello), ROUNDS)
        yield Row(
            "Cancel in the browser → stop request in the lab",
            cancel,
            "an empty button's callback",
            press,
            "≤ 1.5",
        )
        app.close()
        other.close()
        first, plain = medians(
            lambda: render_ms(browser, ours, "Start"), lambda: render_ms(browser, hello, "Press"), ROUNDS
        )
        yield Row("first render of the page", first, "a hello-world page", plain, "≤ 1.3")


def opened(browser: Browser, server: Server, button: str) -> Page:
    page = browser.new_page()
    page.add_init_script(NOTE_THE_CLICK)
    page.goto(server.url)
    page.get_by_role("button", name=button).wait_for()
    return page


def cancel_ms(page: Page, server: Server) -> float:
    """Run a trial and cancel it; from the click to the stamp `requested`."""
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Cancel").wait_for()
    (lab,) = server.labs()
    with (lab / "recording-1.bin").open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("What was left behind").wait_for()
    asked_ms = (requested_ns(mapped) + time.time_ns() - time.perf_counter_ns()) / 1e6
    return asked_ms - float(page.evaluate("window.clicked"))


def press_ms(page: Page, server: Server) -> float:
    page.get_by_role("button", name="Press").click()
    line = server.line("clicked")
    return int(line.split()[1]) / 1e6 - float(page.evaluate("window.clicked"))


def render_ms(browser: Browser, server: Server, button: str) -> float:
    """From an empty tab to a button that can be pressed."""
    with browser.new_context() as context:
        page = context.new_page()
        begin = time.perf_counter_ns()
        page.goto(server.url)
        page.get_by_role("button", name=button).wait_for()
        return (time.perf_counter_ns() - begin) / 1e6
