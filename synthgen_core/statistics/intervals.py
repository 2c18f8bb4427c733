"""Intervals: of a share (Wilson; Clopper and Pearson), and by bootstrap of any statistic over cases."""

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthgen_core.statistics.figures import LEAST, Figure

Floats = NDArray[np.float64]

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution: intervals hold in 95 % of cases."""
REPLICATES, FEWEST_REPLICATES, MOST_DRAWS = 1000, 200, 2_000_000
"""Bootstrap samples; fewer where n is so large that they would take seconds."""
Statistic = Callable[[NDArray[np.intp]], float]
"""A statistic of the cases with these numbers; NaN where it is not defined."""


def wilson(hits: int, n: int) -> Figure:
    """A share and its 95 % score interval (E. B. Wilson, 1927). It holds for few cases and near 0 and 1, too."""
    if n == 0:
        return Figure.withheld(0, "n = 0.")
    low, high = _wilson(hits / n, n)
    return Figure(n, hits / n, low, high, "share; Wilson interval, 95 %")


def wilson_of_finite(hits: int, n: int, population: int) -> Figure:
    """The same for a sample without replacement: it knows as much as n (N - 1) / (N - n) cases of an endless population
    do (W. G. Cochran, Sampling Techniques, 3rd edition, 1977, section 3.3)."""
    if n == 0 or n >= population:
        return wilson(hits, n)
    low, high = _wilson(hits / n, n * (population - 1) / (population - n))
    return Figure(n, hits / n, low, high, f"share; Wilson interval, 95 %, of {population:,} in all")


def _wilson(share: float, n: float) -> tuple[float, float]:
    scale = 1 + Z**2 / n
    centre = (share + Z**2 / (2 * n)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n * n))
    return (centre - half if share else 0.0), (1.0 if share == 1 else centre + half)


def exact(hits: int, n: int) -> Figure:
    """A share and its exact 95 % interval (C. J. Clopper and E. S. Pearson, 1934): never too narrow."""
    if n == 0:
        return Figure.withheld(0, "n = 0.")
    low = 0.0 if hits == 0 else _root(lambda p: 1 - binomial_cdf(hits - 1, n, p), 0.025)
    high = upper_bound(hits, n, 0.025)
    return Figure(n, hits / n, low, high, "share; Clopper-Pearson interval, 95 %")


def upper_bound(hits: int, n: int, alpha: float = 0.05) -> float:
    """The largest share that ``hits`` of ``n`` do not rule out at this level, one-sided (Clopper and Pearson)."""
    return 1.0 if hits == n else _root(lambda p: -binomial_cdf(hits, n, p), -alpha)


def binomial_cdf(hits: int, n: int, p: float) -> float:
    """P(X <= hits) of a binomial distribution."""
    if p <= 0:
        return 1.0
    if p >= 1:
        return float(hits >= n)
    if hits > n // 2:  # the shorter tail
        return 1 - binomial_cdf(n - hits - 1, n, 1 - p) if hits < n else 1.0
    log_p, log_q = math.log(p), math.log1p(-p)
    whole = math.lgamma(n + 1)
    terms = (
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(n - k + 1) + k * log_p + (n - k) * log_q)
        for k in range(hits + 1)
    )
    return min(1.0, math.fsum(terms))


def _root(rising: Callable[[float], float], target: float) -> float:
    """Where a rising function of a share reaches the target."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return (low + high) / 2


def bootstrap(statistic: Statistic, n: int, method: str, *, seed: int = 0) -> Figure:
    """A statistic of all ``n`` cases with its 95 % percentile interval (B. Efron, 1979), by seed the same each time.

    Withheld where the statistic is not defined, or not in most samples.
    """
    rng, replicates = np.random.default_rng(seed), _replicates(n)
    found = (statistic(rng.integers(0, n, n)) for _ in range(replicates))
    return _percentiles(n, statistic(np.arange(n)), found, replicates, method)


def bootstrap_table(statistic: Callable[[Floats], float], table: Floats, method: str, *, seed: int = 0) -> Figure:
    """The same for a statistic of a table of counts: to draw cases and count them is to draw from a multinomial
    distribution, which takes the same time for any number of cases."""
    n, rng = int(table.sum()), np.random.default_rng(seed)
    drawn = rng.multinomial(n, table.ravel() / n, REPLICATES).reshape(REPLICATES, *table.shape)
    return _percentiles(n, statistic(table), (statistic(one.astype(float)) for one in drawn), REPLICATES, method)


def mean_figure(values: ArrayLike, method: str = "mean") -> Figure:
    """The mean of values with its bootstrap interval; withheld where they are too few."""
    found = np.asarray(values, dtype=float)
    if len(found) < LEAST:
        return Figure.too_few(len(found))
    return bootstrap(lambda cases: float(found[cases].mean()), len(found), method)


def difference_of_means(one: ArrayLike, other: ArrayLike, *, seed: int = 0) -> Figure:
    """The mean of one group less that of another, each drawn anew on its own (B. Efron and R. J. Tibshirani, An
    Introduction to the Bootstrap, 1993, section 8.3). Withheld where either has too few cases; n is that of both."""
    left, right = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    n, fewer = len(left) + len(right), min(len(left), len(right))
    if fewer < LEAST:
        return Figure.withheld(n, f"n = {len(left):,} and {len(right):,}; shown from {LEAST} each on.")
    rng, replicates = np.random.default_rng(seed), _replicates(n)
    found = (
        float(rng.choice(left, len(left)).mean() - rng.choice(right, len(right)).mean()) for _ in range(replicates)
    )
    return _percentiles(n, float(left.mean() - right.mean()), found, replicates, "difference of means")


def _replicates(n: int) -> int:
    return min(REPLICATES, max(FEWEST_REPLICATES, MOST_DRAWS // n))


def _percentiles(n: int, value: float, drawn: Iterable[float], replicates: int, method: str) -> Figure:
    if math.isnan(value):
        return Figure.withheld(n, "Not defined: the values do not vary.")
    found = np.array(list(drawn))
    found = found[~np.isnan(found)]
    if len(found) < replicates / 2:
        return Figure.withheld(n, "Not defined in most samples: the values hardly vary.")
    low, high = np.percentile(found, [2.5, 97.5])
    return Figure(n, value, float(low), float(high), f"{method}; bootstrap interval, 95 %, {replicates:,} samples")
