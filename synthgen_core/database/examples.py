"""Examples: accepted, listed, edited. Every edit is a revision; the first is kept from the moment of the first edit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import datasets, example_revisions, examples
from synthgen_core.errors import ConflictError, NotFoundError
from synthgen_core.models import Example, ExampleStatus, JsonObject

COLUMNS = [column for column in examples.c if column.name not in ("job_id", "item")]
STREAM_ROWS = 2000
ADD_TO_COUNT = (
    sa.update(datasets)
    .where(datasets.c.id == sa.bindparam("of_dataset"), datasets.c.deleted_at.is_(None))
    .values(example_count=datasets.c.example_count + sa.bindparam("added"), updated_at=sa.bindparam("at"))
)
INSERT = sa.insert(examples)


@dataclass(frozen=True, slots=True)
class NewExample:
    """An accepted example on its way into the database."""

    example_index: int
    content: JsonObject
    metadata: JsonObject
    item: int | None = None
    """Its number within the job that made it."""


def to_example(row: Any) -> Example:
    """A row of ``examples`` as a value."""
    values = dict(row._mapping)
    return Example(**values | {"status": ExampleStatus(values["status"])})


def insert_examples(
    connection: sa.Connection, dataset_id: int, new: Sequence[NewExample], at: datetime, job_id: int | None = None
) -> None:
    """Add examples to a dataset and to its count, within the caller's transaction. Raises NotFoundError."""
    changed = connection.execute(ADD_TO_COUNT, {"of_dataset": dataset_id, "added": len(new), "at": at})
    if not changed.rowcount:
        raise NotFoundError(f"The dataset {dataset_id} was deleted.", "Restore it, or start anew.")
    connection.execute(
        INSERT,
        [
            {
                "dataset_id": dataset_id,
                "example_index": example.example_index,
                "content": example.content,
                "status": ExampleStatus.ACTIVE,
                "metadata": example.metadata,
                "created_at": at,
                "updated_at": at,
                "revision": 1,
                "job_id": job_id,
                "item": example.item,
            }
            for example in new
        ],
    )


class ExampleRoom(Connection):
    """What can be done with rows of ``examples``."""

    def add_examples(self, dataset_id: int, new: Sequence[NewExample]) -> None:
        """Add examples to a dataset, all or none. Raises NotFoundError."""
        if new:
            with self._writing() as connection:
                insert_examples(connection, dataset_id, new, now())

    def get_example(self, example_id: int, dataset_id: int | None = None) -> Example:
        """One example, of this dataset if one is named. Raises NotFoundError."""
        query = sa.select(*COLUMNS).where(examples.c.id == example_id)
        if dataset_id is not None:
            query = query.where(examples.c.dataset_id == dataset_id)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(
                f"There is no example {example_id}" + (f" in dataset {dataset_id}." if dataset_id else ".")
            )
        return to_example(row)

    def get_dataset_examples(
        self,
        dataset_id: int,
        limit: int = 100,
        offset: int = 0,
        *,
        status: ExampleStatus | None = ExampleStatus.ACTIVE,
        is_newest_first: bool = False,
    ) -> list[Example]:
        """A page of a dataset's examples by index (or the newest accepted first); ``status`` None means all."""
        order = examples.c.id.desc() if is_newest_first else examples.c.example_index.asc()
        query = sa.select(*COLUMNS).where(examples.c.dataset_id == dataset_id)
        if status is not None:
            query = query.where(examples.c.status == status)
        with self._reading() as connection:
            return [to_example(row) for row in connection.execute(query.order_by(order).limit(limit).offset(offset))]

    def stream_contents(self, dataset_id: int) -> Iterator[tuple[JsonObject, JsonObject]]:
        """(content, metadata) of every active example by index, in bounded memory."""
        query = (
            sa.select(examples.c.content, examples.c.metadata)
            .where(examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)
            .order_by(examples.c.example_index)
        )
        with (
            self._reading() as connection,
            connection.execution_options(yield_per=STREAM_ROWS).execute(query) as rows,
        ):
            for row in rows:
                yield row[0], row[1]

    def get_job_items(self, job_id: int) -> set[int]:
        """The numbers of the items that a job has brought in."""
        with self._reading() as connection:
            return set(connection.execute(sa.select(examples.c.item).where(examples.c.job_id == job_id)).scalars())

    def next_index(self, dataset_id: int) -> int:
        """The first example index after all that the dataset has."""
        query = sa.select(sa.func.max(examples.c.example_index)).where(examples.c.dataset_id == dataset_id)
        with self._reading() as connection:
            last = connection.execute(query).scalar()
        return 0 if last is None else last + 1

    def update_example(
        self,
        example_id: int,
        content: JsonObject,
        *,
        seen_revision: int,
        author: str,
        operation: str = "edit",
        batch_id: str | None = None,
        reason: str = "",
    ) -> Example:
        """Write a new revision. ``content`` must be valid: that is the caller's to check.

        Raises:
            NotFoundError: there is no such example.
            ConflictError: it has another revision than the one that the writer saw.
        """
        at = now()
        with self._writing() as connection:
            row = connection.execute(
                sa.select(*COLUMNS).where(examples.c.id == example_id).with_for_update()
            ).one_or_none()
            if row is None:
                raise NotFoundError(f"There is no example {example_id}.")
            current = to_example(row)
            if current.revision != seen_revision:
                raise ConflictError(
                    f"Somebody changed example {example_id}: its revision is {current.revision}, not {seen_revision}.",
                    "Compare both texts and save again.",
                )
            written = {"example_id": example_id, "batch_id": batch_id, "reason": reason}
            if current.revision == 1:
                original = {"revision": 1, "content": current.content, "author": "", "at": current.created_at}
                connection.execute(
                    sa.insert(example_revisions), written | original | {"operation": "created", "reason": ""}
                )
            revision = {"revision": current.revision + 1, "content": content, "author": author, "at": at}
            connection.execute(sa.insert(example_revisions), written | revision | {"operation": operation})
            changed = connection.execute(
                sa.update(examples)
                .where(examples.c.id == example_id, examples.c.revision == seen_revision)
                .values(content=content, revision=current.revision + 1, updated_at=at)
                .returning(*COLUMNS)
            ).one()
            connection.execute(sa.update(datasets).where(datasets.c.id == current.dataset_id).values(updated_at=at))
        return to_example(changed)

    def newest_of_job(self, job_id: int, limit: int = 3) -> list[Example]:
        """The examples that a job brought in last, the newest first."""
        query = sa.select(*COLUMNS).where(examples.c.job_id == job_id).order_by(examples.c.id.desc()).limit(limit)
        with self._reading() as connection:
            return [to_example(row) for row in connection.execute(query)]

    def count_of_job(self, job_id: int) -> int:
        """How many examples a job has brought in."""
        query = sa.select(sa.func.count()).select_from(examples).where(examples.c.job_id == job_id)
        with self._reading() as connection:
            return connection.execute(query).scalar_one()
