"""Inserting rows in the place of those that have the same primary key, in the words of each database."""

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite


def upserts(table: sa.Table) -> Mapping[str, sa.Insert]:
    """The statement by the name of the dialect; made once for a table, as building it takes longer than running it."""
    return {"postgresql": _upsert(postgresql.insert(table)), "sqlite": _upsert(sqlite.insert(table))}


def _upsert(insert: postgresql.Insert | sqlite.Insert) -> sa.Insert:
    columns = insert.excluded
    newer = {column.name: column for column in columns if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=[c.name for c in columns if c.primary_key], set_=newer)
