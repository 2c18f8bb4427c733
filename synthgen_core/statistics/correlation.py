"""How two scores of the same cases go together: Spearman, Kendall, mean absolute error, and a threshold's verdicts."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthgen_core.statistics.agreement import Weights, count_ratings, gwet_of_table, kappa_of_table
from synthgen_core.statistics.figures import LEAST, Figure
from synthgen_core.statistics.intervals import bootstrap, bootstrap_table, wilson

Floats = NDArray[np.float64]
DECIMALS = 2
"""Scores are compared as they are shown; it bounds the table that Kendall's tau is counted from."""


def ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Pearson's correlation of the ranks (C. Spearman, 1904). NaN where one side is constant."""
    one, other = ranks(np.asarray(a, dtype=float)), ranks(np.asarray(b, dtype=float))
    one, other = one - one.mean(), other - other.mean()
    scale = math.sqrt(float((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / scale if scale else math.nan


def kendall(a: ArrayLike, b: ArrayLike) -> float:
    """Kendall's tau-b, which corrects for ties (M. G. Kendall, 1945); counted from the table of distinct values.

    NaN where one side is constant.
    """
    _, one = np.unique(np.round(np.asarray(a, dtype=float), DECIMALS), return_inverse=True)
    _, other = np.unique(np.round(np.asarray(b, dtype=float), DECIMALS), return_inverse=True)
    n, rows, columns = len(one), int(one.max()) + 1, int(other.max()) + 1
    table = np.bincount(one * columns + other, minlength=rows * columns).reshape(rows, columns).astype(float)
    below = table[::-1, ::-1].cumsum(0).cumsum(1)[::-1, ::-1]  # at and after, in both directions
    left = table[::-1].cumsum(0)[::-1].cumsum(1)
    concordant = float((table[:-1, :-1] * below[1:, 1:]).sum())
    discordant = float((table[:-1, 1:] * left[1:, :-1]).sum())
    pairs = n * (n - 1) / 2
    ties = [float((side * (side - 1)).sum() / 2) for side in (table.sum(1), table.sum(0))]
    scale = math.sqrt((pairs - ties[0]) * (pairs - ties[1]))
    return (concordant - discordant) / scale if scale else math.nan


def mean_absolute_error(a: ArrayLike, b: ArrayLike) -> float:
    """Mean distance, in the scores' own unit."""
    return float(np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).mean())


@dataclass(frozen=True, slots=True)
class Comparison:
    """The judge's scores against people's."""

    error: Figure
    spearman: Figure
    kendall: Figure
    weighted_kappa: Figure
    """Quadratic weights, over whole scores 0 to 10."""
    ac2: Figure


def paired_figure(
    statistic: Callable[[Floats, Floats], float], one: ArrayLike, other: ArrayLike, method: str, *, least: int = LEAST
) -> Figure:
    """A statistic of two scores of the same cases, with its bootstrap interval; withheld below ``least`` cases."""
    left, right = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    if len(left) < least:
        return Figure.too_few(len(left), least)
    return bootstrap(lambda i: statistic(left[i], right[i]), len(left), method)


def error_figure(one: ArrayLike, other: ArrayLike, *, least: int = LEAST) -> Figure:
    """The mean absolute error as a figure."""
    return paired_figure(mean_absolute_error, one, other, "mean absolute error", least=least)


def spearman_figure(one: ArrayLike, other: ArrayLike, *, least: int = LEAST) -> Figure:
    """Spearman's rho as a figure."""
    return paired_figure(spearman, one, other, "Spearman's rho", least=least)


def compare(judge: ArrayLike, people: ArrayLike, *, least: int = LEAST) -> Comparison:
    """Judge against people over the cases that both scored (same length, 0 to 10); withheld below ``least`` cases."""
    one, other = (np.round(np.asarray(scores, dtype=float))[:, None] for scores in (judge, people))
    table = count_ratings(one, range(11)).T @ count_ratings(other, range(11))

    def figure(coefficient: Callable[[Floats, Weights], float], method: str) -> Figure:
        if len(one) < least:
            return Figure.too_few(len(one), least)
        return bootstrap_table(lambda counts: coefficient(counts, Weights.QUADRATIC), table, method)

    return Comparison(
        error_figure(judge, people, least=least),
        spearman_figure(judge, people, least=least),
        paired_figure(kendall, judge, people, "Kendall's tau-b", least=least),
        figure(kappa_of_table, "Cohen's kappa, quadratic weights"),
        figure(gwet_of_table, "Gwet's AC2, quadratic weights"),
    )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """A judge's scores, cut at a threshold below which it would remove, against what people accepted and rejected."""

    both_remove: int
    only_judge: int
    """The judge would remove what people accepted."""
    only_people: int
    """People rejected what the judge would keep."""
    both_keep: int
    agreement: Figure
    """The share on which both say the same."""
    precision: Figure
    """Of the cases that the judge would remove, the share that people rejected."""
    recall: Figure
    """Of the cases that people rejected, the share that the judge would remove."""
    kappa: Figure
    """With two categories, weights change nothing: it is the weighted one, too."""
    ac1: Figure
    """With two categories, AC1 and AC2 are the same."""


def compare_verdicts(judge: ArrayLike, is_rejected: ArrayLike, threshold: float, *, least: int = LEAST) -> Verdicts:
    """What a judge would remove at this threshold against what people rejected, over the same cases.

    Each figure is withheld where it rests on fewer than ``least`` cases: precision on those that the judge would
    remove, recall on those that people rejected.
    """
    low, rejected = np.asarray(judge, dtype=float) < threshold, np.asarray(is_rejected, dtype=bool)
    both, only_judge = int((low & rejected).sum()), int((low & ~rejected).sum())
    only_people, neither = int((~low & rejected).sum()), int((~low & ~rejected).sum())
    n, table = len(low), np.array([[both, only_judge], [only_people, neither]], dtype=float)

    def share(hits: int, of: int) -> Figure:
        return wilson(hits, of) if of >= least else Figure.too_few(of, least)

    def figure(statistic: Callable[[Floats], float], method: str) -> Figure:
        return bootstrap_table(statistic, table, method) if n >= least else Figure.too_few(n, least)

    return Verdicts(
        both,
        only_judge,
        only_people,
        neither,
        share(both + neither, n),
        share(both, both + only_judge),
        share(both, both + only_people),
        figure(kappa_of_table, "Cohen's kappa"),
        figure(gwet_of_table, "Gwet's AC1"),
    )
