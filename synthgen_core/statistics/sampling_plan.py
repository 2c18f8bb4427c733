"""How many examples to review in order to know something, and what is known on the way there."""

import math
from dataclasses import dataclass
from enum import StrEnum

from synthgen_core.errors import ConfigError
from synthgen_core.statistics.figures import Figure
from synthgen_core.statistics.intervals import Z, binomial_cdf, exact, upper_bound, wilson, wilson_of_finite

FEW_DEFECTS = 5
"""With fewer defects (or fewer sound examples) than this, the exact interval is taken."""


def size_to_estimate(within: float, population: int, expected: float = 0.5) -> int:
    """Examples to review so that the defect rate is known to +- ``within`` (a share) with 95 % confidence.

    z^2 p (1 - p) / e^2 with the correction for a finite population (W. G. Cochran, Sampling Techniques, 3rd edition,
    1977, section 4.4); without an ``expected`` rate the worst case, one half.

    Raises:
        ConfigError: a share is not between 0 and 1.
    """
    _is_share("margin", within)
    _is_share("expected defect rate", expected)
    first = Z**2 * expected * (1 - expected) / within**2
    return min(population, math.ceil(first / (1 + (first - 1) / population))) if population else 0


def size_to_show(at_most: float, population: int, allowed: int = 0) -> int:
    """Examples to review so that, with at most ``allowed`` defects among them, the rate is below ``at_most`` with 95 %
    confidence: the smallest n whose one-sided exact bound is low enough (Clopper and Pearson, 1934). All, if that is
    more than there are.

    Raises:
        ConfigError: the share is not between 0 and 1, or fewer than no defects are allowed.
    """
    _is_share("highest defect rate", at_most)
    if allowed < 0:
        raise ConfigError(f"The number of allowed defects cannot be {allowed}.", "Give 0 or more.")
    low, high = allowed, population
    if high <= allowed or upper_bound(allowed, high) > at_most:
        return population
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if upper_bound(allowed, middle) > at_most else (low, middle)
    return high


def _is_share(what: str, value: float) -> None:
    if not 0 < value < 1:
        raise ConfigError(f"The {what} cannot be {value:g}.", "Give a share between 0 and 1, such as 0.05.")


def chance_to_show(rate: float, size: int, allowed: int = 0) -> float:
    """How likely a sample of this size has at most ``allowed`` defects where the rate is really this."""
    return binomial_cdf(allowed, size, rate)


class Interval(StrEnum):
    """How the interval of a share is found."""

    WILSON = "wilson"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class RunningEstimate:
    """What a sample has shown so far."""

    planned: int
    reviewed: int
    """Accepted or rejected."""
    rate: Figure
    """Share of defects among those reviewed, with its interval."""
    bound: float | None
    """The rate is below this with 95 % confidence, one-sided, where those that nobody could decide on count as defects;
    None before the first review."""
    skipped: int = 0
    """Those that nobody could decide on."""

    @property
    def is_complete(self) -> bool:
        """All that was planned was looked at, and decided as far as that was possible."""
        return self.reviewed + self.skipped >= self.planned

    @property
    def caution(self) -> str:
        """What to keep in mind while the sample is not complete; empty once it is."""
        if self.is_complete:
            return ""
        return (
            f"{self.reviewed + self.skipped:,} of {self.planned:,} planned reviews are done. The interval holds for a "
            "sample of a size fixed beforehand: who stops as soon as the figure looks good gets a figure that is too "
            "good."
        )


def running_estimate(
    planned: int,
    reviewed: int,
    defects: int,
    *,
    skipped: int = 0,
    interval: Interval | None = None,
    population: int | None = None,
) -> RunningEstimate:
    """The defect rate as the sample shows it so far; without an ``interval``, the exact one where defects are few.

    ``population``: what it was drawn from. Wilson's interval is narrower where much of it was seen; the exact one and
    the bound take no account of that, and are on the safe side. Where all was seen, the rate is known.
    """
    if interval is None:
        is_rare = min(defects, reviewed - defects) < FEW_DEFECTS
        interval = Interval.EXACT if is_rare else Interval.WILSON
    looked_at = reviewed + skipped
    bound = upper_bound(defects + skipped, looked_at) if looked_at else None
    if population and reviewed == population:
        share = defects / reviewed
        rate = Figure(reviewed, share, share, share, "share of all that there are")
        return RunningEstimate(planned, reviewed, rate, share, skipped)
    if interval is Interval.EXACT:
        rate = exact(defects, reviewed)
    else:
        rate = wilson_of_finite(defects, reviewed, population) if population else wilson(defects, reviewed)
    return RunningEstimate(planned, reviewed, rate, bound, skipped)
