"""The page "Compare" as a person meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from simulation.report.comparison import COLUMNS
from tests.browser.app import Server

CHOSEN = ("Event, waited on", "join(timeout)", "Daemon thread")


@pytest.fixture
def compare(page: Page, server: Server) -> Page:
    """The page with three methods and three trials chosen."""
    page.goto(f"{server.url}/compare")
    page.get_by_role("button", name="Start").wait_for()
    page.get_by_role("button", name="Remove Forced stop").wait_for()  # the list comes after the buttons
    for tag in page.locator("[data-tag] > span").all_inner_texts():
        if tag not in (*CHOSEN, "Work a little, sleep"):
            page.get_by_role("button", name=f"Remove {tag}").click()
            expect(page.get_by_role("button", name=f"Remove {tag}")).to_have_count(0)
    return page


def trials(page: Page, number: int) -> None:
    field = page.get_by_label("Trials of each").first
    field.fill(str(number))
    field.press("Enter")


def finished(page: Page, text: str) -> None:
    """Wait for the end; only then there is something to download."""
    page.get_by_role("button", name="Download CSV", exact=True).wait_for()
    expect(page.get_by_text(re.compile(text))).to_be_visible()


def downloaded(page: Page, tmp_path: Path) -> pd.DataFrame:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV", exact=True).click()
    download.value.save_as(tmp_path / "comparison.csv")
    return pd.read_csv(tmp_path / "comparison.csv")


def test_three_methods_and_the_csv(compare: Page, tmp_path: Path) -> None:
    trials(compare, 2)
    compare.get_by_role("button", name="Start").click()
    finished(compare, r"^6 of 6 trials$")
    table = downloaded(compare, tmp_path)
    assert table.columns.tolist() == COLUMNS
    assert table["title"].tolist() == ["Event, waited on", "Daemon thread", "join(timeout)"]
    assert table["verdict"].tolist() == ["safe", "ends the process", "does not stop"]
    assert table["trials"].tolist() == [2, 2, 2]
    for row, line in enumerate(table.itertuples()):
        cells = compare.locator("[data-testid=stDataFrame] table tbody tr").nth(row)
        for text in (line.title, line.verdict, f"{line.stopped} of {line.trials}"):
            expect(cells).to_contain_text(str(text))


def test_cancel_keeps_what_was_measured_and_so_does_a_reload(compare: Page, tmp_path: Path) -> None:
    trials(compare, 1000)
    compare.get_by_role("button", name="Start").click()
    compare.get_by_text("Every trial", exact=True).wait_for()
    compare.get_by_role("button", name="Cancel").click()
    finished(compare, r"^\d+ of 3,000 trials · cancelled$")
    before = downloaded(compare, tmp_path)
    assert before["trials"].sum() > 0
    compare.reload()
    finished(compare, r"^\d+ of 3,000 trials · cancelled$")
    pd.testing.assert_frame_equal(downloaded(compare, tmp_path), before)


def test_a_visit_to_another_page_disturbs_nothing(compare: Page) -> None:
    trials(compare, 1)
    compare.get_by_role("button", name="Start").click()
    compare.get_by_text(re.compile(r"^\d of 3 trials")).first.wait_for()
    compare.get_by_role("link", name="Run").click()
    compare.get_by_text("Stop a thread").first.wait_for()
    compare.get_by_role("link", name="Compare").click()
    finished(compare, r"^3 of 3 trials$")


def test_a_row_opens_its_typical_trial(compare: Page) -> None:
    trials(compare, 1)
    compare.get_by_role("button", name="Start").click()
    finished(compare, r"^3 of 3 trials$")
    table = compare.locator("[data-testid=stDataFrame]").bounding_box()
    assert table
    compare.mouse.click(table["x"] + 17, table["y"] + 52)  # the box of the first row; it is a canvas
    compare.get_by_text(re.compile(r"^Stopped in ")).first.wait_for()
    compare.get_by_text("What was left behind").wait_for()
