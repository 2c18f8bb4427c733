"""What reviewers do beside giving verdicts: edits, removals, tags, notes, drafts; and undoing and redoing all of it."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.examples import add_to_count
from synthgen_core.database.review_log import DONE, UNDONE, LogEntry, Mark, next_to_turn, turn, write_log
from synthgen_core.database.review_tables import drafts
from synthgen_core.database.reviews import revert_reviews
from synthgen_core.database.revisions import (
    BATCH,
    Signature,
    new_batch_id,
    revert_revisions,
    rows_of,
    write_content,
    write_status,
)
from synthgen_core.database.tables import examples
from synthgen_core.database.upserts import upserts
from synthgen_core.errors import ConflictError, NotFoundError
from synthgen_core.models import Example, ExampleFilter, ExampleStatus, Json, JsonObject
from synthgen_core.reviewing import Actor, Deed, Done, Draft

UPSERT = upserts(drafts)
MARKS = {Deed.TAGS: examples.c.tags, Deed.NOTE: examples.c.note}


class ReviewEditRoom(Connection):
    """What a reviewer can do to examples, each written into the log of their session."""

    def edit_in_review(
        self, example_id: int, content: JsonObject, *, seen_revision: int, actor: Actor, reason: str = ""
    ) -> Example:
        """Write a new revision, and forget the actor's draft. ``content`` must be valid: that is the caller's to check.

        Raises NotFoundError, or ConflictError with both texts.
        """
        at, signature = now(), Signature(actor.name, "edit", reason, new_batch_id())
        with self._writing() as connection:
            changed = write_content(connection, example_id, content, seen_revision, signature, at)
            connection.execute(sa.delete(drafts).where(*_draft_of(example_id, actor.name)))
            batch_id = str(signature.batch_id)
            write_log(connection, changed.dataset_id, actor, Deed.EDIT, batch_id, [example_id], at)
            return changed

    def set_status_in_review(
        self, dataset_id: int, which: Sequence[int] | ExampleFilter, status: ExampleStatus, actor: Actor
    ) -> Done:
        """Remove or bring back the examples with these ids, or all that match; all or none. Raises NotFoundError."""
        operation = "remove" if status is ExampleStatus.REMOVED else "restore"
        at, signature = now(), Signature(actor.name, operation, "", new_batch_id())
        batch_id = str(signature.batch_id)
        with self._writing() as connection:
            changed = write_status(connection, dataset_id, which, status, signature, at)
            write_log(connection, dataset_id, actor, Deed.STATUS, batch_id, changed, at)
        return _done(dataset_id, Deed.STATUS, batch_id, changed)

    def change_tags(
        self,
        dataset_id: int,
        which: Sequence[int] | ExampleFilter,
        actor: Actor,
        *,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
    ) -> Done:
        """Add and remove tags of the examples with these ids, or of all that match. Raises NotFoundError."""
        at = now()
        marks: list[Mark] = []
        with self._writing() as connection:
            add_to_count(connection, dataset_id, 0, at)
            query = sa.select(examples.c.id, examples.c.tags).where(examples.c.dataset_id == dataset_id)
            for rows in rows_of(connection, query, which):
                block: list[Mark] = []
                for row in rows:
                    tags = [tag for tag in row.tags if tag not in remove]
                    tags += [tag for tag in dict.fromkeys(add) if tag not in tags]
                    if tags != row.tags:
                        block.append((row.id, row.tags, list[Json](tags)))
                _write_marks(connection, Deed.TAGS, block)
                marks += block
            return _log_marks(connection, dataset_id, actor, Deed.TAGS, marks, at)

    def write_note(self, example_id: int, note: str, actor: Actor, *, seen: str) -> Done:
        """Put a note beside an example, in place of the one that the actor saw.

        Raises NotFoundError, or ConflictError if there is another one than that.
        """
        at = now()
        home = sa.select(examples.c.dataset_id).where(examples.c.id == example_id)
        with self._writing() as connection:
            dataset_id = connection.execute(home).scalar()
            if dataset_id is None:
                raise NotFoundError(f"There is no example {example_id}.")
            add_to_count(connection, dataset_id, 0, at)
            there = connection.execute(sa.select(examples.c.note).where(examples.c.id == example_id)).scalar_one()
            if there not in (seen, note):
                raise ConflictError(
                    f"Somebody changed the note of example {example_id} to “{there}”.", "Write yours beside it."
                )
            marks: list[Mark] = [(example_id, there, note)] if there != note else []
            _write_marks(connection, Deed.NOTE, marks)
            return _log_marks(connection, dataset_id, actor, Deed.NOTE, marks, at)

    def undo(self, dataset_id: int, actor: Actor) -> Done | None:
        """Undo what this actor's session did last in a dataset; None: nothing. Raises NotFoundError.

        Examples that somebody changed since are left alone, and listed.
        """
        return self._turn(dataset_id, actor, DONE)

    def redo(self, dataset_id: int, actor: Actor) -> Done | None:
        """Do again what was undone last; None: nothing. Raises NotFoundError."""
        return self._turn(dataset_id, actor, UNDONE)

    def _turn(self, dataset_id: int, actor: Actor, state: str) -> Done | None:
        at, batch_id = now(), new_batch_id()
        with self._writing() as connection:
            add_to_count(connection, dataset_id, 0, at)
            entry = next_to_turn(connection, dataset_id, actor, state)
            if entry is None:
                return None
            marks: list[Mark] = []
            match entry.kind:
                case Deed.EDIT | Deed.STATUS:
                    word = "undo" if state == DONE else "redo"
                    signature = Signature(actor.name, word, f"of {entry.batch_id}", batch_id)
                    changed, skipped = revert_revisions(connection, dataset_id, entry.batch_id, signature, at)
                case Deed.VERDICT | Deed.SCORE:
                    changed, skipped = revert_reviews(connection, dataset_id, entry.batch_id, batch_id, at)
                case Deed.TAGS | Deed.NOTE:
                    marks, skipped = _revert_marks(connection, entry)
                    changed = [mark[0] for mark in marks]
            turn(connection, entry, batch_id, marks, worked=bool(changed))
        return _done(dataset_id, entry.kind, batch_id, changed, skipped)

    def save_draft(self, example_id: int, content: JsonObject, *, seen_revision: int, reviewer: str) -> None:
        """Keep what somebody is writing, in place of what they wrote before. Raises NotFoundError."""
        row = {
            "reviewer": reviewer,
            "example_id": example_id,
            "seen_revision": seen_revision,
            "content": content,
            "updated_at": now(),
        }
        with self._writing(is_synced=False) as connection:
            if connection.execute(sa.select(examples.c.id).where(examples.c.id == example_id)).scalar() is None:
                raise NotFoundError(f"There is no example {example_id}.")
            connection.execute(UPSERT[connection.dialect.name], [row])

    def discard_draft(self, example_id: int, reviewer: str) -> None:
        """Forget a draft; nothing happens if there is none."""
        with self._writing() as connection:
            connection.execute(sa.delete(drafts).where(*_draft_of(example_id, reviewer)))

    def get_draft(self, example_id: int, reviewer: str) -> Draft | None:
        """What somebody was writing in place of an example's text."""
        with self._reading() as connection:
            row = connection.execute(sa.select(drafts).where(*_draft_of(example_id, reviewer))).one_or_none()
        return None if row is None else Draft(**row._mapping)

    def get_drafts(self, dataset_id: int, reviewer: str) -> list[Draft]:
        """What somebody was writing in a dataset, the newest first."""
        query = (
            sa.select(drafts)
            .join(examples, examples.c.id == drafts.c.example_id)
            .where(examples.c.dataset_id == dataset_id, drafts.c.reviewer == reviewer)
            .order_by(drafts.c.updated_at.desc())
        )
        with self._reading() as connection:
            return [Draft(**row._mapping) for row in connection.execute(query)]


def _draft_of(example_id: int, reviewer: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (drafts.c.example_id == example_id, drafts.c.reviewer == reviewer)


def _done(dataset_id: int, kind: Deed, batch_id: str, changed: Sequence[int], skipped: Sequence[int] = ()) -> Done:
    one = changed[0] if len(changed) == 1 else None
    return Done(dataset_id, kind, batch_id, len(changed), tuple(skipped), one)


def _write_marks(connection: sa.Connection, kind: Deed, marks: Sequence[Mark]) -> None:
    if marks:
        update = sa.update(examples).where(examples.c.id == sa.bindparam("this"))
        key = MARKS[kind].name
        connection.execute(update, [{"this": example_id, key: after} for example_id, _, after in marks])


def _log_marks(
    connection: sa.Connection, dataset_id: int, actor: Actor, kind: Deed, marks: Sequence[Mark], at: datetime
) -> Done:
    batch_id, ids = new_batch_id(), [mark[0] for mark in marks]
    write_log(connection, dataset_id, actor, kind, batch_id, ids, at, marks)
    return _done(dataset_id, kind, batch_id, ids)


def _revert_marks(connection: sa.Connection, entry: LogEntry) -> tuple[list[Mark], list[int]]:
    """Put back the tags or notes of an entry; (what this changes, ids of what somebody changed since)."""
    column = MARKS[entry.kind]
    made: list[Mark] = []
    skipped: list[int] = []
    for start in range(0, len(entry.marks), BATCH):
        some = entry.marks[start : start + BATCH]
        query = sa.select(examples.c.id, column).where(examples.c.id.in_([mark[0] for mark in some]))
        there = {row[0]: row[1] for row in connection.execute(query)}
        block = [(each, after, before) for each, before, after in some if there.get(each) == after]
        skipped += [each for each, _, after in some if there.get(each) != after]
        _write_marks(connection, entry.kind, block)
        made += block
    return made, skipped
