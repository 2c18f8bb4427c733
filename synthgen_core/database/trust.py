"""What judges and people said of the same examples, and what else tells how far a judge can be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.filters import (
    IS_REVIEW_CURRENT,
    PEOPLES_SCORE,
    FactText,
    ParameterText,
    is_said_by_judge,
    raw,
)
from synthgen_core.database.quality_tables import comparisons
from synthgen_core.database.tables import examples, jobs, judgements
from synthgen_core.judging.preferences import Preference
from synthgen_core.judging.verdicts import JudgementState
from synthgen_core.models import ExampleStatus, JsonObject
from synthgen_core.reviewing import Verdict

SPREAD_OUT, WHOLE = 2_654_435_761, 2**32
"""Knuth's multiplier: the ids times it, modulo 2**32, lie evenly between 0 and 2**32 whatever ids there are."""
DECISIONS = (Verdict.ACCEPT, Verdict.REJECT)
WHO = [judgements.c[name] for name in ("provider", "model", "rubric_hash")]


@dataclass(frozen=True, slots=True)
class ScorePair:
    """What a judge and people said of the present text of one example."""

    example_id: int
    example_index: int
    judge: float
    """Overall score, 0-10."""
    person: float | None
    """Mean of people's scores, 0-10; None: they gave a verdict only."""
    is_rejected: bool | None
    """People's verdict; None: they are divided, cannot say, or gave a score only."""
    characters: int
    group: str
    """Its subdomain, or the value of the parameter that was asked for; empty: it has none."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How many examples of a dataset, removed ones too, have what can be compared."""

    by_judge: int
    by_people: int
    """With a score or a decision of people on their present text."""


@dataclass(frozen=True, slots=True)
class Judge:
    """A model that judged with a rubric."""

    provider: str
    model: str
    rubric_hash: str


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """What a judge said of one example in its latest job there."""

    example_id: int
    revision: int
    runs: int
    """Judgements that came to a score; 1 or more."""
    mean: float
    squares: float
    """Mean of the squares of the scores."""
    content_revision: int
    characters: int
    metadata: JsonObject
    person: float | None
    """Mean of people's scores of the present text."""


class TrustRoom(Connection):
    """What can be read on judges, and on people's word for it. Removed examples count: that is what they were removed
    for. Judgements of texts that were not taken do not."""

    def get_score_pairs(self, dataset_id: int, parameter: str = "") -> list[ScorePair]:
        """All examples whose present text both a judge and people said something of, by index."""
        metadata = raw(examples.c.metadata)
        group = ParameterText(metadata, parameter) if parameter else FactText(metadata, "subdomain")
        query = sa.select(
            examples.c.id,
            examples.c.example_index,
            examples.c.quality_score,
            examples.c.person_score,
            sa.type_coerce(
                sa.case((examples.c.verdict.in_(DECISIONS), examples.c.verdict == Verdict.REJECT)), sa.Boolean()
            ),
            examples.c.characters,
            sa.func.coalesce(group, ""),
        ).where(_is_pair(dataset_id))
        with self._reading() as connection:
            rows = connection.execute(query.order_by(examples.c.example_index)).all()
        return [ScorePair(*row) for row in rows]

    def count_judged(self, dataset_id: int) -> Judged:
        """How many examples have a judge's score, and how many something that people said."""
        of_all = sa.select(sa.func.count()).select_from(examples)
        is_judged = sa.and_(examples.c.dataset_id == dataset_id, examples.c.quality_score.is_not(None))
        with self._reading() as connection:
            by_judge, by_people = (
                connection.execute(of_all.where(condition)).scalar_one()
                for condition in (is_judged, _is_said_by_people(dataset_id))
            )
        return Judged(by_judge, by_people)

    def get_judges_of_pairs(self, dataset_id: int) -> list[Judge]:
        """Who gave the scores that the examples have of which people said something, the latest first."""
        newest = (
            sa.select(sa.func.max(judgements.c.id))
            .join(examples, is_said_by_judge())
            .where(_is_pair(dataset_id), judgements.c.state == JudgementState.SCORED)
            .group_by(judgements.c.example_id)
        )
        query = (
            sa.select(*WHO)
            .where(judgements.c.id.in_(newest))
            .group_by(*WHO)
            .order_by(sa.func.max(judgements.c.id).desc())
        )
        with self._reading() as connection:
            return [Judge(*row) for row in connection.execute(query)]

    def count_judgements(self, dataset_id: int) -> dict[Judge, dict[str, int]]:
        """Judge -> state -> judgements of a dataset's examples, whatever text they are of; the latest judge first."""
        query = (
            sa.select(*WHO, judgements.c.state, sa.func.count(), sa.func.max(judgements.c.id).label("latest"))
            .join(examples, examples.c.id == judgements.c.example_id)
            .where(examples.c.dataset_id == dataset_id, ~judgements.c.is_candidate)
            .group_by(*WHO, judgements.c.state)
            .order_by(sa.desc("latest"))
        )
        found: dict[Judge, dict[str, int]] = {}
        with self._reading() as connection:
            for *judge, state, count, _ in connection.execute(query):
                found.setdefault(Judge(*judge), {})[state] = count
        return found

    def count_scores(self, dataset_id: int, judge: Judge) -> dict[float, int]:
        """Overall score -> how often a judge gave it; ascending."""
        query = (
            sa.select(judgements.c.overall, sa.func.count())
            .join(examples, examples.c.id == judgements.c.example_id)
            .where(examples.c.dataset_id == dataset_id, *_scored_by(judge))
            .group_by(judgements.c.overall)
            .order_by(judgements.c.overall)
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def get_judged_items(self, dataset_id: int, judge: Judge, share: float = 1.0) -> list[JudgedItem]:
        """What a judge said of each example in its latest job there, by id; or only of this share of them, spread
        evenly and always the same ones."""
        place = sa.cast(examples.c.id, sa.BigInteger) * sa.literal(SPREAD_OUT, sa.BigInteger) % WHOLE
        score, of_each = judgements.c.overall, (judgements.c.example_id, judgements.c.revision, judgements.c.job_id)
        said = (
            sa.select(
                judgements.c.example_id,
                judgements.c.revision,
                sa.func.count().label("runs"),
                sa.func.avg(score).label("mean"),
                sa.func.avg(score * score).label("squares"),
                sa.func.max(judgements.c.id).label("latest"),
            )
            .join(examples, examples.c.id == judgements.c.example_id)
            .where(examples.c.dataset_id == dataset_id, *_scored_by(judge), place < round(share * WHOLE))
            .group_by(*of_each)
            .subquery()
        )
        columns = (said.c.example_id, said.c.revision, said.c.runs, said.c.mean, said.c.squares)
        query = (
            sa.select(*columns, examples.c.content_revision, examples.c.characters, examples.c.metadata, PEOPLES_SCORE)
            .join(said, said.c.example_id == examples.c.id)
            .order_by(examples.c.id, said.c.latest)
        )
        with self._reading() as connection:
            latest = {row[0]: JudgedItem(*row) for row in connection.execute(query)}
        return list(latest.values())

    def get_preferences(self, dataset_id: int) -> list[tuple[JsonObject, JsonObject]]:
        """(parameters of the job, what the judge said in both orders) of each comparison with this dataset that did
        not fail."""
        query = (
            sa.select(jobs.c.parameters, comparisons.c.reasons)
            .join(jobs, jobs.c.id == comparisons.c.job_id)
            .where(jobs.c.dataset_id == dataset_id, comparisons.c.verdict != Preference.FAILED)
        )
        with self._reading() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]


def _is_said_by_people(dataset_id: int) -> sa.ColumnElement[bool]:
    """People scored its present text or decided on it: few among many, which two indexes find."""
    here = (examples.c.dataset_id == dataset_id, examples.c.status.in_(tuple(ExampleStatus)))
    said = sa.union(
        sa.select(examples.c.id).where(*here, examples.c.verdict.in_(DECISIONS)),
        sa.select(examples.c.id).where(*here, examples.c.person_score.is_not(None)),
    )
    return sa.and_(examples.c.id.in_(said), IS_REVIEW_CURRENT)


def _is_pair(dataset_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(_is_said_by_people(dataset_id), examples.c.quality_score.is_not(None))


def _scored_by(judge: Judge) -> Sequence[sa.ColumnElement[bool]]:
    return (
        judgements.c.provider == judge.provider,
        judgements.c.model == judge.model,
        judgements.c.rubric_hash == judge.rubric_hash,
        judgements.c.state == JudgementState.SCORED,
        ~judgements.c.is_candidate,
    )
