"""Imports: which files were brought in, what came of them, and the lines that could not be used."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import bad_lines, imports
from synthgen_core.models import JsonObject

MOST_BAD_LINES = 10_000
"""Lines of one import that are kept; the rest is counted."""


@dataclass(frozen=True, slots=True)
class NewBadLine:
    """A line that could not be used, on its way into the database."""

    line: int
    """Physical, from 1."""
    column: int | None
    """From 1; None: the whole line is meant."""
    reason: str
    excerpt: str
    shape: str = ""


@dataclass(frozen=True, slots=True)
class BadLine(NewBadLine):
    """A row of ``bad_lines``."""

    import_id: int = 0


@dataclass(frozen=True, slots=True)
class NewImport:
    """What came of a file, on its way into the database."""

    name: str
    """As the user calls the file; for display only."""
    content_hash: str
    """SHA-256 of the file's bytes."""
    good: int
    bad: int
    skipped: int
    blank: int = 0
    path: str = ""
    """Resolved, of a file that was found in the folder; else empty."""
    shapes: JsonObject | None = None
    """Shape -> how many rows had it."""
    notes: Sequence[str] = ()
    job_id: int | None = None
    bad_lines: Sequence[NewBadLine] = ()


@dataclass(frozen=True, slots=True)
class Import:
    """A row of ``imports``."""

    id: int
    dataset_id: int | None
    """None: nothing was brought in, or what was is purged."""
    job_id: int | None
    name: str
    path: str
    content_hash: str
    good: int
    bad: int
    skipped: int
    blank: int
    shapes: JsonObject
    notes: tuple[str, ...]
    created_at: datetime


def to_import(row: Any) -> Import:
    """A row of ``imports`` as a value."""
    values = dict(row._mapping)
    return Import(**values | {"notes": tuple(values["notes"])})


def insert_imports(connection: sa.Connection, dataset_id: int | None, new: Sequence[NewImport], at: datetime) -> None:
    """Write down what came of files, within the caller's transaction."""
    for each in new:
        row = {
            "dataset_id": dataset_id,
            "job_id": each.job_id,
            "name": each.name,
            "path": each.path,
            "content_hash": each.content_hash,
            "good": each.good,
            "bad": each.bad,
            "skipped": each.skipped,
            "blank": each.blank,
            "shapes": each.shapes or {},
            "notes": list(each.notes),
            "created_at": at,
        }
        import_id = connection.execute(sa.insert(imports).values(row).returning(imports.c.id)).scalar_one()
        rows = [
            {
                "import_id": import_id,
                "line": bad.line,
                "column": bad.column,
                "reason": bad.reason,
                "excerpt": bad.excerpt,
                "shape": bad.shape,
            }
            for bad in each.bad_lines[:MOST_BAD_LINES]
        ]
        if rows:
            connection.execute(sa.insert(bad_lines), rows)


class ImportRoom(Connection):
    """What can be done with rows of ``imports`` and ``bad_lines``."""

    def add_imports(self, dataset_id: int | None, new: Sequence[NewImport]) -> None:
        """Write down what came of files; None as the dataset: nothing was brought in."""
        with self._writing() as connection:
            insert_imports(connection, dataset_id, new, now())

    def get_imports(
        self,
        *,
        dataset_id: int | None = None,
        job_id: int | None = None,
        content_hash: str | None = None,
        path: str | None = None,
    ) -> list[Import]:
        """The imports that fit all that is given, the newest first."""
        given = {"dataset_id": dataset_id, "job_id": job_id, "content_hash": content_hash, "path": path}
        where = [imports.c[name] == value for name, value in given.items() if value is not None]
        with self._reading() as connection:
            rows = connection.execute(sa.select(imports).where(*where).order_by(imports.c.id.desc()))
            return [to_import(row) for row in rows]

    def get_bad_lines(
        self, *, import_id: int | None = None, job_id: int | None = None, limit: int | None = None, offset: int = 0
    ) -> list[BadLine]:
        """The lines that an import, or a job, could not use, in order."""
        query = sa.select(bad_lines).join(imports, imports.c.id == bad_lines.c.import_id).order_by(bad_lines.c.id)
        if import_id is not None:
            query = query.where(imports.c.id == import_id)
        if job_id is not None:
            query = query.where(imports.c.job_id == job_id)
        with self._reading() as connection:
            return [
                BadLine(row.line, row.column, row.reason, row.excerpt, row.shape, row.import_id)
                for row in connection.execute(query.limit(limit).offset(offset))
            ]
