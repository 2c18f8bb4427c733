"""What a judge said of pairs of examples, pair by pair, written down as the replies come."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.jobs import Progress, write_progress
from synthgen_core.database.quality_tables import comparisons
from synthgen_core.database.tables import jobs
from synthgen_core.models import Job, JsonObject


@dataclass(frozen=True, slots=True)
class Compared:
    """A pair of examples, and what the judge said of it."""

    item: int
    """Its number within the job, from 0."""
    first_id: int
    first_revision: int
    second_id: int
    second_revision: int
    verdict: str
    """Of ``judging.preferences.Preference``."""
    reasons: JsonObject
    """What was said in each order, as ``Verdict.to_json`` has it; where that failed, ``{"failure": why}``."""


class ComparisonRoom(Connection):
    """What can be done with rows of ``comparisons``."""

    def keep_pairs(self, job_id: int, pairs: Sequence[tuple[int, int]], counters: JsonObject) -> None:
        """Write down which examples a job compares, with what else it counts; from now on it has so many items."""
        drawn: JsonObject = {**counters, "pairs": [[first, second] for first, second in pairs]}
        with self._writing() as connection:
            change = sa.update(jobs).where(jobs.c.id == job_id)
            connection.execute(change.values(counters=drawn, requested=len(pairs)))

    def record_comparisons(self, job: Job, found: Sequence[Compared], progress: Progress) -> None:
        """Write down pairs, instead of what is there of them, with the replies, calls and counts that go with them.

        All or nothing.
        """
        at = now()
        with self._writing(is_synced=False) as connection:
            if found:
                again = comparisons.c.item.in_([each.item for each in found])
                connection.execute(sa.delete(comparisons).where(comparisons.c.job_id == job.id, again))
                rows = [asdict(each) | {"job_id": job.id, "created_at": at} for each in found]
                connection.execute(sa.insert(comparisons), rows)
            write_progress(connection, job, progress, at)

    def get_compared(self, job_id: int) -> list[Compared]:
        """What a job has compared so far, in order."""
        columns = [comparisons.c[name] for name in Compared.__dataclass_fields__]
        query = sa.select(*columns).where(comparisons.c.job_id == job_id).order_by(comparisons.c.item)
        with self._reading() as connection:
            return [_to_compared(row) for row in connection.execute(query)]


def _to_compared(row: Any) -> Compared:
    return Compared(**row._mapping)
