"""The log of what reviewers did: what a session can undo and do again, in order, a bulk change as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.review_tables import review_log
from synthgen_core.models import Json
from synthgen_core.reviewing import Actor, Deed

Mark = tuple[int, Json, Json]
"""Example, its tags or note before, and after."""
DONE, UNDONE, DROPPED = "done", "undone", "dropped"
"""Dropped: it cannot be turned over any more, as something else was done after it was undone."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A row of ``review_log``: one thing that somebody did."""

    id: int
    dataset_id: int
    reviewer: str
    session: str
    kind: Deed
    batch_id: str
    example_id: int | None
    """None: it was done to several."""
    count: int
    """Examples that it changed."""
    marks: tuple[Mark, ...]
    """Tags and notes that it changed."""
    at: datetime
    state: str


def to_entry(row: Any) -> LogEntry:
    """A row of ``review_log`` as a value."""
    values = dict(row._mapping)
    marks = tuple((each[0], each[1], each[2]) for each in values.pop("changes") or ())
    return LogEntry(**values | {"kind": Deed(values["kind"]), "marks": marks})


def write_log(
    connection: sa.Connection,
    dataset_id: int,
    actor: Actor,
    kind: Deed,
    batch_id: str,
    ids: Sequence[int],
    at: datetime,
    marks: Sequence[Mark] = (),
) -> None:
    """Write down what was done to these examples, in the caller's transaction. What was undone before is dropped."""
    if not ids:
        return
    connection.execute(sa.update(review_log).where(*_of(dataset_id, actor, UNDONE)).values(state=DROPPED))
    connection.execute(
        sa.insert(review_log).values(
            dataset_id=dataset_id,
            reviewer=actor.name,
            session=actor.session,
            kind=kind,
            batch_id=batch_id,
            example_id=ids[0] if len(ids) == 1 else None,
            count=len(ids),
            changes=list(marks) or None,
            at=at,
            state=DONE,
        )
    )


def next_to_turn(connection: sa.Connection, dataset_id: int, actor: Actor, state: str) -> LogEntry | None:
    """What an undo (``DONE``) or a redo (``UNDONE``) would turn over; None: nothing."""
    order = review_log.c.id.desc() if state == DONE else review_log.c.id.asc()
    query = sa.select(review_log).where(*_of(dataset_id, actor, state)).order_by(order).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else to_entry(row)


def turn(connection: sa.Connection, entry: LogEntry, batch_id: str, marks: Sequence[Mark], *, worked: bool) -> None:
    """Write down that an entry was turned over by this batch; where nothing could be changed, it is dropped."""
    state = (UNDONE if entry.state == DONE else DONE) if worked else DROPPED
    values = {"state": state, "batch_id": batch_id, "changes": list(marks) or None}
    connection.execute(sa.update(review_log).where(review_log.c.id == entry.id).values(values))


def _of(dataset_id: int, actor: Actor, state: str) -> tuple[sa.ColumnElement[bool], ...]:
    log = review_log.c
    return (
        log.dataset_id == dataset_id,
        log.session == actor.session,
        log.reviewer == actor.name,
        log.state == state,
    )


class ReviewLogRoom(Connection):
    """What can be read of the log."""

    def get_turnable(self, dataset_id: int, actor: Actor) -> tuple[LogEntry | None, LogEntry | None]:
        """What this actor's session could undo, and what it could do again."""
        with self._reading() as connection:
            undo, redo = (next_to_turn(connection, dataset_id, actor, state) for state in (DONE, UNDONE))
            return undo, redo
