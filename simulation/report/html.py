"""The comparison as one self-contained page: table and figures, opens offline."""

from __future__ import annotations

import html

import pandas as pd

from simulation.experiment import Outcomes
from simulation.report import comparison, comparison_figures

CAPTIONS = (
    "The trial with the median stop latency of each method (of an even number the lower middle one). Upper bar: the "
    "worker that took longest; lower, thinner bar: the main thread.",
    "One point a trial; the diamond is the median with its bootstrap 95 % interval. Grey: the noise floor, the time in "
    "which a bare thread wakes up on this machine.",
    "Where a worker looks every T seconds and is asked at a random moment, theory says that its latency is spread "
    "evenly between 0 and T: the thin dotted lines.",
)
TITLES = ("One typical trial of each", "Every trial", "How soon how many had stopped")
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #17212b; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid #d5dbe2; text-align: left; white-space: nowrap; }
p.caption { color: #55606b; }
"""


def page(table: pd.DataFrame, trials: pd.DataFrame, outcomes: Outcomes) -> str:
    """The page as HTML. `table`, `trials` as in `comparison`."""
    figures = (
        comparison_figures.typical(table, outcomes),
        comparison_figures.all_trials(table, trials),
        comparison_figures.curves(table, trials),
    )
    sections = [
        f"<h2>{title}</h2>{figure.to_html(full_html=False, include_plotlyjs=not number)}<p class=caption>{caption}</p>"
        for number, (title, figure, caption) in enumerate(zip(TITLES, figures, CAPTIONS))
    ]
    words = comparison.for_people(table)
    bars = {"Latency": lambda address: f'<img alt="" src="{address}">'}
    notes = "".join(f"<li>{html.escape(line)}</li>" for line in comparison.warnings(trials, outcomes))
    first = table.iloc[0]
    where = f"{first['started_at']} · Python {first['python']} · {first['platform']} · seed {first['seed']}"
    return f"""<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>Ways to stop a thread, compared</title><style>{STYLE}</style>
<h1>Ways to stop a thread, compared</h1><p class=caption>{html.escape(where)}</p>
<div class=wide>{_escaped(words).to_html(index=False, escape=False, formatters=bars, na_rep="never", border=0)}</div>
<ul>{notes}</ul>{"".join(sections)}</html>
"""


def _escaped(words: pd.DataFrame) -> pd.DataFrame:
    """All texts but the bars, which are addresses of our own making, safe inside HTML."""
    texts = [name for name in words if name not in ("Latency", "Median, ms")]
    return words.assign(**{str(name): words[name].map(html.escape) for name in texts})
