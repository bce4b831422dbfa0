"""The command line: ``python -m simulation list``, ``run STRATEGY``, ``compare`` and ``matrix``."""

from __future__ import annotations

import io
import json
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import click

from simulation.autopsy import Findings, examine
from simulation.experiment import Experiment, planned
from simulation.lab.catalogue import STRATEGIES, TUTORIAL, WORKLOADS
from simulation.lab.spec import TRIALS, Spec, SpecError, checked, whole
from simulation.playback import Playback
from simulation.process import LabError, find_python
from simulation.report.lesson import idea
from simulation.report.narrative import narrative
from simulation.runner import Labs, Result

INTERRUPTED = 130


@click.group()
def cli() -> None:
    """Stop a real thread, and measure what that takes and what it breaks."""


@cli.command("list")
def list_() -> None:
    """List the strategies and the workloads."""
    for kind, table in (("strategies", STRATEGIES), ("workloads", WORKLOADS)):
        click.echo(f"{kind}:")
        for key in table:
            click.echo(f"  {key:<16} {idea(key)}")


@cli.command()
@click.argument("strategy")
@click.option("--workload", default="sleep", show_default=True, help="What the worker is doing.")
@click.option("--workers", default=1, show_default=True, help="How many worker threads.")
@click.option("--interval", default=0.1, show_default=True, help="Seconds between two steps.")
@click.option("--request-after", default=1.0, show_default=True, help="Seconds until the stop is requested.")
@click.option("--patience", default=2.0, show_default=True, help="Seconds to wait for the end.")
@click.option("--trials", default=1, show_default=True, help="How many trials, one after the other.")
@click.option("--seed", type=int, help="Repeats the random phase of the requests; trial n has seed + n - 1.")
@click.option("--python", default=sys.executable, help="The interpreter of the lab.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a trial (JSON Lines).")
@click.option("--events", type=click.Path(path_type=Path), help="Write the state events to a CSV file.")
def run(trials: int, seed: int | None, python: str, as_json: bool, events: Path | None, **raw: Any) -> int:
    """Run STRATEGY on real threads, ask them to stop, and tell what happened."""
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    specs = [_spec(seed + trial, raw) for trial in range(whole(TRIALS, trials))]
    find_python(python)
    done: list[Findings] = []
    with _writing_events(events) as write_events:
        try:
            for number, result in enumerate(_results(specs, python), 1):
                done.append(examine(result))
                write_events(number, result)
                _tell(number, result, done[-1], as_json=as_json, alone=len(specs) == 1)
        finally:
            if done and not as_json:
                click.echo(_table(done))
    return int(any(findings.failure for findings in done))


@cli.command()
@click.argument("strategies", nargs=-1, metavar="[STRATEGY …]")
@click.option("--workload", "workloads", multiple=True, default=["sleep"], show_default=True, help="May be repeated.")
@click.option("--trials", default=20, show_default=True, help="How many trials of each pair.")
@click.option("--workers", default=1, show_default=True, help="How many worker threads.")
@click.option("--interval", "interval_s", default=0.1, show_default=True, help="Seconds between two steps.")
@click.option("--seed", type=int, help="Repeats the order and the phases.")
@click.option("--python", default=sys.executable, help="The interpreter of the lab.")
@click.option("--csv", type=click.Path(path_type=Path), help="Write the table as CSV.")
@click.option("--html", type=click.Path(path_type=Path), help="Write table and figures as one page.")
def compare(
    strategies: tuple[str, ...],
    workloads: tuple[str, ...],
    seed: int | None,
    python: str,
    csv: Path | None,
    html: Path | None,
    **settings: Any,
) -> int:
    """Compare strategies (by default those of the tutorial): many trials of each, interleaved."""
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    plan = planned(strategies or TUTORIAL, workloads, seed=seed, **settings)
    find_python(python)
    with _writable("--csv", csv) as csv_file, _writable("--html", html) as html_file, Labs(python) as labs:
        experiment = Experiment(plan, labs)
        try:
            _with_progress(experiment)
        finally:
            _tell_comparison(experiment, csv_file, html_file)
    if experiment.problem:
        raise LabError(experiment.problem)
    return int(any(findings.failure for findings in experiment.outcomes.findings))


@cli.command("matrix")
@click.option("--trials", default=5, show_default=True, help="How many trials of each cell.")
@click.option("--seed", type=int, help="Repeats the order and the phases.")
@click.option("--python", default=sys.executable, help="The interpreter of the lab.")
@click.option("--csv", type=click.Path(path_type=Path), help="Keep the cells in a CSV file; go on from it.")
def matrix_(trials: int, seed: int | None, python: str, csv: Path | None) -> int:
    """Run every strategy on every workload. Cells that the CSV file already has are not run again."""
    from simulation.report import comparison, matrix, tables

    seed = secrets.randbelow(1_000_000) if seed is None else seed
    plan = planned(list(STRATEGIES), list(WORKLOADS), trials=trials, seed=seed, **matrix.SETTINGS)
    find_python(python)
    kept = comparison.read_csv(csv)
    plan = plan.without(comparison.pairs(kept, at_least=trials))
    with Labs(python) as labs:
        experiment = Experiment(plan, labs)
        try:
            _with_progress(experiment)
        finally:
            fresh, late = comparison.empty(), {}
            if experiment.done:
                measured = tables.trials(experiment.outcomes.findings)
                fresh = comparison.comparison(measured, experiment.outcomes, seed)
                late = matrix.late(measured)
            table = comparison.joined(kept, fresh)
            click.echo(matrix.for_terminal(matrix.cells(table, late, experiment.outcomes.unavailable)))
            if csv is not None and len(table):
                comparison.save_csv(table, csv)
    if experiment.problem:
        raise LabError(experiment.problem)
    return int(any(findings.failure for findings in experiment.outcomes.findings))


def _with_progress(experiment: Experiment) -> None:
    """Run; on a terminal show what runs now, what is done and the time left."""
    hidden = not sys.stderr.isatty()
    trials: Sequence[Any] = range(experiment.total)
    with click.progressbar(trials, file=sys.stderr, hidden=hidden, item_show_func=_named) as bar:
        experiment.run(after_each=lambda: bar.update(1, experiment.now))


def _named(spec: Any) -> str | None:
    return f"{spec.strategy} on {spec.workload}" if isinstance(spec, Spec) else None


def _tell_comparison(experiment: Experiment, csv: IO[str] | None, html: IO[str] | None) -> None:
    """Print and write what was measured, also after Ctrl-C."""
    if not experiment.done:
        return
    from simulation.report import comparison, tables
    from simulation.report.html import page

    outcomes = experiment.outcomes
    trials = tables.trials(outcomes.findings)
    table = comparison.comparison(trials, outcomes, experiment.plan.seed)
    click.echo(comparison.for_terminal(table))
    for sentence in comparison.warnings(trials, outcomes):
        click.echo(f"Note: {sentence}", err=True)
    if csv is not None:
        csv.write(comparison.to_csv(table))
    if html is not None:
        html.write(page(table, trials, outcomes))


@contextmanager
def _writable(option: str, path: Path | None) -> Iterator[IO[str] | None]:
    """Open `path` before anything is run, so that one that cannot be written costs nobody a run."""
    if path is None:
        yield None
        return
    try:
        file = path.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise SpecError(f"{path} cannot be written ({error.strerror}); give {option} another path.") from None
    try:
        yield file
        file.flush()
    except OSError as error:
        raise LabError(f"{path} cannot be written to the end: {error.strerror}; free some space.") from None
    finally:
        with suppress(OSError):  # the write that failed has said so
            file.close()


def _spec(seed: int, raw: dict[str, Any]) -> Spec:
    return checked(
        strategy=raw["strategy"],
        workload=raw["workload"],
        workers=raw["workers"],
        interval_s=raw["interval"],
        request_after_s=raw["request_after"],
        patience_s=raw["patience"],
        seed=seed,
    )


def _results(specs: list[Spec], python: str) -> Iterator[Result]:
    """Run the trials; show which one runs while somebody looks at a terminal."""
    watched = sys.stderr.isatty()
    with Labs(python) as labs:
        for number, spec in enumerate(specs, 1):
            trial = labs.start(spec)
            while (result := trial.wait(0.5)) is None:
                if watched:
                    click.echo(f"\rtrial {number} of {len(specs)} …", err=True, nl=False)
            if watched:
                click.echo("\r\033[K", err=True, nl=False)
            yield result


def _tell(number: int, result: Result, findings: Findings, *, as_json: bool, alone: bool) -> None:
    if as_json:
        click.echo(json.dumps(as_record(number, findings)))
    else:
        head = "" if alone else f"Trial {number}: "
        click.echo(head + narrative(findings, Playback(result.recording)) + "\n")


def as_record(number: int, findings: Findings) -> dict[str, Any]:
    """A trial as one flat JSON object; null where something never came."""
    spec = findings.spec
    return {
        "trial": number,
        "strategy": spec.strategy,
        "workload": spec.workload,
        "workers": spec.workers,
        "interval_s": spec.interval_s,
        "outcome": findings.outcome.value,
        "response_ms": findings.response_ms,
        "stop_ms": findings.stop_ms,
        "requested_ns": findings.requested_ns,
        "signalled_ns": findings.signalled_ns,
        "noticed_ns": findings.noticed_ns,
        "cleaned_ns": findings.cleaned_ns,
        "gone_ns": findings.gone_ns,
        "checks": {name: check.status for name, check in findings.checks.items()},
        "dropped": findings.dropped,
        "python": findings.python,
        "seed": spec.seed,
        "failure": findings.failure or None,
    }


def _table(findings: list[Findings]) -> str:
    from simulation.report.tables import trials  # pandas takes longer to load than a trial to run

    columns = ["trial", "outcome", "response_ms", "stop_ms", *findings[0].checks]
    return trials(findings)[columns].to_string(index=False, na_rep="never", float_format="{:.3f}".format)


@contextmanager
def _writing_events(path: Path | None) -> Iterator[Callable[[int, Result], None]]:
    """Yield what writes a trial's events to `path` as soon as the trial is over."""
    with _writable("--events", path) as file:
        if file is None:
            yield lambda number, result: None
            return
        from simulation.report.tables import events

        def write(number: int, result: Result) -> None:
            table = events([result.recording], number)[["trial", "lane", "state", "t_ns", "detail"]]
            table.to_csv(file, index=False, header=number == 1)
            file.flush()

        yield write


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code: 0, 1 a lab failed, 2 bad input, 130 Ctrl-C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an old terminal may not have every character
            stream.reconfigure(errors="replace")
    try:
        return cli.main(arguments, prog_name="python -m simulation", standalone_mode=False) or 0
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        click.echo(f"Error: {error.format_message()}", err=True)
        return 2
    except (SpecError, LabError) as error:
        click.echo(f"Error: {error}", err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("\nInterrupted; what was measured is above.", err=True)
        return INTERRUPTED
    except SystemExit:  # click's answer to a closed pipe: the reader, such as `head`, has seen enough
        return 0


if __name__ == "__main__":
    sys.exit(main())
