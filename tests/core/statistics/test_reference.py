"""Every coefficient against the libraries of the field, on random tables that were computed with them once, and
against published examples."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthgen_core.statistics.agreement import (
    Level,
    Weights,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
    percent_agreement,
)
from synthgen_core.statistics.correlation import kendall, spearman
from synthgen_core.statistics.intervals import exact, wilson

REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "reference.json").read_text())
TABLES, PAIRS, SHARES = REFERENCE["agreement"], REFERENCE["pairs"], REFERENCE["shares"]
NAN = math.nan


def ratings(table: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array(table["ratings"], dtype=float)


@pytest.mark.parametrize("table", TABLES, ids=range(len(TABLES)))
def test_coefficients_of_many_raters_are_those_of_the_reference_libraries(table: dict[str, Any]) -> None:
    values, categories = ratings(table), range(table["categories"])
    for level in Level:
        assert krippendorff_alpha(values, level) == pytest.approx(table[f"alpha_{level}"], abs=1e-9)
    for name, weights in zip(("identity", "linear", "quadratic"), Weights, strict=True):
        assert gwet_ac(values, categories, weights) == pytest.approx(table[f"gwet_{name}"], abs=1e-9)
    assert fleiss_kappa(values, categories) == pytest.approx(table["fleiss"], abs=1e-9)
    assert percent_agreement(values, categories) == pytest.approx(table["pa"], abs=1e-9)


@pytest.mark.parametrize("table", [t for t in TABLES if "cohen_none" in t])
@pytest.mark.parametrize("weights", Weights)
def test_cohens_kappa_is_that_of_scikit_learn(table: dict[str, Any], weights: Weights) -> None:
    found = cohen_kappa(ratings(table), range(table["categories"]), weights)
    assert found == pytest.approx(table[f"cohen_{weights}"], abs=1e-9)


@pytest.mark.parametrize("pair", PAIRS, ids=range(len(PAIRS)))
def test_rank_correlations_are_those_of_scipy(pair: dict[str, Any]) -> None:
    assert spearman(pair["a"], pair["b"]) == pytest.approx(pair["spearman"], abs=1e-9)
    assert kendall(pair["a"], pair["b"]) == pytest.approx(pair["kendall"], abs=1e-9)


@pytest.mark.parametrize("share", SHARES, ids=[f"{s['hits']} of {s['n']}" for s in SHARES])
def test_intervals_of_a_share_are_those_of_statsmodels(share: dict[str, Any]) -> None:
    for figure, name in ((wilson(share["hits"], share["n"]), "wilson"), (exact(share["hits"], share["n"]), "exact")):
        assert (figure.low, figure.high) == pytest.approx(tuple(share[name]), abs=1e-9)


def test_krippendorffs_own_example_gives_his_own_alphas() -> None:
    """Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, section C and D: four observers, twelve units."""
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
    units = np.array(observers).T
    assert krippendorff_alpha(units, Level.NOMINAL) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(units, Level.ORDINAL) == pytest.approx(0.815, abs=5e-4)
    assert krippendorff_alpha(units, Level.INTERVAL) == pytest.approx(0.849, abs=5e-4)


def test_fleiss_own_kind_of_example_gives_the_known_kappa() -> None:
    """Ten subjects, fourteen raters, five categories: the worked example that textbooks give, 0.210."""
    counts = [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
    subjects = [[category for category, times in enumerate(row) for _ in range(times)] for row in counts]
    assert fleiss_kappa(subjects, range(5)) == pytest.approx(0.210, abs=5e-4)
