"""Whose scores they are that the active examples of a dataset have."""

from dataclasses import dataclass

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.flags import is_of_present_text
from synthgen_core.database.tables import examples, judgements
from synthgen_core.database.trust import Judge
from synthgen_core.judging import JudgementState
from synthgen_core.models import ExampleStatus


@dataclass(frozen=True, slots=True)
class JudgeShare:
    """The scores that one judge gave."""

    judge: Judge
    scored: int
    mean: float


class JudgeRoom(Connection):
    """What can be read of judges, over the examples as they are now."""

    def get_judge_shares(self, dataset_id: int) -> list[JudgeShare]:
        """For each judge, how many active examples have their score from it, and the mean; the most first."""
        scored = (
            examples.c.dataset_id == dataset_id,
            examples.c.status == ExampleStatus.ACTIVE,
            examples.c.quality_score.is_not(None),
        )
        latest = (
            sa.select(examples.c.quality_score, sa.func.max(judgements.c.id).label("id"))
            .join(judgements, judgements.c.example_id == examples.c.id)
            .where(*scored, judgements.c.state == JudgementState.SCORED, ~judgements.c.is_candidate)
            .where(is_of_present_text(judgements))
            .group_by(examples.c.id)
            .subquery()
        )
        who = [judgements.c[name] for name in ("provider", "model", "rubric_hash")]
        query = (
            sa.select(*who, sa.func.count(), sa.func.avg(latest.c.quality_score))
            .join(latest, latest.c.id == judgements.c.id)
            .group_by(*who)
            .order_by(sa.func.count().desc(), *who)
        )
        with self._reading() as connection:
            return [JudgeShare(Judge(*row[:3]), row[3], float(row[4])) for row in connection.execute(query)]
