"""The walls of the design, read from the source: who may import what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.process import ROOT

SIMULATION = sorted(ROOT.glob("simulation/**/*.py"))
LAB = [path for path in SIMULATION if path.is_relative_to(ROOT / "simulation" / "lab")]
REPORT = [path for path in SIMULATION if path.is_relative_to(ROOT / "simulation" / "report")]
PAGES = sorted(ROOT.glob("pages/**/*.py"))


def imports(path: Path) -> Iterator[str]:
    """The full name of every module, or of everything in one, that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def wrong(path: Path, *packages: str) -> list[str]:
    """What a file imports of packages that it must not import."""
    return [name for name in imports(path) if within(name, *packages)]


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[str(path.relative_to(ROOT)) for path in paths])


def test_walls_have_houses() -> None:
    """So that a moved folder does not make these tests say nothing."""
    assert len(LAB) > 15
    assert len(REPORT) > 3
    assert {"simulation.lab.spec.Spec", "pandas"} & {name for path in SIMULATION for name in imports(path)}


def test_imports_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "file.py"
    file.write_text("import a.b as c\nfrom d.e import f, g\ndef h():\n    import i\n")
    assert sorted(imports(file)) == ["a.b", "d.e.f", "d.e.g", "i"]


@named(LAB)
def test_lab_imports_the_standard_library_and_itself(path: Path) -> None:
    others = [name for name in imports(path) if name.partition(".")[0] not in sys.stdlib_module_names]
    # One strategy is about another library; it imports it when it runs and says where it is missing.
    allowed = ["simulation.lab", "anyio"] if path.name == "anyio_cancel.py" else ["simulation.lab"]
    assert [name for name in others if not any(within(name, package) for package in allowed)] == []


@named(SIMULATION)
def test_simulation_does_not_know_streamlit(path: Path) -> None:
    assert wrong(path, "streamlit") == []


@named(REPORT)
def test_report_starts_no_process(path: Path) -> None:
    assert wrong(path, "subprocess", "multiprocessing", "os.system", "os.fork") == []


@named(PAGES)
def test_page_has_no_thread_process_or_table(path: Path) -> None:
    assert wrong(path, "pandas", "threading", "subprocess", "multiprocessing", "concurrent") == []


@named(PAGES)
def test_page_takes_words_and_bounds_from_the_lab(path: Path) -> None:
    lab = wrong(path, "simulation.lab")
    assert [name for name in lab if not within(name, "simulation.lab.catalogue", "simulation.lab.spec")] == []


def test_package_imports_nothing() -> None:
    """The lab passes through it, under interpreters that have no pandas."""
    assert list(imports(ROOT / "simulation" / "__init__.py")) == []
