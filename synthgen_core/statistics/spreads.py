"""How numbers are spread, from how often each occurs: bars of a histogram, quartiles, sums."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from synthgen_core.statistics.means import Sums

Number = TypeVar("Number", int, float)
HIGHEST = 10
"""Scores are 0 to 10."""
WHOLE, HALF = 1.0, 0.5


@dataclass(frozen=True, slots=True)
class Spread:
    """How scores are spread over 0 to 10."""

    sums: Sums
    width: float
    """Of a bar: 1 where all scores are whole numbers, else 0.5."""
    bars: tuple[tuple[float, int], ...]
    """(its lowest score, how many), ascending from 0, empty ones too. The last one has the score 10 alone."""
    quartiles: tuple[float, float, float] | None
    """Lower quartile, median, upper quartile; None where there is no score."""


def spread_of(counts: Mapping[float, int]) -> Spread:
    """The spread of scores, given how often each occurs."""
    width = WHOLE if all(score == int(score) for score in counts) else HALF
    bars = [0] * (round(HIGHEST / width) + 1)
    for score, count in counts.items():
        bars[min(max(int(score / width), 0), len(bars) - 1)] += count
    sums = Sums(
        sum(counts.values()),
        math.fsum(score * count for score, count in counts.items()),
        math.fsum(score * score * count for score, count in counts.items()),
    )
    return Spread(sums, width, tuple((n * width, count) for n, count in enumerate(bars)), quartiles(counts))


def quartiles(counts: Mapping[Number, int]) -> tuple[Number, Number, Number] | None:
    """Lower quartile, median and upper quartile; None of nothing."""
    if not counts:
        return None
    total = sum(counts.values())
    return quantile(counts, total / 4), quantile(counts, total / 2), quantile(counts, total * 3 / 4)


def quantile(counts: Mapping[Number, int], rank: float) -> Number:
    """The least of these values, of which there is one at least, that so many are not above."""
    seen = 0
    ordered = sorted(counts)
    for value in ordered:
        seen += counts[value]
        if seen >= rank:
            return value
    return ordered[-1]
