"""What holds of every figure: it says its n and its method, is withheld where it would mislead, and is repeatable."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthgen_core.errors import ConfigError
from synthgen_core.statistics import LEAST, Figure
from synthgen_core.statistics.agreement import (
    Level,
    Weights,
    agreement_figure,
    cohen_kappa,
    fleiss_kappa,
    gwet_ac,
    krippendorff_alpha,
)
from synthgen_core.statistics.correlation import compare, compare_verdicts, kendall, spearman
from synthgen_core.statistics.intervals import exact, upper_bound, wilson
from synthgen_core.statistics.sampling_plan import running_estimate, size_to_estimate, size_to_show

NAN = math.nan
COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
TABLES = st.lists(st.tuples(*[st.integers(0, 3)] * 3), min_size=2, max_size=30)


@given(COUNTS)
def test_an_interval_of_a_share_holds_the_share_and_stays_between_0_and_1(count: tuple[int, int]) -> None:
    for figure in (wilson(*count), exact(*count)):
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        assert 0 <= figure.low <= figure.value <= figure.high <= 1
        assert figure.n == count[1]


def test_no_cases_give_no_share() -> None:
    assert not wilson(0, 0).is_shown
    assert exact(0, 0).why_withheld == "n = 0."


def test_an_exact_bound_is_quick_and_right_for_a_million_cases() -> None:
    assert upper_bound(0, 1_000_000) == pytest.approx(3e-6, rel=0.01)  # the rule of three
    few, most = exact(2, 1_000_000), exact(999_998, 1_000_000)
    assert few.low is not None
    assert most.high == pytest.approx(1 - few.low, abs=1e-12)


@given(TABLES)
def test_no_coefficient_exceeds_1_and_full_agreement_is_1(rows: list[tuple[int, int, int]]) -> None:
    same = [(row[0],) * 3 for row in rows]
    for find in (
        lambda table: krippendorff_alpha(table, Level.ORDINAL),
        lambda table: fleiss_kappa(table, range(4)),
        lambda table: gwet_ac(table, range(4), Weights.LINEAR),
    ):
        assert math.isnan(found := find(rows)) or found <= 1 + 1e-12
        assert math.isnan(whole := find(same)) or whole == pytest.approx(1)


@given(TABLES)
def test_the_order_of_raters_and_cases_does_not_matter(rows: list[tuple[int, int, int]]) -> None:
    turned = [row[::-1] for row in reversed(rows)]
    for level in Level:
        one, other = krippendorff_alpha(rows, level), krippendorff_alpha(turned, level)
        assert one == pytest.approx(other, nan_ok=True)


def test_raters_who_never_vary_have_no_kappa() -> None:
    always = [[1, 1]] * 40
    assert math.isnan(cohen_kappa(always, [0, 1]))
    assert math.isnan(krippendorff_alpha(always))
    figure = agreement_figure(krippendorff_alpha, always, "Krippendorff's alpha")
    assert "do not vary" in figure.why_withheld


def test_a_rare_category_hardly_moves_gwets_coefficient_while_kappa_collapses() -> None:
    rows = [[1, 1]] * 95 + [[0, 1]] * 3 + [[1, 0]] * 2
    assert cohen_kappa(rows, [0, 1]) < 0
    assert gwet_ac(rows, [0, 1]) > 0.9


def test_agreement_is_withheld_below_a_sensible_n_and_says_so() -> None:
    rows = [[0, 1], [1, 1]] * (LEAST // 2)
    assert agreement_figure(krippendorff_alpha, rows, "alpha").is_shown
    few = agreement_figure(krippendorff_alpha, rows[:-1], "alpha")
    assert few.value is None
    assert few.why_withheld == f"n = {LEAST - 1}; shown from {LEAST} on."


def test_cases_that_one_person_rated_do_not_count_towards_n() -> None:
    rows = [[0, 1], [1, 1]] * LEAST + [[1, NAN]] * 50
    assert agreement_figure(krippendorff_alpha, rows, "alpha").n == 2 * LEAST


def test_a_bootstrap_interval_is_the_same_each_time_and_holds_the_value() -> None:
    rows = np.random.default_rng(1).integers(0, 3, (60, 2))
    one, again = (agreement_figure(krippendorff_alpha, rows, "alpha") for _ in range(2))
    assert one == again
    assert one.low is not None
    assert one.high is not None
    assert one.value is not None
    assert one.low < one.value < one.high
    assert "1,000 samples" in one.method


def test_a_constant_score_correlates_with_nothing() -> None:
    assert math.isnan(spearman([5] * 40, range(40)))
    assert math.isnan(kendall([5] * 40, range(40)))
    comparison = compare([5.0] * 40, [float(n % 11) for n in range(40)])
    assert comparison.error.is_shown
    assert "do not vary" in comparison.spearman.why_withheld


def test_judge_and_people_below_30_cases_are_not_compared() -> None:
    scores = [float(n % 11) for n in range(29)]
    assert compare(scores, scores).spearman == Figure.too_few(29)
    assert not compare_verdicts(scores, [False] * 29, 7).kappa.is_shown


def test_the_table_at_a_threshold_counts_who_would_remove_what() -> None:
    judge = [3.0] * 40 + [8.0] * 30 + [3.0] * 5 + [8.0] * 10
    is_rejected = [True] * 40 + [False] * 30 + [False] * 5 + [True] * 10
    found = compare_verdicts(judge, is_rejected, 7.0)
    assert (found.both_remove, found.only_judge, found.only_people, found.both_keep) == (40, 5, 10, 30)
    assert found.agreement.value == pytest.approx(70 / 85)
    assert (found.precision.value, found.precision.n) == (pytest.approx(40 / 45), 45)
    assert (found.recall.value, found.recall.n) == (pytest.approx(40 / 50), 50)
    assert found.kappa.value == pytest.approx(cohen_kappa([*zip(np.less(judge, 7), is_rejected, strict=True)], [0, 1]))


def test_precision_is_withheld_where_the_judge_would_remove_few() -> None:
    found = compare_verdicts([3.0] * 5 + [8.0] * 95, [True] * 40 + [False] * 60, 7.0)
    assert found.precision == Figure.too_few(5)
    assert found.recall.n == 40


def test_a_score_at_the_threshold_is_kept() -> None:
    found = compare_verdicts([7.0] * 40 + [6.99] * 2, [True] * 42, 7.0)
    assert (found.only_people, found.both_remove) == (40, 2)


def test_the_size_of_a_sample_follows_from_what_is_to_be_known() -> None:
    assert size_to_estimate(0.05, 10**9) == 385  # the textbook's number
    assert size_to_estimate(0.05, 1000) == 278
    assert size_to_estimate(0.01, 50) == 50
    assert size_to_show(0.05, 10**6) == 59  # ln 0.05 / ln 0.95
    assert size_to_show(0.05, 10**6, allowed=1) == 93
    assert size_to_show(0.05, 20) == 20
    assert size_to_estimate(0.05, 0) == 0


@given(st.floats(0.005, 0.5), st.integers(0, 5))
def test_a_sample_of_the_planned_size_shows_what_it_is_to_show(at_most: float, allowed: int) -> None:
    n = size_to_show(at_most, 10**6, allowed)
    assert upper_bound(allowed, n) <= at_most < upper_bound(allowed, n - 1)


@pytest.mark.parametrize("share", [0, 1, -0.1, 5, NAN])
def test_a_margin_that_is_no_share_is_told(share: float) -> None:
    with pytest.raises(ConfigError, match="share between 0 and 1"):
        size_to_estimate(share, 100)


def test_an_unfinished_sample_warns_against_stopping_early() -> None:
    early = running_estimate(planned=59, reviewed=20, defects=0)
    assert "20 of 59 planned" in early.caution
    assert early.rate.method.startswith("share; Clopper-Pearson")
    done = running_estimate(planned=59, reviewed=59, defects=0)
    assert done.caution == ""
    assert done.bound == pytest.approx(0.0495, abs=1e-4)
    assert running_estimate(planned=10, reviewed=0, defects=0).bound is None
