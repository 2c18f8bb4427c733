"""Whether counts can have come from expected shares by chance: Pearson's chi-square test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from synthgen_core.statistics.figures import LEAST

LEAST_EXPECTED = 5.0
"""Fewest cases expected of each category, below which the test does not hold (W. G. Cochran, 1954)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What the test says, or why it says nothing."""

    n: int
    statistic: float | None = None
    degrees: int = 0
    p: float | None = None
    """How often chance alone would bring counts as far off as these, 0-1."""
    why_withheld: str = ""


def goodness_of_fit(observed: Sequence[int], shares: Sequence[float]) -> Fit:
    """Pearson's test (K. Pearson, 1900) of counts against shares that sum to 1; categories of share 0 are left out.

    Withheld below ``LEAST`` cases, with a single category, and where fewer than ``LEAST_EXPECTED`` cases are expected
    of one.
    """
    pairs = [(count, share) for count, share in zip(observed, shares, strict=True) if share > 0]
    n = sum(count for count, _ in pairs)
    if n < LEAST:
        return Fit(n, why_withheld=f"Not tested below n = {LEAST}.")
    if len(pairs) < 2:
        return Fit(n, why_withheld="There is only one value to test.")
    scarce = min(share * n for _, share in pairs)
    if scarce < LEAST_EXPECTED:
        least = f"{LEAST_EXPECTED:g}"
        return Fit(
            n, why_withheld=f"Not tested: of the rarest value {scarce:.1f} are expected, and {least} are needed."
        )
    statistic = math.fsum((count - n * share) ** 2 / (n * share) for count, share in pairs)
    degrees = len(pairs) - 1
    return Fit(n, statistic, degrees, chi_square_tail(statistic, degrees))


def chi_square_tail(statistic: float, degrees: int) -> float:
    """P(X >= statistic) of the chi-square distribution, as a finite sum (M. Abramowitz and I. A. Stegun, Handbook of
    Mathematical Functions, 1964, 26.4.4 for odd and 26.4.5 for even degrees of freedom)."""
    if statistic <= 0:
        return 1.0
    half, is_odd = statistic / 2, degrees % 2
    total = math.erfc(math.sqrt(half)) if is_odd else math.exp(-half)
    for step in range(1, (degrees + 1) // 2):
        power = step - 0.5 if is_odd else float(step)
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return min(1.0, total)
