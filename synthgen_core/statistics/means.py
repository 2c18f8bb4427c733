"""Means from sums: what a database adds up is enough for a mean, its interval, and how far two of them are apart."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from synthgen_core.statistics.figures import LEAST, Figure
from synthgen_core.statistics.intervals import Z

NO_INTERVAL = f"mean; no interval below n = {LEAST}"


@dataclass(frozen=True, slots=True)
class Sums:
    """Numbers, added up."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0
    """Sum of the squares."""

    @property
    def mean(self) -> float:
        """NaN of no numbers."""
        return self.total / self.n if self.n else math.nan

    @property
    def variance(self) -> float:
        """Of the sample, with n - 1; NaN of fewer than two numbers."""
        return max(0.0, self.squares - self.total**2 / self.n) / (self.n - 1) if self.n > 1 else math.nan

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(self.n + other.n, self.total + other.total, self.squares + other.squares)


def sums_of(values: Iterable[float]) -> Sums:
    """Add up."""
    kept = list(values)
    return Sums(len(kept), math.fsum(kept), math.fsum(value * value for value in kept))


def mean(sums: Sums) -> Figure:
    """A mean and its 95 % interval, by the normal distribution; without an interval below ``LEAST`` numbers."""
    if not sums.n:
        return Figure.withheld(0, "n = 0.")
    if sums.n < LEAST:
        return Figure(sums.n, sums.mean, method=NO_INTERVAL)
    half = Z * math.sqrt(sums.variance / sums.n)
    return Figure(sums.n, sums.mean, sums.mean - half, sums.mean + half, "mean; normal interval, 95 %")


def difference(before: Sums, after: Sums) -> Figure:
    """How much higher the second mean is, with the 95 % interval of Welch (1947) by the normal distribution.

    The two are taken for independent samples. ``n`` is that of the smaller one; withheld where it is below ``LEAST``.
    """
    least = min(before.n, after.n)
    if least < LEAST:
        return Figure.too_few(least)
    change = after.mean - before.mean
    half = Z * math.sqrt(before.variance / before.n + after.variance / after.n)
    return Figure(least, change, change - half, change + half, "difference of means; Welch interval, 95 %")
