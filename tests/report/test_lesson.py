"""The lesson and the code that people read are the file that runs."""

from __future__ import annotations

import pytest

from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.report.lesson import idea, lesson, source


@pytest.mark.parametrize("key", [*STRATEGIES, *WORKLOADS])
def test_idea_is_one_line(key: str) -> None:
    assert idea(key)
    assert "\n" not in idea(key)


@pytest.mark.parametrize("key", STRATEGIES)
def test_lesson_has_its_headings(key: str) -> None:
    headings = [line.removeprefix("#### ") for line in lesson(key).splitlines() if line.startswith("####")]
    assert headings == ["Idea", "Mechanism", "When it fails", "Safety", "Cost"]
    assert "---" not in lesson(key)


@pytest.mark.parametrize("key", STRATEGIES)
def test_source_is_code_without_the_lesson(key: str) -> None:
    compile(source(key), key, "exec")
    assert f"class {STRATEGIES[key].__name__}(Strategy):" in source(key)
    assert "----" not in source(key)
