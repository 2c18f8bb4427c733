"""Examples: accepted, counted, listed page by page. What is done to them later is in ``revisions``."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import chain
from typing import Any

import orjson
import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.filters import filter_conditions, raw
from synthgen_core.database.flags import NewFlag, count_flags_of, flag_row
from synthgen_core.database.tables import datasets, examples, flags
from synthgen_core.errors import ConfigError, NotFoundError
from synthgen_core.models import Example, ExampleFilter, ExampleStatus, JsonObject
from synthgen_core.sizes import fingerprint, size_of

COLUMNS = [examples.c[field.name] for field in fields(Example)]
EXAMPLE_SORTS = ("example_index", "id", "quality_score", "rule_score", "turns", "characters", "updated_at")
"""Columns by which a dataset's examples can be sorted; ``id`` is the order in which they came."""
ALL_ACTIVE = ExampleFilter()
STREAM_ROWS = 2000
FILE_ROWS = 100
"""Lines that are put together at once: few enough to stay in the processor's cache."""
METADATA = "metadata"
MOST_HOLES = 5000
"""Up to so many removed examples, a page is found without walking through those before it."""
ADD_TO_COUNT = (
    sa.update(datasets)
    .where(datasets.c.id == sa.bindparam("of_dataset"), datasets.c.deleted_at.is_(None))
    .values(example_count=datasets.c.example_count + sa.bindparam("added"), updated_at=sa.bindparam("at"))
)
INSERT_COLUMNS = (
    "dataset_id",
    "example_index",
    "content",
    "status",
    "metadata",
    "created_at",
    "updated_at",
    "revision",
    "job_id",
    "item",
    "turns",
    "characters",
    "content_hash",
)
INSERT = f"INSERT INTO examples ({', '.join(INSERT_COLUMNS)}) VALUES ({', '.join(['%s'] * len(INSERT_COLUMNS))})"
"""For the driver itself: SQLAlchemy's way through each value takes twice the time, and imports bring millions."""
INSERT_ON_SQLITE = INSERT.replace("%s", "?")


@dataclass(frozen=True, slots=True)
class NewExample:
    """An accepted example on its way into the database."""

    example_index: int
    content: JsonObject
    metadata: JsonObject
    item: int | None = None
    """Its number within the job that made it."""
    flags: tuple[NewFlag, ...] = ()


def to_example(row: Any) -> Example:
    """A row of ``examples`` as a value."""
    values = dict(row._mapping)
    return Example(**values | {"status": ExampleStatus(values["status"])})


def measured(content: JsonObject) -> dict[str, object]:
    """The columns that say how large a content is, and which."""
    size = size_of(content)
    return {"turns": size.turns, "characters": size.characters, "content_hash": fingerprint(content)}


def line_of(content: bytes, metadata: bytes) -> tuple[bytes, ...]:
    """An example's stored texts as the pieces of a line of its dataset's file: the content's keys, then ``metadata``.

    A key ``metadata`` of the content gives way.
    """
    if b'"metadata":' in content and METADATA in (values := orjson.loads(content)):
        return orjson.dumps(values | {METADATA: orjson.loads(metadata)}), b"\n"
    return content[:-1], b',"metadata":', metadata, b"}\n"


def add_to_count(connection: sa.Connection, dataset_id: int, added: int, at: datetime) -> None:
    """Move a dataset's count of active examples and its time, and lock its row until the caller's transaction ends.

    Whoever changes examples of a dataset does this first: so the changes of a dataset are numbered in the order in
    which they are committed. Raises NotFoundError.
    """
    changed = connection.execute(ADD_TO_COUNT, {"of_dataset": dataset_id, "added": added, "at": at})
    if not changed.rowcount:
        raise NotFoundError(f"The dataset {dataset_id} was deleted.", "Restore it, or start anew.")


def insert_examples(
    connection: sa.Connection, dataset_id: int, new: Sequence[NewExample], at: datetime, job_id: int | None = None
) -> None:
    """Add examples to a dataset and to its count, within the caller's transaction. Raises NotFoundError."""
    add_to_count(connection, dataset_id, len(new), at)
    dialect = connection.dialect
    to_column = examples.c.created_at.type.dialect_impl(dialect).bind_processor(dialect)
    moment = to_column(at) if to_column else at
    connection.exec_driver_sql(
        INSERT_ON_SQLITE if dialect.name == "sqlite" else INSERT,
        [_to_row(dataset_id, example, moment, job_id) for example in new],
    )
    if flagged := {example.example_index: example.flags for example in new if example.flags}:
        query = sa.select(examples.c.id, examples.c.example_index).where(
            examples.c.dataset_id == dataset_id, examples.c.example_index.in_(flagged)
        )
        ids = connection.execute(query).all()
        rows = [flag_row(example_id, 1, flag, at) for example_id, index in ids for flag in flagged[index]]
        connection.execute(sa.insert(flags), rows)
        count_flags_of(connection, [example_id for example_id, _ in ids])


def _to_row(dataset_id: int, example: NewExample, moment: object, job_id: int | None) -> tuple[object, ...]:
    """The values of ``INSERT_COLUMNS``, as the driver takes them."""
    content = example.content
    size = size_of(content)
    return (
        dataset_id,
        example.example_index,
        orjson.dumps(content).decode(),
        ExampleStatus.ACTIVE.value,
        orjson.dumps(example.metadata).decode(),
        moment,
        moment,
        1,
        job_id,
        example.item,
        size.turns,
        size.characters,
        fingerprint(content),
    )


class ExampleRoom(Connection):
    """What can be read of, and added to, ``examples``."""

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
        filter: ExampleFilter = ALL_ACTIVE,
        sort: str = "example_index",
        is_descending: bool = False,
    ) -> list[Example]:
        """A page of a dataset's examples. Raises ConfigError for a column that lists cannot be sorted by."""
        if sort not in EXAMPLE_SORTS:
            raise ConfigError(f"Examples cannot be sorted by “{sort}”.", f"Known: {', '.join(EXAMPLE_SORTS)}.")
        order: list[sa.ColumnElement[Any]] = [examples.c[sort].desc() if is_descending else examples.c[sort].asc()]
        if sort in ("quality_score", "rule_score"):
            order[0] = order[0].nulls_last()
        if sort != "example_index":
            order.append(examples.c.example_index.asc())
        query = sa.select(examples.c.id).where(examples.c.dataset_id == dataset_id, *filter_conditions(filter))
        query = query.order_by(*order)
        with self._reading() as connection:
            if filter == ALL_ACTIVE and sort == "example_index" and not is_descending and offset:
                first = _index_at(connection, dataset_id, offset)
                if first is not None:
                    query, offset = query.where(examples.c.example_index >= first), 0
            # First the ids, from the index alone; then the texts of those that are on the page.
            found = list(connection.execute(query.limit(limit).offset(offset)).scalars())
            rows = connection.execute(sa.select(*COLUMNS).where(examples.c.id.in_(found)))
            by_id = {row.id: to_example(row) for row in rows}
        return [by_id[example_id] for example_id in found]

    def count_examples(self, dataset_id: int, filter: ExampleFilter = ALL_ACTIVE) -> int:
        """How many examples there are that match. That of all active ones is kept, and need not be counted."""
        if filter == ALL_ACTIVE:
            query = sa.select(datasets.c.example_count).where(datasets.c.id == dataset_id)
        else:
            conditions = filter_conditions(filter)
            query = sa.select(sa.func.count()).where(examples.c.dataset_id == dataset_id, *conditions)
        with self._reading() as connection:
            return connection.execute(query).scalar() or 0

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

    def stream_lines_of_file(self, dataset_id: int) -> Iterator[bytes]:
        """What a dataset's file holds, some lines at a time: every active example by index, content with ``metadata``.

        The stored texts are put together as they are; nothing is parsed.
        """
        query = (
            sa.select(raw(examples.c.content), raw(examples.c.metadata))
            .where(examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)
            .order_by(examples.c.example_index)
        )
        with (
            self._reading() as connection,
            connection.execution_options(yield_per=STREAM_ROWS).execute(query) as rows,
        ):
            for block in rows.partitions(FILE_ROWS):
                pieces = (line_of(content.encode(), metadata.encode()) for content, metadata in block)
                yield b"".join(chain.from_iterable(pieces))

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

    def newest_of_job(self, job_id: int, limit: int = 3) -> list[Example]:
        """The examples that a job brought in last, the newest first."""
        query = sa.select(*COLUMNS).where(examples.c.job_id == job_id).order_by(examples.c.id.desc()).limit(limit)
        with self._reading() as connection:
            return [to_example(row) for row in connection.execute(query)]


def _index_at(connection: sa.Connection, dataset_id: int, offset: int) -> int | None:
    """The index of the active example that has so many before it; None where that is not known without counting.

    It is known where indexes have no holes but for some removed examples, which is so for nearly every dataset.
    """
    last = sa.select(sa.func.max(examples.c.example_index)).where(examples.c.dataset_id == dataset_id)
    sizes = sa.select(last.scalar_subquery(), datasets.c.example_count).where(datasets.c.id == dataset_id)
    newest, count = connection.execute(sizes).one_or_none() or (None, 0)
    holes = 0 if newest is None else newest + 1 - count
    if not holes or holes > MOST_HOLES:
        return None if holes else offset
    index = examples.c.example_index
    number = sa.func.row_number().over(order_by=index) - 1
    removed = (
        sa.select((index - number).label("active_before"))
        .where(examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.REMOVED)
        .subquery()
    )
    before = sa.func.count().filter(removed.c.active_before <= offset)
    found, passed = connection.execute(sa.select(sa.func.count(), before).select_from(removed)).one()
    return offset + passed if found == holes else None
