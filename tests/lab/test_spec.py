"""Each bound is checked once, in one place."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simulation.lab.catalogue import STRATEGIES, WORKLOADS
from simulation.lab.spec import Spec, SpecError, checked

GOOD = {"strategy": "flag"}


def test_defaults() -> None:
    assert checked(strategy="flag") == Spec("flag", "sleep", 1, 0.1, 1.0, 2.0, 0)


@pytest.mark.parametrize(
    "edge",
    [
        {"workers": 1},
        {"workers": 1000},
        {"interval_s": 0.0001},
        {"interval_s": 10},
        {"request_after_s": 0},
        {"request_after_s": 60.0},
        {"request_after_s": None},
        {"patience_s": 0.05},
        {"patience_s": 60},
        {"seed": 0},
        {"seed": 2**53},
    ],
)
def test_edges_are_allowed(edge: dict[str, Any]) -> None:
    spec = checked(**GOOD, **edge)
    assert {name: getattr(spec, name) for name in edge} == edge


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("workers", 0, "workers must be between 1 and 1000, not 0."),
        ("workers", 1001, "workers must be between 1 and 1000, not 1001."),
        ("interval_s", math.nextafter(0.0001, 0), "interval must be between 0.0001 s and 10 s, not "),
        ("interval_s", math.nextafter(10, 11), "interval must be between 0.0001 s and 10 s, not "),
        ("interval_s", math.nan, "interval must be between 0.0001 s and 10 s, not nan s."),
        ("interval_s", "0.1 s", "interval must be between 0.0001 s and 10 s, not "),
        ("request_after_s", -1e-9, "request-after must be between 0 s and 60 s, not "),
        ("request_after_s", math.nextafter(60, 61), "request-after must be between 0 s and 60 s, not "),
        ("request_after_s", math.nan, "request-after must be between 0 s and 60 s, not nan s."),
        ("patience_s", math.nextafter(0.05, 0), "patience must be between 0.05 s and 60 s, not "),
        ("patience_s", math.inf, "patience must be between 0.05 s and 60 s, not inf s."),
        ("patience_s", math.nan, "patience must be between 0.05 s and 60 s, not nan s."),
        ("seed", -1, "seed must be between 0 and 9007199254740992, not -1."),
        ("seed", 2**53 + 1, "seed must be between 0 and 9007199254740992, not 9007199254740993."),
    ],
)
def test_beyond_the_edges(name: str, value: object, sentence: str) -> None:
    with pytest.raises(SpecError) as caught:
        checked(**GOOD, **{name: value})
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("name", ["workers", "seed"])
@pytest.mark.parametrize("value", [True, "1", 1.0, math.nan, None])
def test_whole_numbers_only(name: str, value: object) -> None:
    with pytest.raises(SpecError, match=f"^{name} must be a whole number, not "):
        checked(**GOOD, **{name: value})


def test_unknown_names_say_which_exist() -> None:
    with pytest.raises(SpecError) as strategy:
        checked(strategy="stop")
    assert str(strategy.value) == f"There is no strategy 'stop'; choose one of: {', '.join(STRATEGIES)}."
    with pytest.raises(SpecError) as workload:
        checked(**GOOD, workload="")
    assert str(workload.value) == f"There is no workload ''; choose one of: {', '.join(WORKLOADS)}."


def test_request_falls_at_a_random_phase_of_one_interval() -> None:
    moments = [Spec("flag", interval_s=0.5, request_after_s=2.0, seed=seed).request_at_s for seed in range(200)]
    assert all(2.0 <= moment <= 2.5 for moment in moments if moment is not None)
    early, late = (sum(moment < 2.25 for moment in moments), sum(moment >= 2.25 for moment in moments))
    assert min(early, late) > 60  # these 200 seeds are always the same 200 moments


def test_same_seed_same_phase() -> None:
    first, again, other = (Spec("flag", seed=seed).request_at_s for seed in (7, 7, 8))
    assert first == again != other


def test_nobody_asks_by_itself_when_a_person_will() -> None:
    assert Spec("flag", request_after_s=None).request_at_s is None
