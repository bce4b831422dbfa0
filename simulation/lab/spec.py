"""The parameters of a trial, and the one place where they are checked."""

from __future__ import annotations

import math
import random
from typing import Any, NamedTuple

from simulation.lab.catalogue import STRATEGIES, WORKLOADS, why_not
from simulation.lab.contract import Options


class Bound(NamedTuple):
    """The range a number may have, and how people read it."""

    name: str
    low: float
    high: float
    unit: str


WORKERS = Bound("workers", 1, 1000, "")
INTERVAL = Bound("interval", 0.0001, 10.0, " s")
REQUEST_AFTER = Bound("request-after", 0.0, 60.0, " s")
PATIENCE = Bound("patience", 0.05, 60.0, " s")
TRIALS = Bound("trials", 1, 100_000, "")
SIZE = Bound("size", 1, 200_000_000, " bytes")
RATE = Bound("rate", 0, 1_000_000_000, " bytes a second")
TOKENS = Bound("tokens", 1, 10_000, "")
FIRST = Bound("first", 0.0, 60.0, " s")
SEED = Bound("seed", 0, 2**53, "")  # whole numbers up to here survive JSON and a spreadsheet


class SpecError(ValueError):
    """Raised for a parameter that no trial can have; the message says which would do."""


class Spec(NamedTuple):
    """The validated parameters of one trial. Make one with `checked`.

    `request_after_s` is None when a person will press Cancel.
    """

    strategy: str
    workload: str = "sleep"
    workers: int = 1
    interval_s: float = 0.1
    request_after_s: float | None = 1.0
    patience_s: float = 2.0
    seed: int = 0
    options: Options = Options()

    @property
    def request_at_s(self) -> float | None:
        """When the stop is requested, counted from the start of the workers.

        `request_after_s` plus a random phase of up to one interval, from the seed: a request that
        always came at the same point of the worker's rhythm would measure that rhythm.
        """
        if self.request_after_s is None:
            return None
        return self.request_after_s + random.Random(self.seed).uniform(0, self.interval_s)


def checked(**raw: Any) -> Spec:
    """A Spec whose values are within bounds, or SpecError with one sentence that says what to do.

    `options` are Options, or a dictionary of those that are not as usual.
    """
    spec = Spec(**{**raw, "options": _options(raw.get("options", {}))})
    known("strategy", spec.strategy, STRATEGIES)
    known("workload", spec.workload, WORKLOADS)
    _troubles(spec)
    if reason := why_not(spec.strategy, spec.workload):
        raise SpecError(f"{spec.strategy} on {spec.workload} is {reason}.")
    whole(WORKERS, spec.workers)
    whole(SEED, spec.seed)
    _within(INTERVAL, spec.interval_s)
    _within(PATIENCE, spec.patience_s)
    if spec.request_after_s is not None:
        _within(REQUEST_AFTER, spec.request_after_s)
    return spec


def _options(given: Options | dict[str, Any]) -> Options:
    values = given._asdict() if isinstance(given, Options) else given
    for name in values:
        known("option", name, Options._field_defaults)
    options = Options(**values)
    whole(SIZE, options.size)
    whole(RATE, options.rate)
    whole(TOKENS, options.tokens)
    _within(FIRST, options.first_s)
    return options


def _troubles(spec: Spec) -> None:
    """The server's troubles come, if at all, before all has come."""
    options = spec.options
    of = WORKLOADS[spec.workload].extent
    unit = SIZE.unit if of == "size" else f" {of}"
    for name in ("stall_after", "reset_after"):
        if (after := getattr(options, name)) is not None:
            whole(Bound(name.replace("_", "-"), 0, getattr(options, of), unit), after)
    if options.stall_after is not None and options.reset_after is not None:
        raise SpecError("A server cannot both stall and reset; choose one of stall-after and reset-after.")


def whole(bound: Bound, value: object) -> int:
    """`value`, if it is a whole number within `bound`; else SpecError."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise SpecError(f"{bound.name} must be a whole number, not {value!r}.")
    _within(bound, value)
    return value


def known(kind: str, key: str, table: dict[str, Any]) -> None:
    """SpecError unless `key` is in `table`."""
    if key not in table:
        raise SpecError(f"There is no {kind} {key!r}; choose one of: {', '.join(table)}.")


def _within(bound: Bound, value: object) -> None:
    """Also turns away nan, which is neither below nor above anything."""
    if not isinstance(value, int | float) or math.isnan(value) or not bound.low <= value <= bound.high:
        low, high = (f"{limit:{'d' if isinstance(limit, int) else 'g'}}{bound.unit}" for limit in bound[1:3])
        raise SpecError(f"{bound.name} must be between {low} and {high}, not {value}{bound.unit}.")
