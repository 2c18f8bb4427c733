"""What is done to examples after they came: edits, removals, and undoing either. Every change is a revision.

Changes that belong together are a batch, and can be undone together. Nothing is overwritten that a revision does not
keep: the first change of an example writes down what it was before, too.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import COLUMNS, add_to_count, measured, to_example
from synthgen_core.database.filters import filter_conditions, raw
from synthgen_core.database.tables import example_revisions, examples
from synthgen_core.errors import ConflictError, NotFoundError
from synthgen_core.models import BulkChange, Example, ExampleFilter, ExampleStatus, JsonObject, Revision
from synthgen_core.reviewing import Conflict

BATCH = 1000
"""Examples that are changed with one statement."""
CREATED = "created"
NOT_CHECKED: dict[str, object] = {"rule_score": None, "rules_revision": 0}


@dataclass(frozen=True, slots=True)
class Change:
    """What one example becomes."""

    example_id: int
    revision: int
    """The one that it has now."""
    was: ExampleStatus
    status: ExampleStatus
    content: JsonObject | None = None
    """None: as it is."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who changes something, why, and together with what."""

    author: str
    operation: str
    reason: str = ""
    batch_id: str | None = None


def to_changes(rows: Sequence[sa.Row[Any]]) -> list[Change]:
    """Rows of id, revision, status, then_status and then_content as the changes that they ask for."""
    return [
        Change(row.id, row.revision, ExampleStatus(row.status), ExampleStatus(row.then_status), row.then_content)
        for row in rows
    ]


def new_batch_id() -> str:
    """A name for changes that belong together."""
    return uuid.uuid4().hex


def write_changes(
    connection: sa.Connection, dataset_id: int, changes: Sequence[Change], signature: Signature, at: datetime
) -> None:
    """Write changes of one dataset's examples, within the caller's transaction, and keep the dataset's count.

    The caller holds the dataset's row (``add_to_count``) since before it read the examples. Raises NotFoundError.
    """
    if not changes:
        return
    became = sum((c.status is ExampleStatus.ACTIVE) - (c.was is ExampleStatus.ACTIVE) for c in changes)
    add_to_count(connection, dataset_id, became, at)
    _keep_originals(connection, changes)
    connection.execute(
        sa.insert(example_revisions),
        [
            {
                "example_id": change.example_id,
                "revision": change.revision + 1,
                "content": change.content,
                "status": change.status,
                "author": signature.author,
                "at": at,
                "operation": signature.operation,
                "batch_id": signature.batch_id,
                "reason": signature.reason,
            }
            for change in changes
        ],
    )
    this = examples.c.id == sa.bindparam("this")
    for same_shape in ([c for c in changes if c.content is None], [c for c in changes if c.content is not None]):
        values = [
            {"this": c.example_id, "status": c.status, "revision": c.revision + 1, "updated_at": at}
            | ({} if c.content is None else measured(c.content) | {"content": c.content} | _new_text(c))
            for c in same_shape
        ]
        if values:
            connection.execute(sa.update(examples).where(this), values)


def _new_text(change: Change) -> dict[str, object]:
    """Columns of a changed text: nothing was said of it yet. What people said of the former one stays, as such."""
    return {
        "content_revision": change.revision + 1,
        "flag_count": 0,
        "quality_score": None,
        "judge_spread": None,
    } | NOT_CHECKED


def _keep_originals(connection: sa.Connection, changes: Sequence[Change]) -> None:
    """Write down revision 1 of what changes for the first time; its content with the first change of content."""
    rewritten = [c.example_id for c in changes if c.content is not None]
    columns = ("example_id", "revision", "content", "status", "author", "at", "operation", "batch_id", "reason")
    first = [c.example_id for c in changes if c.revision == 1]
    originals = sa.select(
        examples.c.id,
        sa.literal(1),
        sa.case((examples.c.id.in_(rewritten), examples.c.content), else_=sa.null()),
        examples.c.status,
        sa.literal(""),
        examples.c.created_at,
        sa.literal(CREATED),
        sa.null(),
        sa.literal(""),
    ).where(examples.c.id.in_(first))
    if first:
        connection.execute(sa.insert(example_revisions).from_select(columns, originals.order_by(examples.c.id)))
    if rewritten:
        current = sa.select(examples.c.content).where(examples.c.id == example_revisions.c.example_id)
        connection.execute(
            sa.update(example_revisions)
            .where(
                example_revisions.c.example_id.in_(rewritten),
                example_revisions.c.revision == 1,
                example_revisions.c.content.is_(None),
            )
            .values(content=current.scalar_subquery())
        )


def content_at(example_id: sa.ColumnElement[int], revision: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """The content that an example had at a revision; NULL where it never changed."""
    older = example_revisions.alias("older")
    return (
        sa.select(older.c.content)
        .where(older.c.example_id == example_id, older.c.revision <= revision, older.c.content.is_not(None))
        .order_by(older.c.revision.desc())
        .limit(1)
        .scalar_subquery()
    )


def status_at(example_id: sa.ColumnElement[int], revision: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """The status that an example had at a revision; NULL where it never changed in any way."""
    older = example_revisions.alias("older")
    return (
        sa.select(older.c.status)
        .where(older.c.example_id == example_id, older.c.revision == revision)
        .scalar_subquery()
    )


def write_content(
    connection: sa.Connection,
    example_id: int,
    content: JsonObject,
    seen_revision: int,
    signature: Signature,
    at: datetime,
) -> Example:
    """Give an example another content, within the caller's transaction. Raises as ``update_example`` does."""
    this = sa.select(*COLUMNS).where(examples.c.id == example_id)
    home = sa.select(examples.c.dataset_id).where(examples.c.id == example_id)
    dataset_id = connection.execute(home).scalar()
    if dataset_id is None:
        raise NotFoundError(f"There is no example {example_id}.")
    add_to_count(connection, dataset_id, 0, at)
    current = to_example(connection.execute(this).one())
    if current.revision != seen_revision:
        raise ConflictError(
            f"Somebody changed example {example_id}: its revision is {current.revision}, not {seen_revision}.",
            "Compare both texts and save again.",
            conflict=conflict_of(connection, example_id, seen_revision, content),
        )
    change = Change(example_id, seen_revision, current.status, current.status, content)
    write_changes(connection, dataset_id, [change], signature, at)
    return to_example(connection.execute(this).one())


def conflict_of(
    connection: sa.Connection, example_id: int, seen_revision: int, yours: JsonObject | None = None
) -> Conflict:
    """The texts of an example that changed since somebody saw it, and who changed it."""
    latest = example_revisions.c
    base = content_at(examples.c.id, sa.literal(seen_revision))
    query = (
        sa.select(examples, latest.author, latest.at, base.label("base"))
        .outerjoin(
            example_revisions, sa.and_(latest.example_id == examples.c.id, latest.revision == examples.c.revision)
        )
        .where(examples.c.id == example_id)
    )
    row = connection.execute(query).one()
    before = row.content if row.base is None else row.base
    return Conflict(example_id, before, yours, row.content, row.revision, row.author or "", row.at or row.updated_at)


def write_status(
    connection: sa.Connection,
    dataset_id: int,
    which: Sequence[int] | ExampleFilter,
    status: ExampleStatus,
    signature: Signature,
    at: datetime,
) -> list[int]:
    """Give examples of a dataset this status, within the caller's transaction; the ids of those that had another."""
    changed: list[int] = []
    add_to_count(connection, dataset_id, 0, at)
    query = sa.select(examples.c.id, examples.c.revision, examples.c.status).where(
        examples.c.dataset_id == dataset_id, examples.c.status != status
    )
    for rows in rows_of(connection, query, which):
        changes = [Change(row.id, row.revision, ExampleStatus(row.status), status) for row in rows]
        write_changes(connection, dataset_id, changes, signature, at)
        changed += [row.id for row in rows]
    return changed


def revert_revisions(
    connection: sa.Connection, dataset_id: int, batch_id: str, signature: Signature, at: datetime
) -> tuple[list[int], list[int]]:
    """Make the examples of a batch what they were before it, within the caller's transaction.

    What the batch did not touch stays as it is now. Returns the ids of those that were changed back, and of those whose
    text, or status, somebody changed since, which are left alone.
    """
    done = example_revisions
    add_to_count(connection, dataset_id, 0, at)
    before = status_at(done.c.example_id, done.c.revision - 1)
    is_rewritten = done.c.content.is_not(None)
    query = (
        sa.select(
            examples.c.id,
            examples.c.revision,
            examples.c.status,
            sa.case((before != done.c.status, before), else_=examples.c.status).label("then_status"),
            sa.case((is_rewritten, content_at(done.c.example_id, done.c.revision - 1))).label("then_content"),
            sa.and_(
                sa.or_(~is_rewritten, raw(examples.c.content) == raw(done.c.content)),
                sa.or_(before == done.c.status, examples.c.status == done.c.status),
            ).label("is_as_left"),
        )
        .join(done, done.c.example_id == examples.c.id)
        .where(done.c.batch_id == batch_id)
    )
    changed: list[int] = []
    skipped: list[int] = []
    ids = sa.select(done.c.example_id).where(done.c.batch_id == batch_id).order_by(done.c.example_id)
    for rows in rows_of(connection, query, connection.execute(ids).scalars().all()):
        as_left = [row for row in rows if row.is_as_left]
        write_changes(connection, dataset_id, to_changes(as_left), signature, at)
        changed += [row.id for row in as_left]
        skipped += [row.id for row in rows if not row.is_as_left]
    return changed, skipped


class RevisionRoom(Connection):
    """What can be done to examples that are there."""

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
            NotFoundError: there is no such example, or its dataset was deleted.
            ConflictError: it has another revision than the one that the writer saw.
        """
        with self._writing() as connection:
            signature = Signature(author, operation, reason, batch_id)
            return write_content(connection, example_id, content, seen_revision, signature, now())

    def set_status(
        self,
        dataset_id: int,
        which: Sequence[int] | ExampleFilter,
        status: ExampleStatus,
        *,
        author: str,
        reason: str = "",
    ) -> BulkChange:
        """Remove or bring back the examples with these ids, or all that match; one batch, all or none.

        Those that have the status already are left as they are. Raises NotFoundError.
        """
        operation = "remove" if status is ExampleStatus.REMOVED else "restore"
        signature = Signature(author, operation, reason, new_batch_id())
        with self._writing() as connection:
            changed = write_status(connection, dataset_id, which, status, signature, now())
        return BulkChange(str(signature.batch_id), dataset_id, len(changed))

    def undo_batch(self, batch_id: str, *, author: str) -> BulkChange:
        """Make the examples of a batch what they were before it, as a new batch. Raises NotFoundError.

        Those that somebody changed since are left alone, and counted.
        """
        signature = Signature(author, "undo", f"of {batch_id}", new_batch_id())
        with self._writing() as connection:
            home = sa.select(examples.c.dataset_id).join(
                example_revisions, example_revisions.c.example_id == examples.c.id
            )
            dataset_id = connection.execute(home.where(example_revisions.c.batch_id == batch_id).limit(1)).scalar()
            if dataset_id is None:
                raise NotFoundError(f"There is no change “{batch_id}” to undo.")
            changed, skipped = revert_revisions(connection, dataset_id, batch_id, signature, now())
        return BulkChange(str(signature.batch_id), dataset_id, len(changed), len(skipped))

    def get_revisions(self, example_id: int) -> list[Revision]:
        """All states of an example, the first one first; the present one only, if it never changed.

        Raises NotFoundError.
        """
        query = (
            sa.select(
                example_revisions,
                sa.func.coalesce(
                    content_at(example_revisions.c.example_id, example_revisions.c.revision), examples.c.content
                ).label("text"),
            )
            .join(examples, examples.c.id == example_revisions.c.example_id)
            .where(examples.c.id == example_id)
            .order_by(example_revisions.c.revision)
        )
        with self._reading() as connection:
            rows = connection.execute(query).all()
            this = connection.execute(sa.select(*COLUMNS).where(examples.c.id == example_id)).one_or_none()
        if this is None:
            raise NotFoundError(f"There is no example {example_id}.")
        if not rows:
            only = to_example(this)
            return [Revision(example_id, 1, only.content, only.status, "", only.created_at, CREATED, None, "")]
        return [
            Revision(
                example_id,
                row.revision,
                row.text,
                ExampleStatus(row.status),
                row.author,
                row.at,
                row.operation,
                row.batch_id,
                row.reason,
            )
            for row in rows
        ]


def rows_of(
    connection: sa.Connection, query: sa.Select[Any], which: Sequence[int] | ExampleFilter
) -> Iterator[Sequence[sa.Row[Any]]]:
    """The rows of a query on examples that are among those named, or that match, in batches by ascending id.

    What it reads may be changed between two of them: which they are is found out first, and once, as no index has what
    matches in the order of ids.
    """
    if isinstance(which, ExampleFilter):
        matching = query.where(*filter_conditions(which)).with_only_columns(examples.c.id).order_by(examples.c.id)
        ids = connection.execute(matching).scalars().all()
    else:
        ids = sorted(set(which))
    for start in range(0, len(ids), BATCH):
        some = query.where(examples.c.id.in_(ids[start : start + BATCH])).order_by(examples.c.id)
        if rows := connection.execute(some).all():
            yield rows
