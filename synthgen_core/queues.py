"""Which examples are most worth a person's time, and why: each reason has a strength, and the strengths add up."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

NEAR = 1.0
"""A judge's score so far from the threshold, or farther, is no reason."""
WIDE = 1.5
"""Standard deviation of a judge's scores of one text from which on it is as unsure as it counts."""
MANY_FLAGS = 3
RARE = 0.05
"""A value that fewer examples than this share were drawn with is rare."""
ENOUGH = 100
"""Examples that must be known before any value counts as rare."""
STRENGTH = {"threshold": 3.0, "spread": 3.0, "repeat": 2.0, "flags": 2.0, "rare": 1.0}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of an example that nobody reviewed yet."""

    id: int
    example_index: int
    quality_score: float | None
    judge_spread: float | None
    flag_count: int
    parameters: Mapping[str, str]
    is_repeat: bool
    """There is another example with the same content."""
    is_typical: bool
    """It was drawn by chance, not looked for: how frequent values are, is told by such examples."""


@dataclass(frozen=True, slots=True)
class Useful:
    """An example worth reviewing."""

    id: int
    reason: str
    """All reasons, the strongest first."""


def most_useful(candidates: Sequence[Candidate], size: int, threshold: float) -> list[Useful]:
    """The most useful candidates, the most useful first; fewer, if fewer have any reason. By index where they tie."""
    typical = [candidate for candidate in candidates if candidate.is_typical]
    counts = Counter(pair for candidate in typical for pair in candidate.parameters.items())
    shares = {pair: count / len(typical) for pair, count in counts.items()} if len(typical) >= ENOUGH else {}
    ranked = []
    for candidate in candidates:
        reasons = sorted(_reasons(candidate, threshold, shares), key=lambda reason: -reason[0])
        if reasons:
            strength = sum(reason[0] for reason in reasons)
            ranked.append((-strength, candidate.example_index, candidate.id, [text for _, text in reasons]))
    return [Useful(each[2], "; ".join(each[3])) for each in sorted(ranked)[:size]]


def _reasons(
    candidate: Candidate, threshold: float, shares: Mapping[tuple[str, str], float]
) -> Iterator[tuple[float, str]]:
    """(strength, in words) of each reason."""
    score, spread = candidate.quality_score, candidate.judge_spread
    if score is not None and abs(score - threshold) < NEAR:
        strength = STRENGTH["threshold"] * (1 - abs(score - threshold) / NEAR)
        yield strength, f"score {score:g} is near the threshold of {threshold:g}"
    if spread:
        yield STRENGTH["spread"] * min(1, spread / WIDE), f"the judge is unsure (± {spread:.1f})"
    if candidate.is_repeat:
        yield STRENGTH["repeat"], "another example says the same"
    if candidate.flag_count:
        flags = "1 flag" if candidate.flag_count == 1 else f"{candidate.flag_count} flags"
        yield STRENGTH["flags"] * min(1, candidate.flag_count / MANY_FLAGS), flags
    known = [(shares[pair], *pair) for pair in candidate.parameters.items() if pair in shares]
    if known and (rarest := min(known))[0] < RARE:
        share, name, value = rarest
        yield STRENGTH["rare"] * (1 - share / RARE), f"few have {name} “{value}”"
