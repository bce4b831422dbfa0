"""The lesson and the source of a strategy, read from the file that runs; never from a copy."""

from __future__ import annotations

import inspect
import re
import sys
from types import ModuleType

from simulation.lab.catalogue import STRATEGIES, WORKLOADS


def idea(key: str) -> str:
    """The first line of the docstring of a strategy's or workload's file."""
    return _document(key).partition("\n")[0]


def lesson(key: str) -> str:
    """The docstring of a strategy's file after its first line, as Markdown with small headings."""
    rest = _document(key).partition("\n")[2].strip()
    return re.sub(r"^(.+)\n-+$", r"#### \1", rest, flags=re.MULTILINE)


def source(key: str) -> str:
    """The code of a strategy's file, from its constants on; the docstring is the lesson."""
    text = inspect.getsource(_module(key))
    return text.split('"""', 2)[2].replace("from __future__ import annotations", "", 1).strip()


def _document(key: str) -> str:
    return inspect.getdoc(_module(key)) or ""


def _module(key: str) -> ModuleType:
    table: dict[str, type] = {**STRATEGIES, **WORKLOADS}
    return sys.modules[table[key].__module__]
