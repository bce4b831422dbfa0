"""What holds for every page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import Server


@pytest.mark.parametrize("path", ["", "compare", "matrix", "download"])
def test_every_screen_width_and_theme_shows_the_start_button(page: Page, server: Server, path: str) -> None:
    page.goto(f"{server.url}/{path}")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            expect(page.get_by_role("button", name="Start")).to_be_in_viewport()
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
