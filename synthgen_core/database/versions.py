"""Versions: named states of a dataset, made in no time and no space, compared, read, and brought back.

A state is a watermark: the examples that were there, each with its latest revision by then.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import IS_LIVE, now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import add_to_count
from synthgen_core.database.filters import raw
from synthgen_core.database.revisions import (
    Signature,
    content_at,
    new_batch_id,
    rows_of,
    status_at,
    to_changes,
    write_changes,
)
from synthgen_core.database.tables import datasets, example_revisions, examples, versions
from synthgen_core.errors import NotFoundError
from synthgen_core.models import BulkChange, ExampleStatus, JsonObject, Version, Watermark

NOW = Watermark(2**31 - 1, 2**31 - 1)
"""The present state, whatever comes."""


class DiffKind(StrEnum):
    """What became of an example between two states."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """An example that is not in both of two states, or not the same in both."""

    example_id: int
    example_index: int
    kind: DiffKind
    before: JsonObject | None
    """None: it was not there, or removed."""
    after: JsonObject | None


def watermark_of(connection: sa.Connection, dataset_id: int) -> Watermark:
    """The dataset's present state, within a transaction that may write: it locks the dataset's row against changes."""
    connection.execute(sa.select(datasets.c.id).where(datasets.c.id == dataset_id).with_for_update())
    seq, example = (
        connection.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one()
        for column in (example_revisions.c.seq, examples.c.id)
    )
    return Watermark(seq, example)


def state_at(dataset_id: int, mark: Watermark) -> sa.Subquery:
    """The examples of a dataset as they were: id, example_index, status, revision, content and metadata (as texts)."""
    latest = (
        sa.select(sa.func.max(example_revisions.c.revision))
        .where(example_revisions.c.example_id == examples.c.id, example_revisions.c.seq <= mark.seq)
        .scalar_subquery()
    )
    then = sa.case((examples.c.revision == 1, 1), else_=sa.func.coalesce(latest, 1))
    there = (
        sa.select(examples, then.label("then"))
        .where(examples.c.dataset_id == dataset_id, examples.c.id <= mark.example)
        .subquery("there")
    )
    is_current = there.c.revision == there.c.then
    content = sa.func.coalesce(raw(content_at(there.c.id, there.c.then)), raw(there.c.content))
    status = sa.func.coalesce(status_at(there.c.id, there.c.then), there.c.status)
    return sa.select(
        there.c.id,
        there.c.example_index,
        sa.case((is_current, there.c.status), else_=status).label("status"),
        there.c.then.label("revision"),
        sa.case((is_current, raw(there.c.content)), else_=content).label("content"),
        raw(there.c.metadata).label("metadata"),
    ).subquery()


def _differences(dataset_id: int, first: Watermark, second: Watermark) -> sa.Subquery:
    """What differs, with kind and both contents; looks only at what was added or revised in between."""
    before, after = state_at(dataset_id, first), state_at(dataset_id, second)
    revised = sa.select(example_revisions.c.example_id).where(
        example_revisions.c.seq > first.seq, example_revisions.c.seq <= second.seq
    )
    was_active, is_active = (side.c.status == ExampleStatus.ACTIVE for side in (before, after))
    was_active = sa.func.coalesce(was_active, sa.false())
    kind = sa.case(
        (is_active & ~was_active, DiffKind.ADDED.value),
        (was_active & ~is_active, DiffKind.REMOVED.value),
        (was_active & (before.c.content != after.c.content), DiffKind.CHANGED.value),
    )
    return (
        sa.select(
            after.c.id,
            after.c.example_index,
            kind.label("kind"),
            sa.case((was_active, before.c.content)).label("before"),
            sa.case((is_active, after.c.content)).label("after"),
        )
        .select_from(after.outerjoin(before, before.c.id == after.c.id))
        .where(sa.or_(after.c.id > first.example, after.c.id.in_(revised)), kind.is_not(None))
        .subquery()
    )


def to_version(row: Any) -> Version:
    """A row of ``versions`` as a value."""
    values = dict(row._mapping)
    mark = Watermark(values.pop("watermark_seq"), values.pop("watermark_example"))
    return Version(**values, watermark=mark)


class VersionRoom(Connection):
    """What can be done with states of a dataset."""

    def get_watermark(self, dataset_id: int) -> Watermark:
        """The dataset's present state."""
        with self._writing() as connection:
            return watermark_of(connection, dataset_id)

    def create_version(self, dataset_id: int, *, name: str, author: str, note: str = "") -> Version:
        """Give the dataset's present state a name. Raises NotFoundError."""
        with self._writing() as connection:
            mark = watermark_of(connection, dataset_id)
            live = sa.select(datasets.c.example_count).where(datasets.c.id == dataset_id, IS_LIVE)
            count = connection.execute(live).scalar()
            if count is None:
                raise NotFoundError(f"There is no dataset {dataset_id}.", "It may have been deleted: see the list.")
            last = sa.select(sa.func.max(versions.c.number)).where(versions.c.dataset_id == dataset_id)
            row = {
                "dataset_id": dataset_id,
                "number": (connection.execute(last).scalar() or 0) + 1,
                "name": name,
                "note": note,
                "author": author,
                "created_at": now(),
                "watermark_seq": mark.seq,
                "watermark_example": mark.example,
                "example_count": count,
            }
            return to_version(connection.execute(sa.insert(versions).values(row).returning(versions)).one())

    def get_versions(self, dataset_id: int) -> list[Version]:
        """A dataset's versions, the newest first."""
        query = sa.select(versions).where(versions.c.dataset_id == dataset_id).order_by(versions.c.number.desc())
        with self._reading() as connection:
            return [to_version(row) for row in connection.execute(query)]

    def get_version(self, dataset_id: int, number: int) -> Version:
        """One version by its number. Raises NotFoundError."""
        where = (versions.c.dataset_id == dataset_id, versions.c.number == number)
        with self._reading() as connection:
            row = connection.execute(sa.select(versions).where(*where)).one_or_none()
        if row is None:
            raise NotFoundError(f"Dataset {dataset_id} has no version {number}.", "See its list of versions.")
        return to_version(row)

    def count_differences(self, dataset_id: int, first: Watermark, second: Watermark) -> dict[DiffKind, int]:
        """How many examples were added, removed and changed from the first state, the older one, to the second."""
        found = _differences(dataset_id, first, second)
        query = sa.select(found.c.kind, sa.func.count()).group_by(found.c.kind)
        with self._reading() as connection:
            counts = {DiffKind(row[0]): row[1] for row in connection.execute(query)}
        return {kind: counts.get(kind, 0) for kind in DiffKind}

    def get_differences(
        self, dataset_id: int, first: Watermark, second: Watermark, kind: DiffKind, *, limit: int, offset: int = 0
    ) -> list[Difference]:
        """A page of what was added, removed or changed, by index, with both contents."""
        found = _differences(dataset_id, first, second)
        columns = (sa.type_coerce(found.c[side], examples.c.content.type).label(side) for side in ("before", "after"))
        query = sa.select(found.c.id, found.c.example_index, *columns).where(found.c.kind == kind)
        query = query.order_by(found.c.example_index).limit(limit).offset(offset)
        with self._reading() as connection:
            return [
                Difference(row.id, row.example_index, kind, row.before, row.after) for row in connection.execute(query)
            ]

    def restore_state(self, dataset_id: int, mark: Watermark, *, author: str, reason: str) -> BulkChange:
        """Make a dataset what it was, as new revisions in one batch; examples that came since are removed.

        Raises NotFoundError.
        """
        at, changed = now(), 0
        signature = Signature(author, "restore_version", reason, new_batch_id())
        with self._writing() as connection:
            add_to_count(connection, dataset_id, 0, at)
            before = state_at(dataset_id, mark)
            then_status = sa.func.coalesce(before.c.status, ExampleStatus.REMOVED.value)
            is_other = before.c.content != raw(examples.c.content)
            then_content = sa.case((is_other, before.c.content))
            query = (
                sa.select(
                    examples.c.id,
                    examples.c.revision,
                    examples.c.status,
                    then_status.label("then_status"),
                    sa.type_coerce(then_content, examples.c.content.type).label("then_content"),
                )
                .select_from(examples.outerjoin(before, before.c.id == examples.c.id))
                .where(
                    examples.c.dataset_id == dataset_id,
                    sa.or_(examples.c.id > mark.example, examples.c.revision > 1),
                    sa.or_(then_status != examples.c.status, is_other),
                )
            )
            ids = connection.execute(query.with_only_columns(examples.c.id)).scalars().all()
            for rows in rows_of(connection, query, ids):
                write_changes(connection, dataset_id, to_changes(rows), signature, at)
                changed += len(rows)
        return BulkChange(str(signature.batch_id), dataset_id, changed)
