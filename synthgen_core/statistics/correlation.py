"""How two scores of the same cases go together: Spearman, Kendall, mean absolute error, and a threshold's verdicts."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthgen_core.statistics.agreement import Weights, cohen_kappa, gwet_ac
from synthgen_core.statistics.figures import LEAST, Figure
from synthgen_core.statistics.intervals import Statistic, bootstrap, wilson

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
class Verdicts:
    """Two scores of the same cases, cut at a threshold: below it, a case would be removed."""

    both_low: int
    only_judge_low: int
    only_person_low: int
    both_high: int
    precision: Figure
    """Of the cases that the judge would remove, the share that people would, too."""
    recall: Figure
    """Of the cases that people would remove, the share that the judge would, too."""
    kappa: Figure
    ac1: Figure


@dataclass(frozen=True, slots=True)
class Comparison:
    """The judge's scores against people's."""

    error: Figure
    spearman: Figure
    kendall: Figure
    weighted_kappa: Figure
    """Quadratic weights, over whole scores 0 to 10."""
    ac2: Figure


def compare(judge: ArrayLike, people: ArrayLike, *, least: int = LEAST) -> Comparison:
    """Judge against people over the cases that both scored (same length, 0 to 10); withheld below ``least`` cases."""
    one, other = np.asarray(judge, dtype=float), np.asarray(people, dtype=float)
    n = len(one)
    if n < least:
        few = Figure.too_few(n, least)
        return Comparison(few, few, few, few, few)
    whole = np.round(np.stack([one, other], axis=1))
    scores = list(range(11))

    def figure(statistic: Statistic, method: str) -> Figure:
        return bootstrap(statistic, n, method)

    return Comparison(
        figure(lambda i: mean_absolute_error(one[i], other[i]), "mean absolute error"),
        figure(lambda i: spearman(one[i], other[i]), "Spearman's rho"),
        figure(lambda i: kendall(one[i], other[i]), "Kendall's tau-b"),
        figure(lambda i: cohen_kappa(whole[i], scores, Weights.QUADRATIC), "Cohen's kappa, quadratic weights"),
        figure(lambda i: gwet_ac(whole[i], scores, Weights.QUADRATIC), "Gwet's AC2, quadratic weights"),
    )


def compare_verdicts(judge: ArrayLike, people: ArrayLike, threshold: float, *, least: int = LEAST) -> Verdicts:
    """What judge and people would remove at this threshold; shares and agreement are withheld below ``least`` cases."""
    low = np.stack([np.asarray(judge, dtype=float) < threshold, np.asarray(people, dtype=float) < threshold], axis=1)
    n, cells = len(low), low.astype(float)
    both, judge_only = int(low.all(axis=1).sum()), int((low[:, 0] & ~low[:, 1]).sum())
    people_only, neither = int((low[:, 1] & ~low[:, 0]).sum()), int((~low).all(axis=1).sum())
    few = Figure.too_few(n, least)
    is_enough = n >= least
    return Verdicts(
        both,
        judge_only,
        people_only,
        neither,
        wilson(both, both + judge_only) if is_enough else few,
        wilson(both, both + people_only) if is_enough else few,
        bootstrap(lambda i: cohen_kappa(cells[i], [0, 1]), n, "Cohen's kappa") if is_enough else few,
        bootstrap(lambda i: gwet_ac(cells[i], [0, 1]), n, "Gwet's AC1") if is_enough else few,
    )
