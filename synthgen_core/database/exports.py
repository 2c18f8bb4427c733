"""Exports: what was taken out of a dataset, kept so that the same bytes can be written again."""

import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from synthgen_core.database.datasets import now
from synthgen_core.database.engine import Connection
from synthgen_core.database.tables import exports
from synthgen_core.errors import NotFoundError
from synthgen_core.models import Json, JsonObject, Watermark


@dataclass(frozen=True, slots=True)
class NewExport:
    """An export on its way into the database."""

    dataset_id: int
    watermark: Watermark
    target: str
    options: JsonObject
    filter: JsonObject
    seed: int | None
    counts: JsonObject
    files: list[Json]
    """Name, sha256, bytes and rows of each."""
    example_ids: "tuple[int, ...] | array[int]"
    """In the order in which they were written."""
    app_version: str


@dataclass(frozen=True, slots=True)
class Export:
    """A row of ``exports``; which examples it took is read with ``get_export_ids``."""

    id: int
    dataset_id: int
    watermark: Watermark
    target: str
    options: JsonObject
    filter: JsonObject
    seed: int | None
    counts: JsonObject
    files: list[Json]
    created_at: datetime
    app_version: str


COLUMNS = [column for column in exports.c if column.name != "selection"]


def pack_ids(ids: Iterable[int]) -> bytes:
    """Ids in any order in little space: differences, compressed."""
    differences, before = array("q"), 0
    for each in ids:
        differences.append(each - before)
        before = each
    return zlib.compress(differences.tobytes())


def unpack_ids(packed: bytes) -> "array[int]":
    """The ids that ``pack_ids`` was given."""
    ids, before = array("q", zlib.decompress(packed)), 0
    for n, difference in enumerate(ids):
        before += difference
        ids[n] = before
    return ids


def to_export(row: Any) -> Export:
    """A row of ``exports``, without the selection, as a value."""
    values = dict(row._mapping)
    mark = Watermark(values.pop("watermark_seq"), values.pop("watermark_example"))
    return Export(**values, watermark=mark)


class ExportRoom(Connection):
    """What can be done with rows of ``exports``."""

    def add_export(self, new: NewExport) -> Export:
        """Write down what was taken out."""
        row = {
            "dataset_id": new.dataset_id,
            "watermark_seq": new.watermark.seq,
            "watermark_example": new.watermark.example,
            "target": new.target,
            "options": new.options,
            "filter": new.filter,
            "seed": new.seed,
            "counts": new.counts,
            "files": new.files,
            "selection": pack_ids(new.example_ids),
            "created_at": now(),
            "app_version": new.app_version,
        }
        with self._writing() as connection:
            return to_export(connection.execute(sa.insert(exports).values(row).returning(*COLUMNS)).one())

    def get_export(self, export_id: int) -> Export:
        """One export. Raises NotFoundError."""
        with self._reading() as connection:
            row = connection.execute(sa.select(*COLUMNS).where(exports.c.id == export_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no export {export_id}.", "Its dataset may have been purged.")
        return to_export(row)

    def get_export_ids(self, export_id: int) -> "array[int]":
        """The examples that an export took, in the order in which they were written. Raises NotFoundError."""
        with self._reading() as connection:
            packed = connection.execute(sa.select(exports.c.selection).where(exports.c.id == export_id)).scalar()
        if packed is None:
            raise NotFoundError(f"There is no export {export_id}.", "Its dataset may have been purged.")
        return unpack_ids(packed)

    def get_exports(self, dataset_id: int) -> list[Export]:
        """A dataset's exports, the newest first."""
        query = sa.select(*COLUMNS).where(exports.c.dataset_id == dataset_id).order_by(exports.c.id.desc())
        with self._reading() as connection:
            return [to_export(row) for row in connection.execute(query)]

    def delete_export(self, export_id: int) -> None:
        """Forget an export that did not come about."""
        with self._writing() as connection:
            connection.execute(sa.delete(exports).where(exports.c.id == export_id))
