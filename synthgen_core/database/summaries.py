"""Figures over all active examples of a dataset: measured once for each of its states, and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import IS_LIVE
from synthgen_core.database.engine import Connection
from synthgen_core.database.filters import is_reviewed
from synthgen_core.database.flags import count_flags
from synthgen_core.database.tables import dataset_summaries, datasets, examples
from synthgen_core.database.upserts import upserts
from synthgen_core.models import ExampleStatus
from synthgen_core.statistics.spreads import quantile

MOST_BARS = 20
MOST_VALUES = 50
"""Values of a parameter that are told apart, the most frequent ones; the others are summed up under ``REST``."""
REST = "…"
COUNT = "count(*)"
OUTLIERS = 0.01
"""Share of the largest values that the last bar of a histogram takes up."""
STEPS = (1, 2, 5)
IS_FRESH = dataset_summaries.c.measured_at == datasets.c.updated_at


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a dataset beyond its row."""

    dataset_id: int
    scored: int
    """Active examples that a judge scored."""
    mean_score: float | None
    """Over those, 0-10; None: there are none."""
    reviewed: int
    """Active examples that somebody accepted or rejected as they are now."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """How a whole number is spread over the active examples; all zero where there is none."""

    count: int = 0
    least: int = 0
    median: int = 0
    mean: float = 0.0
    most: int = 0
    width: int = 1
    """Values that share a bar."""
    bars: tuple[tuple[int, int], ...] = ()
    """(its first value, examples), ascending, empty ones too; the last one has all that is beyond it."""


@dataclass(frozen=True, slots=True)
class Details:
    """What an overview shows of a dataset; all but ``statuses`` over its active examples."""

    statuses: Mapping[str, int]
    turns: Distribution
    characters: Distribution
    languages: Mapping[str, int]
    """Code -> examples; "" where it is not written down."""
    parameters: Mapping[str, Mapping[str, int]]
    """Name -> value -> examples, the most frequent first."""
    flags: Mapping[str, int]
    """Rule -> examples that it flags."""


PARAMETERS = {
    "sqlite": """
SELECT each.key, CAST(each.atom AS TEXT), {columns}
FROM examples, json_each(examples.metadata, '$.parameters') AS each
WHERE examples.dataset_id = :dataset_id AND examples.status = 'active' AND each.atom IS NOT NULL
    AND typeof(each.key) = 'text'
GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2""",
    "postgresql": """
SELECT each.key, each.value, {columns}
FROM examples CROSS JOIN LATERAL json_each_text(
    CASE json_typeof(CAST(metadata AS json) -> 'parameters') WHEN 'object' THEN CAST(metadata AS json) -> 'parameters'
    ELSE '{{}}' END) AS each
WHERE examples.dataset_id = :dataset_id AND examples.status = 'active' AND each.value IS NOT NULL
GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2""",
}
"""By the name of the dialect: parameter, value, and ``columns`` over the active examples that have it, by the first."""
LANGUAGES = {
    "sqlite": """
SELECT coalesce(CAST(json_extract(metadata, '$.language') AS TEXT), ''), count(*) FROM examples
WHERE dataset_id = :dataset_id AND status = 'active' GROUP BY 1 ORDER BY 2 DESC, 1""",
    "postgresql": """
SELECT coalesce(CAST(metadata AS json) ->> 'language', ''), count(*) FROM examples
WHERE dataset_id = :dataset_id AND status = 'active' GROUP BY 1 ORDER BY 2 DESC, 1""",
}


UPSERT = upserts(dataset_summaries)


def distribution(counts: Mapping[int, int]) -> Distribution:
    """The distribution of values, given how often each occurs."""
    if not counts:
        return Distribution()
    values, total = sorted(counts), sum(counts.values())
    least = values[0]
    high = quantile(counts, (1 - OUTLIERS) * total)
    width = _round_width((high - least + 1) / MOST_BARS)
    first = least // width
    bars = [0] * (high // width - first + 1)
    for value, count in counts.items():
        bars[min(value // width - first, len(bars) - 1)] += count
    return Distribution(
        count=total,
        least=least,
        median=quantile(counts, total / 2),
        mean=sum(value * count for value, count in counts.items()) / total,
        most=values[-1],
        width=width,
        bars=tuple(((first + n) * width, count) for n, count in enumerate(bars)),
    )


def _round_width(least: float) -> int:
    """The least of 1, 2, 5, 10, 20, ... that is not below this."""
    power = 1
    while True:
        for step in STEPS:
            if step * power >= least:
                return step * power
        power *= 10


def _summary_row(connection: sa.Connection, dataset_id: int) -> dict[str, Any] | None:
    """The summary of a dataset as a row, or None if it is gone. Of a change meanwhile, the time tells."""
    live = sa.select(datasets.c.updated_at).where(datasets.c.id == dataset_id, datasets.c.deleted_at.is_(None))
    measured_at: datetime | None = connection.execute(live).scalar()
    if measured_at is None:
        return None
    active = (examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)
    score = examples.c.quality_score
    scored, mean = connection.execute(
        sa.select(sa.func.count(), sa.func.avg(score)).where(*active, score.is_not(None))
    ).one()
    reviewed = connection.execute(sa.select(sa.func.count()).where(*active, is_reviewed())).scalar_one()
    return {
        "dataset_id": dataset_id,
        "measured_at": measured_at,
        "scored": scored,
        "mean_score": mean,
        "reviewed": reviewed,
        "details": None,
    }


def _measure_details(connection: sa.Connection, dataset_id: int) -> Details:
    active = (examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)

    def counted(column: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> dict[Any, int]:
        query = sa.select(column, sa.func.count()).where(*where).group_by(column)
        return {row[0]: row[1] for row in connection.execute(query)}

    dialect, this = connection.dialect.name, {"dataset_id": dataset_id}
    parameters: dict[str, dict[str, int]] = {}
    for name, value, count in connection.execute(sa.text(PARAMETERS[dialect].format(columns=COUNT)), this):
        values = parameters.setdefault(name, {})
        shown = value if len(values) < MOST_VALUES else REST
        values[shown] = values.get(shown, 0) + count
    return Details(
        statuses=counted(examples.c.status, active[0]),
        turns=distribution(counted(examples.c.turns, *active)),
        characters=distribution(counted(examples.c.characters, *active)),
        languages={row[0]: row[1] for row in connection.execute(sa.text(LANGUAGES[dialect]), this)},
        parameters=parameters,
        flags=count_flags(connection, dataset_id),
    )


def _to_summary(row: Mapping[str, Any]) -> Summary:
    mean = row["mean_score"]
    return Summary(row["dataset_id"], row["scored"], None if mean is None else float(mean), row["reviewed"])


def _to_details(kept: dict[str, Any]) -> Details:
    spread = {
        name: Distribution(**kept[name] | {"bars": tuple(tuple(bar) for bar in kept[name]["bars"])})
        for name in ("turns", "characters")
    }
    return Details(**kept | spread)


class SummaryRoom(Connection):
    """Figures that are measured when they are asked for, and kept until the dataset changes.

    Whoever writes scores, flags or reviews moves the dataset's ``updated_at``, so that they are measured anew.
    """

    def get_summaries(self, dataset_ids: Sequence[int]) -> dict[int, Summary]:
        """The summary of each of these datasets that is not in the trash."""
        fresh = sa.select(dataset_summaries).join(datasets, datasets.c.id == dataset_summaries.c.dataset_id)
        with self._reading() as connection:
            rows = connection.execute(fresh.where(datasets.c.id.in_(dataset_ids), IS_FRESH))
            found = {row.dataset_id: _to_summary(dict(row._mapping)) for row in rows}
        return found | self._measure([each for each in dataset_ids if each not in found])

    def refresh_summaries(self) -> None:
        """Measure every dataset outside the trash that changed since it was measured."""
        query = (
            sa.select(datasets.c.id)
            .outerjoin(dataset_summaries, dataset_summaries.c.dataset_id == datasets.c.id)
            .where(IS_LIVE, sa.or_(dataset_summaries.c.dataset_id.is_(None), ~IS_FRESH))
        )
        with self._reading() as connection:
            stale = list(connection.execute(query).scalars())
        self._measure(stale)

    def get_details(self, dataset_id: int) -> Details:
        """What an overview shows of a dataset. Takes seconds for the first time in a million examples."""
        fresh = sa.select(dataset_summaries.c.details).join(datasets, datasets.c.id == dataset_summaries.c.dataset_id)
        with self._reading() as connection:
            kept = connection.execute(fresh.where(datasets.c.id == dataset_id, IS_FRESH)).scalar()
            if kept is not None:
                return _to_details(kept)
            rows = [_summary_row(connection, dataset_id)]
            details = _measure_details(connection, dataset_id)
        self._keep([row | {"details": asdict(details)} for row in rows if row is not None])
        return details

    def _measure(self, dataset_ids: Sequence[int]) -> dict[int, Summary]:
        with self._reading() as connection:
            measured = [_summary_row(connection, each) for each in dataset_ids]
        rows = [row for row in measured if row is not None]
        self._keep(rows)
        return {row["dataset_id"]: _to_summary(row) for row in rows}

    def _keep(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            with self._writing(is_synced=False) as connection:
                connection.execute(UPSERT[connection.dialect.name], rows)
