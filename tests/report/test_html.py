"""The page that opens offline: everything is in it, and nobody's text becomes a part of it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from simulation.experiment import Outcomes
from simulation.lab.catalogue import STRATEGIES
from simulation.report import comparison, html, tables
from tests.report.test_comparison import failed, gone, never, outcomes, with_process

MALICIOUS = "<script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"


class Elements(HTMLParser):
    """The elements of a page as (name, attributes), and the text inside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.code: list[str] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        (self.code if self.found and self.found[-1][0] in ("script", "style") else self.text).append(data)

    def values(self, name: str) -> list[str]:
        return [str(attributes[name]) for _, attributes in self.found if name in attributes]


def page(made: Outcomes) -> Elements:
    trials = tables.trials(made.findings)
    return Elements(html.page(comparison.comparison(trials, made, seed=7), trials, made))


@pytest.fixture(scope="module")
def whole() -> Elements:
    stopping = [gone(5, key) for key in STRATEGIES if key not in ("daemon", "join-timeout")]
    return page(outcomes(*stopping, with_process(), never()))


def test_loads_nothing_from_anywhere(whole: Elements) -> None:
    loaded = [*whole.values("src"), *whole.values("href"), *whole.values("srcset"), *whole.values("data")]
    assert loaded  # the bars
    assert {address.partition(":")[0] for address in loaded} == {"data"}
    assert "link" not in {tag for tag, _ in whole.found}


def test_style_loads_nothing(whole: Elements) -> None:
    assert "url(" not in html.STYLE
    assert "@import" not in html.STYLE
    assert not [value for value in whole.values("style") if "url(" in value]


def test_brings_the_chart_library_once(whole: Elements) -> None:
    assert sum("plotly.js v" in code for code in whole.code) == 1
    assert sum("Plotly.newPlot(" in code for code in whole.code) == 3  # and three figures that use it


@pytest.mark.parametrize("title", [strategy.title for strategy in STRATEGIES.values()])
def test_holds_every_method(title: str, whole: Elements) -> None:
    assert title in whole.text


def test_tells_what_was_measured_and_where(whole: Elements) -> None:
    text = " ".join(whole.text)
    for said in ("2001-09-09T01:46:40+00:00", "Python 3.11.7", "seed 7", "✔ safe", "never", "Only 1 trial"):
        assert said in text
    for said in (*html.TITLES, *html.CAPTIONS):
        assert said in text


def test_table_has_a_row_a_method(whole: Elements) -> None:
    tags = [tag for tag, _ in whole.found]
    assert tags.count("tr") == 1 + len(STRATEGIES)
    assert tags.count("img") == len(STRATEGIES)


def test_texts_do_not_become_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("title", "advice", "note"):
        monkeypatch.setattr(STRATEGIES["flag"], name, MALICIOUS)
    monkeypatch.setattr("platform.platform", lambda: MALICIOUS)
    elements = page(outcomes(gone(5, python=MALICIOUS), failed()))
    assert not any("alert(1)" in code and "Plotly" not in code for code in elements.code)
    assert elements.values("onerror") == []
    assert not [address for address in elements.values("src") if "evil" in address]
    assert MALICIOUS in "".join(elements.text)  # told as it is


def test_page_when_every_trial_failed() -> None:
    assert "failed in the machinery" in " ".join(page(outcomes(failed(), failed())).text)
