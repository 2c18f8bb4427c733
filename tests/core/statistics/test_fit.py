"""The chi-square test, against printed tables and by hand."""

import random

import pytest

from synthgen_core.statistics.fit import chi_square_tail, goodness_of_fit


@pytest.mark.parametrize(
    ("statistic", "degrees", "tail"),
    [
        (3.841459, 1, 0.05),
        (5.991465, 2, 0.05),
        (7.814728, 3, 0.05),
        (18.307038, 10, 0.05),
        (24.995790, 15, 0.05),
        (6.634897, 1, 0.01),
        (29.588298, 10, 0.001),
        (0.584374, 3, 0.9),
    ],
)
def test_the_tail_is_that_of_the_tables(statistic: float, degrees: int, tail: float) -> None:
    assert chi_square_tail(statistic, degrees) == pytest.approx(tail, rel=1e-5)


@pytest.mark.parametrize("degrees", [1, 2, 7, 40])
def test_the_tail_falls_from_one_to_nothing(degrees: int) -> None:
    assert chi_square_tail(0, degrees) == 1
    assert chi_square_tail(1e-9, degrees) == pytest.approx(1, abs=1e-3)
    assert chi_square_tail(2000, degrees) == pytest.approx(0, abs=1e-12)


def test_the_statistic_is_pearsons() -> None:
    found = goodness_of_fit([44, 56], [0.5, 0.5])
    assert found.statistic == pytest.approx(1.44)
    assert (found.n, found.degrees) == (100, 1)
    assert found.p == pytest.approx(0.23014, abs=1e-5)


def test_counts_drawn_from_the_shares_are_rarely_called_off() -> None:
    chance = random.Random(3)
    hits = 0
    for _ in range(400):
        drawn = chance.choices("abc", [0.5, 0.3, 0.2], k=120)
        p = goodness_of_fit([drawn.count(each) for each in "abc"], [0.5, 0.3, 0.2]).p
        assert p is not None
        hits += p < 0.05
    assert 5 <= hits <= 38  # 20 of 400 on average; so far off in less than one of a thousand tries


@pytest.mark.parametrize(
    ("counts", "shares", "why"),
    [
        ([10, 19], [0.5, 0.5], "below n = 30"),
        ([40], [1.0], "only one value"),
        ([40, 0], [1.0, 0.0], "only one value"),
        ([59, 1], [0.95, 0.05], "of the rarest value 3.0 are expected"),
        ([], [], "below n = 30"),
    ],
)
def test_it_is_withheld_where_it_does_not_hold(counts: list[int], shares: list[float], why: str) -> None:
    found = goodness_of_fit(counts, shares)
    assert found.p is None
    assert why in found.why_withheld
