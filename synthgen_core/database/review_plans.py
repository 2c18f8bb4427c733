"""Review plans: what a random sample was drawn for, said beforehand, and what became of its examples since."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.exports import unpack_ids
from synthgen_core.database.quality_tables import review_plans
from synthgen_core.database.review_tables import review_samples
from synthgen_core.database.revisions import BATCH
from synthgen_core.database.tables import example_revisions, examples
from synthgen_core.errors import NotFoundError
from synthgen_core.reviewing import DISPUTED, Aim, Verdict
from synthgen_core.statistics.sampling_plan import Interval

IS_STALE = examples.c.review_revision < examples.c.content_revision


@dataclass(frozen=True, slots=True)
class ReviewPlan:
    """A row of ``review_plans`` with the sample that was drawn for it."""

    id: int
    dataset_id: int
    sample_id: int
    aim: Aim
    target: float
    """The margin, or the highest rate; a share."""
    method: Interval
    author: str
    created_at: datetime
    size: int
    """Examples that were drawn."""
    population: int
    """Active examples that there were."""
    seed: int


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """What people said of the present texts of a sample's examples, removed ones too; together they are all of it."""

    accepted: int
    rejected: int
    skipped: int
    disputed: int
    open: int
    """Nobody said anything, or of an older text only."""
    edited: int
    """Among all of these: their text was changed since the sample was drawn."""


class ReviewPlanRoom(Connection):
    """What can be done with rows of ``review_plans``."""

    def add_plan(
        self, dataset_id: int, sample_id: int, aim: Aim, target: float, method: Interval, author: str
    ) -> ReviewPlan:
        """Keep a plan for a sample that was drawn for it."""
        values = {
            "dataset_id": dataset_id,
            "sample_id": sample_id,
            "aim": aim,
            "target": target,
            "method": method,
            "author": author,
            "created_at": now(),
        }
        with self._writing() as connection:
            made = connection.execute(sa.insert(review_plans).values(values).returning(review_plans.c.id))
            plan_id = made.scalar_one()
            return _to_plan(connection.execute(PLANS.where(review_plans.c.id == plan_id)).one())

    def get_plans(self, dataset_id: int) -> list[ReviewPlan]:
        """The plans that were made for a dataset, the newest first."""
        query = PLANS.where(review_plans.c.dataset_id == dataset_id).order_by(review_plans.c.id.desc())
        with self._reading() as connection:
            return [_to_plan(row) for row in connection.execute(query)]

    def count_sample(self, sample_id: int) -> SampleCounts:
        """How far a choice of examples is reviewed, and what people say of them. Raises NotFoundError."""
        kept = sa.select(review_samples.c.selection, review_samples.c.created_at)
        counts: Counter[str] = Counter()
        edited = 0
        with self._reading() as connection:
            row = connection.execute(kept.where(review_samples.c.id == sample_id)).one_or_none()
            if row is None:
                raise NotFoundError(f"There is no choice {sample_id} of examples.", "Choose anew.")
            ids = unpack_ids(row.selection)
            verdict = sa.case((IS_STALE, ""), else_=sa.func.coalesce(examples.c.verdict, ""))
            for start in range(0, len(ids), BATCH):
                some = ids[start : start + BATCH]
                query = sa.select(verdict, sa.func.count()).where(examples.c.id.in_(some)).group_by(verdict)
                counts.update({row[0]: row[1] for row in connection.execute(query)})
                changes = sa.select(sa.func.count(sa.distinct(example_revisions.c.example_id))).where(
                    example_revisions.c.example_id.in_(some),
                    example_revisions.c.revision > 1,
                    example_revisions.c.content.is_not(None),
                    example_revisions.c.at > row.created_at,
                )
                edited += connection.execute(changes).scalar_one()
        accepted, rejected, skipped = (counts[each] for each in (Verdict.ACCEPT, Verdict.REJECT, Verdict.SKIP))
        disputed = counts[DISPUTED]
        unsaid = len(ids) - accepted - rejected - skipped - disputed
        return SampleCounts(accepted, rejected, skipped, disputed, unsaid, edited)


PLANS = sa.select(*review_plans.c, review_samples.c.size, review_samples.c.population, review_samples.c.seed).join(
    review_samples, review_samples.c.id == review_plans.c.sample_id
)


def _to_plan(row: Any) -> ReviewPlan:
    values = dict(row._mapping)
    return ReviewPlan(**values | {"aim": Aim(values["aim"]), "method": Interval(values["method"])})
