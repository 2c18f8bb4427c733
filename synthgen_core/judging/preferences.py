"""Which of two examples a judge finds better: asked in both orders, and only what holds in both counts."""

from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import Format, shown
from synthgen_core.judging.prompts import pair_request
from synthgen_core.judging.rubric import Rubric
from synthgen_core.judging.verdicts import LENGTH, reason_of
from synthgen_core.methods import Ask
from synthgen_core.models import Completion, Json, JsonObject
from synthgen_core.parsing import parse_reply

A, B, NEITHER = "a", "b", "tie"


class Preference(StrEnum):
    """Which of two examples is better, over both orders."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    """A tie in one order at least, or another verdict in each: the order decided, not the example."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a judge said of two examples in one order."""

    better: str
    """``A``, the one that was shown first, ``B`` or ``NEITHER``."""
    reason: str

    def to_json(self) -> JsonObject:
        """As it is kept."""
        return {"better": self.better, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge said of two examples: with the first as A, and swapped, with the second as A."""

    straight: Opinion
    swapped: Opinion

    @property
    def preference(self) -> Preference:
        """The example that is better in both orders; else a tie."""
        said = (self.straight.better, self.swapped.better)
        if said == (A, B):
            return Preference.FIRST
        return Preference.SECOND if said == (B, A) else Preference.TIE

    @property
    def turned(self) -> str:
        """The place, ``A`` or ``B``, that won in both orders, whoever stood there; empty where none did."""
        same = self.straight.better == self.swapped.better
        return self.straight.better if same and self.straight.better != NEITHER else ""

    def to_json(self) -> JsonObject:
        """As it is kept."""
        return {"straight": self.straight.to_json(), "swapped": self.swapped.to_json()}

    @classmethod
    def from_json(cls, kept: JsonObject) -> Self:
        """As it was kept."""
        return cls(_opinion(kept["straight"]), _opinion(kept["swapped"]))


def _opinion(kept: Json) -> Opinion:
    assert isinstance(kept, dict)
    return Opinion(str(kept["better"]), str(kept["reason"]))


def compare(
    rubric: Rubric, format: Format, first: JsonObject, second: JsonObject, *, seed: int
) -> Generator[Ask, Completion, Verdict]:
    """The recipe of a comparison: two calls, one for each order. Raises InvalidExampleError where one is no verdict."""
    straight = parse_opinion((yield Ask(pair_request(rubric, format, first, second, seed=seed))))
    swapped = parse_opinion((yield Ask(pair_request(rubric, format, second, first, seed=seed))))
    return Verdict(straight, swapped)


def parse_opinion(completion: Completion) -> Opinion:
    """The opinion in a reply. Raises InvalidExampleError where it has none."""
    is_cut = completion.finish_reason == LENGTH
    try:
        found = parse_reply(completion.text, is_cut=is_cut, is_wanted=lambda value: "better" in value)
    except InvalidExampleError as error:
        raise InvalidExampleError(
            "The judge's reply holds no verdict.", "Another model may do better.", reason=error.reason
        ) from error
    better = str(found["better"]).strip().lower()
    if better not in (A, B, NEITHER):
        raise InvalidExampleError(
            f"The judge's verdict is {shown(found['better'])}, not A, B or tie.",
            "Another model may do better.",
            reason="no_verdict",
        )
    return Opinion(better, reason_of(found))
