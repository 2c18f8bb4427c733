"""Target against actual: how often each parameter's values were to be drawn, how often they are there, and with which
weights more examples would put that right.

The target of a value is its share of the domain's weights. Where the question bank decided what an example is about,
only values that do not contradict its situation were drawn, so there it is the mean of the shares that each core of the
bank leaves it: every core comes as often as any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from synthgen_core.domains import Domain, Subdomain
from synthgen_core.splitting import apportion
from synthgen_core.statistics import Figure
from synthgen_core.statistics.fit import Fit, goodness_of_fit
from synthgen_core.statistics.intervals import exact, wilson
from synthgen_core.statistics.sampling_plan import FEW_DEFECTS as FEW

Shares = Mapping[str, Mapping[str, float]]
"""Parameter -> value -> share, 0-1."""
Counts = Mapping[str, Mapping[str, int]]
"""Parameter -> value -> examples."""
PARTS = 10_000
"""Corrected weights sum to about this, so that a value may be drawn once in ten thousand times."""
ROUNDS = 50
"""Of fitting weights to shares where situations leave some values out; they settle sooner."""


@dataclass(frozen=True, slots=True)
class Making:
    """Examples that were made in one way."""

    domain: Domain
    subdomain: Subdomain
    is_from_bank: bool
    """The question bank decided what they are about."""
    count: int


class Standing(StrEnum):
    """Where a value's actual share stands against its target."""

    SHORT = "short"
    """The whole interval is below it."""
    OVER = "over"
    AS_DRAWN = "as drawn"
    """No further off than chance brings."""


@dataclass(frozen=True, slots=True)
class ValueCoverage:
    """One value of a parameter."""

    value: str
    target: float
    """Share that was to be drawn, 0-1."""
    active: int
    surplus: float
    """Active examples more than the target makes of all; below 0: that are missing."""
    share: Figure
    """Actual share, with its interval."""
    lost: Figure
    """Share of those that were made with this value and are not active any more."""

    @property
    def standing(self) -> Standing:
        """By the interval of its share."""
        low, high = self.share.low, self.share.high
        if low is None or high is None or low <= self.target <= high:
            return Standing.AS_DRAWN
        return Standing.SHORT if high < self.target else Standing.OVER


@dataclass(frozen=True, slots=True)
class ParameterCoverage:
    """One parameter."""

    name: str
    n: int
    """Active examples that have one of its values."""
    without: int
    """Active examples that were to have one, and do not."""
    values: tuple[ValueCoverage, ...]
    """In the order of the domain."""
    strange: Mapping[str, int]
    """Values that the domain does not have -> active examples; they are not in ``n``."""
    fit: Fit

    @property
    def off_target(self) -> float:
        """Share of the examples that would need another value to meet the target, 0-1 (total variation distance)."""
        return sum(max(0.0, -each.surplus) for each in self.values) / self.n if self.n else 0.0

    @property
    def missing(self) -> int:
        """Examples that are missing of all values together."""
        return ceil(sum(max(0.0, -each.surplus) for each in self.values) - 1e-9)


def target_shares(domain: Domain, subdomain: Subdomain, *, is_from_bank: bool) -> dict[str, dict[str, float]]:
    """How often each value of each parameter is drawn, on average."""
    return {
        name: _drawn(weights, _limits(subdomain, name) if is_from_bank else [])
        for name, weights in domain.parameters.items()
    }


Limits = list[tuple[int, frozenset[str] | None]]
"""(cores of a situation, the only values that fit it; None: all)."""


def _limits(subdomain: Subdomain, name: str) -> Limits:
    return [
        (len(each.details) * len(each.asks), frozenset(each.fits[name]) if name in each.fits else None)
        for each in subdomain.situations
    ]


def _drawn(weights: Mapping[str, float], limits: Limits) -> dict[str, float]:
    """The share of each value, over all situations."""
    shares = dict.fromkeys(weights, 0.0)
    cores = sum(count for count, _ in limits)
    for count, only in limits or [(1, None)]:
        fitting = {value: weight for value, weight in weights.items() if only is None or value in only}
        whole = sum(fitting.values())
        for value, weight in fitting.items():
            shares[value] += (count / cores if cores else 1) * weight / whole
    return shares


def measure_coverage(makings: Sequence[Making], active: Counts, removed: Counts) -> list[ParameterCoverage]:
    """Every parameter of the makings' domains. ``active`` and ``removed``: examples by parameter and value."""
    expected: dict[str, dict[str, float]] = {}
    for making in makings:
        shares = target_shares(making.domain, making.subdomain, is_from_bank=making.is_from_bank)
        for name, values in shares.items():
            held = expected.setdefault(name, {})
            for value, share in values.items():
                held[value] = held.get(value, 0.0) + making.count * share
    return [_measure(name, values, active.get(name, {}), removed.get(name, {})) for name, values in expected.items()]


def _measure(
    name: str, expected: Mapping[str, float], active: Mapping[str, int], removed: Mapping[str, int]
) -> ParameterCoverage:
    due = sum(expected.values())
    n = sum(active.get(value, 0) for value in expected)
    strange = {value: count for value, count in active.items() if value not in expected}
    values = []
    for value, count in expected.items():
        there, gone, target = active.get(value, 0), removed.get(value, 0), count / due if due else 0.0
        values.append(
            ValueCoverage(value, target, there, there - target * n, _share(there, n), _share(gone, there + gone))
        )
    fit = goodness_of_fit([each.active for each in values], [each.target for each in values])
    without = max(0, round(due) - n - sum(strange.values()))
    return ParameterCoverage(name, n, without, tuple(values), strange, fit)


def _share(part: int, whole: int) -> Figure:
    """With few on either side the exact interval, else Wilson's."""
    return exact(part, whole) if min(part, whole - part) < FEW else wilson(part, whole)


def correct_weights(
    coverage: Sequence[ParameterCoverage], domain: Domain, subdomain: Subdomain, more: int, *, is_from_bank: bool
) -> dict[str, dict[str, int]]:
    """Weights for ``more`` examples of this subdomain, so that all together come as near to the target as can be.

    A value gets what it will be short of then; one that has enough is left a weight of 1, as it may be all that fits a
    situation. Values that the domain never draws keep 0.
    """
    found = {}
    for each in coverage:
        own = domain.parameters.get(each.name)
        if own is None or not each.n:
            continue
        needed = {
            value.value: max(0.0, value.target * (each.n + more) - value.active)
            for value in each.values
            if own.get(value.value, 0)
        }
        if whole := sum(needed.values()):
            wanted = {value: need / whole for value, need in needed.items()}
            limits = _limits(subdomain, each.name) if is_from_bank else []
            found[each.name] = dict.fromkeys(own, 0) | _whole(_fitted(wanted, limits))
    return found


def _fitted(wanted: Mapping[str, float], limits: Limits) -> dict[str, float]:
    """Weights that are drawn as often as wanted, as far as the situations allow (iterative proportional fitting: W. E.
    Deming and F. F. Stephan, 1940)."""
    least = 1 / PARTS
    weights = {value: max(least, share) for value, share in wanted.items()}
    for _ in range(ROUNDS if any(only is not None for _, only in limits) else 0):
        drawn = _drawn(weights, limits)
        fitted = {value: weight * wanted[value] / (drawn[value] or 1) for value, weight in weights.items()}
        whole = sum(fitted.values())
        weights = {value: max(least, weight / whole) for value, weight in fitted.items()}
    return weights


def _whole(weights: Mapping[str, float]) -> dict[str, int]:
    return {value: max(1, part) for value, part in zip(weights, apportion(PARTS, [*weights.values()]), strict=True)}


def off_target_after(parameter: ParameterCoverage, more: int, drawn: Mapping[str, float]) -> float:
    """``off_target`` as it will be on average with ``more`` examples whose values are drawn like this."""
    total = parameter.n + more
    if not total:
        return 0.0
    short = (each.target * total - each.active - more * drawn.get(each.value, 0.0) for each in parameter.values)
    return sum(max(0.0, lack) for lack in short) / total
