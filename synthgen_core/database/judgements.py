"""What judges say of examples: read before a run, written as it comes, carried into the dataset that a run makes."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

import orjson
import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import add_to_count
from synthgen_core.database.flags import is_of_present_text
from synthgen_core.database.jobs import Progress, write_progress
from synthgen_core.database.lineage import ROWS
from synthgen_core.database.quality_tables import quality_outcomes
from synthgen_core.database.revisions import Change, Signature, write_changes
from synthgen_core.database.tables import examples, jobs, judgements
from synthgen_core.database.trust import Judge
from synthgen_core.database.versions import state_at
from synthgen_core.judging.assessing import Decision
from synthgen_core.judging.verdicts import JudgementState, spread_of
from synthgen_core.models import ExampleStatus, Job, JsonObject, Watermark

FIX, REMOVE = "fix", "remove"
"""Operations of the revisions that a run writes."""
SCORE = (
    sa.update(examples)
    .where(examples.c.id == sa.bindparam("this"), examples.c.content_revision <= sa.bindparam("of_revision"))
    .values(quality_score=sa.bindparam("score"), judge_spread=sa.bindparam("spread"))
)
"""Built once: the score of a text, unless the example has another text by now."""


@dataclass(frozen=True, slots=True)
class NewJudgement:
    """One reply of a judge on its way into the database."""

    example_id: int
    revision: int
    run: int
    model: str
    state: JudgementState
    scores: JsonObject | None
    overall: float | None
    rationale: str
    reply: str
    is_candidate: bool = False


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """What was decided on one example."""

    example_id: int
    revision: int
    decision: Decision
    score: float
    spread: float | None
    new_score: float | None = None
    content: JsonObject | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Judgeable:
    """An example as it was when a run began."""

    id: int
    revision: int
    content: JsonObject
    metadata: JsonObject
    is_present_text: bool
    """It has the same text now."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a job has decided so far, over one kind of decision."""

    count: int
    total: float
    """Sum of the scores of the texts as they were."""
    total_after: float
    """The same with the new score where a mended text was taken."""


class JudgementRoom(Connection):
    """What runs of a judge read and write."""

    def get_active_at(self, dataset_id: int, mark: Watermark) -> "array[int]":
        """The ids of the examples that were active in a state, by index."""
        state = state_at(dataset_id, mark)
        query = sa.select(state.c.id).where(state.c.status == ExampleStatus.ACTIVE).order_by(state.c.example_index)
        with self._reading() as connection:
            return array("q", connection.execution_options(yield_per=ROWS).execute(query).scalars())

    def get_judgeable(self, dataset_id: int, mark: Watermark, ids: Sequence[int]) -> list[Judgeable]:
        """These examples as they were in a state, in this order; those that are gone are left out."""
        state = state_at(dataset_id, mark)
        is_present = (examples.c.content_revision <= state.c.revision).label("is_present_text")
        query = (
            sa.select(state.c.id, state.c.revision, state.c.content, state.c.metadata, is_present)
            .join_from(state, examples, examples.c.id == state.c.id)
            .where(state.c.id.in_(ids))
        )
        with self._reading() as connection:
            found = {
                row.id: Judgeable(
                    row.id,
                    row.revision,
                    orjson.loads(row.content),
                    orjson.loads(row.metadata),
                    bool(row.is_present_text),
                )
                for row in connection.execute(query)
            }
        return [found[each] for each in ids if each in found]

    def get_judged(self, dataset_id: int, judge: Judge, runs: int, *, but_for_job: int | None = None) -> set[int]:
        """The ids of active examples whose present text this judge has scored so often, in jobs other than this."""
        query = (
            sa.select(judgements.c.example_id)
            .join(examples, examples.c.id == judgements.c.example_id)
            .where(examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE, *_scored_by(judge))
            .group_by(judgements.c.example_id)
            .having(sa.func.count() >= runs)
        )
        if but_for_job is not None:
            query = query.where(judgements.c.job_id.is_distinct_from(but_for_job))
        with self._reading() as connection:
            return set(connection.execute(query).scalars())

    def get_replies(self, ids: Sequence[int], judge: Judge) -> dict[int, list[str]]:
        """Example -> what this judge replied about its present text, where that gave a score, the newest first."""
        query = sa.select(judgements.c.example_id, judgements.c.reply).join(
            examples, examples.c.id == judgements.c.example_id
        )
        query = query.where(judgements.c.example_id.in_(ids), *_scored_by(judge)).order_by(judgements.c.id.desc())
        found: dict[int, list[str]] = {}
        with self._reading() as connection:
            for example_id, reply in connection.execute(query):
                found.setdefault(example_id, []).append(reply)
        return found

    def count_failed_rounds(self, ids: Sequence[int], judge: Judge) -> dict[int, int]:
        """Example -> how often a first reply of this judge about it, whatever its text was, could not be read."""
        query = (
            sa.select(judgements.c.example_id, sa.func.count())
            .where(judgements.c.example_id.in_(ids), judgements.c.run == 1, *_by(judge))
            .where(judgements.c.state == JudgementState.FAILED, judgements.c.reply != "")
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(judgements.c.example_id))}

    def record_judgements(
        self,
        job: Job,
        judge: Judge,
        judged: Sequence[NewJudgement],
        outcomes: Sequence[NewOutcome],
        progress: Progress,
        counters: JsonObject,
    ) -> None:
        """Write down what a judge said, what was decided, the scores and the job's progress: all or nothing.

        A score is written with a judgement, where the example still has the text that was judged: an outcome alone,
        which rests on an older judgement, changes none. Raises NotFoundError if the dataset was deleted.
        """
        assert job.dataset_id is not None
        at = now()
        with self._writing(is_synced=False) as connection:
            add_to_count(connection, job.dataset_id, 0, at)
            _insert_judgements(connection, job.id, judge, judged, at)
            if outcomes:
                names = [field.name for field in fields(NewOutcome) if field.name != "spread"]
                rows = [{"job_id": job.id} | {name: getattr(each, name) for name in names} for each in outcomes]
                connection.execute(sa.insert(quality_outcomes), rows)
                new = {each.example_id for each in judged if not each.is_candidate}
                scored = [each for each in outcomes if each.example_id in new]
                _write_scores(connection, [(o.example_id, o.revision, o.score, o.spread) for o in scored])
            write_progress(connection, job, progress, at)
            connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(counters=counters))

    def add_judgements(self, dataset_id: int, judge: Judge, judged: Sequence[NewJudgement]) -> None:
        """Write down what was said elsewhere, in no job of ours, with the scores that follow: one of each example.

        Raises NotFoundError if the dataset was deleted.
        """
        at = now()
        with self._writing() as connection:
            add_to_count(connection, dataset_id, 0, at)
            _insert_judgements(connection, None, judge, judged, at)
            scored = [(each.example_id, each.revision, each.overall) for each in judged if each.overall is not None]
            _write_scores(connection, [(*each, None) for each in scored])

    def get_decided(self, job_id: int) -> dict[int, Decision]:
        """Example -> what a job decided on it."""
        query = sa.select(quality_outcomes.c.example_id, quality_outcomes.c.decision)
        with self._reading() as connection:
            rows = connection.execution_options(yield_per=ROWS).execute(
                query.where(quality_outcomes.c.job_id == job_id)
            )
            return {row[0]: Decision(row[1]) for row in rows}

    def tally_outcomes(self, job_id: int) -> dict[Decision, Tally]:
        """Decision -> how often a job came to it, and the sums of the scores."""
        taken = sa.case(
            (quality_outcomes.c.decision == Decision.FIXED, quality_outcomes.c.new_score),
            else_=quality_outcomes.c.score,
        )
        sums = (sa.func.count(), sa.func.sum(quality_outcomes.c.score), sa.func.sum(taken))
        query = sa.select(quality_outcomes.c.decision, *sums).where(quality_outcomes.c.job_id == job_id)
        with self._reading() as connection:
            rows = connection.execute(query.group_by(quality_outcomes.c.decision))
            return {Decision(row[0]): Tally(row[1], float(row[2]), float(row[3])) for row in rows}

    def carry_out(self, job: Job, made_id: int, ids: Sequence[int], first_index: int, author: str) -> None:
        """Give the copies of these examples, which begin at ``first_index``, their mended texts, or remove them.

        Mended ones get the judgements of their new text. All fixes of a job are one change, as are all removals.
        """
        at = now()
        decided = sa.select(quality_outcomes).where(
            quality_outcomes.c.job_id == job.id,
            quality_outcomes.c.example_id.in_(ids),
            quality_outcomes.c.decision.in_([Decision.FIXED, Decision.REMOVED]),
        )
        with self._writing(is_synced=False) as connection:
            add_to_count(connection, made_id, 0, at)
            rows = connection.execute(decided.order_by(quality_outcomes.c.example_id)).all()
            copies = _copies(connection, made_id, ids, first_index)
            by_reason: dict[tuple[str, str], list[Change]] = {}
            for row in rows:
                status = ExampleStatus.REMOVED if row.decision == Decision.REMOVED else ExampleStatus.ACTIVE
                change = Change(copies[row.example_id], 1, ExampleStatus.ACTIVE, status, row.content)
                by_reason.setdefault((row.decision, row.reason), []).append(change)
            for (decision, reason), changes in by_reason.items():
                operation = FIX if decision == Decision.FIXED else REMOVE
                signature = Signature(author, operation, reason, f"quality-{job.id}-{decision}")
                write_changes(connection, made_id, changes, signature, at)
            mended = {row.example_id: row.new_score for row in rows if row.decision == Decision.FIXED}
            spreads = _take_candidates(connection, job.id, {each: copies[each] for each in mended})
            _write_scores(connection, [(copies[each], 2, score, spreads[each]) for each, score in mended.items()])


def _by(judge: Judge) -> tuple[sa.ColumnElement[bool], ...]:
    return (~judgements.c.is_candidate, *(judgements.c[name] == value for name, value in asdict(judge).items()))


def _scored_by(judge: Judge) -> tuple[sa.ColumnElement[bool], ...]:
    return (judgements.c.state == JudgementState.SCORED, is_of_present_text(judgements), *_by(judge))


def _insert_judgements(
    connection: sa.Connection, job_id: int | None, judge: Judge, judged: Sequence[NewJudgement], at: datetime
) -> None:
    shared = {"job_id": job_id, "provider": judge.provider, "rubric_hash": judge.rubric_hash, "created_at": at}
    if judged:
        connection.execute(sa.insert(judgements), [asdict(each) | shared for each in judged])


def _write_scores(connection: sa.Connection, scores: Sequence[tuple[int, int, float, float | None]]) -> None:
    """(example, revision that was judged, score, spread) of each."""
    names = ("this", "of_revision", "score", "spread")
    if scores:
        connection.execute(SCORE, [dict(zip(names, each, strict=True)) for each in scores])


def _copies(connection: sa.Connection, made_id: int, ids: Sequence[int], first_index: int) -> dict[int, int]:
    """Example -> its copy."""
    query = sa.select(examples.c.id).where(
        examples.c.dataset_id == made_id, examples.c.example_index.between(first_index, first_index + len(ids) - 1)
    )
    made = connection.execute(query.order_by(examples.c.example_index)).scalars()
    return dict(zip(ids, made, strict=True))


def _take_candidates(connection: sa.Connection, job_id: int, copies: Mapping[int, int]) -> dict[int, float | None]:
    """Copy what was said of mended texts to the examples that have them now; example -> spread of its scores."""
    said = connection.execute(
        sa.select(judgements)
        .where(judgements.c.job_id == job_id, judgements.c.example_id.in_(copies), judgements.c.is_candidate)
        .order_by(judgements.c.id)
    ).all()
    taken: list[dict[str, object]] = [
        {**row._mapping, "example_id": copies[row.example_id], "revision": 2, "is_candidate": False} for row in said
    ]
    for values in taken:
        del values["id"]
    if taken:
        connection.execute(sa.insert(judgements), taken)
    overall: dict[int, list[float]] = {each: [] for each in copies}
    for row in said:
        if row.overall is not None:
            overall[row.example_id].append(row.overall)
    return {each: spread_of(scores) for each, scores in overall.items()}
