"""The tables that only reviewing needs: drafts, the log of what was done, and chosen examples."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from synthgen_core.database.columns import JsonText, UtcTime
from synthgen_core.database.tables import metadata

drafts = Table(
    "drafts",
    metadata,
    Column("reviewer", Text, primary_key=True),
    Column("example_id", Integer, ForeignKey("examples.id"), primary_key=True, autoincrement=False, index=True),
    Column("seen_revision", Integer, nullable=False),
    Column("content", JsonText, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

review_log = Table(
    "review_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), nullable=False),
    Column("reviewer", Text, nullable=False),
    Column("session", String(80), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("batch_id", String(40), nullable=False),
    Column("example_id", Integer),
    Column("count", Integer, nullable=False),
    Column("changes", JsonText),
    Column("at", UtcTime, nullable=False),
    Column("state", String(20), nullable=False),
    Index(None, "dataset_id", "session", "id"),
    sqlite_autoincrement=True,
)
"""One row for each thing that a reviewer did, bulk ones too. ``batch_id`` names the rows of ``example_revisions`` or
``reviews`` to revert for turning ``state`` over; ``changes`` is [id, before, after] for tags and notes."""

review_samples = Table(
    "review_samples",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dataset_id", Integer, ForeignKey("datasets.id"), nullable=False, index=True),
    Column("purpose", String(20), nullable=False),
    Column("seed", BigInteger, nullable=False),
    Column("size", Integer, nullable=False),
    Column("population", Integer, nullable=False),
    Column("selection", LargeBinary, nullable=False),
    Column("reasons", JsonText),
    Column("created_at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)
"""Examples that were chosen to be reviewed, in their order. ``selection``: their ids, packed; ``reasons``: why each."""
