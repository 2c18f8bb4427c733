"""Measures: what was computed of a dataset in one of its states, kept so that a page need not compute it again."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.quality_tables import measures
from synthgen_core.database.tables import datasets
from synthgen_core.database.upserts import upserts
from synthgen_core.models import JsonObject

UPSERT = upserts(measures)


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of ``measures``."""

    dataset_id: int
    name: str
    of_state: datetime
    """The dataset's ``updated_at`` when it was computed; it holds while that is so."""
    n: int
    """Examples that it rests on."""
    result: JsonObject
    computed_at: datetime


class MeasureRoom(Connection):
    """What can be done with rows of ``measures``; a dataset has one of each name."""

    def get_measure(self, dataset_id: int, name: str) -> Measure | None:
        """The measure as it was computed last, of whatever state; None: it never was."""
        query = sa.select(measures).where(measures.c.dataset_id == dataset_id, measures.c.name == name)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else Measure(**row._mapping)

    def get_measured(self, name: str) -> dict[int, str]:
        """Id -> name of each dataset outside the trash of which there is this measure, the newest dataset first."""
        query = (
            sa.select(datasets.c.id, datasets.c.name)
            .join(measures, measures.c.dataset_id == datasets.c.id)
            .where(measures.c.name == name, datasets.c.deleted_at.is_(None), datasets.c.is_ready)
            .order_by(datasets.c.id.desc())
        )
        with self._reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def put_measure(self, dataset_id: int, name: str, of_state: datetime, n: int, result: JsonObject) -> Measure:
        """Keep a measure in the place of the older one. Raises DatabaseError if the dataset was purged."""
        values = (dataset_id, name, of_state, n, result, now())
        with self._writing(is_synced=False) as connection:
            query = UPSERT[connection.dialect.name].returning(measures)
            row = connection.execute(query, dict(zip(measures.c.keys(), values, strict=True))).one()
        return Measure(**row._mapping)
