"""Run the benchmarks named on the command line, or all of them, and print one table."""

from __future__ import annotations

import sys

from tests.benchmarks import browser, compare, download, figures, labs, latency, many, recorder
from tests.benchmarks.measure import HEAD

BENCHMARKS = {
    "recorder": recorder.rows,
    "latency": latency.rows,
    "labs": labs.rows,
    "many": many.rows,
    "figures": figures.rows,
    "compare": compare.rows,
    "download": download.rows,
    "browser": browser.rows,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {unknown[0]!r}; choose of: {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    print(HEAD)
    for name in names or BENCHMARKS:
        for row in BENCHMARKS[name]():
            print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
