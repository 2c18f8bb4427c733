"""The trash: deleted datasets, listed, brought back, or gone for good."""

from datetime import datetime

import sqlalchemy as sa

from synthgen_core.database.datasets import now, to_dataset
from synthgen_core.database.engine import Connection
from synthgen_core.database.quality_tables import duplicate_searches, measures, quality_outcomes, review_plans
from synthgen_core.database.review_tables import drafts, review_log, review_samples
from synthgen_core.database.tables import (
    bad_lines,
    calls,
    dataset_parents,
    dataset_summaries,
    datasets,
    example_revisions,
    examples,
    exports,
    flags,
    imports,
    jobs,
    judgements,
    reviews,
    versions,
)
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Dataset

BATCH = 2000
"""Examples that are taken away in one transaction, so that others can write in between."""
OF_AN_EXAMPLE = (flags, judgements, reviews, drafts, example_revisions, quality_outcomes)
OF_A_DATASET = (
    versions,
    exports,
    dataset_parents,
    dataset_summaries,
    measures,
    duplicate_searches,
    review_log,
    review_plans,
    review_samples,
)
KEPT_WITHOUT_IT = (jobs, calls, imports)
"""History: these rows stay, and forget which dataset it was."""


class TrashRoom(Connection):
    """What can be done with deleted datasets."""

    def get_trash(self, *, before: datetime | None = None) -> list[Dataset]:
        """The deleted datasets, those deleted last first; or only those deleted before a moment."""
        query = sa.select(datasets).where(datasets.c.deleted_at.is_not(None), datasets.c.is_ready)
        if before is not None:
            query = query.where(datasets.c.deleted_at < before)
        with self._reading() as connection:
            return [to_dataset(row) for row in connection.execute(query.order_by(datasets.c.deleted_at.desc()))]

    def restore_dataset(self, dataset_id: int) -> None:
        """Take a dataset out of the trash. Raises NotFoundError."""
        self._move_in_trash(dataset_id, deleted_at=None, updated_at=now())

    def purge_dataset(self, dataset_id: int) -> None:
        """Take away a dataset that is in the trash, with all that belongs to it. Raises NotFoundError.

        It is gone for everybody at once; its rows follow in batches. If that is broken off, ``get_unfinished`` has it.
        """
        self._move_in_trash(dataset_id, is_ready=False, job_id=None)
        self.discard_dataset(dataset_id)

    def discard_dataset(self, dataset_id: int) -> None:
        """Take away a hidden dataset with all that belongs to it. One that is seen is left alone."""
        hidden = sa.select(datasets.c.id).where(datasets.c.id == dataset_id, ~datasets.c.is_ready)
        some = sa.select(examples.c.id).where(examples.c.dataset_id.in_(hidden)).limit(BATCH)
        left = True
        while left:
            with self._writing() as connection:
                ids = list(connection.execute(some).scalars())
                for table in OF_AN_EXAMPLE:
                    connection.execute(sa.delete(table).where(table.c.example_id.in_(ids)))
                connection.execute(sa.delete(examples).where(examples.c.id.in_(ids)))
                left = len(ids) == BATCH
        with self._writing() as connection:
            brought = sa.select(imports.c.id).where(imports.c.dataset_id.in_(hidden))
            connection.execute(sa.delete(bad_lines).where(bad_lines.c.import_id.in_(brought)))
            for table in OF_A_DATASET:
                connection.execute(sa.delete(table).where(table.c.dataset_id.in_(hidden)))
            for table in KEPT_WITHOUT_IT:
                connection.execute(sa.update(table).where(table.c.dataset_id.in_(hidden)).values(dataset_id=None))
            connection.execute(sa.delete(datasets).where(datasets.c.id == dataset_id, ~datasets.c.is_ready))

    def _move_in_trash(self, dataset_id: int, **values: object) -> None:
        with self._writing() as connection:
            changed = connection.execute(
                sa.update(datasets)
                .where(datasets.c.id == dataset_id, datasets.c.deleted_at.is_not(None), datasets.c.is_ready)
                .values(**values)
            )
        if not changed.rowcount:
            raise NotFoundError(f"There is no dataset {dataset_id} in the trash.")
