"""What is done with one example that is judged: recipes that ask a judge, mend what it finds weak, and decide.

A recipe makes no call itself: it yields what to ask and is sent the replies (``methods.Ask``, ``driving``).
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from synthgen_core.errors import InvalidExampleError, SynthGenError
from synthgen_core.formats import Format
from synthgen_core.judging.prompts import improve_request, judge_request
from synthgen_core.judging.rubric import Rubric
from synthgen_core.judging.verdicts import Judgement, JudgementState, mean_of, parse_improvement, parse_judgement
from synthgen_core.methods import Ask
from synthgen_core.models import Completion, JsonObject
from synthgen_core.rules import Severity, check_example

FIX_TRIES = 2
"""Replies that are asked for until one is an example that could take the place of the old one."""


class Decision(StrEnum):
    """What became of an example."""

    JUDGED = "judged"
    """It has a score, and nothing else was asked for."""
    KEPT = "kept"
    FIXED = "fixed"
    REMOVED = "removed"
    FAILED = "failed"
    """No judgement of it has a score: nothing was decided."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a run does with its examples."""

    rubric: Rubric = field(default_factory=Rubric)
    runs: int = 1
    """Replies of the judge on each text; the score is the mean of those that have one."""
    min_score: float | None = None
    """Below it an example is mended or removed, where that is asked for; None: it is judged, and no more."""
    auto_fix: bool = False
    auto_remove: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """An example as it is judged."""

    id: int
    revision: int
    format: Format
    content: JsonObject
    metadata: JsonObject
    known: Judgement | None = None
    """What the same judge said of this text by the same rubric, so that it need not be asked."""
    tries: int = 1
    """One more than the times that the judge failed on it: what failed is not taken from what is kept."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One reply of a judge."""

    run: int
    """From 1."""
    judgement: Judgement
    reply: str = ""
    model: str = ""
    is_candidate: bool = False
    """It is about a mended text, not about the example as it is."""


@dataclass(slots=True)
class Assessment:
    """What came of an example, or what has come of it so far: its recipe writes here."""

    subject: Subject
    judged: list[Judged] = field(default_factory=list)
    verdict: Judgement | None = None
    """Of the text as it is."""
    mended: JsonObject | None = None
    """A better text, if there is one that was taken."""
    mended_verdict: Judgement | None = None
    decision: Decision = Decision.FAILED
    reason: str = ""
    """Why it was decided so, a sentence; empty: the score was good enough."""


def structure_issues(format: Format, content: JsonObject) -> list[str]:
    """What is wrong or doubtful in how an example is built, each with its remedy; empty: nothing."""
    faults = format.faults(content)
    return [str(issue) for issue in (*faults, *(format.warnings(content) if not faults else ()))]


def is_settled(demand: Demand, subject: Subject) -> bool:
    """No call is needed: the judgement is known, and nothing is to be mended."""
    return subject.known is not None and not (demand.auto_fix and is_weak(demand, subject, subject.known))


def is_weak(demand: Demand, subject: Subject, verdict: Judgement) -> bool:
    """The example is below the threshold, or no valid one of its format at all."""
    if demand.min_score is None:
        return False
    return bool(subject.format.faults(subject.content)) or (verdict.overall or 0.0) < demand.min_score


def assess(demand: Demand, assessment: Assessment) -> Generator[Ask, Completion, Assessment]:
    """Judge an example, and do with it what is demanded. Whatever is known is in ``assessment`` at any time."""
    subject = assessment.subject
    assessment.verdict = subject.known
    if assessment.verdict is None:
        assessment.verdict = yield from judge_all(demand, subject, subject.content, assessment.judged)
    verdict = assessment.verdict
    if demand.auto_fix and verdict.is_scored and is_weak(demand, subject, verdict):
        try:
            mended = yield from mend(demand, subject, verdict)
        except InvalidExampleError as error:
            assessment.reason = f"It could not be mended: {error.message}"
        else:
            again = yield from judge_all(demand, subject, mended, assessment.judged, is_candidate=True)
            assessment.mended_verdict = again
            if (again.overall or 0.0) > (verdict.overall or 0.0):
                assessment.mended = mended
            elif again.is_scored:
                assessment.reason = f"The mended text scored {again.overall:g}, which is no better."
            else:
                assessment.reason = f"The mended text could not be judged: {again.failure}"
    conclude(demand, assessment)
    return assessment


def conclude(demand: Demand, assessment: Assessment, error: SynthGenError | None = None) -> None:
    """Decide by what is known; ``error`` is why nothing further will be."""
    subject, verdict = assessment.subject, assessment.verdict
    if error and verdict is None:
        run = 1 + max((each.run for each in assessment.judged), default=0)
        lost = Judgement(JudgementState.FAILED, failure=error.message)
        assessment.judged.append(Judged(run, lost))
        verdict = assessment.verdict = mean_of([each.judgement for each in assessment.judged], demand.rubric)
    elif error:
        assessment.reason = f"It could not be mended: {error.message}"
    assert verdict is not None
    if not verdict.is_scored:
        assessment.decision, assessment.reason = Decision.FAILED, verdict.failure
    elif demand.min_score is None:
        assessment.decision = Decision.JUDGED
    else:
        _choose(demand, demand.min_score, subject, verdict, assessment)


def _choose(demand: Demand, min_score: float, subject: Subject, verdict: Judgement, assessment: Assessment) -> None:
    """Keep, take the mended text, or remove; with both asked for, what is still weak when mended is removed."""
    best, is_low = verdict, is_weak(demand, subject, verdict)
    if assessment.mended is not None and assessment.mended_verdict is not None:
        best = assessment.mended_verdict
        is_low = (best.overall or 0.0) < min_score
        assessment.reason = f"Mended: from {verdict.overall:g} to {best.overall:g}."
    if is_low and demand.auto_remove:
        assessment.decision, assessment.mended = Decision.REMOVED, None
        faults = subject.format.faults(subject.content)
        low = f"Its score of {best.overall:g} is below {min_score:g}."
        said = str(faults[0]) if faults and (best.overall or 0.0) >= min_score else low
        assessment.reason = f"{assessment.reason} {said}".strip()
    else:
        assessment.decision = Decision.KEPT if assessment.mended is None else Decision.FIXED


def judge_all(
    demand: Demand, subject: Subject, content: JsonObject, judged: list[Judged], *, is_candidate: bool = False
) -> Generator[Ask, Completion, Judgement]:
    """Ask for as many judgements of a text as are demanded; one that cannot be read is a failed one."""
    found = []
    for run in range(1, demand.runs + 1):
        request = judge_request(demand.rubric, subject.format, content, subject.metadata, seed=run)
        completion = yield Ask(request)
        found.append(parse_judgement(completion, demand.rubric))
        judged.append(Judged(run, found[-1], completion.text, completion.model, is_candidate))
    return mean_of(found, demand.rubric)


def mend(demand: Demand, subject: Subject, verdict: Judgement) -> Generator[Ask, Completion, JsonObject]:
    """Ask for a better text. Raises InvalidExampleError if no reply is one."""
    faults = faults_of(demand, subject, verdict)
    seed = 0
    while True:
        seed += 1
        completion = yield Ask(improve_request(subject.format, subject.content, faults, seed=seed))
        try:
            return parse_improvement(completion, subject.format, subject.content)
        except InvalidExampleError:
            if seed == FIX_TRIES:
                raise


def faults_of(demand: Demand, subject: Subject, verdict: Judgement) -> Sequence[str]:
    """What is wrong with an example, one sentence each: what rules find in it, and what the judge marked down."""
    found = [
        finding.message
        for finding in check_example(subject.format, subject.content, subject.metadata)
        if finding.severity is not Severity.INFO
    ]
    labels = {criterion.name: criterion.label for criterion in demand.rubric.criteria}
    low = {name: score for name, score in verdict.scores.items() if score < (demand.min_score or 0.0)}
    if not low and verdict.scores:
        worst = min(verdict.scores, key=lambda name: verdict.scores[name])
        low = {worst: verdict.scores[worst]}
    return found + [f"{labels[name]} ({score:g} of 10): {verdict.reasons.get(name, '')}" for name, score in low.items()]
