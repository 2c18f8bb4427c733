"""What is there of what was drawn: examples counted by parameter and value, and by how they were made; and what models
answered to no avail, and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from synthgen_core.budget import OK
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import calls, examples
from synthgen_core.models import ExampleStatus

MOST_MAKINGS = 1000
"""Ways of having been made that are told apart, the most frequent ones; files may say anything."""


@dataclass(frozen=True, slots=True)
class MadeLike:
    """How many active examples say that they were made like this; empty: they do not say."""

    domain: str
    subdomain: str
    method: str
    count: int


VALUES = {
    "sqlite": """
SELECT each.key, CAST(each.atom AS TEXT), examples.status, count(*)
FROM examples, json_each(examples.metadata, '$.parameters') AS each
WHERE examples.dataset_id = :dataset_id AND each.atom IS NOT NULL AND typeof(each.key) = 'text' AND each.key IN :names
GROUP BY 1, 2, 3""",
    "postgresql": """
SELECT each.key, each.value, examples.status, count(*)
FROM examples CROSS JOIN LATERAL json_each_text(
    CASE json_typeof(CAST(metadata AS json) -> 'parameters') WHEN 'object' THEN CAST(metadata AS json) -> 'parameters'
    ELSE '{}' END) AS each
WHERE examples.dataset_id = :dataset_id AND each.value IS NOT NULL AND each.key IN :names
GROUP BY 1, 2, 3""",
}
MAKINGS = {
    "sqlite": """
SELECT coalesce(CAST(json_extract(metadata, '$.domain') AS TEXT), ''),
    coalesce(CAST(json_extract(metadata, '$.subdomain') AS TEXT), ''),
    coalesce(CAST(json_extract(metadata, '$.method') AS TEXT), ''), count(*)
FROM examples WHERE dataset_id = :dataset_id AND status = 'active'
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT :most""",
    "postgresql": """
SELECT coalesce(CAST(metadata AS json) ->> 'domain', ''), coalesce(CAST(metadata AS json) ->> 'subdomain', ''),
    coalesce(CAST(metadata AS json) ->> 'method', ''), count(*)
FROM examples WHERE dataset_id = :dataset_id AND status = 'active'
GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT :most""",
}


class CoverageRoom(Connection):
    """What can be counted of the drawn parameters of examples."""

    def count_values(self, dataset_id: int, names: Sequence[str]) -> dict[ExampleStatus, dict[str, dict[str, int]]]:
        """Status -> parameter -> value -> examples, of the parameters with these names."""
        counts: dict[ExampleStatus, dict[str, dict[str, int]]] = {status: {} for status in ExampleStatus}
        with self._reading() as connection:
            query = sa.text(VALUES[connection.dialect.name]).bindparams(sa.bindparam("names", expanding=True))
            for name, value, status, count in connection.execute(query, {"dataset_id": dataset_id, "names": [*names]}):
                counts[ExampleStatus(status)].setdefault(name, {})[value] = count
        return counts

    def count_makings(self, dataset_id: int) -> list[MadeLike]:
        """How the active examples say that they were made, the most frequent first."""
        with self._reading() as connection:
            query = sa.text(MAKINGS[connection.dialect.name])
            rows = connection.execute(query, {"dataset_id": dataset_id, "most": MOST_MAKINGS})
            return [MadeLike(*row) for row in rows]

    def count_answered_in_vain(self, job_ids: Sequence[int]) -> int:
        """Items of these jobs for which a call was answered, and that led to no example."""
        called = sa.select(calls.c.job_id, calls.c.item).where(calls.c.job_id.in_(job_ids), calls.c.outcome == OK)
        made = sa.select(examples.c.job_id, examples.c.item).where(examples.c.job_id.in_(job_ids))
        with self._reading() as connection:
            vain = called.except_(made).subquery()
            return connection.execute(sa.select(sa.func.count()).select_from(vain)).scalar_one()

    def get_recent_seconds(self, dataset_id: int, limit: int) -> dict[tuple[str, str], list[float]]:
        """Provider and model -> seconds of the newest answered calls for a dataset, at most so many in all."""
        query = (
            sa.select(calls.c.provider, calls.c.model, calls.c.seconds)
            .where(calls.c.dataset_id == dataset_id, calls.c.outcome == OK)
            .order_by(calls.c.id.desc())
            .limit(limit)
        )
        found: dict[tuple[str, str], list[float]] = {}
        with self._reading() as connection:
            for provider, model, seconds in connection.execute(query):
                found.setdefault((provider, model), []).append(seconds)
        return found
