"""Figures that are found by drawing cases anew, and what a review plan rests on."""

import math
from typing import Any

import numpy as np
import pytest

from synthgen_core.statistics.agreement import (
    Weights,
    cohen_kappa,
    count_ratings,
    gwet_ac,
    gwet_of_table,
    kappa_of_table,
)
from synthgen_core.statistics.intervals import bootstrap, bootstrap_table, difference_of_means, wilson, wilson_of_finite
from synthgen_core.statistics.sampling_plan import Interval, chance_to_show, running_estimate, size_to_estimate
from tests.core.statistics.test_reference import TABLES, ratings


def is_complete_pair(table: dict[str, Any]) -> bool:
    values = ratings(table)
    return values.shape[1] == 2 and not np.isnan(values).any()


@pytest.mark.parametrize("table", [table for table in TABLES if is_complete_pair(table)])
@pytest.mark.parametrize(("weights", "name"), [*zip(Weights, ("identity", "linear", "quadratic"), strict=True)])
def test_coefficients_of_a_table_are_those_of_the_reference_libraries(
    table: dict[str, Any], weights: Weights, name: str
) -> None:
    values, categories = ratings(table), range(table["categories"])
    counts = count_ratings(values[:, :1], categories).T @ count_ratings(values[:, 1:], categories)
    assert kappa_of_table(counts, weights) == pytest.approx(table[f"cohen_{weights}"], abs=1e-9)
    assert gwet_of_table(counts, weights) == pytest.approx(table[f"gwet_{name}"], abs=1e-9)


def test_an_empty_table_has_no_coefficient() -> None:
    assert math.isnan(kappa_of_table(np.zeros((2, 2))))
    assert math.isnan(gwet_of_table(np.zeros((2, 2))))


def test_drawing_from_a_table_gives_the_interval_of_drawing_cases() -> None:
    table = np.array([[60.0, 12.0], [9.0, 40.0]])
    cases = [pair for pair, count in np.ndenumerate(table) for _ in range(int(count))]
    rows = np.array(cases, dtype=float)
    by_table = bootstrap_table(kappa_of_table, table, "kappa")
    by_case = bootstrap(lambda i: cohen_kappa(rows[i], [0, 1]), len(rows), "kappa")
    assert (by_table.n, by_table.value) == (by_case.n, pytest.approx(by_case.value))
    assert by_table.low == pytest.approx(by_case.low, abs=0.03)
    assert by_table.high == pytest.approx(by_case.high, abs=0.03)
    assert by_table.value == pytest.approx(cohen_kappa(rows, [0, 1]))
    assert gwet_of_table(table) == pytest.approx(gwet_ac(rows, [0, 1]))


def test_a_difference_of_means_has_the_interval_that_theory_gives_large_groups() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.normal(7, 1, 400), rng.normal(6, 2, 900)
    found = difference_of_means(one, other)
    half = 1.96 * math.sqrt(one.var() / 400 + other.var() / 900)
    assert found.n == 1300
    assert found.value == pytest.approx(one.mean() - other.mean())
    assert found.low == pytest.approx(one.mean() - other.mean() - half, abs=0.03)
    assert found.high == pytest.approx(one.mean() - other.mean() + half, abs=0.03)


def test_a_difference_is_withheld_where_one_group_is_small() -> None:
    found = difference_of_means([1.0] * 29, [2.0] * 500)
    assert not found.is_shown
    assert found.why_withheld == "n = 29 and 500; shown from 30 each on."


def test_a_sample_of_the_planned_size_keeps_the_margin_that_was_planned() -> None:
    for population in (100, 1_000, 20_000):
        size = size_to_estimate(0.05, population)
        found = wilson_of_finite(size // 2, size, population)
        assert found.low is not None
        assert found.high is not None
        assert (found.high - found.low) / 2 == pytest.approx(0.05, abs=0.002)


def test_of_an_endless_population_the_interval_is_wilsons() -> None:
    finite, endless = wilson_of_finite(30, 200, 10**9), wilson(30, 200)
    assert (finite.low, finite.high) == pytest.approx((endless.low, endless.high), abs=1e-6)


def test_where_all_was_reviewed_the_rate_is_known() -> None:
    found = running_estimate(40, 40, 3, interval=Interval.EXACT, population=40)
    assert (found.rate.low, found.rate.value, found.rate.high) == (3 / 40, 3 / 40, 3 / 40)
    assert found.bound == 3 / 40


def test_skipped_examples_end_a_sample_and_count_as_defects_in_the_bound() -> None:
    found = running_estimate(59, 58, 0, skipped=1)
    assert found.is_complete
    assert found.rate.value == 0
    assert found.bound == pytest.approx(running_estimate(59, 59, 1).bound)


def test_a_plan_knows_how_likely_it_succeeds() -> None:
    assert chance_to_show(0.02, 149) == pytest.approx(0.98**149)
    assert chance_to_show(0.01, 100, allowed=1) == pytest.approx(0.99**100 + 100 * 0.01 * 0.99**99)
