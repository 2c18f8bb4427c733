"""Drawing scenarios: weighted, seeded, and the same on every machine and Python version.

Only ``random.Random.random()`` of an integer seed is promised to stay the same by Python's documentation, so every
draw is built from that alone.
"""

import hashlib
import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

from synthgen_core.domains import Domain, Subdomain
from synthgen_core.models import Scenario

T = TypeVar("T")


class Draw:
    """A stream of random choices that depends on nothing but the labels it was made of."""

    def __init__(self, *labels: object) -> None:
        digest = hashlib.sha256("\x1f".join(str(label) for label in labels).encode()).digest()
        self._random = random.Random(int.from_bytes(digest[:8], "big")).random

    def integer(self, least: int, most: int) -> int:
        """A whole number from ``least`` to ``most``, both included, all equally likely."""
        return least + int(self._random() * (most - least + 1))

    def one(self, values: Sequence[T]) -> T:
        """One of the values, all equally likely."""
        return values[self.integer(0, len(values) - 1)]

    def weighted(self, weights: Mapping[str, int]) -> str:
        """One of the keys, as likely as its share of the weights. A key of weight 0 is never drawn."""
        mark = self._random() * sum(weights.values())
        for value, weight in weights.items():
            mark -= weight
            if mark < 0:
                return value
        return [value for value, weight in weights.items() if weight][-1]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """The values in a random order."""
        return [value for _, _, value in sorted((self._random(), n, value) for n, value in enumerate(values))]


def draw_scenario(
    domain: Domain, subdomain: Subdomain, *labels: object, fits: Mapping[str, Sequence[str]] | None = None
) -> Scenario:
    """The scenario that belongs to these labels (a run's seed, an item's number, ...): same labels, same scenario.

    ``fits`` limits parameters to some of their values; these keep their weights relative to one another.
    """
    draw = Draw("scenario", *labels)
    only = fits or {}
    parameters = {
        name: draw.weighted({value: weights[value] for value in weights if value in only.get(name, weights)})
        for name, weights in domain.parameters.items()
    }
    return Scenario(
        domain=domain.slug,
        subdomain=subdomain.slug,
        parameters=parameters,
        situation=draw.one(subdomain.seeds),
        exchanges=draw.integer(*domain.exchanges.range_for(parameters)),
    )


def in_words(value: str) -> str:
    """A parameter's name or value as a person would write it: ``third_person_limited`` -> "third person limited"."""
    return value.replace("_", " ")
