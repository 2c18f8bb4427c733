"""Judgements as a run leaves them, and people's scores beside them, for tests of what rests on both."""

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev

from synthgen_core.database import Database, Judge, NewJob, Progress, Saying
from synthgen_core.database.judgements import NewJudgement, NewOutcome
from synthgen_core.judging.assessing import Decision
from synthgen_core.judging.verdicts import JudgementState
from synthgen_core.models import JobKind, JobStatus, JsonObject
from synthgen_core.reviewing import Actor

MODEL = "judge-model"
JUDGE = Judge("openai", MODEL, "5" * 32)


def judge(
    database: Database,
    dataset_id: int,
    scores: Mapping[int, Sequence[float | None]],
    *,
    judge: Judge = JUDGE,
    is_candidate: bool = False,
) -> None:
    """What a judge says of examples in one job: example -> a score for each run; None where it failed."""
    parameters: JsonObject = {"name": "judging", "judge_only": True, "provider": {"type": judge.provider}}
    job = database.create_job(NewJob(JobKind.QUALITY, parameters, len(scores), "host:1:1.00"), dataset_id)
    database.begin_job(job.id, "host:1:1.00")
    revisions = {each.id: each.revision for each in database.get_examples_by_id(list(scores))}
    judged, outcomes = [], []
    for example_id, given in scores.items():
        for run, score in enumerate(given, 1):
            state = JudgementState.FAILED if score is None else JudgementState.SCORED
            said: JsonObject | None = None if score is None else {"alignment": score}
            judged.append(
                NewJudgement(
                    example_id, revisions[example_id], run, judge.model, state, said, score, "why", "{}", is_candidate
                )
            )
        known = [score for score in given if score is not None]
        if known and not is_candidate:
            spread = stdev(known) if len(known) > 1 else None
            outcomes.append(NewOutcome(example_id, revisions[example_id], Decision.JUDGED, fmean(known), spread))
    database.record_judgements(job, judge, judged, outcomes, Progress(done=len(scores)), {})
    database.end_job(job.id, JobStatus.COMPLETED, errors={}, seconds=1.0)


def rate(database: Database, dataset_id: int, scores: Mapping[int, float], reviewer: str = "Ada") -> None:
    """What somebody gives examples, 0-10."""
    for example_id, score in scores.items():
        database.say(dataset_id, [example_id], Saying(score=score, has_score=True), Actor(reviewer))
