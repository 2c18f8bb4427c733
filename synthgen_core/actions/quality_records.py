"""What a quality job writes down: a row for each reply of the judge, one for each decision, and its counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from synthgen_core.actions.datasets import storable
from synthgen_core.database.judgements import NewJudgement, NewOutcome, Tally
from synthgen_core.judging import Rubric
from synthgen_core.judging.assessing import Assessment, Decision, Judged, Subject
from synthgen_core.models import Job, JsonObject
from synthgen_core.workspace import Workspace


@dataclass(frozen=True, slots=True)
class QualityCounters:
    """How far a quality job is, and what it has decided."""

    processed: int
    """Examples that were looked at: those with a score and those without."""
    kept: int
    fixed: int
    removed: int
    failed: int
    """Without a score: no reply of the judge could be read, or none came."""
    scored: int
    average: float | None
    """Mean score of the texts as they were, over those that have one."""
    average_after: float | None
    """Mean score of what is kept, mended texts with their new score; None for a job that only judges."""
    file: str
    """Of the new dataset, relative to the data folder; empty: there is none."""
    result_id: int | None
    """The new dataset."""


def quality_counters(workspace: Workspace, job: Job) -> QualityCounters:
    """What a job has come to so far."""
    found = workspace.database.get_counters(job.id)
    kept, fixed, removed, scored = (int(str(found.get(name, 0))) for name in ("kept", "fixed", "removed", "scored"))
    average, after = (found.get(name) for name in ("average", "average_after"))
    made = workspace.database.get_made_by(job.id)
    return QualityCounters(
        processed=job.done + job.failed,
        kept=kept,
        fixed=fixed,
        removed=removed,
        failed=job.failed,
        scored=scored,
        average=None if average is None else float(str(average)),
        average_after=None if after is None else float(str(after)),
        file=str(found.get("file") or ""),
        result_id=made[0].id if made else None,
    )


class Counters:
    """The decisions of a job, counted as they come."""

    def __init__(self, before: Mapping[Decision, Tally]) -> None:
        """``before``: what earlier runs of the job came to."""
        self._counts = {decision: before[decision].count if decision in before else 0 for decision in Decision}
        self._total = sum(tally.total for tally in before.values())
        self._after = sum(before[each].total_after for each in (Decision.KEPT, Decision.FIXED) if each in before)
        self.file: str | None = None

    def add(self, outcome: NewOutcome) -> None:
        """One more."""
        self._counts[outcome.decision] += 1
        self._total += outcome.score
        if outcome.decision is Decision.KEPT:
            self._after += outcome.score
        elif outcome.decision is Decision.FIXED:
            self._after += outcome.new_score or 0.0

    @property
    def scored(self) -> int:
        """Examples with a score."""
        return sum(self._counts.values())

    def to_json(self) -> JsonObject:
        """As the job keeps them; the view ``quality_jobs`` reads some of these names."""
        kept, fixed = self._counts[Decision.KEPT], self._counts[Decision.FIXED]
        scored = self.scored
        return {
            "kept": kept,
            "fixed": fixed,
            "removed": self._counts[Decision.REMOVED],
            "scored": scored,
            "average": round(self._total / scored, 3) if scored else None,
            "average_after": round(self._after / (kept + fixed), 3) if kept + fixed else None,
            "file": self.file,
        }


def to_row(subject: Subject, judged: Judged, model: str, rubric: Rubric) -> NewJudgement:
    """One reply of a judge as it is kept; ``model`` is the judge's name, whatever the service calls it."""
    found = judged.judgement
    lines = [f"{criterion.label}: {found.reasons.get(criterion.name, '')}" for criterion in rubric.criteria]
    return NewJudgement(
        subject.id,
        subject.revision,
        judged.run,
        model or judged.model,
        found.state,
        {**found.scores} if found.is_scored else None,
        found.overall,
        storable("\n".join(lines) if found.is_scored else found.failure),
        storable(judged.reply),
        judged.is_candidate,
    )


def to_outcome(assessment: Assessment) -> NewOutcome | None:
    """What was decided, as it is kept; None where nothing was, because no judgement has a score."""
    verdict, mended = assessment.verdict, assessment.mended_verdict
    if verdict is None or verdict.overall is None:
        return None
    return NewOutcome(
        assessment.subject.id,
        assessment.subject.revision,
        assessment.decision,
        verdict.overall,
        verdict.spread,
        mended.overall if mended else None,
        assessment.mended,
        storable(assessment.reason),
    )
