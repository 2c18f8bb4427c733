"""What a judge's reply is worth: scores within their bounds, or a failed judgement. A failure is never a number."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean, stdev

from synthgen_core.errors import InvalidExampleError
from synthgen_core.formats import Format, shown
from synthgen_core.judging.rubric import Rubric, is_number
from synthgen_core.models import Completion, Json, JsonObject
from synthgen_core.parsing import parse_reply

LENGTH = "length"
OUT_OF_TEN = re.compile(r"\s*(\d{1,2}(?:\.\d+)?)\s*(?:/\s*10)?\s*")
LEAST, MOST = 0.0, 10.0


class JudgementState(StrEnum):
    """Whether a judgement has a score."""

    SCORED = "scored"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said of one revision of an example."""

    state: JudgementState
    scores: dict[str, float] = field(default_factory=dict)
    """Criterion -> 0-10; empty where it failed."""
    reasons: dict[str, str] = field(default_factory=dict)
    overall: float | None = None
    """The rubric's weighted mean; None where it failed."""
    spread: float | None = None
    """Standard deviation of the overall scores of several runs; None of one."""
    failure: str = ""
    """Why it failed, a sentence."""

    @property
    def is_scored(self) -> bool:
        """It has a score."""
        return self.state is JudgementState.SCORED


def parse_judgement(completion: Completion, rubric: Rubric) -> Judgement:
    """The judgement in a reply: every criterion with a score from 0 to 10, or a failure that says what was wrong."""
    names = [criterion.name for criterion in rubric.criteria]
    try:
        found = parse_reply(
            completion.text,
            is_cut=completion.finish_reason == LENGTH,
            is_wanted=lambda value: any(name in value for name in names),
        )
        scores = {name: _score(name, found.get(name)) for name in names}
    except InvalidExampleError as error:
        return Judgement(JudgementState.FAILED, failure=error.message)
    reasons = {name: reason_of(found.get(name)) for name in names}
    return Judgement(JudgementState.SCORED, scores, reasons, rubric.overall(scores))


def _score(name: str, said: Json) -> float:
    value = said.get("score") if isinstance(said, dict) else said
    if isinstance(value, str) and (match := OUT_OF_TEN.fullmatch(value)):
        value = float(match[1])
    if not is_number(value) or not LEAST <= value <= MOST:
        found = "missing" if value is None else shown(value)
        raise InvalidExampleError(f"The judge's score for {name} is {found}, not 0 to 10.", reason="bad_score")
    return float(value)


def reason_of(said: Json) -> str:
    """The reason that a judge gave, without what no database takes; empty where there is none."""
    reason = said.get("reason") if isinstance(said, dict) else None
    return reason.encode("utf-8", "replace").decode().replace("\0", "").strip() if isinstance(reason, str) else ""


def mean_of(judgements: Sequence[Judgement], rubric: Rubric) -> Judgement:
    """Several judgements of the same revision as one: the mean of those that have scores, and how far they differ.

    It failed only if all did; the reasons are those of the judgement nearest to the mean.
    """
    scored = [judgement for judgement in judgements if judgement.overall is not None]
    if not scored:
        return judgements[-1]
    scores = {c.name: round(fmean(j.scores[c.name] for j in scored), 2) for c in rubric.criteria}
    overall = [judgement.overall or 0.0 for judgement in scored]
    mean = rubric.overall(scores)
    nearest = min(scored, key=lambda judgement: abs((judgement.overall or 0.0) - mean))
    return Judgement(JudgementState.SCORED, scores, nearest.reasons, mean, spread_of(overall))


def spread_of(overall: Sequence[float]) -> float | None:
    """The standard deviation of overall scores of one text, to three places; None of fewer than two."""
    return round(stdev(overall), 3) if len(overall) > 1 else None


def parse_improvement(completion: Completion, format: Format, original: JsonObject) -> JsonObject:
    """The mended example of a reply: valid, with the same roles in the same order, and not the same as before.

    What the reply leaves out of the original's further keys (tools, names) is kept.

    Raises:
        InvalidExampleError: it is none of that; nothing of it is taken.
    """
    is_cut = completion.finish_reason == LENGTH
    found = parse_reply(completion.text, is_cut=is_cut, is_wanted=lambda value: format.detect(value))
    mended = format.accept({**{key: value for key, value in original.items() if key not in found}, **found})
    before = [message.role for message in format.to_messages(original)]
    after = [message.role for message in format.to_messages(mended)]
    if before != after:
        raise InvalidExampleError(
            f"The mended example has {len(after)} messages with other roles than the {len(before)} before.",
            "Try again, or edit it yourself.",
            reason="other_turns",
        )
    if mended == original:
        raise InvalidExampleError(
            "The model returned the example unchanged.", "Say what to change.", reason="unchanged"
        )
    return mended
