"""Flags: what an import or a rule found about one revision of an example."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import examples, flags
from synthgen_core.models import ExampleStatus, Flag, Severity


@dataclass(frozen=True, slots=True)
class NewFlag:
    """A flag on its way into the database; the fields are those of ``Flag``."""

    rule: str
    severity: Severity
    message: str
    field: str = ""
    start: int | None = None
    end: int | None = None
    source: str = "import"


def to_flag(row: Any) -> Flag:
    """A row of ``flags`` as a value."""
    values = dict(row._mapping)
    return Flag(**values | {"severity": Severity(values["severity"])})


def flag_row(example_id: int, revision: int, new: NewFlag, at: datetime) -> dict[str, object]:
    """A flag as the row that it becomes."""
    return {
        "example_id": example_id,
        "revision": revision,
        "rule": new.rule,
        "severity": new.severity,
        "message": new.message,
        "field": new.field,
        "start": new.start,
        "end": new.end,
        "source": new.source,
        "created_at": at,
    }


def is_of_present_text(table: sa.FromClause) -> sa.ColumnElement[bool]:
    """What a row of flags, judgements or reviews says of an example, it says of its present text.

    That holds through a removal and its undoing, which are revisions, too.
    """
    return table.c.revision >= examples.c.content_revision


def count_flags_of(connection: sa.Connection, example_ids: Sequence[int]) -> None:
    """Bring ``flag_count`` of some thousand examples at most up to date; whoever writes flags does this."""
    count = sa.select(sa.func.count()).where(flags.c.example_id == examples.c.id, is_of_present_text(flags))
    connection.execute(
        sa.update(examples).where(examples.c.id.in_(example_ids)).values(flag_count=count.scalar_subquery())
    )


def count_flags(connection: sa.Connection, dataset_id: int) -> dict[str, int]:
    """Rule -> how many active examples of a dataset it flags as they are now, the most frequent first."""
    count = sa.func.count(sa.distinct(flags.c.example_id))
    query = (
        sa.select(flags.c.rule, count)
        .join(examples, examples.c.id == flags.c.example_id)
        .where(examples.c.dataset_id == dataset_id, examples.c.status == ExampleStatus.ACTIVE)
        .where(is_of_present_text(flags))
        .group_by(flags.c.rule)
        .order_by(count.desc(), flags.c.rule)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


class FlagRoom(Connection):
    """What can be done with rows of ``flags``."""

    def get_flags(self, example_ids: Sequence[int]) -> list[Flag]:
        """The flags on these examples as they are now, in the order in which they were found."""
        query = (
            sa.select(flags)
            .join(examples, examples.c.id == flags.c.example_id)
            .where(examples.c.id.in_(example_ids), is_of_present_text(flags))
            .order_by(flags.c.id)
        )
        with self._reading() as connection:
            return [to_flag(row) for row in connection.execute(query)]
