"""Means, differences and spreads from what a database adds up, against the same numbers one by one."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.statistics import LEAST
from synthgen_core.statistics.intervals import Z
from synthgen_core.statistics.means import Sums, difference, mean, sums_of
from synthgen_core.statistics.spreads import quartiles, spread_of

SCORES = st.lists(st.integers(0, 100).map(lambda tenths: tenths / 10), min_size=1, max_size=200)


@given(SCORES)
def test_sums_give_the_mean_and_the_variance_of_the_numbers(scores: list[float]) -> None:
    sums = sums_of(scores)
    assert sums.mean == pytest.approx(statistics.fmean(scores))
    if len(scores) > 1:
        assert sums.variance == pytest.approx(statistics.variance(scores), abs=1e-9)


@given(SCORES, SCORES)
def test_sums_of_two_parts_are_those_of_the_whole(one: list[float], other: list[float]) -> None:
    both, whole = sums_of(one) + sums_of(other), sums_of(one + other)
    assert (both.n, both.total, both.squares) == pytest.approx((whole.n, whole.total, whole.squares))


def test_an_interval_of_a_mean_is_that_of_the_normal_distribution() -> None:
    scores = [float(n % 11) for n in range(200)]
    figure = mean(sums_of(scores))
    half = Z * statistics.stdev(scores) / math.sqrt(200)
    assert figure.value == pytest.approx(statistics.fmean(scores))
    assert (figure.low, figure.high) == pytest.approx(
        (statistics.fmean(scores) - half, statistics.fmean(scores) + half)
    )
    assert (figure.n, "95 %" in figure.method) == (200, True)


def test_a_mean_of_few_numbers_has_no_interval_and_says_so() -> None:
    figure = mean(sums_of([7.0] * (LEAST - 1)))
    assert (figure.value, figure.low, figure.high) == (7.0, None, None)
    assert str(LEAST) in figure.method


def test_a_mean_of_nothing_is_withheld() -> None:
    assert mean(Sums()).value is None
    assert mean(Sums()).why_withheld == "n = 0."


def test_constant_scores_have_an_interval_without_width() -> None:
    figure = mean(sums_of([0.1] * 1000))
    assert figure.value == pytest.approx(0.1)
    assert figure.low == pytest.approx(0.1)
    assert figure.high == pytest.approx(0.1)


def test_a_difference_has_the_interval_of_welch() -> None:
    before, after = [float(n % 5) for n in range(50)], [float(n % 7) for n in range(80)]
    figure = difference(sums_of(before), sums_of(after))
    half = Z * math.sqrt(statistics.variance(before) / 50 + statistics.variance(after) / 80)
    change = statistics.fmean(after) - statistics.fmean(before)
    assert (figure.value, figure.low, figure.high) == pytest.approx((change, change - half, change + half))
    assert figure.n == 50


def test_a_difference_is_withheld_where_one_side_is_small() -> None:
    figure = difference(sums_of([1.0] * 100), sums_of([2.0] * (LEAST - 1)))
    assert figure.value is None
    assert f"n = {LEAST - 1}" in figure.why_withheld


@given(SCORES)
def test_bars_have_all_scores_each_where_it_belongs(scores: list[float]) -> None:
    spread = spread_of({score: scores.count(score) for score in scores})
    assert sum(n for _, n in spread.bars) == len(scores) == spread.sums.n
    for first, n in spread.bars:
        assert n == sum(first <= score < first + spread.width for score in scores)
    assert spread.bars[0][0] == 0
    assert spread.bars[-1] == (10, scores.count(10.0))


def test_whole_scores_have_a_bar_each() -> None:
    assert spread_of({3.0: 2, 10.0: 1}).width == 1
    assert len(spread_of({3.0: 2, 10.0: 1}).bars) == 11
    assert spread_of({3.0: 2, 9.5: 1}).width == 0.5


@given(SCORES)
def test_quartiles_are_those_of_the_sorted_numbers(scores: list[float]) -> None:
    found = quartiles({score: scores.count(score) for score in scores})
    assert found == pytest.approx(np.quantile(scores, (0.25, 0.5, 0.75), method="inverted_cdf"))


def test_nothing_has_no_quartiles() -> None:
    assert quartiles({}) is None
    assert spread_of({}).quartiles is None
