"""How far raters agree: Cohen's and Fleiss' kappa, Gwet's AC1 and AC2, Krippendorff's alpha.

Ratings are an array of shape (cases, raters); NaN means that this rater did not rate this case. Cases with fewer than
two ratings say nothing on agreement; they count only where a formula says so. Each function returns NaN where it is not
defined: for want of cases, or because nobody's ratings vary.
"""

import math
from collections.abc import Callable, Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from synthgen_core.statistics.figures import LEAST, Figure
from synthgen_core.statistics.intervals import bootstrap

Floats = NDArray[np.float64]


class Weights(StrEnum):
    """How far apart two categories in a row are: all the same, by distance, or by its square."""

    NONE = "none"
    LINEAR = "linear"
    QUADRATIC = "quadratic"


class Level(StrEnum):
    """What may be done with the values: tell them apart, order them, subtract them."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


def weight_matrix(categories: int, weights: Weights) -> Floats:
    """Agreement between each two of so many ordered categories: 1 on the diagonal, 0 (or more) off it."""
    if weights is Weights.NONE or categories < 2:
        return np.eye(categories)
    distance = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))) / (categories - 1)
    return 1 - distance ** (1 if weights is Weights.LINEAR else 2)


def count_ratings(ratings: ArrayLike, categories: Sequence[float]) -> Floats:
    """How often each case was put into each category: (cases, categories). Values outside them are not counted."""
    values, known = np.asarray(ratings, dtype=float), np.asarray(categories, dtype=float)
    order = np.argsort(known)
    place = np.minimum(np.searchsorted(known[order], values), len(known) - 1)
    case, rater = np.nonzero(known[order][place] == values)
    cells = case * len(known) + order[place[case, rater]]
    return np.bincount(cells, minlength=len(values) * len(known)).reshape(len(values), len(known)).astype(float)


def cohen_kappa(ratings: ArrayLike, categories: Sequence[float], weights: Weights = Weights.NONE) -> float:
    """Agreement of two raters beyond chance (J. Cohen, 1960; weighted: 1968).

    (po - pe) / (1 - pe) over the cases that both rated; chance is each rater's own shares.
    """
    values = np.asarray(ratings, dtype=float)
    both = values[~np.isnan(values).any(axis=1)]
    one, other = (count_ratings(both[:, [rater]], categories) for rater in (0, 1))
    return kappa_of_table(one.T @ other, weights)


def kappa_of_table(table: Floats, weights: Weights = Weights.NONE) -> float:
    """The same from a table of counts: what one rater said down, what the other said across."""
    if not (total := table.sum()):
        return math.nan
    shares, matrix = table / total, weight_matrix(len(table), weights)
    chance = float((matrix * np.outer(shares.sum(axis=1), shares.sum(axis=0))).sum())
    return _beyond(float((matrix * shares).sum()), chance)


def _beyond(observed: float, chance: float) -> float:
    """The share of what chance leaves open that was agreed upon."""
    return math.nan if math.isclose(chance, 1) else (observed - chance) / (1 - chance)


def fleiss_kappa(ratings: ArrayLike, categories: Sequence[float]) -> float:
    """Agreement of any number of raters beyond chance (J. L. Fleiss, 1971).

    Where cases have different numbers of ratings, as K. L. Gwet generalises it (Handbook of Inter-Rater Reliability,
    4th edition, 2014, section 2.4.1): observed agreement over cases with two ratings or more, shares over all.
    """
    counts = count_ratings(ratings, categories)
    shares = _shares(counts)
    return _beyond(_observed(counts, np.eye(len(categories))), float((shares**2).sum()))


def gwet_ac(ratings: ArrayLike, categories: Sequence[float], weights: Weights = Weights.NONE) -> float:
    """Gwet's AC1, or AC2 with weights: beyond chance, and steady where one category is rare.

    pe = sum(w) / (q (q - 1)) * sum of share (1 - share) (K. L. Gwet, 2008; 2014, section 4.4). NaN for one category.
    """
    counts, matrix = count_ratings(ratings, categories), weight_matrix(len(categories), weights)
    return _gwet(_observed(counts, matrix), _shares(counts), matrix)


def gwet_of_table(table: Floats, weights: Weights = Weights.NONE) -> float:
    """The same for two raters, from a table of counts: what one said down, what the other said across."""
    if not (total := table.sum()):
        return math.nan
    shares, matrix = table / total, weight_matrix(len(table), weights)
    return _gwet(float((matrix * shares).sum()), (shares.sum(axis=0) + shares.sum(axis=1)) / 2, matrix)


def _gwet(observed: float, shares: Floats, matrix: Floats) -> float:
    size = len(matrix)
    if size < 2:
        return math.nan
    return _beyond(observed, float(matrix.sum() / (size * (size - 1)) * (shares * (1 - shares)).sum()))


def percent_agreement(ratings: ArrayLike, categories: Sequence[float]) -> float:
    """The share of pairs of ratings of one case that are equal, the mean over cases with two ratings or more."""
    return _observed(count_ratings(ratings, categories), np.eye(len(categories)))


def _observed(counts: Floats, weights: Floats) -> float:
    raters = counts.sum(axis=1)
    rated = raters >= 2
    if not rated.any():
        return math.nan
    counts, raters = counts[rated], raters[rated]
    return float(((counts * (counts @ weights - 1)).sum(axis=1) / (raters * (raters - 1))).mean())


def _shares(counts: Floats) -> Floats:
    raters = counts.sum(axis=1)
    rated = raters >= 1
    if not rated.any():
        return np.full(counts.shape[1], math.nan)
    return np.asarray((counts[rated] / raters[rated, None]).mean(axis=0))


def krippendorff_alpha(ratings: ArrayLike, level: Level = Level.NOMINAL) -> float:
    """1 - observed / expected disagreement, any number of raters, gaps allowed (K. Krippendorff, Computing
    Krippendorff's Alpha-Reliability, 2011: coincidences, and the difference functions of section D)."""
    values = np.asarray(ratings, dtype=float)
    categories = np.unique(values[~np.isnan(values)])
    counts = count_ratings(values, categories.tolist())
    counts = counts[counts.sum(axis=1) >= 2]
    if len(counts) == 0 or len(categories) < 2:
        return math.nan
    coincidences = (counts / (counts.sum(axis=1) - 1)[:, None]).T @ counts
    coincidences[np.diag_indices(len(categories))] -= (counts / (counts.sum(axis=1) - 1)[:, None]).sum(axis=0)
    totals = coincidences.sum(axis=1)
    differences = _differences(categories, totals, level)
    expected = float((np.outer(totals, totals) * differences).sum())
    if not expected:
        return math.nan
    return 1 - (float(totals.sum()) - 1) * float((coincidences * differences).sum()) / expected


def _differences(categories: Floats, totals: Floats, level: Level) -> Floats:
    if level is Level.NOMINAL:
        return 1 - np.eye(len(categories))
    if level is Level.INTERVAL:
        return np.subtract.outer(categories, categories) ** 2
    middle = np.cumsum(totals) - totals / 2
    return np.subtract.outer(middle, middle) ** 2


Coefficient = Callable[[Floats], float]


def agreement_figure(coefficient: Coefficient, ratings: ArrayLike, method: str, *, least: int = LEAST) -> Figure:
    """A coefficient over the cases with two ratings or more, with its bootstrap interval; withheld below ``least``."""
    values = np.asarray(ratings, dtype=float)
    if values.ndim != 2:
        return Figure.too_few(0, least)
    shared = values[(~np.isnan(values)).sum(axis=1) >= 2]
    if len(shared) < least:
        return Figure.too_few(len(shared), least)
    return bootstrap(lambda cases: coefficient(shared[cases]), len(shared), method)
