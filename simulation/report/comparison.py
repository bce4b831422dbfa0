"""The comparison: one row a strategy × workload, what was measured apart from what is advised."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from simulation.autopsy import CHECKS, FAILED, NOT_APPLICABLE
from simulation.experiment import Outcomes
from simulation.lab.catalogue import STRATEGIES
from simulation.lab.contract import Outcome
from simulation.lab.spec import SpecError
from simulation.report import stats
from simulation.report.stats import DOES_NOT_STOP, ENDS_THE_PROCESS, SAFE, UNSAFE
from simulation.report.words import CHECK, duration

COLUMNS = [
    *("strategy", "title", "workload", "workers", "interval_s", "trials", "stopped"),
    *("response_ms_median", "response_ms_p95"),
    *("stop_ms_median", "stop_ms_low", "stop_ms_high", "stop_ms_p95", "stop_ms_max"),
    *("cpu_percent", "steps_per_s", *CHECKS, "damaged", "damaged_high", "verdict"),
    *("recommended", "note", "noise_floor_ms", "python", "platform", "seed", "started_at"),
]
DAMAGE = [name for name in CHECKS if name != "thread_gone"]
BEST_FIRST = (SAFE, UNSAFE, ENDS_THE_PROCESS, stats.NOTHING_TO_STOP, DOES_NOT_STOP, stats.NOT_MEASURED)

VERDICTS = {
    SAFE: "✔ safe",
    UNSAFE: "✘ unsafe",
    ENDS_THE_PROCESS: "→ ends the process",
    DOES_NOT_STOP: "∞ does not stop",
    stats.NOTHING_TO_STOP: "– nothing to stop",
    stats.NOT_MEASURED: "– not measured",
}

ENOUGH_TRIALS = 10
HIGH_FLOOR_MS = 0.5  # some ten times what a quiet machine has
LATE_MS = 20.0
WIDE = 5.0  # p95 of the noise floor over its median


def comparison(trials: pd.DataFrame, outcomes: Outcomes, seed: int) -> pd.DataFrame:
    """The table of a comparison, with exactly `COLUMNS`, the best first.

    `trials` as `tables.trials` builds it. Order: verdict, then stop latency; what never stopped is
    last. dtypes: counts (`trials`, `stopped`, `damaged`) int64; `_ms`, `cpu_percent`, `steps_per_s`
    and `damaged_high` (a share, 0 to 1) float64, NaN where there is nothing; checks str, "failed/n"
    or "n/a"; `recommended` and `note` are advice from the strategy's file. Trials in which the
    machinery failed are in no count (see `warnings`).
    """
    rows = [
        _row(str(strategy), str(workload), group)
        for (strategy, workload), group in trials.groupby(["strategy", "workload"], sort=False)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).assign(
        noise_floor_ms=noise_floor_ms(outcomes),
        platform=platform.platform(),
        seed=seed,
        started_at=datetime.fromtimestamp(outcomes.started_at, UTC).isoformat(timespec="seconds"),
    )
    rank = table["verdict"].map(BEST_FIRST.index).rename("rank")
    order = table.assign(rank=rank).sort_values(["rank", "stop_ms_median", "strategy"], kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _row(strategy: str, workload: str, everything: pd.DataFrame) -> dict[str, object]:
    first = everything.iloc[0]
    trials = everything[everything["failure"] == ""]
    stopped = trials[trials["stop_ms"].notna()]
    damaged = int((stopped[DAMAGE] == FAILED).any(axis=1).sum())
    response = stats.latency(trials["response_ms"].to_numpy())
    stop = stats.latency(trials["stop_ms"].to_numpy())
    return {
        "strategy": strategy,
        "title": STRATEGIES[strategy].title,
        "workload": workload,
        **{name: first[name] for name in ("workers", "interval_s", "python")},
        "trials": len(trials),
        "stopped": len(stopped),
        "response_ms_median": response.median,
        "response_ms_p95": response.p95,
        **{f"stop_ms_{name}": value for name, value in stop._asdict().items()},
        "cpu_percent": trials["cpu_percent"].median(),
        "steps_per_s": trials["steps_per_s"].median(),
        **{name: _counted(trials[name]) for name in CHECKS},
        "damaged": damaged,
        "damaged_high": stats.wilson(damaged, len(stopped))[1],
        "verdict": stats.verdict(
            trials=len(trials),
            still_running=int((trials["thread_gone"] == FAILED).sum()),
            with_process=int((trials["outcome"] == Outcome.ENDED_WITH_PROCESS.value).sum()),
            damaged=damaged,
            stopped=len(stopped),
        ),
        "recommended": STRATEGIES[strategy].advice,
        "note": STRATEGIES[strategy].note,
    }


def _counted(check: pd.Series[str]) -> str:
    looked_at = check[check != NOT_APPLICABLE]
    return f"{int((looked_at == FAILED).sum())}/{len(looked_at)}" if len(looked_at) else "n/a"


def noise_floor_ms(outcomes: Outcomes) -> float:
    """The median wake-up latency of a bare thread, in ms; NaN before it was measured."""
    return float(np.median(outcomes.noise_ns)) / 1e6 if outcomes.noise_ns else float("nan")


def empty() -> pd.DataFrame:
    return pd.DataFrame(columns=COLUMNS)


def warnings(trials: pd.DataFrame, outcomes: Outcomes) -> list[str]:
    """What makes these numbers less than they look, in sentences that say what to do."""
    found = []
    failed = int((trials["failure"] != "").sum())
    if failed:
        found.append(f"{failed} of {len(trials)} trials failed in the machinery; they are in no number here.")
    measured = (trials["failure"] == "").groupby([trials["strategy"], trials["workload"]]).sum()
    fewest = int(measured.min())
    if fewest < ENOUGH_TRIALS:
        few = "1 trial" if fewest == 1 else f"{fewest} trials"
        found.append(f"Only {few} of some rows: the bounds are wide; run {ENOUGH_TRIALS} or more.")
    dropped = int((trials["dropped"] > 0).sum())
    if dropped:
        found.append(f"In {dropped} trials a lane was full and lost its oldest events; latencies are not affected.")
    late_ms = float(trials["late_ms"].max())
    if late_ms > LATE_MS:
        found.append(
            f"Some stop requests came up to {duration(late_ms)} late, as where a worker keeps the GIL: that stops the "
            "one who asks as well. Latencies count from the request; whoever presses Cancel waits for both."
        )
    here = set(trials["workload"])
    found += [f"{' on '.join(pair)}: {reason}" for pair, reason in outcomes.unavailable.items() if pair[1] in here]
    return found + _noise_warnings(outcomes)


def _noise_warnings(outcomes: Outcomes) -> list[str]:
    if not outcomes.noise_ns:
        return []
    floor, high = noise_floor_ms(outcomes), float(np.quantile(outcomes.noise_ns, 0.95)) / 1e6
    found = []
    if floor > HIGH_FLOOR_MS:
        found.append(f"The noise floor is high ({duration(floor)}): something else is using this machine; close it.")
    if high > WIDE * floor:
        found.append(f"The noise floor is uneven (p95 {duration(high)}): small differences mean nothing here.")
    return found


def to_csv(table: pd.DataFrame) -> str:
    """The table as CSV, to be written as UTF-8; missing numbers are empty."""
    return str(table.to_csv(index=False))


def read_csv(path: Path | None) -> pd.DataFrame:
    """A table that was written before, empty where there is none; SpecError for another file.

    Written and removed again as well, so that a path that cannot be written is found now.
    """
    if path is None:
        return empty()
    try:
        path.open("a", encoding="utf-8").close()
        if path.stat().st_size == 0:
            path.unlink()
            return empty()
        table = pd.read_csv(path, keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no CSV file"
        raise SpecError(f"{path} cannot be used ({why}); give --csv another path.") from None
    if table.columns.tolist() != COLUMNS:
        raise SpecError(f"{path} is not a table of ours (other columns); give --csv another path.")
    return table


def save_csv(table: pd.DataFrame, path: Path) -> None:
    """Write the table so that a file that was there is replaced whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(to_csv(table), encoding="utf-8")
    partial.replace(path)


def pairs(table: pd.DataFrame, at_least: int) -> set[tuple[str, str]]:
    """The pairs of which the table has so many trials or more."""
    enough = table[table["trials"] >= at_least] if len(table) else table
    return set(zip(enough["strategy"], enough["workload"]))


def joined(kept: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Rows measured before and now; of a pair that is in both, the one of more trials."""
    tables = [table for table in (fresh, kept) if len(table)]
    if not tables:
        return empty()
    both = pd.concat(tables, ignore_index=True).sort_values("trials", ascending=False, kind="stable")
    return both.drop_duplicates(["strategy", "workload"]).reset_index(drop=True)


def for_people(table: pd.DataFrame) -> pd.DataFrame:
    """The table in words, verdict first, advice last; a row for each row of `table`.

    Columns: Verdict, Method, Workload, Stopped (str), Latency (str: a bar on a logarithmic scale
    with its number, as an SVG data address), Median, ms (float64), 95 % of the median, p95,
    Damaged, one a check, CPU, Speed (steps per second, relative to the fastest method on that
    workload), Advice, Note (str).
    """
    fastest = table.groupby("workload")["steps_per_s"].transform("max")
    return pd.DataFrame(
        {
            "Verdict": table["verdict"].map(VERDICTS),
            "Method": table["title"],
            "Workload": table["workload"],
            "Latency": [_bar(ms, verdict) for ms, verdict in zip(table["stop_ms_median"], table["verdict"])],
            "Median, ms": table["stop_ms_median"],
            "95 % of the median": [_range(low, high) for low, high in zip(table["stop_ms_low"], table["stop_ms_high"])],
            "p95": list(map(duration, table["stop_ms_p95"], _never(table))),
            "Stopped": [f"{k} of {n}" for k, n in zip(table["stopped"], table["trials"])],
            "Damaged": [stats.share(k, n) if n else "–" for k, n in zip(table["damaged"], table["stopped"])],
            **{CHECK[name]: table[name].map(_symbol) for name in CHECKS},
            "CPU": [_available(value, "{:.1f} %") for value in table["cpu_percent"]],
            "Speed": [_available(value, "{:.2f}×") for value in table["steps_per_s"] / fastest],
            "Advice": table["recommended"],
            "Note": table["note"],
        }
    )


def for_terminal(table: pd.DataFrame) -> str:
    """The table as text, as wide as it needs to be."""
    words = for_people(table).assign(Latency=list(map(duration, table["stop_ms_median"], _never(table))))
    return words.drop(columns=["Median, ms", "Note", *(CHECK[name] for name in CHECKS)]).to_string(index=False)


def _never(table: pd.DataFrame) -> list[str]:
    """What stands where a row has no latency."""
    return ["never" if verdict == DOES_NOT_STOP else "–" for verdict in table["verdict"]]


def _bar(ms: float, verdict: str) -> str:
    """A bar from 10 µs to 10 s, logarithmic, with its number beside it; readable on any ground."""
    if np.isnan(ms) and verdict != DOES_NOT_STOP:
        return _svg('<text x="10" y="16" fill="#888">–</text>')
    if np.isnan(ms):
        return _svg('<text x="10" y="16" fill="#D55E00" font-weight="bold">∞ never</text>')
    width = 90 * min(1.0, max(0.02, (math.log10(max(ms, 1e-9)) + 2) / 6))
    number = f'<text x="{width + 15:.0f}" y="16" fill="#888">{duration(ms)}</text>'
    return _svg(f'<rect x="10" y="5" width="{width:.0f}" height="13" rx="3" fill="#56B4E9"/>{number}')


def _svg(content: str) -> str:
    size = 'width="170" height="24" font-family="sans-serif" font-size="13"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    return "data:image/svg+xml;utf8," + quote(f"{head}{content}</svg>")


def _range(low: float, high: float) -> str:
    return "–" if np.isnan(low) else f"{duration(low)} – {duration(high)}"


def _symbol(counted: str) -> str:
    if counted == NOT_APPLICABLE:
        return "– n/a"
    failed, _, n = counted.partition("/")
    return f"✔ ok ({n})" if failed == "0" else f"✘ {failed} of {n}"


def _available(value: float, how: str) -> str:
    return "not available here" if np.isnan(value) else how.format(value)


def representatives(outcomes: Outcomes) -> dict[tuple[str, str], int]:
    """For each pair the position of its most ordinary trial that has a recording.

    That is the one whose stop latency is the median (the lower one of two), or the first, where
    none stopped.
    """
    return {pair: _median_of(group, outcomes) for pair, group in places(outcomes).items()}


def places(outcomes: Outcomes) -> dict[tuple[str, str], list[int]]:
    """For each pair the positions of its valid trials that have a recording."""
    found: dict[tuple[str, str], list[int]] = {}
    for place in sorted(outcomes.recordings):
        trial = outcomes.findings[place]
        if not trial.failure:
            found.setdefault((trial.spec.strategy, trial.spec.workload), []).append(place)
    return found


def pair_at(table: pd.DataFrame, row: int) -> tuple[str, str]:
    """The strategy and the workload of a row."""
    line = table.iloc[row]
    return str(line["strategy"]), str(line["workload"])


def _median_of(places: Sequence[int], outcomes: Outcomes) -> int:
    stop_ms = {place: outcomes.findings[place].stop_ms for place in places}
    known = sorted((ms, place) for place, ms in stop_ms.items() if ms is not None)
    return known[(len(known) - 1) // 2][1] if known else places[0]
